//! The sample is consistent: everything it refers to exists, everything it counts adds up.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate};

use super::sheet::Sheet;
use super::sheets;

/// The rows of one generated file, by column name.
fn rows(sheets: &[Sheet], name: &str) -> Vec<HashMap<&'static str, String>> {
    let sheet = sheets.iter().find(|sheet| sheet.name == name).unwrap();
    let named = |row: &Vec<String>| {
        assert_eq!(row.len(), sheet.columns.len(), "{name}: {row:?}");
        sheet.columns.iter().copied().zip(row.iter().cloned()).collect()
    };
    sheet.rows.iter().map(named).collect()
}

/// The values of one column.
fn column(sheets: &[Sheet], name: &str, column: &str) -> Vec<String> {
    rows(sheets, name).iter().map(|row| row[column].clone()).collect()
}

/// The values of a column that must not repeat.
fn keys(sheets: &[Sheet], name: &str, key: &str) -> HashSet<String> {
    let values = column(sheets, name, key);
    let unique: HashSet<String> = values.iter().cloned().collect();
    assert_eq!(unique.len(), values.len(), "{name}.{key} repeats");
    unique
}

fn assert_all(sheets: &[Sheet], name: &str, key: &str, known: &HashSet<String>) {
    for value in column(sheets, name, key) {
        for part in value.split(';').filter(|part| !part.is_empty()) {
            assert!(known.contains(part), "{name}.{key}: {part} is unknown");
        }
    }
}

fn codes(sheets: &[Sheet], kind: &str) -> HashSet<String> {
    let terms = rows(sheets, "vocabulary.csv");
    let current = terms.iter().filter(|term| term["kind"] == kind && term["retired"] == "false");
    current.map(|term| term["code"].clone()).collect()
}

fn words(text: &str) -> HashSet<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn second_run_is_the_same() {
    let bytes = |sheets: Vec<Sheet>| -> Vec<Vec<u8>> { sheets.iter().map(|sheet| sheet.bytes().unwrap()).collect() };
    assert_eq!(bytes(sheets().unwrap()), bytes(sheets().unwrap()));
}

#[test]
fn committed_files_are_what_is_generated() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    for sheet in sheets().unwrap() {
        let committed = std::fs::read(samples.join(sheet.name)).unwrap();
        let generated = sheet.bytes().unwrap();
        assert!(committed == generated, "{}: run `cargo xtask sample`", sheet.name);
    }
}

#[test]
fn references_resolve() {
    let all = sheets().unwrap();
    let networks = keys(&all, "networks.csv", "slug");
    let communities = keys(&all, "communities.csv", "slug");
    let gatherings = keys(&all, "gatherings.csv", "external_id");
    let reports = keys(&all, "reports.csv", "external_id");
    keys(&all, "reports.csv", "gathering_external_id");
    assert_all(&all, "communities.csv", "network_slug", &networks);
    assert_all(&all, "communities.csv", "parent_slug", &communities);
    assert_all(&all, "community_profiles.csv", "community_slug", &communities);
    assert_all(&all, "aliases.csv", "community_slug", &communities);
    assert_all(&all, "gatherings.csv", "community_slug", &communities);
    for name in ["agenda.csv", "invitations.csv"] {
        assert_all(&all, name, "gathering_external_id", &gatherings);
    }
    assert_all(&all, "reports.csv", "gathering_external_id", &gatherings);
    for name in ["attendance.csv", "items.csv", "report_tags.csv"] {
        assert_all(&all, name, "report_external_id", &reports);
    }
    assert_all(&all, "attendance.csv", "role", &codes(&all, "PARTICIPANT_ROLE"));
    assert_all(&all, "items.csv", "theme", &codes(&all, "THEME"));
    assert_all(&all, "agenda.csv", "kind", &codes(&all, "AGENDA_KIND"));
    assert_all(&all, "invitations.csv", "group", &codes(&all, "INVITATION_GROUP"));
    for tag in rows(&all, "report_tags.csv") {
        assert!(codes(&all, &tag["kind"]).contains(&tag["code"]), "{tag:?}");
    }
    let slugs = column(&all, "communities.csv", "slug");
    let levels = column(&all, "communities.csv", "level");
    let level: HashMap<_, _> = slugs.into_iter().zip(levels).collect();
    let rank = |slug: &str| ["NATIONAL", "REGIONAL", "CITY"].iter().position(|l| *l == level[slug]);
    for row in rows(&all, "communities.csv") {
        let parent = &row["parent_slug"];
        assert!(parent.is_empty() || rank(parent) < rank(&row["slug"]), "{row:?}");
    }
}

#[test]
fn orders_are_dense() {
    let all = sheets().unwrap();
    for (name, parent) in
        [("agenda.csv", "gathering_external_id"), ("items.csv", "report_external_id"), ("vocabulary.csv", "kind")]
    {
        let mut last: HashMap<String, usize> = HashMap::new();
        for row in rows(&all, name) {
            let count = last.entry(row[parent].clone()).or_default();
            *count += 1;
            assert_eq!(row["order"], count.to_string(), "{name}: {row:?}");
        }
    }
}

#[test]
fn gatherings_are_sorted_and_apart() {
    let all = sheets().unwrap();
    let mut last = (String::new(), String::new());
    let mut seen = HashSet::new();
    for row in rows(&all, "gatherings.csv") {
        let (start, end) = (&row["starts_at"], &row["ends_at"]);
        if start.len() == 10 {
            assert!(end.is_empty() || end.len() == 10, "{row:?}");
            assert!(end.is_empty() || start <= end, "{row:?}");
        } else {
            let instant = DateTime::parse_from_rfc3339(start).unwrap();
            let key = (instant.to_utc().to_rfc3339(), row["external_id"].clone());
            assert!(last < key, "{row:?}");
            last = key;
            assert!(end.is_empty() || instant < DateTime::parse_from_rfc3339(end).unwrap());
        }
        let is_future = &start[..10] > "2026-11-22";
        assert!(row["status"] == "CANCELLED" || is_future == (row["status"] == "PLANNED"));
        assert!(row["format"] != "ONLINE" || row["venue_city"].is_empty(), "{row:?}");
        assert!(row["created_at"].as_str() < start.as_str() && row["created_at"].ends_with('Z'));
        for host in row["community_slug"].split(';') {
            assert!(seen.insert((host.to_owned(), start[..10].to_owned())), "{row:?}");
            assert_ne!(host, "tual", "a forming community has not met");
        }
    }
}

#[test]
fn attendance_fits_its_total() {
    let all = sheets().unwrap();
    let mut sums: HashMap<String, u32> = HashMap::new();
    let mut seen = HashSet::new();
    for row in rows(&all, "attendance.csv") {
        let people: u32 = row["people"].parse().unwrap();
        assert!(people >= 1 && !(row["role"].is_empty() && row["organisation"].is_empty()));
        let (report, role) = (row["report_external_id"].clone(), row["role"].clone());
        assert!(seen.insert((report.clone(), role, row["organisation"].clone())), "{row:?}");
        *sums.entry(report).or_default() += people;
    }
    for row in rows(&all, "reports.csv") {
        if let Ok(total) = row["attendance"].parse::<u32>() {
            assert!(sums.get(&row["external_id"]).is_none_or(|sum| *sum <= total), "{row:?}");
        }
        assert!(["MEMBERS", "NETWORK", "PUBLIC"].contains(&row["audience"].as_str()));
        assert!(row["rsvp_yes"].is_empty() || row["rsvp_yes"].parse::<u32>().unwrap() > 0);
    }
}

#[test]
fn reports_belong_to_held_gatherings_and_follow_them() {
    let all = sheets().unwrap();
    let mut gatherings = HashMap::new();
    for row in rows(&all, "gatherings.csv") {
        gatherings.insert(row["external_id"].clone(), row);
    }
    for row in rows(&all, "reports.csv") {
        let gathering = &gatherings[&row["gathering_external_id"]];
        assert_eq!(gathering["status"], "HELD");
        let submitted = &row["submitted_at"];
        assert!(submitted.is_empty() || submitted.as_str() < super::NOW, "{row:?}");
        assert!(submitted.is_empty() || submitted > &gathering["starts_at"], "{row:?}");
    }
}

#[test]
fn items_say_only_what_their_kind_can_say() {
    let all = sheets().unwrap();
    let kinds = words("ACTIVITY CHALLENGE SUCCESS NEED REQUEST RESOURCE NEXT_STEP");
    let activities = words(
        "PROBLEM_SOLVING REQUESTS_FOR_INFORMATION SEEKING_EXPERIENCE REUSING_ASSETS \
         COORDINATION_AND_STRATEGY BUILDING_AN_ARGUMENT GROWING_CONFIDENCE \
         DISCUSSING_DEVELOPMENTS DOCUMENTING_PROJECTS VISITS MAPPING_KNOWLEDGE",
    );
    let severities = words("LOW MEDIUM HIGH CRITICAL");
    let states = words("OPEN DONE DROPPED");
    let mut hosts = HashMap::new();
    for row in rows(&all, "gatherings.csv") {
        hosts.insert(row["external_id"].replacen('g', "r", 1), row["community_slug"].clone());
    }
    let (mut texts, mut found) = (HashSet::new(), HashSet::new());
    for row in rows(&all, "items.csv") {
        let kind = row["kind"].as_str();
        assert!(kinds.contains(kind), "{row:?}");
        found.insert(row["activity_kind"].clone());
        assert_eq!(kind == "ACTIVITY", activities.contains(&row["activity_kind"]), "{row:?}");
        let severity = &row["severity"];
        let may_be_severe = ["CHALLENGE", "NEED"].contains(&kind);
        assert!(severity.is_empty() || may_be_severe && severities.contains(severity), "{row:?}");
        let is_step = kind == "NEXT_STEP";
        assert_eq!(is_step, states.contains(&row["state"]), "{row:?}");
        assert!(is_step || row["owner"].is_empty() && row["due_on"].is_empty(), "{row:?}");
        assert!(row["due_on"].is_empty() || row["due_on"].parse::<NaiveDate>().is_ok());
        let host = &row["host_slug"];
        let own: Vec<&str> = hosts[&row["report_external_id"]].split(';').collect();
        assert!(host.is_empty() || own.contains(&host.as_str()), "{row:?}");
        assert!(["true", "false"].contains(&row["confidential"].as_str()));
        texts.insert(row["text"].clone());
    }
    assert!(texts.len() > 400, "only {} different texts", texts.len());
    assert_eq!(found.len(), activities.len() + 1, "every activity kind occurs");
}

#[test]
fn text_is_clean() {
    for sheet in sheets().unwrap() {
        for field in sheet.rows.iter().flatten() {
            assert_eq!(field.trim(), field, "{}", sheet.name);
            assert!(!field.contains(['{', '}', '\n', '\r', '\t']), "{}: {field}", sheet.name);
            // Combining marks would mean text that is not NFC.
            assert!(!field.contains(|c| ('\u{300}'..='\u{36f}').contains(&c)), "{field}");
        }
    }
}
