//! Checks everything that is derived against what it is derived from.

mod measures;

use convene_domain::{
    change::Position,
    id::{CommunityId, GatheringId, NetworkId, ReportId},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement};
use uuid::Uuid;

use crate::{
    Database, Result, communities,
    entity::{community, gathering, network_head},
    gatherings,
};

/// How many differences of one kind are listed one by one.
const LISTED: usize = 20;
/// How many rows are read at a time.
const CHUNK: u64 = 1_000;

/// A difference between what is stored and what should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What was checked: the table, or the log.
    pub subject: &'static str,
    /// What is wrong, with the record and the place.
    pub detail: String,
}

/// The kind of a column in a check's rows, and what to call it.
enum Column {
    /// A network or community, shown as both ids can be looked up.
    Scope(&'static str),
    Community,
    Gathering,
    Report,
    Network,
    Entity,
    Number(&'static str),
    Text(&'static str),
}

/// Rows that should be there, against rows that are.
#[derive(Clone, Copy)]
struct Check<'a> {
    subject: &'static str,
    should: &'a str,
    is: &'a str,
    columns: &'a [Column],
}

use Column::{Community, Entity, Gathering, Network, Number, Report, Scope, Text};

const CHECKS: &[Check<'_>] = &[
    Check {
        subject: "community_scopes",
        should: "SELECT scope_id, community_id FROM community_paths",
        is: "SELECT scope_id, community_id FROM community_scopes",
        columns: &[Scope("scope"), Community],
    },
    Check {
        subject: "gathering_scopes",
        should: "SELECT DISTINCT p.scope_id, g.id, g.sort_at, COALESCE(g.external_id, '')
                 FROM gatherings g JOIN gathering_hosts h ON h.gathering_id = g.id
                 JOIN community_paths p ON p.community_id = h.community_id",
        is: "SELECT scope_id, gathering_id, sort_at, external_key FROM gathering_scopes",
        columns: &[Scope("scope"), Gathering, Number("sort_at"), Text("external_key")],
    },
    Check {
        subject: "report_scopes",
        should: "SELECT DISTINCT p.scope_id, r.id, g.id, g.sort_at, COALESCE(g.external_id, ''), r.audience, r.status
                 FROM gathering_reports r JOIN gatherings g ON g.id = r.gathering_id
                 JOIN gathering_hosts h ON h.gathering_id = g.id JOIN community_paths p ON p.community_id = h.community_id",
        is: "SELECT scope_id, report_id, gathering_id, sort_at, external_key, audience, status FROM report_scopes",
        columns: &[Scope("scope"), Report, Gathering, Number("sort_at"), Text("external_key"), Text("audience"), Text("status")],
    },
    Check {
        subject: "community_slugs",
        should: "SELECT network_id, id, slug FROM communities",
        is: "SELECT n.network_id, n.community_id, n.slug FROM community_slugs n JOIN communities c ON c.id = n.community_id AND c.slug = n.slug",
        columns: &[Network, Community, Text("slug")],
    },
    Check {
        subject: "hosted_days",
        should: "SELECT h.community_id, g.id, CAST(g.start_date AS text), g.status
                 FROM gathering_hosts h JOIN gatherings g ON g.id = h.gathering_id",
        is: "SELECT community_id, gathering_id, CAST(start_date AS text), status FROM hosted_days",
        columns: &[Community, Gathering, Text("start_date"), Text("status")],
    },
    Check {
        subject: "community_statuses",
        should: "SELECT id, status FROM communities",
        is: "SELECT s.community_id, s.status FROM community_statuses s WHERE NOT EXISTS
             (SELECT 1 FROM community_statuses n WHERE n.community_id = s.community_id AND n.effective_from > s.effective_from)",
        columns: &[Community, Text("status")],
    },
    // Each record that is there was written as often as the log says, and its last revision is the last that was logged.
    // Where the log was pruned, revisions are counted on from the first that is left.
    Check {
        subject: "revisions",
        should: "SELECT c.entity_id, CASE WHEN h.pruned_to = 0 THEN COUNT(*)
                     WHEN MAX(c.position) < h.pruned_to THEN MAX(c.revision)
                     ELSE MIN(CASE WHEN c.position >= h.pruned_to THEN c.revision END)
                         + COUNT(CASE WHEN c.position >= h.pruned_to THEN 1 END) - 1 END, MAX(c.revision)
                 FROM changes c JOIN network_heads h ON h.network_id = c.network_id
                 WHERE c.entity_type <> 'GRANT' AND (c.position >= h.pruned_to OR (c.entity_id, c.revision) IN
                     (SELECT id, revision FROM networks UNION ALL SELECT id, revision FROM terms
                      UNION ALL SELECT id, revision FROM communities UNION ALL SELECT id, revision FROM gatherings
                      UNION ALL SELECT id, revision FROM gathering_reports
                      UNION ALL SELECT id, revision FROM work_sites WHERE removed_at IS NULL))
                 GROUP BY c.entity_id, h.pruned_to
                 HAVING MAX(CASE WHEN c.kind IN ('REMOVED', 'MERGED') THEN 1 ELSE 0 END) = 0",
        is: "SELECT id, revision, revision FROM networks UNION ALL SELECT id, revision, revision FROM terms
             UNION ALL SELECT id, revision, revision FROM communities UNION ALL SELECT id, revision, revision FROM gatherings
             UNION ALL SELECT id, revision, revision FROM gathering_reports
             UNION ALL SELECT id, revision, revision FROM work_sites WHERE removed_at IS NULL",
        columns: &[Entity, Number("changes"), Number("revision")],
    },
    Check {
        subject: "revisions in the log",
        should: "SELECT entity_id, revision FROM changes WHERE 1 = 0",
        is: "SELECT entity_id, revision FROM changes WHERE entity_type <> 'GRANT'
             GROUP BY entity_id, revision HAVING COUNT(*) > 1",
        columns: &[Entity, Number("logged twice at revision")],
    },
    Check {
        subject: "log",
        should: "SELECT network_id, CASE WHEN pruned_to > 0 THEN position - pruned_to + 1 ELSE position END FROM network_heads",
        is: "SELECT h.network_id, COUNT(c.id) FROM network_heads h
             LEFT JOIN changes c ON c.network_id = h.network_id AND c.position >= h.pruned_to GROUP BY h.network_id",
        columns: &[Network, Number("changes")],
    },
    Check {
        subject: "log head",
        should: "SELECT network_id, position, change_id FROM network_heads WHERE position > 0",
        is: "SELECT h.network_id, c.position, c.id FROM network_heads h JOIN changes c ON c.network_id = h.network_id AND c.position = h.position",
        columns: &[Network, Number("position"), Entity],
    },
    // A change whose predecessor is missing: a gap in the log, at its upper end.
    Check {
        subject: "log gap",
        should: "SELECT network_id, position FROM changes WHERE 1 = 0",
        is: "SELECT c.network_id, c.position - 1 FROM changes c JOIN network_heads h ON h.network_id = c.network_id
             WHERE c.position > 1 AND c.position > h.pruned_to AND NOT EXISTS
             (SELECT 1 FROM changes p WHERE p.network_id = c.network_id AND p.position = c.position - 1)",
        columns: &[Network, Number("missing position")],
    },
    Check {
        subject: "unsealed changes",
        should: "SELECT network_id, entity_id FROM changes WHERE 1 = 0",
        is: "SELECT network_id, entity_id FROM changes WHERE position IS NULL",
        columns: &[Network, Entity],
    },
    // Every change of a record is seen in its network, and nothing is seen in a network that is no change of it.
    Check {
        subject: "change_scopes",
        should: "SELECT c.network_id, c.position FROM changes c
                 JOIN network_heads h ON h.network_id = c.network_id AND h.pruned_to <= c.position
                 WHERE c.entity_type <> 'GRANT'",
        is: "SELECT s.scope_id, s.position FROM change_scopes s
             JOIN network_heads h ON h.network_id = s.scope_id AND h.pruned_to <= s.position",
        columns: &[Network, Number("position")],
    },
    Check {
        subject: "change_scopes",
        should: "SELECT scope_id, position FROM change_scopes WHERE 1 = 0",
        is: "SELECT s.scope_id, s.position FROM change_scopes s LEFT JOIN network_heads h ON h.network_id = s.network_id
             WHERE COALESCE(h.pruned_to, 0) <= s.position AND NOT EXISTS
             (SELECT 1 FROM changes c WHERE c.network_id = s.network_id AND c.position = s.position)",
        columns: &[Scope("scope"), Number("position")],
    },
    // What the last change of each record said of its scope is what its scope rows say, unless a move has changed the
    // tree since: of what stands under the community that moved, nothing was logged. Nor is it known of what was pruned.
    Check {
        subject: "change_scopes",
        should: "SELECT s.scope_id, c.position, c.entity_id FROM changes c
                 JOIN (SELECT scope_id, community_id AS entity_id FROM community_scopes
                       UNION ALL SELECT scope_id, gathering_id FROM gathering_scopes
                       UNION ALL SELECT scope_id, report_id FROM report_scopes
                       UNION ALL SELECT p.scope_id, w.id FROM work_sites w JOIN community_scopes p ON p.community_id = w.community_id
                       WHERE w.removed_at IS NULL) s ON s.entity_id = c.entity_id
                 JOIN (SELECT h.network_id,
                           MAX(CASE WHEN m.position > h.pruned_to THEN m.position ELSE h.pruned_to END) AS moved
                       FROM network_heads h
                       LEFT JOIN changes m ON m.network_id = h.network_id AND m.kind = 'MOVED' AND m.entity_type = 'COMMUNITY'
                       GROUP BY h.network_id) v
                   ON v.network_id = c.network_id AND v.moved <= c.position
                 WHERE NOT EXISTS (SELECT 1 FROM changes n WHERE n.entity_id = c.entity_id AND n.position > c.position)",
        is: "SELECT s.scope_id, c.position, c.entity_id FROM changes c
             JOIN change_scopes s ON s.network_id = c.network_id AND s.position = c.position AND s.effect <> 'LEFT'
             JOIN (SELECT h.network_id,
                       MAX(CASE WHEN m.position > h.pruned_to THEN m.position ELSE h.pruned_to END) AS moved
                   FROM network_heads h
                   LEFT JOIN changes m ON m.network_id = h.network_id AND m.kind = 'MOVED' AND m.entity_type = 'COMMUNITY'
                   GROUP BY h.network_id) v
               ON v.network_id = c.network_id AND v.moved <= c.position
             WHERE c.entity_type IN ('COMMUNITY', 'GATHERING', 'GATHERING_REPORT', 'WORK_SITE')
             AND NOT EXISTS (SELECT 1 FROM changes n WHERE n.entity_id = c.entity_id AND n.position > c.position)",
        columns: &[Scope("scope"), Number("position"), Entity],
    },
    // A record that is new can only enter.
    Check {
        subject: "effects",
        should: "SELECT scope_id, position FROM change_scopes WHERE 1 = 0",
        is: "SELECT s.scope_id, s.position FROM changes c
             JOIN change_scopes s ON s.network_id = c.network_id AND s.position = c.position AND s.effect <> 'ENTERED'
             WHERE c.revision = 1",
        columns: &[Scope("scope"), Number("position of a new record that did not enter")],
    },
    // Who could read each report after its last change is who can now.
    Check {
        subject: "visibility",
        should: "SELECT id, CASE WHEN status IN ('SUBMITTED', 'REVIEWED') THEN audience ELSE 'AUTHORS' END FROM gathering_reports",
        is: "SELECT c.entity_id, c.visible_to FROM changes c
             WHERE c.entity_type = 'GATHERING_REPORT' AND c.kind NOT IN ('REMOVED', 'MERGED')
             AND EXISTS (SELECT 1 FROM gathering_reports r WHERE r.id = c.entity_id)
             AND NOT EXISTS (SELECT 1 FROM changes n WHERE n.entity_id = c.entity_id AND n.position > c.position)",
        columns: &[Report, Text("visible_to")],
    },
    Check {
        subject: "change_sets",
        should: "SELECT network_id, change_set_id FROM changes",
        is: "SELECT c.network_id, c.change_set_id FROM changes c
             JOIN change_sets s ON s.id = c.change_set_id AND s.network_id = c.network_id",
        columns: &[Network, Entity],
    },
];

/// From where on the logs that were pruned are whole, by network.
pub async fn pruned(database: &Database) -> Result<Vec<(NetworkId, Position)>> {
    let pruned = network_head::Entity::find().filter(network_head::Column::PrunedTo.gt(0));
    let found = pruned.order_by_asc(network_head::Column::NetworkId).all(database.reader()).await?;
    Ok(found.into_iter().map(|head| (NetworkId::from_uuid(head.network_id), head.pruned_to)).collect())
}

/// Checks everything as of one moment and lists what is wrong. `progress` is told the subject of each check.
pub async fn run(database: &Database, mut progress: impl FnMut(&'static str)) -> Result<Vec<Difference>> {
    let snapshot = database.snapshot().await?;
    let mut differences = Vec::new();
    let counted = measures::checks(snapshot.get_database_backend());
    for check in CHECKS.iter().copied().chain(counted.iter().map(measures::Counted::check)) {
        progress(check.subject);
        for (rows, others, what) in [(check.should, check.is, "should be there"), (check.is, check.should, "should not be there")]
        {
            let sql = format!("SELECT * FROM ({rows}) AS a EXCEPT SELECT * FROM ({others}) AS b");
            let rows = snapshot.query_all_raw(Statement::from_string(snapshot.get_database_backend(), sql)).await?;
            for row in rows.iter().take(LISTED) {
                differences.push(Difference { subject: check.subject, detail: format!("{} {what}", describe(check, row)?) });
            }
            if rows.len() > LISTED {
                differences
                    .push(Difference { subject: check.subject, detail: format!("and {} more that {what}", rows.len() - LISTED) });
            }
        }
    }
    progress("columns");
    check_columns(&snapshot, &mut differences).await?;
    snapshot.rollback().await?;
    Ok(differences)
}

/// Reads every community and gathering and writes it again in thought: what a row holds beside the record itself, such
/// as the weekday of its date or its text for searches, has to come out the same.
async fn check_columns<C: ConnectionTrait>(connection: &C, differences: &mut Vec<Difference>) -> Result<()> {
    let mut differ = |table, id: Uuid| {
        let detail = format!("record {} holds columns that do not follow from its others", id.simple());
        differences.push(Difference { subject: table, detail });
    };
    let mut after = Uuid::nil();
    loop {
        let rows = community::Entity::find().filter(community::Column::Id.gt(after)).order_by_asc(community::Column::Id);
        let rows = rows.limit(CHUNK).all(connection).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            if communities::model(&row.clone().try_into()?) != row {
                differ("communities", row.id);
            }
        }
    }
    after = Uuid::nil();
    loop {
        let rows = gathering::Entity::find().filter(gathering::Column::Id.gt(after)).order_by_asc(gathering::Column::Id);
        let rows = rows.limit(CHUNK).all(connection).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        for row in rows {
            if gatherings::model(&row.clone().try_into()?) != row {
                differ("gatherings", row.id);
            }
        }
    }
}

fn describe(check: Check<'_>, row: &QueryResult) -> Result<String> {
    let mut words = Vec::new();
    for (index, column) in check.columns.iter().enumerate() {
        words.push(match column {
            Scope(name) => format!("{name} {}", row.try_get_by_index::<Uuid>(index)?.simple()),
            Community => CommunityId::from_uuid(row.try_get_by_index(index)?).to_string(),
            Gathering => GatheringId::from_uuid(row.try_get_by_index(index)?).to_string(),
            Report => ReportId::from_uuid(row.try_get_by_index(index)?).to_string(),
            Network => NetworkId::from_uuid(row.try_get_by_index(index)?).to_string(),
            Entity => format!("record {}", row.try_get_by_index::<Uuid>(index)?.simple()),
            Number(name) => format!("{name} {}", number(row, index)?),
            Text(name) => format!("{name} {:?}", row.try_get_by_index::<String>(index)?),
        });
    }
    Ok(words.join(", "))
}

/// Reads an integer of whatever width the database computed it in.
fn number(row: &QueryResult, index: usize) -> Result<i64> {
    Ok(match row.try_get_by_index::<i64>(index) {
        Ok(number) => number,
        Err(_) => i64::from(row.try_get_by_index::<i32>(index)?),
    })
}
