//! The parts of gatherings: hosts, agenda, invitations.

use std::collections::HashMap;

use convene_domain::{
    access::Audience,
    gathering::{AgendaItem, GatheringParts, Invitation},
    id::{CommunityId, GatheringId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, Order, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    Result, Write,
    column::{self, Row},
    dialect,
    entity::{agenda_item, community, gathering_host, invitation},
};

/// Loads the hosts of gatherings, in the order in which they were named.
pub async fn load_hosts<C: ConnectionTrait>(
    connection: &C,
    ids: &[GatheringId],
) -> Result<HashMap<GatheringId, Vec<CommunityId>>> {
    let of = (gathering_host::Entity, gathering_host::Column::GatheringId);
    let found = gathering_host::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, &uuids(ids)))
        .order_by_asc(gathering_host::Column::Ordinal)
        .all(connection)
        .await?;
    let mut hosts: HashMap<GatheringId, Vec<CommunityId>> = HashMap::new();
    for row in found {
        hosts.entry(GatheringId::from_uuid(row.gathering_id)).or_default().push(CommunityId::from_uuid(row.community_id));
    }
    Ok(hosts)
}

/// Finds who may read reports of a gathering by what its first host says; `None` when it does not say.
pub async fn find_default_audience<C: ConnectionTrait>(connection: &C, id: GatheringId) -> Result<Option<Audience>> {
    let select = Query::select()
        .column(("c", community::Column::Id))
        .column(("c", community::Column::DefaultAudience))
        .from_as(gathering_host::Entity, "h")
        .join_as(
            JoinType::InnerJoin,
            community::Entity,
            "c",
            Expr::col(("c", community::Column::Id)).equals(("h", gathering_host::Column::CommunityId)),
        )
        .and_where(Expr::col(("h", gathering_host::Column::GatheringId)).eq(id.uuid()))
        .order_by(("h", gathering_host::Column::Ordinal), Order::Asc)
        .limit(1)
        .take();
    let Some(row) = connection.query_one(&select).await? else { return Ok(None) };
    let audience: Option<String> = row.try_get_by_index(1)?;
    Row { table: "communities", id: row.try_get_by_index(0)? }.parse_opt("default_audience", audience.as_deref())
}

/// Loads the agendas of gatherings, in order.
pub async fn load_agenda<C: ConnectionTrait>(
    connection: &C,
    ids: &[GatheringId],
) -> Result<HashMap<GatheringId, Vec<AgendaItem>>> {
    let of = (agenda_item::Entity, agenda_item::Column::GatheringId);
    let found = agenda_item::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, &uuids(ids)))
        .order_by_asc(agenda_item::Column::Ordinal)
        .all(connection)
        .await?;
    let mut agenda: HashMap<GatheringId, Vec<AgendaItem>> = HashMap::new();
    for item in found {
        let row = Row { table: "agenda_items", id: item.gathering_id };
        agenda.entry(GatheringId::from_uuid(item.gathering_id)).or_default().push(AgendaItem {
            kind: row.parse_opt("kind", item.kind.as_deref())?,
            title: row.parse("title", &item.title)?,
            minutes: item.minutes.map(|minutes| row.small("minutes", minutes)).transpose()?,
            presenter: row.parse_opt("presenter", item.presenter.as_deref())?,
        });
    }
    Ok(agenda)
}

/// Loads the invitations to gatherings, in order.
pub async fn load_invitations<C: ConnectionTrait>(
    connection: &C,
    ids: &[GatheringId],
) -> Result<HashMap<GatheringId, Vec<Invitation>>> {
    let of = (invitation::Entity, invitation::Column::GatheringId);
    let found = invitation::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, &uuids(ids)))
        .order_by_asc(invitation::Column::Ordinal)
        .all(connection)
        .await?;
    let mut invitations: HashMap<GatheringId, Vec<Invitation>> = HashMap::new();
    for item in found {
        let row = Row { table: "invitations", id: item.gathering_id };
        invitations.entry(GatheringId::from_uuid(item.gathering_id)).or_default().push(Invitation {
            group: row.parse("invitation_group", &item.invitation_group)?,
            invited: row.people("invited", item.invited)?,
        });
    }
    Ok(invitations)
}

pub(super) async fn add_many<'a>(
    write: &Write,
    gatherings: impl Iterator<Item = (GatheringId, &'a GatheringParts)>,
) -> Result<()> {
    let (mut hosts, mut agenda, mut invitations) = (Vec::new(), Vec::new(), Vec::new());
    for (id, parts) in gatherings {
        let gathering_id = id.uuid();
        hosts.extend((1..).zip(parts.hosts.ids()).map(|(ordinal, host)| gathering_host::Model {
            gathering_id,
            ordinal,
            community_id: host.uuid(),
        }));
        agenda.extend((1..).zip(&parts.agenda).map(|(ordinal, item)| agenda_item::Model {
            gathering_id,
            ordinal,
            kind: column::text(item.kind.as_ref()),
            title: item.title.to_string(),
            minutes: item.minutes.map(i32::from),
            presenter: column::text(item.presenter.as_ref()),
        }));
        invitations.extend((1..).zip(&parts.invitations).map(|(ordinal, item)| invitation::Model {
            gathering_id,
            ordinal,
            invitation_group: item.group.to_string(),
            invited: column::count(item.invited),
        }));
    }
    write.insert_all::<gathering_host::Entity, _>(hosts).await?;
    write.insert_all::<agenda_item::Entity, _>(agenda).await?;
    write.insert_all::<invitation::Entity, _>(invitations).await
}

pub(super) async fn remove(write: &Write, id: GatheringId) -> Result<()> {
    let (transaction, id) = (write.transaction(), id.uuid());
    gathering_host::Entity::delete_many().filter(gathering_host::Column::GatheringId.eq(id)).exec(transaction).await?;
    agenda_item::Entity::delete_many().filter(agenda_item::Column::GatheringId.eq(id)).exec(transaction).await?;
    invitation::Entity::delete_many().filter(invitation::Column::GatheringId.eq(id)).exec(transaction).await?;
    Ok(())
}

fn uuids(ids: &[GatheringId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}
