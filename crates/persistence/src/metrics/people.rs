//! Which people are counted that a caller may not read about.
//!
//! Whoever may not read a report learns from sums how many came only together with others, at least [`FEWEST_PEOPLE`] of
//! them. Reports that the same people may read, of gatherings that the same communities held in the same month, are filled
//! into batches in the order in which the log first had them with how many came, which no clock and no later word changes: a
//! batch is full when it tells of so many people, and what is left at the end waits, and is in no number. Shares of those who
//! had wanted to come are taken from what may be read alone: who wanted to come is told later, and would part full batches.
//!
//! Which batches are full does not depend on who asks, and each is in every number as a whole or not at all: its reports
//! have the same hosts and month, so they stand in the same places and groups. However many numbers someone has, under
//! whatever rights: what waits has been in none of them, and of what does not wait only whole batches can be told apart.
//! Who asks for anything else than whole months of whole communities is told of what they may read.

use convene_domain::{
    access::{Rights, Sight},
    id::{NetworkId, Within},
    metric::{FEWEST_PEOPLE, LeftOut, Measure},
};
use sea_orm::{DbBackend, QueryResult};

use super::sql::Sql;
use crate::{Result, access, dialect};

/// Which people are counted.
#[derive(Debug, Clone, Copy)]
pub enum People<'a> {
    /// All that reports tell of.
    All,
    /// Of reports that the caller may not read, only full batches.
    Batches(&'a Rights),
    /// Only those of reports that the caller may read.
    Readable(&'a Rights),
}

impl<'a> People<'a> {
    /// Those that are counted for a caller, in whole months of whole communities or in anything else.
    pub fn of(rights: &'a Rights, whole: bool) -> Self {
        if rights.everywhere() >= Sight::Members {
            Self::All
        } else if whole {
            Self::Batches(rights)
        } else {
            Self::Readable(rights)
        }
    }

    /// Begins a statement that counts, with the gatherings `waiting` if there can be any.
    pub(super) fn start(self, sql: &mut Sql, around: Around) {
        match self {
            Self::All => sql.push("WITH counted AS ("),
            Self::Readable(_) => sql.push("WITH counted AS MATERIALIZED ("),
            Self::Batches(rights) => {
                sql.push("WITH RECURSIVE ");
                push_waiting(sql, rights, around);
                sql.push(", counted AS MATERIALIZED (")
            }
        };
    }

    /// A column that says of the gathering `g` whether its people are left out.
    pub(super) fn left_out(self, backend: DbBackend) -> String {
        match self {
            Self::All => String::new(),
            Self::Batches(_) => ", CASE WHEN g.id IN (SELECT gathering_id FROM waiting) THEN 1 ELSE 0 END AS left_out".to_owned(),
            Self::Readable(rights) => {
                format!(", CASE WHEN {} THEN 1 ELSE 0 END AS left_out", has_unreadable(backend, "g.id", rights))
            }
        }
    }

    /// That column where gatherings are selected anew, as `t`.
    pub(super) fn kept(self) -> &'static str {
        if matches!(self, Self::All) { "" } else { ", t.left_out" }
    }

    /// Sums of measures `m` of gatherings that are selected as the table, and how many of their reports were left out.
    pub(super) fn columns(self, measures: &[Measure], table: &str) -> String {
        let column = |measure: &Measure| match self {
            Self::Batches(_) if measure.is_of_both() => NOTHING.to_owned(),
            Self::Batches(_) | Self::Readable(_) if measure.is_of_people() => {
                format!(", CAST(SUM(CASE WHEN {table}.left_out = 0 THEN m.{measure} ELSE 0 END) AS bigint)")
            }
            _ => format!(", CAST(SUM(m.{measure}) AS bigint)"),
        };
        let left_out = |measure: &Measure| match self {
            Self::All => NOTHING.to_owned(),
            Self::Batches(_) if measure.is_of_both() => NOTHING.to_owned(),
            _ => format!(", CAST(SUM({table}.left_out * m.{measure}) AS bigint)"),
        };
        measures.iter().map(column).chain(LEFT_OUT.iter().map(left_out)).collect()
    }

    /// A condition: the caller may read the report of a gathering.
    pub(super) fn and_readable(self, backend: DbBackend, gathering: &str) -> String {
        let (Self::Batches(rights) | Self::Readable(rights)) = self else { return String::new() };
        format!(" AND NOT {}", has_unreadable(backend, gathering, rights))
    }
}

/// Of nothing.
pub(super) const NOTHING: &str = ", CAST(0 AS bigint)";

/// The report of a gathering tells of people and cannot be read.
fn has_unreadable(backend: DbBackend, gathering: &str, rights: &Rights) -> String {
    let unreadable = unreadable(backend, rights);
    format!(
        "EXISTS (SELECT 1 FROM gathering_reports r WHERE r.gathering_id = {gathering} AND r.attendance IS NOT NULL AND {unreadable})"
    )
}

/// What says how many reports were left out.
pub(super) const LEFT_OUT: [Measure; 2] = [Measure::ReportsWithAttendance, Measure::WithBoth];

/// Reads sums of measures, and how many reports were left out of them.
pub(super) fn read(row: &QueryResult, from: usize, measures: usize) -> Result<(Vec<i64>, LeftOut)> {
    let number = |at: usize| row.try_get_by_index(from + at);
    let sums = (0..measures).map(number).collect::<std::result::Result<Vec<i64>, _>>()?;
    Ok((sums, LeftOut { reports: number(measures)?, with_both: number(measures + 1)?, of_middle: 0 }))
}

/// A report `r` was handed in, and cannot be read. Only roles at its hosts and above them, and its audience, may say so:
/// reports in one batch have to be readable for the same people.
fn unreadable(backend: DbBackend, rights: &Rights) -> String {
    // The first two conditions are those of the index of small reports.
    format!(
        "r.audience <> 'PUBLIC' AND r.status IN ('SUBMITTED', 'REVIEWED') AND NOT {}",
        access::readable_text(backend, "r", rights)
    )
}

/// Where and when batches are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    /// The network.
    pub(super) network: NetworkId,
    /// Only gatherings of this place.
    pub(super) within: Within,
    /// The first month, and the one after the last.
    pub(super) months: (i32, i32),
}

/// Adds the tables that end in `waiting`: the gatherings whose reports wait for others.
///
/// Only where a report tells of few people can anything wait, and those are few and have an index. All that could share a
/// batch with one of them are among what its hosts held in its month.
pub(super) fn push_waiting(sql: &mut Sql, rights: &Rights, around: Around) {
    let backend = sql.backend();
    let (unreadable, fewest) = (unreadable(backend, rights), FEWEST_PEOPLE);
    sql.push("few AS (SELECT DISTINCT h.community_id, g.month FROM gathering_reports r ");
    sql.push("JOIN gatherings g ON g.id = r.gathering_id JOIN gathering_hosts h ON h.gathering_id = g.id ");
    sql.push(&format!("WHERE r.attendance < {fewest} AND {unreadable} AND r.network_id = ")).bind(around.network.uuid());
    sql.push(" AND g.status = 'HELD' AND g.month >= ").bind(around.months.0).push(" AND g.month < ").bind(around.months.1);
    if let Within::Community(id) = around.within {
        sql.push(" AND EXISTS (SELECT 1 FROM gathering_scopes s WHERE s.gathering_id = g.id AND s.scope_id = ");
        sql.bind(id.uuid()).push(")");
    }
    let id = if backend == DbBackend::Postgres { "CAST(h.community_id AS text)" } else { "hex(h.community_id)" };
    let (first, next) = (dialect::first_of_month(backend, "f.month"), dialect::first_of_month(backend, NEXT_MONTH));
    sql.push(&format!(
        "), hidden AS (SELECT r.id, r.gathering_id, r.attendance, r.submitted_at, r.counted_from, r.audience, g.month,
             string_agg({id}, ' ' ORDER BY h.community_id) AS hosts
         FROM (SELECT DISTINCT d.gathering_id FROM few f JOIN hosted_days d ON d.community_id = f.community_id
                   AND d.start_date >= {first} AND d.start_date < {next} AND d.status = 'HELD') x
         JOIN gathering_reports r ON r.gathering_id = x.gathering_id AND r.attendance IS NOT NULL AND {unreadable}
         JOIN gatherings g ON g.id = x.gathering_id
         JOIN gathering_hosts h ON h.gathering_id = x.gathering_id
         GROUP BY r.id, g.id),
         queued AS (SELECT gathering_id, attendance, DENSE_RANK() OVER (ORDER BY hosts, month, audience) AS queue,
             ROW_NUMBER() OVER (PARTITION BY hosts, month, audience
                 ORDER BY counted_from, CASE WHEN submitted_at IS NULL THEN 0 ELSE 1 END, submitted_at, id) AS place
         FROM hidden),
         filled (queue, place, people, full_at) AS (
             SELECT DISTINCT queue, CAST(0 AS bigint), CAST(0 AS bigint), CAST(0 AS bigint) FROM queued
             UNION ALL
             SELECT q.queue, q.place, CASE WHEN f.people + q.attendance < {fewest} THEN f.people + q.attendance ELSE 0 END,
                 CASE WHEN f.people + q.attendance < {fewest} THEN f.full_at ELSE q.place END
             FROM filled f JOIN queued q ON q.queue = f.queue AND q.place = f.place + 1),
         waiting AS (SELECT q.gathering_id FROM queued q
             JOIN (SELECT queue, MAX(full_at) AS full_at FROM filled GROUP BY queue) f ON f.queue = q.queue
             WHERE q.place > f.full_at)"
    ));
}

const NEXT_MONTH: &str = "(CASE WHEN f.month % 100 = 12 THEN f.month + 89 ELSE f.month + 1 END)";
