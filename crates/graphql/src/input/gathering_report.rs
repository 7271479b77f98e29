//! What is written of gathering reports.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    reports::{AmendReport, AppendToReport, DraftReport, ReportContent, SubmitReport},
};

use super::{AttendancePartInput, Fields, Input, Once, Part, ReportItemChangeInput, ReportItemInput, Update};
use crate::types::Audience;

/// What a report says, as far as it is said here.
#[derive(Debug, InputObject)]
pub(crate) struct ReportContentInput {
    /// Who may read it; it cannot be null. When left out: as before, and in a new report what its first host says in
    /// `defaultAudience`, or `MEMBERS`.
    audience: Update<Audience>,
    /// How many people came in all. Null, and left out of a new report: the sum of `attendanceParts`, or nobody counted.
    attendance: Update<i32>,
    /// Who came, by role and organisation, in place of what was said before; at most 500 parts that add up to no more than
    /// `attendance`. Null for none.
    attendance_parts: Update<Vec<AttendancePartInput>>,
    /// What happened and what is to happen: items to add after those there are, up to 500 in all.
    items: Option<Vec<ReportItemInput>>,
    /// What the gathering brought about, in place of what was said before: codes of the network's vocabulary
    /// (`DESIRED_OUTCOME`); at most 100, null for none.
    outcomes: Update<Vec<String>>,
    /// What the gathering did for the members, in place of what was said before: codes of the network's vocabulary
    /// (`FUNCTION`); at most 100, null for none.
    functions: Update<Vec<String>>,
}

impl Part for ReportContentInput {
    type Checked = ReportContent;

    fn check(self, fields: &mut Fields) -> Option<ReportContent> {
        let audience = fields.changed("audience", self.audience, Fields::taken);
        let attendance = fields.patched("attendance", self.attendance, Fields::people);
        let attendance_parts = fields.relisted("attendanceParts", self.attendance_parts, Fields::part);
        let items = fields.list("items", self.items.unwrap_or_default(), Fields::part);
        let outcomes = fields.relisted("outcomes", self.outcomes, Fields::parsed);
        let functions = fields.relisted("functions", self.functions, Fields::parsed);
        Some(ReportContent {
            audience: audience?,
            attendance: attendance?,
            attendance_parts: attendance_parts?,
            items: items?,
            outcomes: outcomes?,
            functions: functions?,
        })
    }
}

/// A report to begin.
#[derive(Debug, InputObject)]
pub(crate) struct DraftGatheringReportInput {
    /// The id of the gathering (gat_...).
    gathering: ID,
    #[graphql(flatten)]
    content: ReportContentInput,
    #[graphql(flatten)]
    once: Once,
}

impl Input for DraftGatheringReportInput {
    type Command = DraftReport;

    fn check(self, mut fields: Fields) -> Result<DraftReport, Vec<Refusal>> {
        let gathering = fields.parsed("gathering", self.gathering);
        let content = self.content.check(&mut fields);
        fields.build(|| Some(DraftReport { gathering: gathering?, content: content? }))
    }
}

/// A report to hand in, with what it is to say beyond what it says already.
#[derive(Debug, InputObject)]
pub(crate) struct SubmitGatheringReportInput {
    /// The id of the gathering (gat_...).
    gathering: ID,
    /// The revision that the gathering's report is handed in from: the report's `revision` as you read it. Left out exactly
    /// when the gathering has no report yet.
    expected_revision: Option<i32>,
    #[graphql(flatten)]
    content: ReportContentInput,
    #[graphql(flatten)]
    once: Once,
}

impl Input for SubmitGatheringReportInput {
    type Command = SubmitReport;

    fn check(self, mut fields: Fields) -> Result<SubmitReport, Vec<Refusal>> {
        let gathering = fields.parsed("gathering", self.gathering);
        let expected = self.expected_revision.map(Into::into);
        let content = self.content.check(&mut fields);
        fields.build(|| Some(SubmitReport { gathering: gathering?, expected, content: content? }))
    }
}

/// What to add to a report.
#[derive(Debug, InputObject)]
pub(crate) struct AppendToGatheringReportInput {
    /// The id of the report (rep_...).
    report: ID,
    /// Items to add after those there are, up to 500 in all.
    items: Option<Vec<ReportItemInput>>,
    /// People to count in, by role and organisation, together with those of the same who were counted before. A total that
    /// is then too small grows with them.
    attendance_parts: Option<Vec<AttendancePartInput>>,
    /// What the gathering brought about as well: codes of the network's vocabulary (`DESIRED_OUTCOME`).
    outcomes: Option<Vec<String>>,
    /// What the gathering did for the members as well: codes of the network's vocabulary (`FUNCTION`).
    functions: Option<Vec<String>>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for AppendToGatheringReportInput {
    type Command = AppendToReport;

    fn check(self, mut fields: Fields) -> Result<AppendToReport, Vec<Refusal>> {
        let report = fields.parsed("report", self.report);
        let items = fields.list("items", self.items.unwrap_or_default(), Fields::part);
        let attendance_parts = fields.list("attendanceParts", self.attendance_parts.unwrap_or_default(), Fields::part);
        let outcomes = fields.list("outcomes", self.outcomes.unwrap_or_default(), Fields::parsed);
        let functions = fields.list("functions", self.functions.unwrap_or_default(), Fields::parsed);
        fields.build(|| {
            Some(AppendToReport {
                report: report?,
                items: items?,
                attendance_parts: attendance_parts?,
                outcomes: outcomes?,
                functions: functions?,
            })
        })
    }
}

/// A change to what a report says. What is left out stays as it is; not all of it can be left out.
#[derive(Debug, InputObject)]
pub(crate) struct AmendGatheringReportInput {
    /// The id of the report (rep_...).
    report: ID,
    /// The revision that the change is made from: the report's `revision` as you read it.
    expected_revision: i32,
    /// Who may read it; it cannot be null.
    audience: Update<Audience>,
    /// How many people came in all; null for the sum of `attendanceParts`, or when nobody counted.
    attendance: Update<i32>,
    /// Who came, by role and organisation, all of them; at most 500 parts that add up to no more than `attendance`. Null for
    /// none.
    attendance_parts: Update<Vec<AttendancePartInput>>,
    /// What the gathering brought about, all of it: codes of the network's vocabulary (`DESIRED_OUTCOME`); at most 100, null
    /// for none.
    outcomes: Update<Vec<String>>,
    /// What the gathering did for the members, all of it: codes of the network's vocabulary (`FUNCTION`); at most 100, null
    /// for none.
    functions: Update<Vec<String>>,
    /// Items to change, each once.
    change_items: Option<Vec<ReportItemChangeInput>>,
    /// The ids of items to take out (itm_...).
    remove_items: Option<Vec<ID>>,
    /// Items to add after those there are, up to 500 in all.
    add_items: Option<Vec<ReportItemInput>>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for AmendGatheringReportInput {
    type Command = AmendReport;

    fn check(self, mut fields: Fields) -> Result<AmendReport, Vec<Refusal>> {
        let report = fields.parsed("report", self.report);
        let expected = self.expected_revision.into();
        let audience = fields.changed("audience", self.audience, Fields::taken);
        let attendance = fields.patched("attendance", self.attendance, Fields::people);
        let attendance_parts = fields.relisted("attendanceParts", self.attendance_parts, Fields::part);
        let outcomes = fields.relisted("outcomes", self.outcomes, Fields::parsed);
        let functions = fields.relisted("functions", self.functions, Fields::parsed);
        let change_items = fields.list("changeItems", self.change_items.unwrap_or_default(), Fields::part);
        let remove_items = fields.list("removeItems", self.remove_items.unwrap_or_default(), Fields::parsed);
        let add_items = fields.list("addItems", self.add_items.unwrap_or_default(), Fields::part);
        fields.build(|| {
            Some(AmendReport {
                report: report?,
                expected,
                audience: audience?,
                attendance: attendance?,
                attendance_parts: attendance_parts?,
                outcomes: outcomes?,
                functions: functions?,
                change_items: change_items?,
                remove_items: remove_items?,
                add_items: add_items?,
            })
        })
    }
}
