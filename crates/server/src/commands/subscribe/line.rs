//! One change as a line for a person.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;

/// What is sent of a change; a checkpoint has a cursor only.
#[derive(Deserialize)]
pub(super) struct Item {
    pub(super) cursor: String,
    change: Option<Change>,
    report: Option<Report>,
    community: Option<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    kind: String,
    effect: String,
    entity_id: String,
    recorded_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Report {
    attendance: Option<u64>,
    gathering: Gathering,
    items: Vec<ReportItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gathering {
    title: Option<String>,
    start_date: String,
    hosts: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct ReportItem {
    kind: String,
}

impl Item {
    /// The line of a change; none for a checkpoint.
    pub(super) fn line(&self) -> Option<String> {
        let change = self.change.as_ref()?;
        let kind = if change.effect == "LEFT" || self.community.is_some() { &change.effect } else { &change.kind };
        let what = match (&self.report, &self.community) {
            (Some(report), _) => report.line(),
            (None, Some(community)) => format!("{} with everything under it", community.name),
            (None, None) => change.entity_id.clone(),
        };
        let time = change.recorded_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Some(plain(&format!("{time} {kind:<10} {what}")))
    }
}

impl Report {
    fn line(&self) -> String {
        let Gathering { title, start_date, hosts } = &self.gathering;
        let hosts: Vec<_> = hosts.iter().map(|host| host.name.as_str()).collect();
        let title = title.as_deref().unwrap_or("Gathering");
        let parts: Vec<_> = [self.people(), self.counts()].into_iter().flatten().collect();
        let colon = if parts.is_empty() { "" } else { ": " };
        format!("{title} ({start_date}, {}){colon}{}", hosts.join(", "), parts.join("; "))
    }

    fn people(&self) -> Option<String> {
        Some(match self.attendance? {
            1 => "1 person".to_owned(),
            people => format!("{people} people"),
        })
    }

    /// How many items there are of each kind, in the order in which the kinds first come.
    fn counts(&self) -> Option<String> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for item in &self.items {
            match counts.iter_mut().find(|(kind, _)| *kind == item.kind) {
                Some((_, count)) => *count += 1,
                None => counts.push((&item.kind, 1)),
            }
        }
        let counts: Vec<_> = counts.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        (!counts.is_empty()).then(|| counts.join(", "))
    }
}

/// A text that stays on its line, and that no terminal takes for a command.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(change: &Value, report: &Value, community: &Value) -> Option<String> {
        let item = json!({ "cursor": "c", "change": change, "report": report, "community": community });
        serde_json::from_value::<Item>(item).unwrap().line()
    }

    fn change(kind: &str, effect: &str) -> Value {
        let recorded_at = "2026-11-22T18:05:01.123456Z";
        json!({ "kind": kind, "effect": effect, "entityType": "GATHERING_REPORT", "entityId": "rep_1", "revision": 2, "recordedAt": recorded_at })
    }

    fn report(title: Option<&str>, attendance: Option<u64>, kinds: &[&str]) -> Value {
        let items: Vec<_> = kinds.iter().map(|kind| json!({ "kind": kind, "text": "confidential" })).collect();
        let gathering =
            json!({ "title": title, "startDate": "2026-11-20", "hosts": [{ "name": "Nairobi Menders" }, { "name": "Mombasa" }] });
        json!({ "id": "rep_1", "status": "SUBMITTED", "attendance": attendance, "gathering": gathering, "items": items })
    }

    #[test]
    fn a_change_is_one_line() {
        let (null, submitted) = (Value::Null, change("SUBMITTED", "ENTERED"));
        let kinds = ["ACTIVITY", "NEED", "ACTIVITY", "ACTIVITY", "NEED"];
        for (change, report, community, expected) in [
            (
                &submitted,
                report(Some("Mending circle"), Some(14), &kinds),
                &null,
                "SUBMITTED  Mending circle (2026-11-20, Nairobi Menders, Mombasa): 14 people; 3 ACTIVITY, 2 NEED",
            ),
            (
                &submitted,
                report(None, Some(1), &[]),
                &null,
                "SUBMITTED  Gathering (2026-11-20, Nairobi Menders, Mombasa): 1 person",
            ),
            (
                &submitted,
                report(Some("A\n\u{1b}[2J"), None, &[]),
                &null,
                "SUBMITTED  A  [2J (2026-11-20, Nairobi Menders, Mombasa)",
            ),
            (&submitted, null.clone(), &null, "SUBMITTED  rep_1"),
            (&change("UPDATED", "LEFT"), null.clone(), &null, "LEFT       rep_1"),
            (
                &change("MOVED", "ENTERED"),
                null.clone(),
                &json!({ "id": "com_1", "name": "Nakuru" }),
                "ENTERED    Nakuru with everything under it",
            ),
        ] {
            assert_eq!(line(change, &report, community).unwrap(), format!("2026-11-22T18:05:01Z {expected}"));
        }
        assert_eq!(line(&null, &null, &null), None);
    }
}
