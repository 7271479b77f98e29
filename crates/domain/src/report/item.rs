//! The items of a report: what can be counted, compared and followed up across communities.

use chrono::NaiveDate;

use crate::{
    Invalid,
    id::CommunityId,
    text::{Code, Text},
    words::words,
};

words! {
    /// What an item of a report is.
    ItemKind, "kind of item" {
        /// What was done together; of one of eleven kinds.
        Activity = "ACTIVITY",
        /// What is hard.
        Challenge = "CHALLENGE",
        /// What went well.
        Success = "SUCCESS",
        /// What people in the area lack.
        Need = "NEED",
        /// What the community asks of others.
        Request = "REQUEST",
        /// What was found or made and can be used again.
        Resource = "RESOURCE",
        /// What someone is to do next.
        NextStep = "NEXT_STEP",
    }
}

words! {
    /// What communities of practice do together: the eleven typical activities of Wenger-Trayner.
    ActivityKind, "kind of activity" {
        /// "I'm stuck: can we brainstorm some ideas?"
        ProblemSolving = "PROBLEM_SOLVING",
        /// "Where can I find out more about this?"
        RequestsForInformation = "REQUESTS_FOR_INFORMATION",
        /// "Has anyone else been facing this issue?"
        SeekingExperience = "SEEKING_EXPERIENCE",
        /// "I've found this resource that you might like to tweak."
        ReusingAssets = "REUSING_ASSETS",
        /// "Could we develop this together?"
        CoordinationAndStrategy = "COORDINATION_AND_STRATEGY",
        /// "How have others taken their councils with them on this?"
        BuildingAnArgument = "BUILDING_AN_ARGUMENT",
        /// "Can I just check out this idea with you?"
        GrowingConfidence = "GROWING_CONFIDENCE",
        /// "What do you make of these new developments?"
        DiscussingDevelopments = "DISCUSSING_DEVELOPMENTS",
        /// "Let's write this down for others."
        DocumentingProjects = "DOCUMENTING_PROJECTS",
        /// "Can we visit an example of best practice?"
        Visits = "VISITS",
        /// "What don't we know about this? Who can help us?"
        MappingKnowledge = "MAPPING_KNOWLEDGE",
    }
}

words! {
    /// How much a challenge or need weighs.
    Severity, "severity" {
        /// It can wait.
        Low = "LOW",
        /// It should be dealt with.
        Medium = "MEDIUM",
        /// It hurts the work.
        High = "HIGH",
        /// People are at risk, or the work stops.
        Critical = "CRITICAL",
    }
}

words! {
    /// What became of a next step.
    NextStepState, "state of a next step" {
        /// Still to be done.
        Open = "OPEN",
        /// Done.
        Done = "DONE",
        /// Given up.
        Dropped = "DROPPED",
    }
}

/// As what an item names a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedAs {
    /// As who told it.
    Contributor,
    /// As who is to do it.
    Owner,
    /// In its text.
    Text,
}

/// The most items that one report has.
pub const ITEM_LIMIT: usize = 500;

/// What an item says beyond its text; each kind has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemDetail {
    /// What was done together.
    Activity(ActivityKind),
    /// What is hard.
    Challenge {
        /// How much it weighs.
        severity: Option<Severity>,
    },
    /// What went well.
    Success,
    /// What people in the area lack.
    Need {
        /// How much it weighs.
        severity: Option<Severity>,
    },
    /// What the community asks of others.
    Request,
    /// What can be used again.
    Resource,
    /// What someone is to do next.
    NextStep {
        /// Who is to do it.
        owner: Option<Text>,
        /// By when.
        due_on: Option<NaiveDate>,
        /// What became of it.
        state: NextStepState,
    },
}

impl ItemDetail {
    /// The kind of the item.
    pub fn kind(&self) -> ItemKind {
        match self {
            Self::Activity(_) => ItemKind::Activity,
            Self::Challenge { .. } => ItemKind::Challenge,
            Self::Success => ItemKind::Success,
            Self::Need { .. } => ItemKind::Need,
            Self::Request => ItemKind::Request,
            Self::Resource => ItemKind::Resource,
            Self::NextStep { .. } => ItemKind::NextStep,
        }
    }

    /// Which kind of activity it was; `None` for any other kind of item.
    pub fn activity_kind(&self) -> Option<ActivityKind> {
        match self {
            Self::Activity(kind) => Some(*kind),
            _ => None,
        }
    }

    /// How much it weighs; only challenges and needs say.
    pub fn severity(&self) -> Option<Severity> {
        match self {
            Self::Challenge { severity } | Self::Need { severity } => *severity,
            _ => None,
        }
    }
}

/// The fields of an item as a file or a form has them, before it is known whether they fit together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFields {
    /// Which kind of activity it was.
    pub activity_kind: Option<ActivityKind>,
    /// How much it weighs.
    pub severity: Option<Severity>,
    /// Who is to do it.
    pub owner: Option<Text>,
    /// By when.
    pub due_on: Option<NaiveDate>,
    /// What became of it.
    pub state: Option<NextStepState>,
}

impl ItemFields {
    /// Puts the fields together, or says which field does not belong to the kind, or is missing.
    pub fn into_detail(self, kind: ItemKind) -> Result<ItemDetail, (&'static str, Invalid)> {
        let given = [
            ("activity_kind", self.activity_kind.is_some(), kind == ItemKind::Activity),
            ("severity", self.severity.is_some(), matches!(kind, ItemKind::Challenge | ItemKind::Need)),
            ("owner", self.owner.is_some(), kind == ItemKind::NextStep),
            ("due_on", self.due_on.is_some(), kind == ItemKind::NextStep),
            ("state", self.state.is_some(), kind == ItemKind::NextStep),
        ];
        if let Some((field, ..)) = given.into_iter().find(|(_, given, belongs)| *given && !belongs) {
            return Err((field, Invalid::new(format!("does not belong to a {kind}"))));
        }
        Ok(match kind {
            ItemKind::Activity => match self.activity_kind {
                Some(activity_kind) => ItemDetail::Activity(activity_kind),
                None => return Err(("activity_kind", Invalid::new("is missing: an ACTIVITY is of one of the eleven kinds"))),
            },
            ItemKind::Challenge => ItemDetail::Challenge { severity: self.severity },
            ItemKind::Success => ItemDetail::Success,
            ItemKind::Need => ItemDetail::Need { severity: self.severity },
            ItemKind::Request => ItemDetail::Request,
            ItemKind::Resource => ItemDetail::Resource,
            ItemKind::NextStep => {
                ItemDetail::NextStep { owner: self.owner, due_on: self.due_on, state: self.state.unwrap_or(NextStepState::Open) }
            }
        })
    }
}

/// An item of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportItem {
    /// What it says beyond its text.
    pub detail: ItemDetail,
    /// The text.
    pub text: Text,
    /// A code of the network's themes.
    pub theme: Option<Code>,
    /// Who told it.
    pub contributor: Option<Text>,
    /// Which of the hosts it is about; `None` for all.
    pub host: Option<CommunityId>,
    /// Whether only coordinators may read it.
    pub confidential: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_fields() {
        let severe = ItemFields { severity: Some(Severity::High), ..ItemFields::default() };
        assert!(severe.clone().into_detail(ItemKind::Need).is_ok());
        assert_eq!(severe.into_detail(ItemKind::Success).map_err(|(field, _)| field), Err("severity"));
        assert_eq!(ItemFields::default().into_detail(ItemKind::Activity).map_err(|(field, _)| field), Err("activity_kind"));
        let visit = ItemFields { activity_kind: Some(ActivityKind::Visits), ..ItemFields::default() };
        assert_eq!(visit.clone().into_detail(ItemKind::Activity), Ok(ItemDetail::Activity(ActivityKind::Visits)));
        assert!(visit.into_detail(ItemKind::Request).is_err());
        let due = ItemFields { due_on: NaiveDate::from_ymd_opt(2026, 1, 1), ..ItemFields::default() };
        assert_eq!(due.clone().into_detail(ItemKind::Resource).map_err(|(field, _)| field), Err("due_on"));
        assert!(due.into_detail(ItemKind::NextStep).is_ok());
    }
}
