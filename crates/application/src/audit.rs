//! The audit trail: who changed what, when, from which revision.

use std::collections::HashMap;

use convene_domain::{
    access::{Caller, Role, Who},
    change::{Change, EntityType, Position},
    id::{AccountId, TokenId, Within},
    record::Revision,
};
use convene_persistence::{
    accounts,
    audit::{self, Signed, Trail},
    grants as held, tokens,
};
use uuid::Uuid;

pub use convene_persistence::grants::RoleChanged;

use crate::{App, Error, Result, changes::network_of, grants};

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// As what they had signed in; `None` for whoever runs commands on the machine of the database, such as imports.
    pub who: Option<Who>,
    /// What the account or the token is called; `None` when it has no name, or was erased.
    pub name: Option<String>,
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// What was written.
    pub change: Change,
    /// By whom.
    pub by: Author,
    /// The role that was given, offered or taken back, if the change was of one.
    pub role: Option<RoleChanged>,
}

impl AuditEntry {
    /// The revision that the record had before; `None` when it was new.
    pub fn from_revision(&self) -> Option<Revision> {
        (self.change.revision > 1).then_some(self.change.revision - 1)
    }
}

/// Which part of the trail is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only changes of this record.
    pub record: Option<Uuid>,
    /// Only what was written by this account, or with this token.
    pub by: Option<Who>,
    /// Only what was written before this.
    pub before: Option<Position>,
}

/// Reads the trail of a place, the newest entries first, at most `limit`; and whether there are more.
///
/// # Errors
///
/// Fails if the caller does not look after the place and asks for more than what they wrote themselves, or if there is no such place.
pub async fn list(
    app: &App,
    caller: &Caller,
    within: Within,
    filter: AuditFilter,
    limit: usize,
) -> Result<(Vec<AuditEntry>, bool)> {
    caller.check_writes()?;
    let (network, is_gone) = network_of(app, within, true).await?.ok_or(Error::NoSuchPlace(within))?;
    // What they wrote themselves people may know anyhow.
    if filter.by.is_none() || filter.by != caller.who() {
        // Nobody looks after a community that is no more but those who look after its network.
        let kept_at = if is_gone { Within::Network(network) } else { within };
        grants::require(app, caller, Role::Coordinator, kept_at).await?;
    }
    let AuditFilter { record, by, before } = filter;
    let trail = Trail { network, within, record, by, before };
    let mut found = audit::list(app.reader(), &trail, u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1)).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let names = names(app, &found).await?;
    let roles: Vec<Uuid> =
        found.iter().map(|it| &it.change).filter(|it| it.entity_type == EntityType::Grant).map(|it| it.entity).collect();
    let roles = if roles.is_empty() { HashMap::new() } else { held::load_ever(app.reader(), &roles).await? };
    let entries = found.into_iter().map(|Signed { change, by }| {
        let name = by.and_then(|who| names.get(&who).cloned());
        let role = roles.get(&change.entity).copied();
        AuditEntry { change, by: Author { who: by, name }, role }
    });
    Ok((entries.collect(), has_more))
}

/// What those who wrote are called.
async fn names(app: &App, found: &[Signed]) -> Result<HashMap<Who, String>> {
    let (mut of_tokens, mut of_accounts): (Vec<TokenId>, Vec<AccountId>) = (Vec::new(), Vec::new());
    for signed in found {
        match signed.by {
            Some(Who::Token(id)) => of_tokens.push(id),
            Some(Who::Account(id)) => of_accounts.push(id),
            None => {}
        }
    }
    let mut names = HashMap::new();
    if !of_tokens.is_empty() {
        of_tokens.sort_unstable();
        of_tokens.dedup();
        let found = tokens::load_many(app.reader(), &of_tokens).await?;
        names.extend(found.into_iter().map(|token| (Who::Token(token.id), token.name.to_string())));
    }
    if !of_accounts.is_empty() {
        of_accounts.sort_unstable();
        of_accounts.dedup();
        let found = accounts::load_many(app.reader(), &of_accounts).await?;
        names.extend(found.into_iter().filter_map(|account| Some((Who::Account(account.id), account.name?))));
    }
    Ok(names)
}
