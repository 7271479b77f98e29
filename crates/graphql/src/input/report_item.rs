//! Items of reports and who came, as they are given.

use async_graphql::{ID, InputObject};
use convene_application::writing::reports::ItemChange;
use convene_domain::report::{self, ItemFields};

use super::{Fields, Part, Update};
use crate::{
    scalars::Date,
    types::{ActivityKind, ItemKind, NextStepState, Severity},
};

/// An item to add to a report.
#[derive(Debug, InputObject)]
pub(crate) struct ReportItemInput {
    /// What it is. It stays what it is.
    kind: ItemKind,
    /// What was told, as it was told.
    text: String,
    /// Which kind of activity it was; for an `ACTIVITY` it has to be said, and for nothing else it can.
    activity_kind: Option<ActivityKind>,
    /// What it is about: a code of the network's vocabulary (`THEME`).
    theme: Option<String>,
    /// How much it weighs; only for a `CHALLENGE` or a `NEED`.
    severity: Option<Severity>,
    /// Who told it.
    contributor: Option<String>,
    /// The id of the host community that it concerns (com_...); all of them when left out.
    host: Option<ID>,
    /// Who is to do it; only for a `NEXT_STEP`.
    owner: Option<String>,
    /// By which day it is to be done; only for a `NEXT_STEP`.
    due_on: Option<Date>,
    /// What became of it; only for a `NEXT_STEP`, which is `OPEN` when left out.
    state: Option<NextStepState>,
    /// Whether it is for coordinators only.
    #[graphql(default_with = "Some(false)")]
    confidential: Option<bool>,
}

impl Part for ReportItemInput {
    type Checked = report::ReportItem;

    fn check(self, fields: &mut Fields) -> Option<report::ReportItem> {
        let text = fields.parsed("text", self.text);
        let theme = fields.optional("theme", self.theme, Fields::parsed);
        let contributor = fields.optional("contributor", self.contributor, Fields::parsed);
        let host = fields.optional("host", self.host, Fields::parsed);
        let owner = fields.optional("owner", self.owner, Fields::parsed);
        let confidential = fields.given("confidential", self.confidential);
        let detail = ItemFields {
            activity_kind: self.activity_kind.map(Into::into),
            severity: self.severity.map(Into::into),
            owner: owner.clone().flatten(),
            due_on: self.due_on.map(Into::into),
            state: self.state.map(Into::into),
        };
        let detail = detail.into_detail(self.kind.into()).map_or_else(
            |(field, reason)| match field {
                "activity_kind" => fields.refuse("activityKind", reason.to_string()),
                "due_on" => fields.refuse("dueOn", reason.to_string()),
                field => fields.refuse(field, reason.to_string()),
            },
            Some,
        );
        owner?;
        Some(report::ReportItem {
            detail: detail?,
            text: text?,
            theme: theme?,
            contributor: contributor?,
            host: host?,
            confidential: confidential?,
        })
    }
}

/// A change to an item of a report. What is left out stays as it is; its kind stays what it is.
#[derive(Debug, InputObject)]
pub(crate) struct ReportItemChangeInput {
    /// The id of the item (itm_...).
    id: ID,
    /// What was told, as it was told; it cannot be null.
    text: Update<String>,
    /// Which kind of activity it was; only for an `ACTIVITY`. It cannot be null.
    activity_kind: Update<ActivityKind>,
    /// What it is about: a code of the network's vocabulary (`THEME`); null when nobody said.
    theme: Update<String>,
    /// How much it weighs; only for a `CHALLENGE` or a `NEED`. Null when nobody said.
    severity: Update<Severity>,
    /// Who told it; null when nobody said.
    contributor: Update<String>,
    /// The id of the host community that it concerns (com_...); null when it concerns all of them.
    host: Update<ID>,
    /// Who is to do it; only for a `NEXT_STEP`. Null when nobody said.
    owner: Update<String>,
    /// By which day it is to be done; only for a `NEXT_STEP`. Null when nobody said.
    due_on: Update<Date>,
    /// What became of it; only for a `NEXT_STEP`. It cannot be null.
    state: Update<NextStepState>,
    /// Whether it is for coordinators only; it cannot be null.
    confidential: Update<bool>,
}

impl Part for ReportItemChangeInput {
    type Checked = ItemChange;

    fn check(self, fields: &mut Fields) -> Option<ItemChange> {
        let id = fields.parsed("id", self.id);
        let text = fields.changed("text", self.text, Fields::parsed);
        let activity_kind = fields.changed("activityKind", self.activity_kind, Fields::taken);
        let theme = fields.patched("theme", self.theme, Fields::parsed);
        let severity = fields.patched("severity", self.severity, Fields::taken);
        let contributor = fields.patched("contributor", self.contributor, Fields::parsed);
        let host = fields.patched("host", self.host, Fields::parsed);
        let owner = fields.patched("owner", self.owner, Fields::parsed);
        let due_on = fields.patched("dueOn", self.due_on, Fields::taken);
        let state = fields.changed("state", self.state, Fields::taken);
        let confidential = fields.changed("confidential", self.confidential, Fields::taken);
        Some(ItemChange {
            id: id?,
            text: text?,
            theme: theme?,
            contributor: contributor?,
            host: host?,
            confidential: confidential?,
            activity_kind: activity_kind?,
            severity: severity?,
            owner: owner?,
            due_on: due_on?,
            state: state?,
        })
    }
}

/// How many people came in one role, from one organisation, or both.
#[derive(Debug, InputObject)]
pub(crate) struct AttendancePartInput {
    /// The role they took part in: a code of the network's vocabulary (`PARTICIPANT_ROLE`). Give this or `organisation`, or
    /// both.
    role: Option<String>,
    /// The organisation they came from.
    organisation: Option<String>,
    /// How many people; at least 1.
    people: i32,
}

impl Part for AttendancePartInput {
    type Checked = report::AttendancePart;

    fn check(self, fields: &mut Fields) -> Option<report::AttendancePart> {
        let role = fields.optional("role", self.role, Fields::parsed);
        let organisation = fields.optional("organisation", self.organisation, Fields::parsed);
        let people = fields.people("people", self.people);
        fields.whole(report::AttendancePart::try_new(role?, organisation?, people?))
    }
}
