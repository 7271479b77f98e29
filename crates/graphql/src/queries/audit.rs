//! Reading the audit trail.

use async_graphql::{Context, ID, Object};
use convene_application::audit::{self, AuditFilter};
use convene_domain::{
    access::Who,
    change::Position,
    id::{AccountId, GrantId, MembershipInvitationId, NodeId, TokenId},
    page::Place,
};
use uuid::Uuid;

use crate::{
    budget,
    connection::Paging,
    cursor,
    error::{Error, ErrorCode},
    input,
    loaders::{self, Loads},
    types::{AuditEntry, AuditPage},
};

/// What cursors of the trail are marked with.
const MARK: &str = "audit";

#[derive(Debug, Default)]
pub(crate) struct AuditQuery;

#[Object]
impl AuditQuery {
    /// Who changed what in a place, when, and from which revision: the newest first. For coordinators of the place; of a community
    /// that is no more, for those of its network. What you wrote yourself (`by` your account or token) you may always ask for.
    /// It goes back as far as the log does (settings `log_keep_days` and `log_keep_changes`). Errors: `NOT_FOUND` when there
    /// never was such a place; `FORBIDDEN` when you do not look after it, and `UNAUTHENTICATED` when you have not signed in;
    /// `BAD_CURSOR` when `after` is not a cursor of the trail.
    #[graphql(complexity = "child_complexity + 1")]
    async fn audit_trail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "Only changes of the record with this id.")] record: Option<ID>,
        #[graphql(desc = "Only what was written by this account (acc_...), or with this token (tok_...).")] by: Option<ID>,
        #[graphql(desc = "How many, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor, which are older.")] after: Option<String>,
    ) -> Result<AuditPage, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let limit = Paging::first(first)?;
        let filter = AuditFilter {
            record: record.as_ref().map(record_id).transpose()?,
            by: by.as_ref().map(author).transpose()?,
            before: after.as_deref().map(decode).transpose()?,
        };
        let (entries, has_more) = audit::list(app, caller, input::id("within", &within)?, filter, limit).await?;
        budget::spend(ctx, entries.len()).await?;
        let entries = entries.into_iter().map(|entry| {
            let place = Place { list: MARK.to_owned(), instant: entry.change.position, text: String::new(), id: Uuid::nil() };
            AuditEntry::new(entry, cursor::encode(&place))
        });
        Ok(AuditPage { items: entries.collect(), has_more })
    }
}

fn record_id(id: &ID) -> Result<Uuid, Error> {
    let role = id.parse().map(GrantId::uuid).or_else(|_| id.parse().map(MembershipInvitationId::uuid));
    role.or_else(|_| input::id::<NodeId>("record", id).map(NodeId::uuid))
}

fn author(id: &ID) -> Result<Who, Error> {
    match id.parse::<AccountId>() {
        Ok(account) => Ok(Who::Account(account)),
        Err(_) => input::id::<TokenId>("by", id).map(Who::Token),
    }
}

fn decode(after: &str) -> Result<Position, Error> {
    let place = cursor::decode(after, MARK);
    let place = place.ok_or_else(|| Error::client(ErrorCode::BadCursor, "after is not a cursor of the audit trail"))?;
    Ok(place.instant)
}
