//! Every metric of the registry, asked for over HTTP after anything may have happened, and compared with what the records
//! come to by the plainest reckoning. One that nobody answers is a fault.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, Months, NaiveDate};
use convene_domain::{
    gathering::GatheringStatus,
    id::{CommunityId, NetworkId},
    metric::{Formula, Founded, Measure, Metric},
    report::ReportStatus,
};
use serde_json::{Value, json};

use crate::{live::Writer, reckoning::Records};

/// All that is asked beside `activity`. Everything that is a metric says so.
const VALUE: &str = "{ metric value numerator denominator }";

/// When all is asked, long after everything that happened.
const AS_OF: (i32, u32, u32) = (2199, 1, 1);

/// Asks for every metric that there is, and compares.
pub async fn check(writer: &Writer, network: NetworkId, records: &Records) {
    let network = network.to_string();
    let data = ask(writer, "query { metricDefinitions { id askedBy } }", json!({})).await;
    let defined = data["metricDefinitions"].as_array().expect("definitions").iter();
    let mut unanswered: BTreeSet<String> = defined.clone().map(|it| it["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(unanswered.len(), Metric::ALL.len());
    let asked: Vec<&Value> = defined.filter(|it| it["askedBy"] == "activity").map(|it| &it["id"]).collect();
    let query = "query ($within: ID!, $metrics: [Metric!]!) { activity(within: $within, metrics: $metrics, \
                 window: { from: \"1900-01-01\", to: \"2199-01-01\" }) { total { metrics { metric values } } } }";
    let found = ask(writer, query, json!({ "within": network, "metrics": asked })).await;
    for column in found["activity"]["total"]["metrics"].as_array().expect("metrics") {
        let metric: Metric = column["metric"].as_str().expect("a metric").parse().expect("a metric");
        let expected = reckon(metric, records);
        let value = column["values"][0].as_f64();
        let equal = match (value, expected) {
            (Some(value), Some(expected)) => (value - expected).abs() < 1e-9,
            (value, expected) => value == expected,
        };
        assert!(equal, "{metric}: {value:?}, and the records come to {expected:?}");
        unanswered.remove(metric.as_str());
    }
    let as_of = NaiveDate::from_ymd_opt(AS_OF.0, AS_OF.1, AS_OF.2).expect("a date");
    let own = own(writer, &network, as_of).await;
    let mut told = BTreeSet::new();
    metrics_in(&own, &mut told);
    unanswered.retain(|metric| !told.contains(metric));
    assert_eq!(unanswered, BTreeSet::new(), "metrics that nothing answers");
    compare(&own, records, as_of);
}

async fn ask(writer: &Writer, query: &str, variables: Value) -> Value {
    let mut answer = writer.query(query, variables).await;
    assert!(answer.get("errors").is_none(), "{query}: {answer}");
    answer["data"].take()
}

/// What the records come to.
fn reckon(metric: Metric, records: &Records) -> Option<f64> {
    let all: Vec<_> = records.gatherings.keys().map(|id| records.measures(*id)).collect();
    let sum = |of: &[Measure]| -> f64 {
        let each = all.iter().flat_map(|measures| of.iter().filter_map(|measure| measures.get(measure.as_str())));
        each.sum::<i64>() as f64
    };
    let held = records.gatherings.values().filter(|(gathering, _)| gathering.status == GatheringStatus::Held);
    let active = held.flat_map(|(_, hosts)| hosts).collect::<BTreeSet<_>>().len() as f64;
    let over = |of: f64, base: f64| (base > 0.0).then(|| of / base);
    match metric.formula() {
        Formula::Sum { of, base } => base.is_none_or(|base| sum(base) > 0.0).then(|| sum(of)),
        Formula::Ratio { of, base } => over(sum(of), sum(base)),
        Formula::Median { of, base } => {
            let counted = all.iter().filter(|measures| measures.contains_key(base.as_str()));
            median(counted.map(|measures| measures.get(of.as_str()).copied().unwrap_or_default()).collect())
        }
        Formula::ActiveCommunities => Some(active),
        Formula::PerActiveCommunity { of } => over(sum(of), active),
        Formula::Communities(Founded::Ever) => Some(records.parents.len() as f64),
        Formula::Communities(_) => Some(records.founded as f64),
        Formula::Own => panic!("{metric} is not asked here"),
    }
}

fn median(mut values: Vec<i64>) -> Option<f64> {
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some((lower + upper) as f64 / 2.0)
}

/// What life-cycle, silences, attention and themes say.
async fn own(writer: &Writer, network: &str, as_of: NaiveDate) -> Value {
    let query = format!(
        "query ($within: ID!, $asOf: Date!, $window: Window!) {{ \
         lifeCycle(within: $within, asOf: $asOf, closed: true, policy: {{ code: \"SIX_MONTHS\" }}) {{ population {VALUE} neverMet {VALUE} \
         new {VALUE} reactivated {VALUE} continuing {VALUE} quiet {VALUE} closed {VALUE} nowInactive {VALUE} active {VALUE} \
         activeShare {VALUE} withoutVerdict {VALUE} atRisk {VALUE} gatheringsMean {VALUE} gatheringsMedian {VALUE} \
         quietBands {{ communities {VALUE} }} gatheringBands {{ communities {VALUE} }} maturities {{ communities {VALUE} }} \
         communities(first: 50) {{ nodes {{ gatherings {VALUE} daysSinceLast {VALUE} }} }} }} \
         quietSpells(within: $within, asOf: $asOf) {{ count {VALUE} ended {VALUE} endedAfterAYear {VALUE} medianDays {VALUE} cameBack {VALUE} \
         spells(first: 50) {{ nodes {{ days {VALUE} }} }} }} \
         attention(within: $within, asOf: $asOf, from: \"1900-01-01\", policy: {{ code: \"SIX_MONTHS\" }}) {{ \
         counts {{ kind entries {VALUE} }} entries(first: 100) {{ nodes {{ daysOverdue {VALUE} }} }} }} \
         themes(within: $within, window: $window) {{ tagged {VALUE} nodes {{ mentions {VALUE} severeMentions {VALUE} reports {VALUE} \
         communities {VALUE} regions {VALUE} successes {VALUE} successfulCommunities {VALUE} nextStepsDone {VALUE} }} }} }}"
    );
    let window = json!({ "from": "1900-01-01", "to": "2199-01-01" });
    ask(writer, &query, json!({ "within": network, "asOf": as_of, "window": window })).await
}

/// Every metric that is named anywhere.
fn metrics_in(value: &Value, told: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| metrics_in(value, told)),
        Value::Object(values) => {
            told.extend(values.get("metric").and_then(Value::as_str).map(str::to_owned));
            values.values().for_each(|value| metrics_in(value, told));
        }
        _ => {}
    }
}

fn compare(own: &Value, records: &Records, as_of: NaiveDate) {
    let mut days: BTreeMap<CommunityId, BTreeSet<NaiveDate>> = records.parents.keys().map(|id| (*id, BTreeSet::new())).collect();
    for (gathering, hosts) in records.gatherings.values().filter(|(it, _)| it.status == GatheringStatus::Held) {
        for host in hosts {
            days.get_mut(host).expect("a community").insert(gathering.occurrence.start().day());
        }
    }
    let value = |place: &Value| place["value"].as_f64();
    let number = |count: usize| Some(count as f64);
    let cycle = &own["lifeCycle"];
    assert_eq!(value(&cycle["population"]), number(days.len()));
    assert_eq!(value(&cycle["active"]), {
        let since = as_of.checked_sub_months(Months::new(6)).expect("a date");
        number(days.values().filter(|dates| dates.range(since..as_of).next().is_some()).count())
    });
    let states = ["neverMet", "new", "reactivated", "continuing", "quiet", "closed"];
    assert_eq!(states.iter().filter_map(|state| value(&cycle[state])).sum::<f64>(), days.len() as f64, "each is in one state");
    let (mut ended, mut lasting, mut came_back) = (Vec::new(), 0, 0);
    for dates in days.values() {
        let dates: Vec<NaiveDate> = dates.iter().copied().filter(|day| *day < as_of).collect();
        let gaps = dates.windows(2).map(|pair| (pair[1] - pair[0]).num_days()).filter(|gap| *gap > 183);
        let before = ended.len();
        ended.extend(gaps);
        came_back += usize::from(ended.len() > before);
        lasting += usize::from(dates.last().is_some_and(|last| *last + Days::new(183) < as_of));
    }
    let spells = &own["quietSpells"];
    assert_eq!(value(&spells["count"]), number(ended.len() + lasting));
    assert_eq!(value(&spells["ended"]), number(ended.len()));
    assert_eq!(value(&spells["endedAfterAYear"]), number(ended.iter().filter(|gap| **gap > 365).count()));
    assert_eq!(value(&spells["medianDays"]), median(ended));
    assert_eq!(value(&spells["cameBack"]), number(came_back));
    let handed_in = |id| {
        let report = records.reports.get(id).map(|(report, _)| report.status);
        matches!(report, Some(ReportStatus::Submitted | ReportStatus::Reviewed))
    };
    let missing = records.gatherings.iter().filter(|(id, (it, _))| it.status == GatheringStatus::Held && !handed_in(id)).count();
    let counts = own["attention"]["counts"].as_array().expect("counts");
    let counted = counts.iter().find(|count| count["kind"] == "REPORT_MISSING").expect("missing reports");
    assert_eq!(value(&counted["entries"]), number(missing));
}
