//! The dates of communities' gatherings, and their statuses as of a date.

use chrono::NaiveDate;
use convene_domain::{
    community::{CommunityStatus, Level},
    id::{CommunityId, GatheringId, NetworkId, Within},
    lifecycle::{History, QuietSpell},
    text::{Cadence, Code},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryResult, Set, Statement, Value, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{Result, Write, column::Row, dialect, entity::community_status};

/// A community as far as its life is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Which one.
    pub id: CommunityId,
    /// Its network.
    pub network: NetworkId,
    /// Its name, by which lists are sorted.
    pub name: String,
    /// Its country.
    pub country: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Its time zone.
    pub time_zone: Option<String>,
    /// Its status as of the date.
    pub status: CommunityStatus,
    /// The policy that was chosen for it as of the date.
    pub policy: Option<Code>,
    /// When it held gatherings, and means to.
    pub history: History,
}

/// Loads the past of the communities of these levels in a place; of any level when none is named.
///
/// All dates of a community come as one text: a row for each gathering would cost many times more to read.
pub async fn load<C: ConnectionTrait>(connection: &C, within: Within, levels: &[Level], as_of: NaiveDate) -> Result<Vec<Past>> {
    let backend = connection.get_database_backend();
    let levels = if levels.is_empty() { Level::ALL } else { levels };
    let levels = levels.iter().map(|level| format!("'{level}'")).collect::<Vec<_>>().join(", ");
    let dates =
        |status| dialect::joined(backend, &format!("CASE WHEN g.status = '{status}' THEN CAST(g.start_date AS text) END"));
    let (held, planned) = (dates("HELD"), dates("PLANNED"));
    let sql = format!(
        "SELECT c.id, c.network_id, c.name, c.country, c.region_code, c.time_zone, c.cadence, d.held, d.planned,
             (SELECT t.status FROM community_statuses t WHERE t.community_id = c.id AND t.effective_from <= $2
              ORDER BY t.effective_from DESC LIMIT 1) AS status,
             (SELECT p.policy FROM policy_choices p WHERE p.place_id = c.id AND p.effective_from <= $2
              ORDER BY p.effective_from DESC LIMIT 1) AS policy
         FROM community_scopes s JOIN communities c ON c.id = s.community_id
         LEFT JOIN (SELECT i.community_id, {held} AS held, {planned} AS planned
                    FROM community_scopes i JOIN communities o ON o.id = i.community_id AND o.level IN ({levels})
                    JOIN hosted_days g ON g.community_id = i.community_id AND g.status <> 'CANCELLED'
                    WHERE i.scope_id = $1 GROUP BY i.community_id) d ON d.community_id = c.id
         WHERE s.scope_id = $1 AND c.level IN ({levels})"
    );
    let values: [Value; 2] = [within.uuid().into(), as_of.into()];
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(past).collect()
}

fn past(row: &QueryResult) -> Result<Past> {
    let id: Uuid = row.try_get("", "id")?;
    let of = Row { table: "communities", id };
    let text = |column: &str| row.try_get::<Option<String>>("", column);
    let days = |column: &'static str| -> Result<Vec<NaiveDate>> {
        let days = text(column)?.unwrap_or_default();
        let read = |day: &str| of.check(column, day.parse().map_err(|_| convene_domain::Invalid::new("is no date")));
        days.split(' ').filter(|day| !day.is_empty()).map(read).collect()
    };
    let cadence = text("cadence")?.map(Cadence::checked_before);
    Ok(Past {
        id: CommunityId::from_uuid(id),
        network: NetworkId::from_uuid(row.try_get("", "network_id")?),
        name: row.try_get("", "name")?,
        country: text("country")?,
        region: text("region_code")?,
        time_zone: text("time_zone")?,
        status: of.parse("status", &row.try_get::<String>("", "status")?)?,
        policy: of.parse_opt("policy", text("policy")?.as_deref())?,
        history: History::new(days("held")?, days("planned")?, cadence),
    })
}

/// Finds the gatherings that ended quiet spells, in the order of the spells: the first of the day where there are several.
pub async fn find_ends<C: ConnectionTrait>(connection: &C, spells: &[QuietSpell]) -> Result<Vec<Option<GatheringId>>> {
    let asked: Vec<_> = (0_i64..).zip(spells).filter_map(|(at, spell)| Some((at, spell.community, spell.to?))).collect();
    let mut ends = vec![None; spells.len()];
    if asked.is_empty() {
        return Ok(ends);
    }
    let backend = connection.get_database_backend();
    let (mut parts, mut values) = (Vec::new(), Vec::<Value>::new());
    for (at, community, day) in asked {
        let n = values.len();
        parts.push(format!(
            "SELECT {at} AS spell, g.id, g.sort_at, COALESCE(g.external_id, '') AS external_key
             FROM hosted_days h JOIN gatherings g ON g.id = h.gathering_id
             WHERE h.community_id = ${} AND h.start_date = ${} AND h.status = 'HELD'",
            n + 1,
            n + 2
        ));
        values.extend([Value::from(community.uuid()), day.into()]);
    }
    let sql = format!("{} ORDER BY spell, sort_at, external_key, id", parts.join(" UNION ALL "));
    for row in connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
        let at = row.try_get::<i64>("", "spell").or_else(|_| row.try_get::<i32>("", "spell").map(i64::from))?;
        if let Some(end) = usize::try_from(at).ok().and_then(|at| ends.get_mut(at)) {
            end.get_or_insert(GatheringId::from_uuid(row.try_get("", "id")?));
        }
    }
    Ok(ends)
}

/// The day from which on what was always so is dated.
fn always() -> NaiveDate {
    NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN)
}

/// Notes the statuses of new communities.
pub(crate) async fn begin(write: &Write, statuses: &[(CommunityId, CommunityStatus)]) -> Result<()> {
    let row = |(id, status): &(CommunityId, CommunityStatus)| community_status::Model {
        community_id: id.uuid(),
        effective_from: always(),
        status: status.to_string(),
    };
    write.insert_all::<community_status::Entity, _>(statuses.iter().map(row).collect()).await
}

/// Notes the status that a community has from today on, if it is another than before.
pub(crate) async fn note(write: &Write, community: CommunityId, status: CommunityStatus) -> Result<()> {
    use sea_orm::QueryOrder;
    let today = write.recorded_at().date_naive();
    let (id, from) = (community_status::Column::CommunityId, community_status::Column::EffectiveFrom);
    let last = community_status::Entity::find().filter(id.eq(community.uuid())).order_by_desc(from);
    if last.one(write.transaction()).await?.is_some_and(|last| last.status == status.as_str()) {
        return Ok(());
    }
    let row = community_status::ActiveModel {
        community_id: Set(community.uuid()),
        effective_from: Set(today),
        status: Set(status.to_string()),
    };
    let replace = OnConflict::columns([id, from]).update_column(community_status::Column::Status).to_owned();
    community_status::Entity::insert(row).on_conflict(replace).exec_without_returning(write.transaction()).await?;
    Ok(())
}

/// Forgets the statuses of a community that is no more.
pub(crate) async fn forget(write: &Write, community: CommunityId) -> Result<()> {
    let of = community_status::Entity::delete_many().filter(community_status::Column::CommunityId.eq(community.uuid()));
    of.exec(write.transaction()).await?;
    Ok(())
}
