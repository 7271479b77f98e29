//! Adding to a report, and changing what it says.

use std::collections::HashSet;

use chrono::NaiveDate;
use convene_domain::{
    access::{Audience, Caller, Role, Sight},
    change::ChangeKind,
    id::{CommunityId, ItemId, ReportId},
    network::VocabularyKind,
    record::Revision,
    report::{
        ActivityKind, AttendancePart, ItemDetail, ItemFields, NextStepState, ReportItem, ReportStatus, ReportStep, Severity,
    },
    text::{Code, HeadCount, Text},
};
use convene_persistence::{Write, reports};

use super::{
    content::{Content, Said},
    written,
};
use crate::{
    reports::ReportRecord,
    writing::{At, Command, Done, Need, Patch, Refusal, RefusalCode, Stop, check, networks::put, refusal::ruled},
};

/// Adds to a report. Several people can do so at once, so no revision is expected.
#[derive(Debug, Clone)]
pub struct AppendToReport {
    /// Which one.
    pub report: ReportId,
    /// Items to add.
    pub items: Vec<ReportItem>,
    /// People to count in, by role and organisation.
    pub attendance_parts: Vec<AttendancePart>,
    /// Desired outcomes that were served as well.
    pub outcomes: Vec<Code>,
    /// Functions that were served as well.
    pub functions: Vec<Code>,
}

impl Command for AppendToReport {
    fn operation(&self) -> &'static str {
        "appendToGatheringReport"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Report(self.report), "report")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let nothing = self.items.is_empty() && self.attendance_parts.is_empty();
        if nothing && self.outcomes.is_empty() && self.functions.is_empty() {
            return Err(Refusal::invalid(["items"], "is empty, and so is everything else: there is nothing to add").into());
        }
        let mut report = reports::lock(write, self.report).await?.ok_or_else(|| Refusal::not_found("report"))?;
        let said = Said::of(&self.items, &self.attendance_parts, [&self.outcomes, &self.functions]);
        let mut content = Content::load(write, &report, &said).await?;
        let mut refusals: Vec<Refusal> = content.count_in(&self.attendance_parts).err().into_iter().collect();
        refusals.extend(content.tag("outcomes", VocabularyKind::DesiredOutcome, &self.outcomes, false));
        refusals.extend(content.tag("functions", VocabularyKind::Function, &self.functions, false));
        refusals.extend(content.add("items", &self.items));
        if !refusals.is_empty() {
            return Err(Stop::Refused(refusals));
        }
        let kind = amend(&mut report, &content)?;
        reports::update_record(write, &report).await?;
        content.write_more(write, report.id).await?;
        Ok(written(write, report, kind))
    }
}

/// A change to an item. Its kind stays: what turns out to be something else is taken out and added anew.
#[derive(Debug, Clone)]
pub struct ItemChange {
    /// Which one.
    pub id: ItemId,
    /// The text.
    pub text: Option<Text>,
    /// A code of the network's themes.
    pub theme: Patch<Code>,
    /// Who told it.
    pub contributor: Patch<Text>,
    /// Which of the hosts it is about.
    pub host: Patch<CommunityId>,
    /// Whether only coordinators may read it.
    pub confidential: Option<bool>,
    /// Which kind of activity it was.
    pub activity_kind: Option<ActivityKind>,
    /// How much it weighs.
    pub severity: Patch<Severity>,
    /// Who is to do it.
    pub owner: Patch<Text>,
    /// By when.
    pub due_on: Patch<NaiveDate>,
    /// What became of it.
    pub state: Option<NextStepState>,
}

impl ItemChange {
    fn apply(&self, item: &ReportItem) -> Result<ReportItem, Refusal> {
        let mut item = item.clone();
        put(&mut item.text, self.text.clone());
        put(&mut item.theme, self.theme.clone());
        put(&mut item.contributor, self.contributor.clone());
        put(&mut item.host, self.host);
        put(&mut item.confidential, self.confidential);
        let kind = item.detail.kind();
        let mut fields = match item.detail {
            ItemDetail::Activity(kind) => ItemFields { activity_kind: Some(kind), ..ItemFields::default() },
            ItemDetail::Challenge { severity } | ItemDetail::Need { severity } => {
                ItemFields { severity, ..ItemFields::default() }
            }
            ItemDetail::NextStep { owner, due_on, state } => {
                ItemFields { owner, due_on, state: Some(state), ..ItemFields::default() }
            }
            ItemDetail::Success | ItemDetail::Request | ItemDetail::Resource => ItemFields::default(),
        };
        fields.activity_kind = self.activity_kind.or(fields.activity_kind);
        fields.state = self.state.or(fields.state);
        put(&mut fields.severity, self.severity);
        put(&mut fields.owner, self.owner.clone());
        put(&mut fields.due_on, self.due_on);
        item.detail = fields.into_detail(kind).map_err(|(field, reason)| {
            let field = match field {
                "activity_kind" => "activityKind",
                "due_on" => "dueOn",
                other => other,
            };
            Refusal::invalid([field], reason.to_string())
        })?;
        Ok(item)
    }
}

/// Changes what a report says. One that was handed in is then a new revision of itself that needs a new review.
#[derive(Debug, Clone)]
pub struct AmendReport {
    /// Which one.
    pub report: ReportId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// Who may read it.
    pub audience: Option<Audience>,
    /// How many people came in all.
    pub attendance: Patch<HeadCount>,
    /// How many came, by role and organisation, in place of what was said before.
    pub attendance_parts: Option<Vec<AttendancePart>>,
    /// Desired outcomes that were served, in place of what was said before.
    pub outcomes: Option<Vec<Code>>,
    /// Functions that were served, in place of what was said before.
    pub functions: Option<Vec<Code>>,
    /// Items to change.
    pub change_items: Vec<ItemChange>,
    /// Items to take out.
    pub remove_items: Vec<ItemId>,
    /// Items to add.
    pub add_items: Vec<ReportItem>,
}

impl Command for AmendReport {
    fn operation(&self) -> &'static str {
        "amendGatheringReport"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Report(self.report), "report")]
    }

    /// Whoever may not read an item changes nothing of it, and is told that it is not there.
    async fn confine(&self, write: &Write, caller: &Caller) -> Result<(), Stop> {
        let rights = caller.rights();
        let path = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
        let changed = self.change_items.iter().enumerate().map(|(at, it)| (path(&["changeItems", &at.to_string(), "id"]), it.id));
        let removed = self.remove_items.iter().enumerate().map(|(at, id)| (path(&["removeItems", &at.to_string()]), *id));
        let named: Vec<_> = changed.chain(removed).collect();
        if named.is_empty() || rights.everywhere() >= Sight::Confidential {
            return Ok(());
        }
        let ids: Vec<ItemId> = named.iter().map(|(_, id)| *id).collect();
        let seen = reports::load_items_by_id(write.transaction(), &rights, &ids).await?;
        let hidden = named.into_iter().filter(|(_, id)| !seen.contains_key(id));
        let refusals: Vec<Refusal> = hidden
            .map(|(field, _)| Refusal { field, ..Refusal::new(RefusalCode::NotFound, [], "is no item of this report") })
            .collect();
        if refusals.is_empty() { Ok(()) } else { Err(Stop::Refused(refusals)) }
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.is_empty() {
            return Err(check::nothing().into());
        }
        let found = reports::lock(write, self.report).await?;
        let mut report = check::expect(found, "report", (check::EXPECTED, self.expected))?;
        let mut content = Content::load(write, &report, &Said::ANYTHING).await?;
        let mut refusals: Vec<Refusal> =
            content.count(self.attendance, self.attendance_parts.clone()).err().into_iter().collect();
        if let Some(codes) = &self.outcomes {
            refusals.extend(content.tag("outcomes", VocabularyKind::DesiredOutcome, codes, true));
        }
        if let Some(codes) = &self.functions {
            refusals.extend(content.tag("functions", VocabularyKind::Function, codes, true));
        }
        let mut named = HashSet::new();
        let changed = self.change_items.iter().map(|change| {
            let item = content.items().iter().find(|(id, _)| *id == change.id).map(|(_, item)| item);
            let item = match item {
                _ if !named.insert(change.id) || self.remove_items.contains(&change.id) => {
                    Err(Refusal::invalid(["id"], "is named twice"))
                }
                None => Err(Refusal::new(RefusalCode::NotFound, ["id"], "is no item of this report")),
                Some(item) => change.apply(item),
            };
            (change.id, item, matches!(change.theme, Some(Some(_))))
        });
        let changed = changed.collect();
        refusals.extend(content.change("changeItems", changed));
        refusals.extend(content.remove("removeItems", &self.remove_items));
        refusals.extend(content.add("addItems", &self.add_items));
        if !refusals.is_empty() {
            return Err(Stop::Refused(refusals));
        }
        put(&mut report.content.audience, self.audience);
        let kind = amend(&mut report, &content)?;
        reports::update_record(write, &report).await?;
        content.write_all(write, report.id).await?;
        Ok(written(write, report, kind))
    }
}

impl AmendReport {
    fn is_empty(&self) -> bool {
        let counts = self.attendance.is_none() && self.attendance_parts.is_none();
        let tags = self.outcomes.is_none() && self.functions.is_none();
        let items = self.change_items.is_empty() && self.remove_items.is_empty() && self.add_items.is_empty();
        self.audience.is_none() && counts && tags && items
    }
}

/// Brings a report to its next revision, and says what that is called.
fn amend(report: &mut ReportRecord, content: &Content) -> Result<ChangeKind, Refusal> {
    report.content.status = ruled("report", report.status.after(ReportStep::Amend))?;
    report.content.attendance = content.total();
    report.revision += 1;
    Ok(if report.status == ReportStatus::Submitted { ChangeKind::Amended } else { ChangeKind::Updated })
}
