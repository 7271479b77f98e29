//! The measures worked out from the records by the plainest reckoning there is, to compare with what the database keeps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{FixedOffset, NaiveDate, NaiveTime, TimeDelta};
use convene_domain::{
    access::Caller,
    gathering::{Gathering, GatheringStatus},
    id::{CommunityId, GatheringId, NetworkId},
    metric::Measure,
    occurrence::Moment,
    report::{GatheringReport, ItemDetail, ItemFilter, NextStepState, ReportItem, ReportStatus},
};
use convene_persistence::{Database, communities, gatherings, reports};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

/// By measure; those that are nothing are left out.
pub type Measures = BTreeMap<&'static str, i64>;

/// From which dates on reports of a community are due within how many days.
pub type Deadlines = Vec<(NaiveDate, Option<i64>)>;

/// The sums by scope and month, with how many gatherings they are made of.
pub type Months = BTreeMap<(Uuid, i32), (i64, Measures)>;

/// All records of a network.
pub struct Records {
    network: NetworkId,
    pub parents: HashMap<CommunityId, Option<CommunityId>>,
    /// Of how many communities the day is known on which they were founded.
    pub founded: usize,
    pub due_days: HashMap<CommunityId, Option<i64>>,
    pub deadlines: HashMap<CommunityId, Deadlines>,
    pub gatherings: HashMap<GatheringId, (Gathering, Vec<CommunityId>)>,
    pub reports: HashMap<GatheringId, (GatheringReport, Vec<ReportItem>)>,
}

impl Records {
    pub async fn load(database: &Database, network: NetworkId) -> Self {
        let connection = database.reader();
        let communities = communities::all(connection, network).await.expect("reads");
        let found = gatherings::all(connection, network).await.expect("reads");
        let ids: Vec<_> = found.iter().map(|gathering| gathering.id).collect();
        let mut hosts = gatherings::load_hosts(connection, &ids).await.expect("reads");
        let reports = reports::all(connection, network).await.expect("reads");
        let ids: Vec<_> = reports.iter().map(|report| report.id).collect();
        let rights = Caller::Operator.rights();
        let mut items = reports::load_items(connection, &rights, &ItemFilter::default(), &ids).await.expect("reads");
        let items_of = |(id, report): (_, GatheringReport)| {
            let items = items.remove(&id).unwrap_or_default().into_iter().map(|(_, item)| item).collect();
            (report.gathering, (report, items))
        };
        Self {
            network,
            parents: communities.iter().map(|community| (community.id, community.parent)).collect(),
            founded: communities.iter().filter(|community| community.founded_on.is_some()).count(),
            due_days: communities.iter().map(|it| (it.id, it.report_due_days.map(i64::from))).collect(),
            deadlines: deadlines(database).await,
            gatherings: found
                .into_iter()
                .map(|gathering| (gathering.id, (gathering.content, hosts.remove(&gathering.id).expect("hosts"))))
                .collect(),
            reports: reports.into_iter().map(|report| (report.id, report.content)).map(items_of).collect(),
        }
    }

    /// The network, the communities that host the gathering, and all above them.
    fn scopes(&self, hosts: &[CommunityId]) -> BTreeSet<Uuid> {
        let mut scopes = BTreeSet::from([self.network.uuid()]);
        for host in hosts {
            let mut at = Some(*host);
            while let Some(community) = at {
                scopes.insert(community.uuid());
                at = self.parents[&community];
            }
        }
        scopes
    }

    /// By which day a report is due; none when no host says.
    pub fn due_on(&self, gathering: &Gathering, hosts: &[CommunityId]) -> Option<NaiveDate> {
        let occurrence = gathering.occurrence;
        let (first, last) = (occurrence.start().day(), occurrence.end().map_or(occurrence.start().day(), Moment::day));
        let in_force = |host: &CommunityId| {
            let rows = self.deadlines[host].iter().filter(|(from, _)| *from <= first);
            rows.max_by_key(|(from, _)| *from).and_then(|(_, days)| *days)
        };
        let days = hosts.iter().filter_map(in_force).max()?;
        Some(last + TimeDelta::days(days))
    }

    pub fn measures(&self, id: GatheringId) -> Measures {
        let (gathering, hosts) = &self.gatherings[&id];
        let occurrence = gathering.occurrence;
        let mut measures = Measures::new();
        let mut add = |measure: Measure, number: i64| *measures.entry(measure.as_str()).or_default() += number;
        let held = gathering.status == GatheringStatus::Held;
        let people = |count: convene_domain::text::HeadCount| i64::from(count.people());
        let rsvps = gathering.rsvps.yes.map(people).filter(|_| held);
        add(
            match gathering.status {
                GatheringStatus::Planned => Measure::Planned,
                GatheringStatus::Held => Measure::Held,
                GatheringStatus::Cancelled => Measure::Cancelled,
            },
            1,
        );
        if held {
            add(Measure::of_format(gathering.format), 1);
            add(Measure::Days, occurrence.days());
            if let Some(minutes) = occurrence.minutes().filter(|minutes| *minutes <= 24 * 60) {
                add(Measure::Timed, 1);
                add(Measure::Minutes, minutes);
            }
            add(Measure::RsvpWaitlist, gathering.rsvps.waitlist.map_or(0, people));
        }
        if let Some(yes) = rsvps {
            add(Measure::WithRsvps, 1);
            add(Measure::RsvpYes, yes);
        }
        let report = self.reports.get(&id);
        let handed_in = report.filter(|(it, _)| held && matches!(it.status, ReportStatus::Submitted | ReportStatus::Reviewed));
        if let Some((report, items)) = handed_in {
            add(Measure::Reports, 1);
            if let (Some(at), Some(due)) = (report.submitted_at, self.due_on(gathering, hosts)) {
                // A day without an hour begins where its first host is at home.
                let midnight = occurrence.start().day().and_time(NaiveTime::MIN).and_utc();
                let seconds = i32::try_from((midnight - occurrence.sort_at()).num_seconds()).expect("an offset");
                let of_day = || FixedOffset::east_opt(seconds).expect("an offset");
                let offset = occurrence.start().hour().map_or_else(of_day, |hour| *hour.offset());
                add(Measure::ReportsDated, 1);
                add(Measure::ReportsOnTime, i64::from(at.with_timezone(&offset).date_naive() <= due));
            }
            if let Some(came) = report.attendance.map(people) {
                add(Measure::ReportsWithAttendance, 1);
                add(Measure::Attendance, came);
                if let Some(yes) = rsvps {
                    add(Measure::WithBoth, 1);
                    add(Measure::RsvpsOfBoth, yes);
                    add(Measure::AttendanceOfBoth, came);
                }
            }
            for item in items {
                add(
                    match &item.detail {
                        ItemDetail::Activity(kind) => Measure::of_activity(*kind),
                        ItemDetail::Challenge { .. } => Measure::Challenges,
                        ItemDetail::Success => Measure::Successes,
                        ItemDetail::Need { .. } => Measure::Needs,
                        ItemDetail::Request => Measure::Requests,
                        ItemDetail::Resource => Measure::Resources,
                        ItemDetail::NextStep { state: NextStepState::Open, .. } => Measure::NextStepsOpen,
                        ItemDetail::NextStep { state: NextStepState::Done, .. } => Measure::NextStepsDone,
                        ItemDetail::NextStep { state: NextStepState::Dropped, .. } => Measure::NextStepsDropped,
                    },
                    1,
                );
            }
        }
        measures.retain(|_, number| *number != 0);
        measures
    }

    /// The sums by scope and month, with how many gatherings they are made of.
    pub fn months(&self) -> Months {
        let mut months = Months::new();
        for (id, (gathering, hosts)) in &self.gatherings {
            let measures = self.measures(*id);
            for scope in self.scopes(hosts) {
                let (gatherings, sums) = months.entry((scope, gathering.occurrence.month())).or_default();
                *gatherings += 1;
                for (measure, number) in &measures {
                    *sums.entry(*measure).or_default() += number;
                }
            }
        }
        months
    }
}

/// The sums as the database keeps them.
pub async fn stored_months(database: &Database) -> Months {
    let sums: Vec<String> = Measure::ALL.iter().map(|measure| format!("CAST({measure} AS bigint)")).collect();
    let sql = format!("SELECT scope_id, month, CAST(gatherings AS bigint), {} FROM community_months", sums.join(", "));
    let months = rows(database, sql).await.into_iter().map(|row| {
        let number = |index| row.try_get_by_index::<i64>(index).expect("a number");
        let sums = (3..).zip(Measure::ALL).map(|(index, measure)| (measure.as_str(), number(index)));
        let key = (row.try_get_by_index(0).expect("a scope"), row.try_get_by_index(1).expect("a month"));
        (key, (number(2), sums.filter(|(_, number)| *number != 0).collect()))
    });
    months.collect()
}

/// By which day the report of each gathering is due, as the database keeps it.
pub async fn stored_due(database: &Database) -> HashMap<GatheringId, Option<NaiveDate>> {
    let rows = rows(database, "SELECT gathering_id, due_on FROM gathering_measures".to_owned()).await;
    let due = rows.iter().map(|row| (row.try_get_by_index(0).expect("an id"), row.try_get_by_index(1).expect("a date")));
    due.map(|(id, due)| (GatheringId::from_uuid(id), due)).collect()
}

async fn deadlines(database: &Database) -> HashMap<CommunityId, Deadlines> {
    let mut deadlines: HashMap<_, Deadlines> = HashMap::new();
    let sql = "SELECT community_id, effective_from, days FROM report_deadlines ORDER BY effective_from".to_owned();
    for row in rows(database, sql).await {
        let community = CommunityId::from_uuid(row.try_get_by_index(0).expect("an id"));
        let days: Option<i32> = row.try_get_by_index(2).expect("days");
        let from = row.try_get_by_index(1).expect("a date");
        deadlines.entry(community).or_default().push((from, days.map(i64::from)));
    }
    deadlines
}

async fn rows(database: &Database, sql: String) -> Vec<sea_orm::QueryResult> {
    let connection = database.reader();
    connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.expect("reads")
}
