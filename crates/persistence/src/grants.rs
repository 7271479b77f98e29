//! Roles that accounts were given, and invitations to take one on.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{Grant, RoleAt, Who},
    id::{AccountId, CommunityId, GrantId, MembershipInvitationId, NetworkId, Within},
    page::{Page, PageRequest, Place},
    text::Text,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    Result, Write,
    column::{self, Row},
    dialect,
    entity::{grant, membership_invitation},
};

/// What a list of memberships is marked with in cursors.
pub const LIST: &str = "memberships";

/// A role that an account was given, and still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// The role, where, and who holds it.
    pub grant: Grant,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl TryFrom<grant::Model> for Granted {
    type Error = crate::Error;

    fn try_from(model: grant::Model) -> Result<Self> {
        let role = Row { table: "grants", id: model.id }.parse("role", &model.role)?;
        let allows = RoleAt {
            network: model.network_id.map(NetworkId::from_uuid),
            community: model.community_id.map(CommunityId::from_uuid),
            role,
        };
        let grant = Grant { id: GrantId::from_uuid(model.id), holder: AccountId::from_uuid(model.account_id), allows };
        Ok(Self { grant, since: model.granted_at })
    }
}

/// Loads what accounts hold.
pub async fn load_by_account<C: ConnectionTrait>(
    connection: &C,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, Vec<Granted>>> {
    let ids: Vec<Uuid> = accounts.iter().map(|id| id.uuid()).collect();
    let found = grant::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), (grant::Entity, grant::Column::AccountId), &ids))
        .filter(grant::Column::RevokedAt.is_null())
        .order_by_asc(grant::Column::Id)
        .all(connection)
        .await?;
    let mut held: HashMap<AccountId, Vec<Granted>> = HashMap::new();
    for model in found {
        let granted = Granted::try_from(model)?;
        held.entry(granted.grant.holder).or_default().push(granted);
    }
    Ok(held)
}

/// Loads roles that are still held.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[GrantId]) -> Result<HashMap<GrantId, Granted>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = grant::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), (grant::Entity, grant::Column::Id), &ids))
        .filter(grant::Column::RevokedAt.is_null())
        .all(connection)
        .await?;
    found.into_iter().map(|model| Granted::try_from(model).map(|granted| (granted.grant.id, granted))).collect()
}

/// A role that was given or offered, whether or not it still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChanged {
    /// To an account.
    Given(Granted),
    /// To whoever has the secret of an invitation.
    Offered(MembershipInvitationId, RoleAt),
}

/// Loads roles and invitations by identity, those that were taken back too.
pub async fn load_ever<C: ConnectionTrait>(connection: &C, ids: &[Uuid]) -> Result<HashMap<Uuid, RoleChanged>> {
    let backend = connection.get_database_backend();
    let given = grant::Entity::find()
        .filter(dialect::is_any_id(backend, (grant::Entity, grant::Column::Id), ids))
        .all(connection)
        .await?;
    let offered = membership_invitation::Entity::find()
        .filter(dialect::is_any_id(backend, (membership_invitation::Entity, membership_invitation::Column::Id), ids))
        .all(connection)
        .await?;
    let given = given.into_iter().map(|model| Ok((model.id, RoleChanged::Given(Granted::try_from(model)?))));
    let offered = offered.into_iter().map(|model| {
        let invitation = MembershipInvitation::try_from(model)?;
        Ok((invitation.id.uuid(), RoleChanged::Offered(invitation.id, invitation.allows)))
    });
    given.chain(offered).collect()
}

/// Lists the roles that are held at a place itself, the oldest first.
pub async fn list<C: ConnectionTrait>(connection: &C, place: Within, page: &PageRequest) -> Result<Page<Granted>> {
    let forward = page.direction() == convene_domain::page::Direction::Forward;
    let found = grant::Entity::find()
        .filter(at((grant::Column::NetworkId, grant::Column::CommunityId), place))
        .filter(grant::Column::RevokedAt.is_null())
        .apply_if(page.after(), |query, place| query.filter(grant::Column::Id.gt(place.id)))
        .apply_if(page.before(), |query, place| query.filter(grant::Column::Id.lt(place.id)))
        .order_by(grant::Column::Id, if forward { sea_orm::Order::Asc } else { sea_orm::Order::Desc })
        .limit(page.limit() + 1)
        .all(connection)
        .await?;
    let entry = |model: grant::Model| {
        let place = Place { list: LIST.to_owned(), instant: 0, text: String::new(), id: model.id };
        Granted::try_from(model).map(|granted| (place, granted))
    };
    Ok(Page::from_read(page, found.into_iter().map(entry).collect::<Result<_>>()?))
}

/// Counts the roles that are held at a place itself.
pub async fn count<C: ConnectionTrait>(connection: &C, place: Within) -> Result<u64> {
    let held = grant::Entity::find()
        .select_only()
        .column_as(Expr::cust("COUNT(*)"), "held")
        .filter(at((grant::Column::NetworkId, grant::Column::CommunityId), place))
        .filter(grant::Column::RevokedAt.is_null());
    let count: Option<i64> = held.into_tuple().one(connection).await?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

/// What is had at a place itself, and not under it.
fn at<C: ColumnTrait>((network, community): (C, C), place: Within) -> Condition {
    match place {
        Within::Network(id) => Condition::all().add(network.eq(id.uuid())).add(community.is_null()),
        Within::Community(id) => Condition::all().add(community.eq(id.uuid())),
    }
}

fn row(granted: &Granted, by: Option<Who>) -> grant::Model {
    let Grant { id, holder, allows } = granted.grant;
    grant::Model {
        id: id.uuid(),
        account_id: holder.uuid(),
        network_id: allows.network.map(NetworkId::uuid),
        community_id: allows.community.map(CommunityId::uuid),
        role: allows.role.to_string(),
        granted_at: granted.since,
        granted_by: by.map(Who::uuid),
        revoked_at: None,
    }
}

/// Gives an account a role.
pub async fn add(write: &Write, granted: &Granted) -> Result<()> {
    write.insert_all::<grant::Entity, _>(vec![row(granted, write.by())]).await
}

/// Takes a role back; `false` when it is not held any more.
pub async fn revoke(write: &Write, id: GrantId) -> Result<bool> {
    let revoked = grant::Entity::update_many()
        .col_expr(grant::Column::RevokedAt, Expr::value(write.recorded_at()))
        .filter(grant::Column::Id.eq(id.uuid()))
        .filter(grant::Column::RevokedAt.is_null())
        .exec(write.transaction())
        .await?;
    Ok(revoked.rows_affected == 1)
}

/// Lets the roles that are held at a community be held at another one. Answers which they are.
pub async fn rehost(write: &Write, from: CommunityId, to: CommunityId) -> Result<Vec<GrantId>> {
    let held = grant::Entity::find()
        .filter(grant::Column::CommunityId.eq(from.uuid()))
        .filter(grant::Column::RevokedAt.is_null())
        .all(write.transaction())
        .await?;
    grant::Entity::update_many()
        .col_expr(grant::Column::CommunityId, Expr::value(to.uuid()))
        .filter(grant::Column::CommunityId.eq(from.uuid()))
        .exec(write.transaction())
        .await?;
    membership_invitation::Entity::update_many()
        .col_expr(membership_invitation::Column::CommunityId, Expr::value(to.uuid()))
        .filter(membership_invitation::Column::CommunityId.eq(from.uuid()))
        .exec(write.transaction())
        .await?;
    Ok(held.into_iter().map(|model| GrantId::from_uuid(model.id)).collect())
}

/// An invitation to take on a role, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipInvitation {
    /// Its identity.
    pub id: MembershipInvitationId,
    /// The network.
    pub network: NetworkId,
    /// The role, and where.
    pub allows: RoleAt,
    /// Whom or what it is for.
    pub note: Option<Text>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// The account or token that made it; `None` when the operator did.
    pub invited_by: Option<Uuid>,
    /// Who accepted it; `None` when nobody did.
    pub accepted_by: Option<AccountId>,
    /// When it was taken back; `None` when it was not.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl MembershipInvitation {
    /// Whether it can be accepted at an instant.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.accepted_by.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }
}

impl TryFrom<membership_invitation::Model> for MembershipInvitation {
    type Error = crate::Error;

    fn try_from(model: membership_invitation::Model) -> Result<Self> {
        let row = Row { table: "membership_invitations", id: model.id };
        let network = NetworkId::from_uuid(model.network_id);
        let community = model.community_id.map(CommunityId::from_uuid);
        Ok(Self {
            id: MembershipInvitationId::from_uuid(model.id),
            network,
            allows: RoleAt { network: Some(network), community, role: row.parse("role", &model.role)? },
            note: row.parse_opt("note", model.note.as_deref())?,
            expires_at: model.expires_at,
            invited_by: model.invited_by,
            accepted_by: model.accepted_by.map(AccountId::from_uuid),
            revoked_at: model.revoked_at,
        })
    }
}

/// Adds an invitation by the fingerprint of its secret.
pub async fn invite(write: &Write, invitation: &MembershipInvitation, hash: &str) -> Result<()> {
    let row = membership_invitation::Model {
        id: invitation.id.uuid(),
        network_id: invitation.network.uuid(),
        community_id: invitation.allows.community.map(CommunityId::uuid),
        role: invitation.allows.role.to_string(),
        hash: hash.to_owned(),
        note: column::text(invitation.note.as_ref()),
        created_at: write.recorded_at(),
        expires_at: invitation.expires_at,
        invited_by: invitation.invited_by,
        accepted_by: None,
        accepted_at: None,
        revoked_at: None,
    };
    write.insert_all::<membership_invitation::Entity, _>(vec![row]).await
}

/// Finds an invitation.
pub async fn find_invitation<C: ConnectionTrait>(
    connection: &C,
    id: MembershipInvitationId,
) -> Result<Option<MembershipInvitation>> {
    let found = membership_invitation::Entity::find_by_id(id.uuid()).one(connection).await?;
    found.map(MembershipInvitation::try_from).transpose()
}

/// Finds the invitation with the secret that has this fingerprint.
pub async fn find_invitation_by_hash<C: ConnectionTrait>(connection: &C, hash: &str) -> Result<Option<MembershipInvitation>> {
    let by_hash = membership_invitation::Entity::find().filter(membership_invitation::Column::Hash.eq(hash));
    by_hash.one(connection).await?.map(MembershipInvitation::try_from).transpose()
}

/// Lists the invitations to a place itself that are open at an instant, the oldest first.
pub async fn list_open<C: ConnectionTrait>(
    connection: &C,
    place: Within,
    now: DateTime<Utc>,
) -> Result<Vec<MembershipInvitation>> {
    let found = membership_invitation::Entity::find()
        .filter(at((membership_invitation::Column::NetworkId, membership_invitation::Column::CommunityId), place))
        .filter(membership_invitation::Column::AcceptedAt.is_null())
        .filter(membership_invitation::Column::RevokedAt.is_null())
        .filter(membership_invitation::Column::ExpiresAt.gt(now))
        .order_by_asc(membership_invitation::Column::Id)
        .all(connection);
    found.await?.into_iter().map(MembershipInvitation::try_from).collect()
}

/// Notes who accepted an invitation; `false` when someone did already, or it was taken back.
pub async fn accept(write: &Write, id: MembershipInvitationId, by: AccountId) -> Result<bool> {
    let accepted = membership_invitation::Entity::update_many()
        .col_expr(membership_invitation::Column::AcceptedBy, Expr::value(by.uuid()))
        .col_expr(membership_invitation::Column::AcceptedAt, Expr::value(write.recorded_at()))
        .filter(membership_invitation::Column::Id.eq(id.uuid()))
        .filter(membership_invitation::Column::AcceptedAt.is_null())
        .filter(membership_invitation::Column::RevokedAt.is_null())
        .exec(write.transaction())
        .await?;
    Ok(accepted.rows_affected == 1)
}

/// Takes an invitation back; `false` when it was accepted or taken back already.
pub async fn revoke_invitation(write: &Write, id: MembershipInvitationId) -> Result<bool> {
    let revoked = membership_invitation::Entity::update_many()
        .col_expr(membership_invitation::Column::RevokedAt, Expr::value(write.recorded_at()))
        .filter(membership_invitation::Column::Id.eq(id.uuid()))
        .filter(membership_invitation::Column::AcceptedAt.is_null())
        .filter(membership_invitation::Column::RevokedAt.is_null())
        .exec(write.transaction())
        .await?;
    Ok(revoked.rows_affected == 1)
}
