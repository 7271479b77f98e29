//! What a report says, put together from what is stored and what is new, and checked as a whole.

use std::collections::{HashMap, HashSet};

use convene_domain::{
    access::Rights,
    id::{CommunityId, GatheringId, ItemId, NetworkId, ReportId},
    network::VocabularyKind,
    report::{Attendance, AttendancePart, ITEM_LIMIT, ItemFilter, ReportItem, ReportParts, Tags},
    text::{Code, HeadCount},
};
use convene_persistence::{Write, gatherings, reports};
use uuid::Uuid;

use super::{ReportContent, ReportRecord};
use crate::writing::{Patch, Refusal, RefusalCode, Stop, check::Vocabulary};

/// The most outcomes, and the most functions, of one report.
const TAGS_LIMIT: usize = 100;

/// What has to be looked up to check what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// Hosts are named.
    hosts: bool,
    /// Codes of the network's vocabulary are named.
    codes: bool,
}

impl Said {
    /// Anything may be named.
    pub(super) const ANYTHING: Self = Self { hosts: true, codes: true };

    /// What these name.
    pub(super) fn of(items: &[ReportItem], attendance: &[AttendancePart], codes: [&[Code]; 2]) -> Self {
        let themes = items.iter().any(|item| item.theme.is_some());
        let roles = attendance.iter().any(|part| part.role().is_some());
        let tags = codes.iter().any(|codes| !codes.is_empty());
        Self { hosts: items.iter().any(|item| item.host.is_some()), codes: themes || roles || tags }
    }
}

/// What a report says.
pub(super) struct Content {
    attendance: Attendance,
    items: Vec<(ItemId, ReportItem)>,
    tags: Tags,
    /// How many of the items are stored.
    stored: usize,
    /// Whether something else than items is new.
    changed: bool,
    hosts: Vec<CommunityId>,
    vocabulary: Vocabulary,
}

impl Content {
    /// A report of a gathering that says nothing yet, to take in what is said. Most reports name no host and no code, so
    /// neither are looked up for them.
    pub(super) async fn empty(write: &Write, network: NetworkId, gathering: GatheringId, said: &Said) -> Result<Self, Stop> {
        let hosts = if said.hosts {
            gatherings::load_hosts(write.transaction(), &[gathering]).await?.remove(&gathering).unwrap_or_default()
        } else {
            Vec::new()
        };
        let vocabulary = if said.codes { Vocabulary::load(write, network).await? } else { Vocabulary::none() };
        Ok(Self {
            attendance: Attendance::default(),
            items: Vec::new(),
            tags: Tags::default(),
            stored: 0,
            changed: false,
            hosts,
            vocabulary,
        })
    }

    /// What is stored of a report.
    pub(super) async fn load(write: &Write, report: &ReportRecord, said: &Said) -> Result<Self, Stop> {
        let (transaction, id) = (write.transaction(), report.id);
        let parts = reports::load_attendance(transaction, &[id]).await?.remove(&id).unwrap_or_default();
        let rights = Rights::all();
        let items =
            reports::load_items(transaction, &rights, &ItemFilter::default(), &[id]).await?.remove(&id).unwrap_or_default();
        let tags = reports::load_tags(transaction, &[id]).await?.remove(&id).unwrap_or_default();
        Ok(Self {
            attendance: Attendance::try_new(report.attendance, parts)
                .map_err(|reason| Refusal::rule("report", reason.to_string()))?,
            stored: items.len(),
            items,
            tags,
            ..Self::empty(write, report.network, report.gathering, said).await?
        })
    }

    /// How many people came in all.
    pub(super) fn total(&self) -> Option<HeadCount> {
        self.attendance.total()
    }

    /// Takes in what is said, or answers everything that is wrong with it.
    pub(super) fn take(&mut self, said: &ReportContent) -> Result<(), Stop> {
        let mut refusals = Vec::new();
        refusals.extend(self.count(said.attendance, said.attendance_parts.clone()).err());
        for (field, kind, codes) in [
            ("outcomes", VocabularyKind::DesiredOutcome, &said.outcomes),
            ("functions", VocabularyKind::Function, &said.functions),
        ] {
            if let Some(codes) = codes {
                refusals.extend(self.tag(field, kind, codes, true));
            }
        }
        refusals.extend(self.add("items", &said.items));
        if refusals.is_empty() { Ok(()) } else { Err(Stop::Refused(refusals)) }
    }

    /// Counts anew who came. A total that was only the sum of its parts follows them.
    pub(super) fn count(&mut self, total: Patch<HeadCount>, parts: Option<Vec<AttendancePart>>) -> Result<(), Refusal> {
        if total.is_none() && parts.is_none() {
            return Ok(());
        }
        let total = total.unwrap_or(if self.is_sum() { None } else { self.total() });
        self.check_roles(parts.as_deref().unwrap_or_default())?;
        let field = if parts.is_some() { "attendanceParts" } else { "attendance" };
        let parts = parts.unwrap_or_else(|| self.attendance.parts().to_vec());
        self.attendance = Attendance::try_new(total, parts).map_err(|reason| match field {
            "attendance" => Refusal::invalid([field], "is less than the people of its parts"),
            _ => Refusal::invalid([field], reason.to_string()),
        })?;
        self.changed = true;
        Ok(())
    }

    /// Counts in more people, by role and organisation, together with those of the same who were counted before. A total
    /// that was told by itself grows when it is no longer enough.
    pub(super) fn count_in(&mut self, more: &[AttendancePart]) -> Result<(), Refusal> {
        if more.is_empty() {
            return Ok(());
        }
        self.check_roles(more)?;
        let mut parts = self.attendance.parts().to_vec();
        for (index, part) in more.iter().enumerate() {
            let same = |old: &&mut AttendancePart| (old.role(), old.organisation()) == (part.role(), part.organisation());
            match parts.iter_mut().find(same) {
                Some(old) => {
                    *old = old.and(part.people()).map_err(|reason| {
                        Refusal::invalid(["attendanceParts", &index.to_string(), "people"], reason.to_string())
                    })?;
                }
                None => parts.push(part.clone()),
            }
        }
        let sum: u32 = parts.iter().map(|part| part.people().people()).sum();
        let enough = self.total().filter(|total| !self.is_sum() && total.people() < sum);
        let grown = enough.map(|_| HeadCount::try_new(i64::from(sum))).transpose();
        let grown = grown.map_err(|reason| Refusal::invalid(["attendanceParts"], reason.to_string()))?;
        self.count(grown.map(Some), Some(parts))
    }

    /// Checks roles that were not counted in before.
    fn check_roles(&self, parts: &[AttendancePart]) -> Result<(), Refusal> {
        for (index, part) in parts.iter().enumerate() {
            if let Some(role) = part.role().filter(|role| !self.attendance.parts().iter().any(|old| old.role() == Some(role))) {
                let checked = self.vocabulary.check(VocabularyKind::ParticipantRole, role);
                checked.map_err(|reason| Refusal::invalid(["attendanceParts", &index.to_string(), "role"], reason))?;
            }
        }
        Ok(())
    }

    /// Whether the total is no more than the sum of its parts.
    fn is_sum(&self) -> bool {
        let sum: u32 = self.attendance.parts().iter().map(|part| part.people().people()).sum();
        !self.attendance.parts().is_empty() && self.total().is_some_and(|total| total.people() == sum)
    }

    /// Says which outcomes or functions were served: these, or these as well.
    pub(super) fn tag(&mut self, field: &str, kind: VocabularyKind, codes: &[Code], instead: bool) -> Vec<Refusal> {
        let tags = match kind {
            VocabularyKind::DesiredOutcome => &mut self.tags.outcomes,
            _ => &mut self.tags.functions,
        };
        let mut refusals = Vec::new();
        for (index, code) in codes.iter().enumerate().filter(|(_, code)| !tags.contains(code)) {
            let checked = self.vocabulary.check(kind, code);
            refusals.extend(checked.err().map(|reason| Refusal::invalid([field, &index.to_string()], reason)));
        }
        if instead {
            tags.clear();
        }
        for code in codes {
            if !tags.contains(code) {
                tags.push(code.clone());
            }
        }
        if tags.len() > TAGS_LIMIT {
            refusals.push(Refusal::invalid([field], format!("has {} codes, more than {TAGS_LIMIT}", tags.len())));
        }
        self.changed |= !codes.is_empty() || instead;
        refusals
    }

    /// Adds items after those that are there.
    pub(super) fn add(&mut self, field: &str, items: &[ReportItem]) -> Vec<Refusal> {
        if self.items.len() + items.len() > ITEM_LIMIT {
            let message = format!("make {} in all, more than {ITEM_LIMIT}", self.items.len() + items.len());
            return vec![Refusal::invalid([field], message)];
        }
        let mut refusals = Vec::new();
        for (index, item) in items.iter().enumerate() {
            refusals.extend(self.check(item, true).into_iter().map(|it| it.inside(&[field, &index.to_string()])));
            self.items.push((ItemId::from_uuid(Uuid::now_v7()), item.clone()));
        }
        refusals
    }

    /// Changes items, or answers everything that is wrong. A theme that an item has already need not be offered still.
    pub(super) fn change(&mut self, field: &str, changed: Vec<(ItemId, Result<ReportItem, Refusal>, bool)>) -> Vec<Refusal> {
        let places: HashMap<ItemId, usize> = self.items.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
        let mut refusals = Vec::new();
        for (index, (id, item, new_theme)) in changed.into_iter().enumerate() {
            let at = index.to_string();
            match item {
                Ok(item) => {
                    refusals.extend(self.check(&item, new_theme).into_iter().map(|it| it.inside(&[field, &at])));
                    if let Some((_, stored)) = places.get(&id).and_then(|place| self.items.get_mut(*place)) {
                        *stored = item;
                    }
                }
                Err(refusal) => refusals.push(refusal.inside(&[field, &at])),
            }
        }
        refusals
    }

    /// The items as they are.
    pub(super) fn items(&self) -> &[(ItemId, ReportItem)] {
        &self.items
    }

    /// Takes items out.
    pub(super) fn remove(&mut self, field: &str, ids: &[ItemId]) -> Vec<Refusal> {
        let known: HashSet<ItemId> = self.items.iter().map(|(id, _)| *id).collect();
        let unknown = ids.iter().enumerate().filter(|(_, id)| !known.contains(id));
        let refusals = unknown
            .map(|(index, _)| Refusal::new(RefusalCode::NotFound, [field, &index.to_string()], "is no item of this report"))
            .collect();
        self.items.retain(|(id, _)| !ids.contains(id));
        refusals
    }

    fn check(&self, item: &ReportItem, new_theme: bool) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        if let Some(theme) = item.theme.as_ref().filter(|_| new_theme) {
            let checked = self.vocabulary.check(VocabularyKind::Theme, theme);
            refusals.extend(checked.err().map(|reason| Refusal::invalid(["theme"], reason)));
        }
        if item.host.is_some_and(|host| !self.hosts.contains(&host)) {
            refusals.push(Refusal::invalid(["host"], "does not host the gathering"));
        }
        refusals
    }

    /// All of it, for a report that is written for the first time.
    pub(super) fn into_parts(self) -> ReportParts {
        ReportParts {
            attendance: self.attendance,
            items: self.items.into_iter().map(|(_, item)| item).collect(),
            tags: self.tags,
        }
    }

    /// Writes what is new: the items that were added, and the rest if it changed.
    pub(super) async fn write_more(&self, write: &Write, report: ReportId) -> Result<(), Stop> {
        self.write_rest(write, report).await?;
        Ok(reports::append_items(write, report, &self.items[self.stored..]).await?)
    }

    /// Writes all of it anew.
    pub(super) async fn write_all(&self, write: &Write, report: ReportId) -> Result<(), Stop> {
        self.write_rest(write, report).await?;
        Ok(reports::put_items(write, report, &self.items).await?)
    }

    async fn write_rest(&self, write: &Write, report: ReportId) -> Result<(), Stop> {
        if self.changed {
            reports::put_parts(write, report, self.attendance.parts(), &self.tags).await?;
        }
        Ok(())
    }
}
