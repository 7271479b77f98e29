//! The audit trail: who changed what, when, from which revision.

use std::sync::Arc;

use async_graphql::{Enum, ID, SimpleObject};
use convene_application::audit::{self, RoleChanged};
use convene_domain::access::Who;

use super::{ChangeKind, EntityType, Grant};
use crate::scalars::{DateTime, int};

/// As what someone had signed in.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
pub(crate) enum AuthorKind {
    /// As a person, with an account.
    Account,
    /// As a program, with a token.
    Token,
    /// Not at all: they ran a command on the machine of the service, such as an import.
    Operator,
}

/// Who wrote something.
#[derive(Debug, SimpleObject)]
pub(crate) struct Author {
    /// As what they had signed in.
    kind: AuthorKind,
    /// The id of the account (acc_...) or of the token (tok_...); null for operators. It stays when the account is erased.
    id: Option<ID>,
    /// What the account or the token is called. Null when it has no name, when the account was erased, and for operators.
    name: Option<String>,
}

impl From<audit::Author> for Author {
    fn from(author: audit::Author) -> Self {
        let (kind, id) = match author.who {
            None => (AuthorKind::Operator, None),
            Some(Who::Account(id)) => (AuthorKind::Account, Some(id.to_string().into())),
            Some(Who::Token(id)) => (AuthorKind::Token, Some(id.to_string().into())),
        };
        Self { kind, id, name: author.name }
    }
}

/// Something that was written, and by whom.
#[derive(Debug, SimpleObject)]
pub(crate) struct AuditEntry {
    /// Where the entry stands: the next page begins after it.
    pub(crate) cursor: String,
    /// What happened.
    kind: ChangeKind,
    /// What kind of record changed.
    entity_type: EntityType,
    /// The record's id, which `node` finds unless the record is gone or hidden; for a `GRANT` that of the role (gra_...) or of the
    /// invitation to take it on (inv_...), which it does not.
    entity_id: ID,
    /// The role that was given, offered by invitation, or taken back; null for other kinds of records. One that was offered has neither
    /// an id nor an account.
    grant: Option<Grant>,
    /// The record's revision before; null when it was new.
    from_revision: Option<i32>,
    /// The record's revision after.
    revision: i32,
    /// When it happened, as told by whoever wrote it; when nobody told, the time of recording.
    occurred_at: DateTime,
    /// When it was recorded here.
    recorded_at: DateTime,
    /// Who wrote it.
    by: Author,
}

impl AuditEntry {
    pub(crate) fn new(entry: audit::AuditEntry, cursor: String) -> Self {
        let from_revision = entry.from_revision().map(int);
        let audit::AuditEntry { change, by, role } = entry;
        let (entity_id, grant) = match role {
            Some(RoleChanged::Given(granted)) => (granted.grant.id.to_string(), Some(Arc::new(granted).into())),
            Some(RoleChanged::Offered(id, allows)) => (id.to_string(), Some(allows.into())),
            None => (change.entity_type.node(change.entity).to_string(), None),
        };
        Self {
            cursor,
            kind: change.kind.into(),
            entity_type: change.entity_type.into(),
            entity_id: entity_id.into(),
            grant,
            from_revision,
            revision: int(change.revision),
            occurred_at: change.occurred_at.into(),
            recorded_at: change.recorded_at.into(),
            by: by.into(),
        }
    }
}

/// A part of the audit trail, the newest entries first.
#[derive(Debug, SimpleObject)]
pub(crate) struct AuditPage {
    /// What was written, and by whom.
    pub(crate) items: Vec<AuditEntry>,
    /// Whether there are older ones: ask for those `after` the cursor of the last entry.
    pub(crate) has_more: bool,
}
