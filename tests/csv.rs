//! Numbers as CSV, by plain addresses.

use reqwest::{Response, StatusCode, header};
use serde_json::json;

use crate::{
    golden_metrics::{ask, code, value},
    live::Writer,
    metrics::{identities, neighbours},
    on_both,
    program::{Service, succeed},
};

async fn get(service: &Service, path: &str, known: Option<&str>) -> Response {
    let mut request = reqwest::Client::new().get(format!("{}{path}", service.url));
    if let Some(known) = known {
        request = request.header(header::IF_NONE_MATCH, known);
    }
    request.send().await.expect("answers")
}

fn tag(response: &Response) -> String {
    response.headers()[header::ETAG].to_str().expect("a tag").to_owned()
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// The table holds what the API answers, and is told to be the same until something is written.
async fn a_table_is_the_same_until_something_is_written(address: String) {
    let (service, network) = neighbours(&address).await;
    let ids = identities(&service, &network).await;
    let path = format!(
        "/export/activity.csv?within={network}&from=2026-01-01&to=2026-03-01&bucket=MONTH&groupBy=CHILD\
         &metrics=GATHERINGS_HELD,ONLINE_SHARE"
    );
    let response = get(&service, &path, None).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()[header::CONTENT_TYPE].to_str().expect("a type").starts_with("text/csv"));
    let known = tag(&response);
    let text = response.text().await.expect("text");
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains('\n'), "{text}");
    let table = rows(&text);
    assert_eq!(table[0][..8], ["child", "child_label", "from", "to", "part", "metric", "value", "numerator"]);
    // Two nations, two months, two metrics. The name of the first would be a formula.
    assert_eq!(table.len(), 1 + 8);
    assert_eq!(table[1][..7], ["kenya", "'=Kenya", "2026-01-01", "2026-02-01", "2026-01", "GATHERINGS_HELD", "2"]);
    let asked = json!({
        "within": network, "window": { "from": "2026-01-01", "to": "2026-03-01" }, "bucket": "MONTH", "groupBy": ["CHILD"],
        "metrics": ["GATHERINGS_HELD", "ONLINE_SHARE"],
    });
    let found = ask(&service, asked).await;
    let mut at = 1;
    for series in found["series"].as_array().expect("series") {
        for part in 0..2 {
            for metric in 0..2 {
                assert_eq!(table[at][0], code(series, 0));
                let number = value(series, metric, part).as_f64().map(|number| number.to_string()).unwrap_or_default();
                assert_eq!(table[at][6], number, "{:?}", table[at]);
                at += 1;
            }
        }
    }

    for tags in [known.clone(), format!("\"other\", W/{known}"), "*".to_owned()] {
        let response = get(&service, &path, Some(&tags)).await;
        assert_eq!((response.status(), tag(&response)), (StatusCode::NOT_MODIFIED, known.clone()), "{tags}");
        assert_eq!(response.text().await.expect("text"), "");
    }
    // Another question has another tag, and so have other rights.
    assert_ne!(tag(&get(&service, &path.replace("MONTH", "YEAR"), None).await), known);
    let token = succeed(&address, &["token", "create", "--name", "coordinator"]).trim().to_owned();
    let signed = reqwest::Client::new().get(format!("{}{path}", service.url)).bearer_auth(&token).send().await.expect("answers");
    assert_ne!(tag(&signed), known);

    let plan = json!({ "hosts": [ids["arua"]], "title": "One more", "startDate": "2026-02-20", "format": "ONLINE" });
    let writer = Writer::new(&service, &token);
    let (gathering, revision) = writer.make("planGathering", plan, "gathering").await;
    let hold = json!({ "gathering": gathering, "expectedRevision": revision });
    writer.done("holdGathering", hold, "gathering { id }").await;
    let response = get(&service, &path, Some(&known)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_ne!(tag(&response), known);
    let table = rows(&response.text().await.expect("text"));
    let last: Vec<&str> = table[7].iter().map(String::as_str).collect();
    assert_eq!((last[0], last[4], last[6]), ("uganda", "2026-02", "1"));
}
on_both!(a_table_is_the_same_until_something_is_written);

async fn comparisons_are_tables_too_and_faults_are_told_in_json(address: String) {
    let (service, network) = neighbours(&address).await;
    let ids = identities(&service, &network).await;
    let path = format!(
        "/export/comparison.csv?communities={},{}&from=2026-01-01&to=2026-03-01&metrics=GATHERINGS_HELD",
        ids["kenya"], ids["uganda"]
    );
    let response = get(&service, &path, None).await;
    assert_eq!(response.status(), StatusCode::OK);
    let known = tag(&response);
    let table = rows(&response.text().await.expect("text"));
    let column = |name: &str| table[0].iter().position(|column| column == name).expect("a column");
    assert_eq!(table.len(), 3);
    assert_eq!((&*table[1][column("value")], &*table[1][column("rank")], &*table[1][column("share")]), ("4", "1", "0.8"));
    assert_eq!((&*table[2][column("value")], &*table[2][column("peer_median")], &*table[2][column("peers")]), ("1", "4", "1"));
    let previous = ["previous_value", "previous_base", "previous_change", "previous_change_unreliable"];
    let previous = previous.map(|name| &*table[1][column(name)]);
    assert_eq!(previous, ["0", "0", "", "true"]);
    assert_eq!(get(&service, &path, Some(&known)).await.status(), StatusCode::NOT_MODIFIED);

    for (path, status, code, message) in [
        ("/export/activity.csv?metrics=ITEMS".to_owned(), 400, "BAD_USER_INPUT", "within is missing"),
        (
            format!("/export/activity.csv?within={network}&metrics=ITEMS&window=1"),
            400,
            "BAD_USER_INPUT",
            "window is no parameter",
        ),
        (format!("/export/activity.csv?within={network}&metrics=NONSENSE"), 400, "BAD_USER_INPUT", "metrics: "),
        (format!("/export/activity.csv?within={network}&metrics=ITEMS&from=2026-01-01"), 400, "BAD_USER_INPUT", "from and to"),
        (
            format!("/export/activity.csv?within={network}&metrics=ITEMS&metrics=NEEDS"),
            400,
            "BAD_USER_INPUT",
            "metrics is given twice",
        ),
        (
            "/export/activity.csv?within=com_00000000000070008000000000000000&metrics=ITEMS".to_owned(),
            404,
            "NOT_FOUND",
            "within com_",
        ),
        // Each of its arguments is sound, and together they are not: that shows once it is answered.
        (format!("/export/activity.csv?within={network}&metrics=COMMUNITIES&groupBy=FORMAT"), 400, "BAD_USER_INPUT", "groupBy "),
    ] {
        // Whoever would be glad of any answer is not told that there is one.
        let response = get(&service, &path, Some("*")).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        let answer: serde_json::Value = response.json().await.expect("JSON");
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], code, "{path}: {answer}");
        assert!(error["message"].as_str().expect("a message").starts_with(message), "{path}: {answer}");
    }
    let wrong =
        reqwest::Client::new().get(format!("{}{path}", service.url)).bearer_auth("cvn_0000").send().await.expect("answers");
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
}
on_both!(comparisons_are_tables_too_and_faults_are_told_in_json);
