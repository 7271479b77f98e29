//! Gathering reports: drafted, added to by several people, handed in, amended, reviewed, taken back.

mod amend;
mod content;

use std::sync::Arc;

use convene_domain::{
    access::{Audience, Role},
    change::ChangeKind,
    gathering::GatheringStatus,
    id::{GatheringId, ReportId},
    record::{Recorded, Revision},
    report::{AttendancePart, GatheringReport, ReportItem, ReportStatus, ReportStep},
    text::{Code, HeadCount},
};
use convene_persistence::{Write, gatherings, reports};
use uuid::Uuid;

pub use self::amend::{AmendReport, AppendToReport, ItemChange};
use self::content::{Content, Said};
use super::{
    At, Command, Done, Need, Patch, Refusal, RefusalCode, Stop, check,
    gatherings::{check_reported, hold},
    networks::put,
    record,
    refusal::ruled,
};
use crate::{gatherings::GatheringRecord, reports::ReportRecord};

/// What a report says, as far as it is said here. What is left out stays as it is; items are added to those there are.
#[derive(Debug, Clone, Default)]
pub struct ReportContent {
    /// Who may read it; `None` in a new report for what its first host says, or members.
    pub audience: Option<Audience>,
    /// How many people came in all.
    pub attendance: Patch<HeadCount>,
    /// How many came, by role and organisation, in place of what was said before.
    pub attendance_parts: Option<Vec<AttendancePart>>,
    /// Items to add.
    pub items: Vec<ReportItem>,
    /// Desired outcomes that were served, in place of what was said before.
    pub outcomes: Option<Vec<Code>>,
    /// Functions that were served, in place of what was said before.
    pub functions: Option<Vec<Code>>,
}

impl ReportContent {
    fn said(&self) -> Said {
        let codes = [&self.outcomes, &self.functions].map(|codes| codes.as_deref().unwrap_or_default());
        Said::of(&self.items, self.attendance_parts.as_deref().unwrap_or_default(), codes)
    }
}

/// Begins a report, which others can add to.
#[derive(Debug, Clone)]
pub struct DraftReport {
    /// The gathering.
    pub gathering: GatheringId,
    /// What it says so far.
    pub content: ReportContent,
}

impl Command for DraftReport {
    fn operation(&self) -> &'static str {
        "draftGatheringReport"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Gathering(self.gathering), "gathering")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let (gathering, report) = locked(write, self.gathering).await?;
        if let Some(report) = report {
            let refusal = Refusal::new(RefusalCode::Conflict, ["gathering"], "has a report already: add to it");
            return Err(Refusal { current_revision: Some(report.revision), ..refusal }.into());
        }
        let begun = begin(write, &gathering, &self.content).await?;
        write_new(write, begun, &self.content, ChangeKind::Created).await
    }
}

/// Hands in the report of a gathering: one that was drafted or taken back, or, where there is none, a new one.
#[derive(Debug, Clone)]
pub struct SubmitReport {
    /// The gathering. One that was only planned has then been held.
    pub gathering: GatheringId,
    /// The revision of the report that is handed in; `None` where there is none.
    pub expected: Option<Revision>,
    /// What it says beyond what it says already.
    pub content: ReportContent,
}

impl Command for SubmitReport {
    fn operation(&self) -> &'static str {
        "submitGatheringReport"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Gathering(self.gathering), "gathering")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let (gathering, report) = locked(write, self.gathering).await?;
        if gathering.status == GatheringStatus::Planned {
            hold(write, gathering.clone())?;
        }
        let submitted_at = Some(write.recorded_at());
        match (report, self.expected) {
            (Some(report), None) => {
                let message = "is missing: the gathering has a report already";
                let refusal = Refusal::new(RefusalCode::Conflict, [check::EXPECTED], message);
                Err(Refusal { current_revision: Some(report.revision), ..refusal }.into())
            }
            (None, Some(expected)) => {
                let message = format!("is {expected}, but the gathering has no report");
                Err(Refusal::new(RefusalCode::Conflict, [check::EXPECTED], message).into())
            }
            (None, None) => {
                let (mut report, content) = begin(write, &gathering, &self.content).await?;
                report.content.status = ReportStatus::Submitted;
                report.content.submitted_at = submitted_at;
                write_new(write, (report, content), &self.content, ChangeKind::Submitted).await
            }
            (Some(report), Some(expected)) => {
                let mut report = check::expect(Some(report), "gathering", (check::EXPECTED, expected))?;
                report.content.status = ruled("gathering", report.status.after(ReportStep::Submit))?;
                report.content.submitted_at = submitted_at;
                let content = Content::load(write, &report, &self.content.said()).await?;
                write_more(write, report, content, &self.content, ChangeKind::Submitted).await
            }
        }
    }
}

/// Accepts a report, or takes it back.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// Which one.
    pub report: ReportId,
    /// The revision that the step is taken from.
    pub expected: Revision,
    /// Whether it is accepted.
    pub accepted: bool,
}

impl Command for StepReport {
    fn operation(&self) -> &'static str {
        if self.accepted { "reviewGatheringReport" } else { "withdrawGatheringReport" }
    }

    fn needs(&self) -> Vec<Need> {
        let role = if self.accepted { Role::Coordinator } else { Role::Facilitator };
        vec![Need::new(role, At::Report(self.report), "report")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let found = reports::lock(write, self.report).await?;
        let mut report = check::expect(found, "report", (check::EXPECTED, self.expected))?;
        let (step, kind) = match self.accepted {
            true => (ReportStep::Review, ChangeKind::Reviewed),
            false => (ReportStep::Withdraw, ChangeKind::Withdrawn),
        };
        report.content.status = ruled("report", report.status.after(step))?;
        report.revision += 1;
        reports::update_record(write, &report).await?;
        Ok(written(write, report, kind))
    }
}

/// The gathering that is reported, and its report if it has one, which nobody else writes meanwhile. One that is added in
/// this moment is in the way of ours, and found when that is tried again.
async fn locked(write: &Write, id: GatheringId) -> Result<(GatheringRecord, Option<ReportRecord>), Stop> {
    let found = gatherings::lock_with_report(write, id).await?;
    let (gathering, has_report) = found.ok_or_else(|| Refusal::not_found("gathering"))?;
    check_reported(&gathering)?;
    let report = if has_report { reports::lock_of(write, id).await? } else { None };
    Ok((gathering, report))
}

/// A report that nothing is said in yet, and what can be said in it.
async fn begin(write: &Write, gathering: &GatheringRecord, content: &ReportContent) -> Result<(ReportRecord, Content), Stop> {
    let empty = Content::empty(write, gathering.network, gathering.id, &content.said()).await?;
    let audience = match content.audience {
        None => gatherings::find_default_audience(write.transaction(), gathering.id).await?,
        audience => audience,
    };
    let report = GatheringReport {
        network: gathering.network,
        gathering: gathering.id,
        external_id: None,
        status: ReportStatus::Draft,
        audience: audience.unwrap_or(Audience::Members),
        submitted_at: None,
        attendance: None,
    };
    Ok((Recorded::first(ReportId::from_uuid(Uuid::now_v7()), write.instance(), report), empty))
}

/// Says what was written of a report, which is answered as it was written.
fn written(write: &mut Write, report: ReportRecord, kind: ChangeKind) -> Done {
    let done = record(write, report.network, kind, (report.id, report.revision), None);
    Done { report: Some(Arc::new(report)), ..done }
}

/// Writes a report for the first time.
async fn write_new(
    write: &mut Write,
    (mut report, mut content): (ReportRecord, Content),
    said: &ReportContent,
    kind: ChangeKind,
) -> Result<Done, Stop> {
    content.take(said)?;
    report.content.attendance = content.total();
    reports::add(write, &report, &content.into_parts());
    Ok(written(write, report, kind))
}

/// Writes a report that is there already, with what is added to it.
async fn write_more(
    write: &mut Write,
    mut report: ReportRecord,
    mut content: Content,
    said: &ReportContent,
    kind: ChangeKind,
) -> Result<Done, Stop> {
    content.take(said)?;
    put(&mut report.content.audience, said.audience);
    report.content.attendance = content.total();
    report.revision += 1;
    reports::update_record(write, &report).await?;
    content.write_more(write, report.id).await?;
    Ok(written(write, report, kind))
}
