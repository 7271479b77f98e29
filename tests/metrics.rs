//! Metrics of the sample and of small networks, over HTTP: that all roads lead to the same, and what counts where.

use std::{collections::HashMap, fs};

use serde_json::{Value, json};

use crate::{
    golden_metrics::{answer, ask, code, value},
    live::Writer,
    on_both,
    program::{Service, project, succeed},
};

/// The sample network, imported and served.
pub async fn sample(address: &str) -> (Service, String) {
    succeed(address, &["import", project("samples").to_str().expect("a path"), "--audience", "PUBLIC"]);
    let service = Service::start(address);
    let network = service.network("mending-table").await;
    (service, network)
}

/// The identities of all communities by their slugs.
pub async fn identities(service: &Service, network: &str) -> HashMap<String, String> {
    let query = "query ($within: ID!) { communities(within: $within, first: 100) { nodes { id slug } } }";
    let data = service.ask(query, json!({ "within": network })).await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let communities = data["communities"]["nodes"].as_array().expect("communities");
    communities.iter().map(|community| (text(&community["slug"]), text(&community["id"]))).collect()
}

/// Two nations whose cities hold gatherings together.
pub async fn neighbours(address: &str) -> (Service, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writes");
    write("networks.csv", "name,slug\nCarers,carers\n");
    write(
        "communities.csv",
        "network_slug,level,name,slug,parent_slug,timezone,country,region_code,founded_on\n\
         carers,NATIONAL,=Kenya,kenya,,Africa/Nairobi,KE,,2019-02-01\ncarers,NATIONAL,Uganda,uganda,,Africa/Kampala,UG,,\n\
         carers,REGIONAL,North,north,kenya,Africa/Nairobi,KE,KE-N,2020-01-01\ncarers,REGIONAL,Coast,coast,kenya,Africa/Nairobi,KE,KE-C,2020-05-01\n\
         carers,CITY,Lodwar,lodwar,north,Africa/Nairobi,KE,KE-N,2021-01-01\ncarers,CITY,Mombasa,mombasa,coast,Africa/Nairobi,KE,KE-C,2021-02-01\n\
         carers,CITY,Arua,arua,uganda,Africa/Kampala,UG,UG-A,2022-01-01\n",
    );
    write(
        "gatherings.csv",
        "external_id,community_slug,title,starts_at,status,format\n\
         a,lodwar;arua,Across the border,2026-01-10,HELD,IN_PERSON\nb,lodwar;mombasa,North and coast,2026-01-31,HELD,ONLINE\n\
         c,mombasa,By the sea,2026-02-01,HELD,IN_PERSON\nd,kenya;lodwar,Everyone,2026-02-10,HELD,HYBRID\n\
         e,arua,Called off,2026-02-11,CANCELLED,ONLINE\n",
    );
    succeed(address, &["import", folder.path().to_str().expect("a path"), "--audience", "PUBLIC"]);
    let service = Service::start(address);
    let network = service.network("carers").await;
    (service, network)
}

const SUMS: [&str; 12] = [
    "GATHERINGS",
    "GATHERINGS_HELD",
    "CANCELLATION_RATE",
    "ONLINE_SHARE",
    "MINUTES_HELD",
    "DAYS_HELD",
    "RSVPS",
    "ATTENDANCE_MEAN",
    "SHOW_UP_RATE",
    "REPORTING_RATE",
    "ACTIVITIES",
    "NEXT_STEPS_DONE_RATE",
];

/// What is read from sums of months is what is counted one by one. A filter that lets everything through makes the difference.
async fn sums_of_months_are_what_is_counted(address: String) {
    let (service, network) = sample(&address).await;
    let ids = identities(&service, &network).await;
    // Not by what is said of gatherings: then fewer people would be told of whose reports are not public.
    let everything = json!({ "levels": ["NATIONAL", "REGIONAL", "CITY"] });
    let window = json!({ "from": "2024-02-01", "to": "2026-05-01" });
    let mut groups = 0;
    for within in [&network, &ids["kenya"], &ids["england"], &ids["nairobi"]] {
        for (bucket, group_by) in
            [("MONTH", json!(["CHILD"])), ("QUARTER", json!(["CHILD"])), ("YEAR", json!([])), ("WHOLE", json!(["CHILD"]))]
        {
            let asked = json!({ "within": within, "window": window, "bucket": bucket, "groupBy": group_by, "metrics": SUMS });
            let summed = ask(&service, asked.clone()).await;
            let mut by_one = asked.clone();
            by_one["filter"] = everything.clone();
            let counted = ask(&service, by_one).await;
            for part in ["buckets", "total", "series", "seriesCount"] {
                assert_eq!(summed[part], counted[part], "{asked}: {part}");
            }
            groups += summed["series"].as_array().expect("series").len();
        }
    }
    assert!(groups > 20, "{groups}");
    // Items fall apart into their kinds by either road.
    for (metric, dimension) in [("ITEMS", "ITEM_KIND"), ("ACTIVITIES", "ACTIVITY_KIND")] {
        let found = ask(&service, json!({ "within": network, "groupBy": [dimension], "metrics": [metric] })).await;
        let sum: f64 = found["series"].as_array().expect("series").iter().filter_map(|it| value(it, 0, 0).as_f64()).sum();
        assert!(sum > 0.0);
        assert_eq!(Some(sum), value(&found["total"], 0, 0).as_f64(), "each item is of one kind");
        let asked = json!({ "within": network, "groupBy": ["CHILD", dimension], "metrics": [metric] });
        let mut by_one = asked.clone();
        by_one["filter"] = everything.clone();
        assert_eq!(ask(&service, by_one).await["series"], ask(&service, asked).await["series"]);
    }
}
on_both!(sums_of_months_are_what_is_counted);

/// A gathering counts once in each group in which it has a host, and once in all; and a community that moves takes its
/// history along.
async fn joint_gatherings_count_once_and_history_moves_along(address: String) {
    let (service, network) = neighbours(&address).await;
    let ids = identities(&service, &network).await;
    let groups = async |within: &str, dimension: &str, metric: &str| {
        let found = ask(&service, json!({ "within": within, "groupBy": [dimension], "metrics": [metric] })).await;
        let series = found["series"].as_array().expect("series").iter();
        let all: Vec<(String, i64)> =
            series.map(|series| (code(series, 0), value(series, 0, 0).as_i64().expect("a number"))).collect();
        (all, value(&found["total"], 0, 0).as_i64().expect("a number"))
    };
    let expected = |pairs: &[(&str, i64)], total: i64| {
        (pairs.iter().map(|(code, number)| ((*code).to_owned(), *number)).collect::<Vec<_>>(), total)
    };
    let kenya = ids["kenya"].as_str();
    assert_eq!(groups(&network, "CHILD", "GATHERINGS_HELD").await, expected(&[("kenya", 4), ("uganda", 1)], 4));
    // What the nation hosts itself is a group beside its regions.
    let children = [("coast", 2), ("kenya", 1), ("north", 3)];
    assert_eq!(groups(kenya, "CHILD", "GATHERINGS_HELD").await, expected(&children, 4));
    assert_eq!(groups(kenya, "CHILD", "ACTIVE_COMMUNITIES").await, expected(&[("coast", 1), ("kenya", 1), ("north", 1)], 3));
    assert_eq!(groups(&network, "COUNTRY", "GATHERINGS_HELD").await, expected(&[("KE", 4), ("UG", 1)], 4));
    // The host across the border stands in another place.
    assert_eq!(groups(kenya, "COUNTRY", "ACTIVE_COMMUNITIES").await, expected(&[("KE", 3)], 3));
    let hosts = [("kenya", 1), ("lodwar", 3), ("mombasa", 2)];
    assert_eq!(groups(kenya, "COMMUNITY", "GATHERINGS_HELD").await, expected(&hosts, 4));
    assert_eq!(groups(&network, "LEVEL", "GATHERINGS_HELD").await, expected(&[("NATIONAL", 1), ("CITY", 4)], 4));
    assert_eq!(groups(kenya, "CHILD", "COMMUNITIES").await, expected(&[("coast", 2), ("kenya", 1), ("north", 2)], 5));
    assert_eq!(groups(&network, "FORMAT", "GATHERINGS").await, expected(&[("IN_PERSON", 2), ("ONLINE", 2), ("HYBRID", 1)], 5));

    let writer = Writer::new(&service, succeed(&address, &["token", "create", "--name", "coordinator"]).trim());
    let query = "query ($id: ID!) { community(id: $id) { revision } }";
    let revision = service.ask(query, json!({ "id": ids["mombasa"] })).await["community"]["revision"].clone();
    let input = json!({ "community": ids["mombasa"], "expectedRevision": revision, "parent": ids["north"] });
    writer.done("moveCommunity", input, "community { id }").await;
    assert_eq!(groups(kenya, "CHILD", "GATHERINGS_HELD").await, expected(&[("kenya", 1), ("north", 4)], 4));
    assert_eq!(groups(kenya, "CHILD", "ACTIVE_COMMUNITIES").await, expected(&[("kenya", 1), ("north", 2)], 3));
}
on_both!(joint_gatherings_count_once_and_history_moves_along);

/// Periods, parts and what they are compared with.
async fn parts_of_a_period_are_dense_and_compared(address: String) {
    let (service, network) = neighbours(&address).await;
    let asked = json!({
        "within": network, "window": { "from": "2025-12-15", "to": "2026-02-10" }, "bucket": "MONTH", "metrics": ["GATHERINGS_HELD"],
    });
    let found = ask(&service, asked).await;
    let labels: Vec<&Value> = found["buckets"].as_array().expect("parts").iter().map(|part| &part["label"]).collect();
    assert_eq!(labels, ["2025-12", "2026-01", "2026-02"]);
    assert_eq!(found["buckets"][0]["from"], "2025-12-15");
    // The last date of the window does not belong to it.
    assert_eq!(found["total"]["metrics"][0]["values"], json!([0, 2, 1]));
    assert_eq!(found["total"]["expectedReports"], json!([0, 2, 1]));
    assert_eq!(found["total"]["metrics"][0]["comparedValues"], Value::Null);
    assert_eq!(found["total"]["metrics"][0]["unreliable"], json!([true, true, true]));

    let asked = json!({
        "within": network, "period": "LAST_CLOSED_MONTH", "asOf": "2026-03-05", "compareWith": "PREVIOUS_PERIOD", "groupBy": ["CHILD"],
        "metrics": ["GATHERINGS_HELD", "ACTIVE_COMMUNITIES"], "orderBy": { "metric": "GATHERINGS_HELD" },
    });
    let found = ask(&service, asked).await;
    assert_eq!(
        (&found["from"], &found["to"], &found["asOf"]),
        (&json!("2026-02-01"), &json!("2026-03-01"), &json!("2026-03-05"))
    );
    assert_eq!(found["comparedBuckets"], json!([{ "from": "2026-01-01", "to": "2026-02-01" }]));
    let held = &found["total"]["metrics"][0];
    assert_eq!((&held["values"], &held["comparedValues"], &held["changes"]), (&json!([2]), &json!([2]), &json!([0])));
    assert_eq!((&held["comparedBases"], &held["changesUnreliable"]), (&json!([2]), &json!([true])), "it grew by chance");
    // A nation that held something then and nothing now is not forgotten.
    assert_eq!(
        found["series"].as_array().map(|series| series.iter().map(|it| code(it, 0)).collect()),
        Some(vec!["kenya".to_owned(), "uganda".to_owned()])
    );
    assert_eq!(found["series"][1]["metrics"][0]["changes"], json!([-1]));

    // As of a date, what comes after it does not count; and all time is what was counted.
    let found = ask(&service, json!({ "within": network, "asOf": "2026-02-01", "metrics": ["GATHERINGS_HELD"] })).await;
    assert_eq!(found["total"]["metrics"][0]["values"], json!([2]));
    let found =
        ask(&service, json!({ "within": network, "bucket": "MONTH", "metrics": ["GATHERINGS_HELD", "RSVPS_MEDIAN"] })).await;
    assert_eq!((&found["from"], &found["to"]), (&json!("2026-01-01"), &json!("2026-03-01")));
    assert_eq!(found["total"]["metrics"][0]["values"], json!([2, 2]));
    assert_eq!(found["total"]["metrics"][1]["values"], json!([null, null]));
    // The most active host first, and no more than were asked for.
    let top = json!({
        "within": network, "groupBy": ["COMMUNITY"], "metrics": ["GATHERINGS_HELD"], "first": 2, "orderBy": { "metric": "GATHERINGS_HELD" },
    });
    let found = ask(&service, top).await;
    let top: Vec<String> = found["series"].as_array().expect("series").iter().map(|series| code(series, 0)).collect();
    assert_eq!((top, &found["seriesCount"]), (vec!["lodwar".to_owned(), "mombasa".to_owned()], &json!(4)));
    assert_eq!(found["series"][0]["key"][0]["community"]["slug"], "lodwar");
}
on_both!(parts_of_a_period_are_dense_and_compared);

/// Every dimension goes with every other, and every filter is understood, on either database.
async fn whatever_can_be_grouped_and_filtered_is_counted(address: String) {
    let (service, network) = sample(&address).await;
    let ids = identities(&service, &network).await;
    let dimensions = [
        "CHILD",
        "COMMUNITY",
        "LEVEL",
        "COUNTRY",
        "REGION",
        "FOUNDING_YEAR",
        "FORMAT",
        "STATUS",
        "WEEKDAY",
        "OUTCOME",
        "FUNCTION",
    ];
    let metrics = ["GATHERINGS", "ACTIVE_COMMUNITIES", "RSVPS_MEDIAN", "REPORTS"];
    for (at, first) in dimensions.iter().enumerate() {
        for second in &dimensions[at + 1..] {
            let asked = json!({ "within": ids["kenya"], "groupBy": [first, second], "bucket": "YEAR", "metrics": metrics });
            let found = ask(&service, asked).await;
            assert!(!found["series"].as_array().expect("series").is_empty(), "{first} {second}");
        }
    }
    // Each gathering has one format, status and weekday: the groups are all there is.
    for group_by in [json!(["FORMAT"]), json!(["STATUS", "WEEKDAY"]), json!(["WEEKDAY", "FORMAT"])] {
        let found = ask(&service, json!({ "within": network, "groupBy": group_by, "metrics": metrics })).await;
        for metric in [0, 3] {
            let groups = found["series"].as_array().expect("series").iter();
            let sum: u64 = groups.map(|series| value(series, metric, 0).as_u64().expect("a number")).sum();
            assert_eq!(Some(sum), value(&found["total"], metric, 0).as_u64(), "{group_by}");
        }
    }
    let all =
        value(&ask(&service, json!({ "within": network, "metrics": metrics })).await["total"], 0, 0).as_u64().expect("a number");
    for filter in [
        json!({ "formats": ["ONLINE", "HYBRID"] }),
        json!({ "statuses": ["HELD"] }),
        json!({ "weekdays": ["SATURDAY", "SUNDAY"] }),
        json!({ "outcomes": ["ENCOURAGEMENT", "SKILLS"] }),
        json!({ "functions": ["EDUCATE", "SUPPORT"] }),
        json!({ "levels": ["CITY"] }),
        json!({ "hostStatuses": ["PAUSED", "CLOSED", "FORMING"] }),
        json!({ "countries": ["KE", "BR"] }),
        json!({ "regionCodes": ["GB-ENG"] }),
        json!({ "foundedYears": [2019, 2020] }),
        json!({ "hosts": [ids["nairobi"], ids["palu"]] }),
    ] {
        let asked = json!({ "within": network, "filter": filter, "groupBy": ["COMMUNITY", "OUTCOME"], "metrics": metrics });
        let found = ask(&service, asked).await;
        let some = value(&found["total"], 0, 0).as_u64().expect("a number");
        assert!(some < all, "{filter}: {some} of {all}");
    }
    // By a metric that does not add up, groups are sorted by what it is over the whole period.
    let asked = json!({
        "within": network, "groupBy": ["CHILD"], "bucket": "MONTH", "metrics": ["ACTIVE_COMMUNITIES"],
        "orderBy": { "metric": "ACTIVE_COMMUNITIES", "direction": "ASCENDING" },
    });
    let order = |found: &Value| found["series"].as_array().expect("series").iter().map(|it| code(it, 0)).collect::<Vec<_>>();
    let by_month = order(&ask(&service, asked.clone()).await);
    let mut whole = asked;
    whole["bucket"] = json!("WHOLE");
    assert_eq!(by_month, order(&ask(&service, whole).await));
    assert_eq!(by_month.len(), 4);
}
on_both!(whatever_can_be_grouped_and_filtered_is_counted);

/// What has no meaning is refused with the name of the argument, and nobody is told of places that are not there.
async fn what_does_not_go_together_is_refused(address: String) {
    let (service, network) = neighbours(&address).await;
    for (asked, message) in [
        (json!({ "metrics": [] }), "metrics names no metric"),
        (json!({ "metrics": ["ITEMS", "ITEMS"] }), "metrics names ITEMS twice"),
        (json!({ "metrics": ["COMMUNITIES"], "groupBy": ["FORMAT"] }), "groupBy FORMAT does not go with COMMUNITIES: "),
        (
            json!({ "metrics": ["GATHERINGS_HELD"], "groupBy": ["ITEM_KIND"] }),
            "groupBy ITEM_KIND does not go with GATHERINGS_HELD: ",
        ),
        (json!({ "metrics": ["REPORTING_RATE"], "groupBy": ["OUTCOME"] }), "groupBy OUTCOME does not go with REPORTING_RATE: "),
        (json!({ "metrics": ["ITEMS"], "groupBy": ["LEVEL", "COUNTRY", "FORMAT"] }), "groupBy names 3 dimensions"),
        (json!({ "metrics": ["ITEMS"], "compareWith": "PREVIOUS_PERIOD" }), "compareWith PREVIOUS_PERIOD needs a period"),
        (json!({ "metrics": ["ITEMS"], "lastDays": 0 }), "lastDays is not a number of days"),
        (json!({ "metrics": ["ITEMS"], "lastDays": 7, "period": "LAST_CLOSED_MONTH" }), "period cannot be given together"),
        (json!({ "metrics": ["ITEMS"], "first": 5_001 }), "first is not a number"),
        (json!({ "metrics": ["ITEMS"], "orderBy": { "metric": "NEEDS" } }), "orderBy names NEEDS"),
        (
            json!({ "metrics": ["ITEMS"], "window": { "from": "1900-01-01", "to": "2199-01-01" }, "bucket": "MONTH" }),
            "bucket MONTH cuts",
        ),
        (
            json!({ "metrics": ["ITEMS"], "lastDays": 10, "bucket": "MONTH", "compareWith": "PREVIOUS_PERIOD" }),
            "compareWith PREVIOUS_PERIOD cannot be cut",
        ),
        (json!({ "metrics": ["COMMUNITIES"], "filter": { "formats": ["ONLINE"] } }), "filter asks of gatherings"),
        (json!({ "metrics": ["ITEMS"], "filter": { "countries": ["Kenya"] } }), "filter.countries "),
    ] {
        let mut variables = json!({ "within": network });
        variables.as_object_mut().expect("an object").extend(asked.as_object().expect("an object").clone());
        let refused = answer(&service, variables).await;
        let error = &refused["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{asked}: {refused}");
        assert!(error["message"].as_str().expect("a message").starts_with(message), "{asked}: {refused}");
    }
    let nowhere = json!({ "within": "com_00000000000070008000000000000000", "metrics": ["ITEMS"] });
    assert_eq!(answer(&service, nowhere).await["errors"][0]["extensions"]["code"], "NOT_FOUND");

    let query = "{ all: metricDefinitions { id version title text unit numerator denominator window population askedBy } \
                 one: metricDefinitions(ids: [ATTENDANCE_MEAN]) { id unit denominator } }";
    let data = service.ask(query, json!({})).await;
    assert_eq!(
        data["one"],
        json!([{ "id": "ATTENDANCE_MEAN", "unit": "PEOPLE", "denominator": "reports that say how many came" }])
    );
    let all = data["all"].as_array().expect("definitions");
    assert_eq!(all.len(), convene_domain::metric::Metric::ALL.len());
    // Whatever says that it is asked here is answered here.
    let metrics: Vec<&Value> = all.iter().filter(|it| it["askedBy"] == "activity").map(|it| &it["id"]).collect();
    let found = ask(&service, json!({ "within": network, "metrics": metrics })).await;
    assert_eq!(found["total"]["metrics"].as_array().map(Vec::len), Some(metrics.len()));
}
on_both!(what_does_not_go_together_is_refused);

/// The page for funders says the same as the questions that it is made of.
async fn the_page_for_funders_is_one_question(address: String) {
    let (service, network) = sample(&address).await;
    let query = "query ($within: ID!) { funderPage(within: $within, window: { from: \"2025-01-01\", to: \"2026-01-01\" }) { asOf cursor \
        growth { from to total { metrics { metric values comparedValues changes } } } regions { seriesCount series { key { code label } } } \
        countries { seriesCount } formats { series { key { code } metrics { values } } } \
        topCommunities(first: 3) { seriesCount series { key { code } metrics { values } } } bands { least most communities { metric value } } \
        outcomesServed { series { key { code label } metrics { metric values } } } sources { from to definition { id version } } } }";
    let page = service.ask(query, json!({ "within": network })).await["funderPage"].take();
    let window = json!({ "from": "2025-01-01", "to": "2026-01-01" });
    let metrics = json!(["GATHERINGS_HELD", "ACTIVE_COMMUNITIES"]);
    let found = ask(&service, json!({ "within": network, "window": window, "metrics": metrics })).await;
    let headline = &page["growth"]["total"]["metrics"];
    for at in 0..2 {
        assert_eq!(headline[at]["values"], found["total"]["metrics"][at]["values"]);
    }
    let active = headline[1]["values"][0].as_u64().expect("a number");
    let bands = page["bands"].as_array().expect("bands");
    assert_eq!(bands.iter().map(|band| band["communities"]["value"].as_f64().expect("a number")).sum::<f64>(), active as f64);
    assert_eq!((&bands[0]["least"], &bands[0]["most"], &bands[3]["most"]), (&json!(12), &Value::Null, &json!(2)));
    assert_eq!(page["topCommunities"]["seriesCount"], active);
    assert_eq!(page["topCommunities"]["series"].as_array().map(Vec::len), Some(3));
    let formats = page["formats"]["series"].as_array().expect("formats").iter();
    let by_format: u64 = formats.map(|series| series["metrics"][0]["values"][0].as_u64().expect("a number")).sum();
    assert_eq!(Some(by_format), headline[0]["values"][0].as_u64());
    assert_eq!(page["countries"]["seriesCount"], 4);
    let outcome = &page["outcomesServed"]["series"][0];
    assert!(outcome["metrics"][0]["values"][0].as_u64() > Some(0) && outcome["key"][0]["label"] != outcome["key"][0]["code"]);
    assert_eq!(
        page["sources"][0],
        json!({ "from": "2025-01-01", "to": "2026-01-01", "definition": { "id": "GATHERINGS_HELD", "version": 1 } })
    );
}
on_both!(the_page_for_funders_is_one_question);
