//! Numbers as CSV (RFC 4180), one row for each group, part of the period and metric, which is what spreadsheets pivot.

use convene_domain::metric::{Bucket, Column, Earlier, Question};

use super::{Activity, Comparison, Series};

/// The activity of a place as CSV. With groups it has a row for each of them, and none for everything.
pub fn activity_csv(question: &Question, found: &Activity) -> String {
    let mut header: Vec<String> = Vec::new();
    for dimension in &question.group_by {
        let name = dimension.as_str().to_lowercase();
        header.extend([name.clone(), format!("{name}_label")]);
    }
    let fixed = ["from", "to", "part", "metric", "value", "numerator", "denominator", "base", "unreliable", "suppressed"];
    header.extend(fixed.iter().chain(&["expected_reports", "received_reports"]).map(|name| (*name).to_owned()));
    let compared = found.compared.as_ref();
    if compared.is_some() {
        header.extend(
            [
                "compared_from",
                "compared_to",
                "compared_value",
                "compared_base",
                "change",
                "change_unreliable",
                "compared_suppressed",
            ]
            .map(str::to_owned),
        );
    }
    // Row by row: as texts of their own the cells would take many times the memory of the table.
    let mut table = String::new();
    add(&mut table, &header);
    let all: Vec<&Series> = match question.group_by.is_empty() {
        true => vec![&found.total],
        false => found.series.iter().collect(),
    };
    for series in all {
        for (at, part) in found.parts.iter().enumerate() {
            for metric in &series.metrics {
                let mut row: Vec<String> = Vec::new();
                for group in &series.group {
                    row.extend([harmless(group.code.as_deref().unwrap_or_default()), harmless(&group.label)]);
                }
                row.extend([part.from.to_string(), part.to.to_string(), part.label(question.bucket)]);
                numbers(&mut row, &metric.column, at);
                row.extend([written(at, &series.expected_reports), written(at, &series.received_reports)]);
                if let Some(parts) = compared {
                    let date = |of: fn(&convene_domain::metric::Span) -> String| parts.get(at).map(of).unwrap_or_default();
                    row.extend([date(|part| part.from.to_string()), date(|part| part.to.to_string())]);
                    earlier(&mut row, metric.earlier.as_deref(), at);
                }
                add(&mut table, &row);
            }
        }
    }
    table
}

/// Communities side by side as CSV: one row for each metric and community.
pub fn comparison_csv(found: &Comparison) -> String {
    let header = [
        "community",
        "community_label",
        "from",
        "to",
        "part",
        "metric",
        "value",
        "numerator",
        "denominator",
        "base",
        "unreliable",
        "suppressed",
        "expected_reports",
        "received_reports",
        "rank",
        "share",
        "previous_value",
        "previous_base",
        "previous_change",
        "previous_change_unreliable",
        "previous_suppressed",
        "last_year_value",
        "last_year_base",
        "last_year_change",
        "last_year_change_unreliable",
        "last_year_suppressed",
        "peer_median",
        "peer_distance",
        "peers",
        "peers_suppressed",
    ];
    let mut table = String::new();
    add(&mut table, &header);
    for metric in &found.metrics {
        for (at, community) in found.communities.iter().enumerate() {
            let part = found.period.span;
            let mut row = vec![harmless(community.code.as_deref().unwrap_or_default()), harmless(&community.label)];
            row.extend([part.from.to_string(), part.to.to_string(), part.label(Bucket::Whole)]);
            numbers(&mut row, &metric.column, at);
            row.extend([written(at, &found.expected_reports), written(at, &found.received_reports), written(at, &metric.ranks)]);
            row.push(metric.shares.as_ref().map(|shares| written(at, shares)).unwrap_or_default());
            for numbers in [&metric.previous, &metric.last_year] {
                earlier(&mut row, numbers.as_deref(), at);
            }
            match &metric.peers {
                Some(peers) => {
                    row.extend([&peers.medians, &peers.distances, &peers.counts].map(|list| written(at, list)));
                    row.push(peers.suppressed.get(at).map(bool::to_string).unwrap_or_default());
                }
                None => row.extend([const { String::new() }; 4]),
            }
            add(&mut table, &row);
        }
    }
    table
}

fn numbers(row: &mut Vec<String>, column: &Column, at: usize) {
    row.push(column.metric.to_string());
    match column.cells.get(at) {
        Some(cell) => {
            row.extend([cell.value, Some(cell.numerator), cell.denominator, Some(cell.base)].map(number));
            row.extend([cell.is_unreliable(), cell.suppressed].map(|flag| flag.to_string()));
        }
        None => row.extend([const { String::new() }; 6]),
    }
}

fn earlier(row: &mut Vec<String>, numbers: Option<&[Earlier]>, at: usize) {
    match numbers.and_then(|numbers| numbers.get(at)) {
        Some(earlier) => {
            row.extend([earlier.value, earlier.base, earlier.change].map(number));
            row.extend([earlier.unreliable, earlier.suppressed].map(|flag| flag.to_string()));
        }
        None => row.extend([const { String::new() }; 5]),
    }
}

fn written(at: usize, numbers: &[Option<f64>]) -> String {
    number(numbers.get(at).copied().flatten())
}

/// A number, or nothing where it cannot be computed.
fn number(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// A text that no spreadsheet takes for a formula: what begins like one begins with an apostrophe instead.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// Adds a row to a table.
fn add<T: AsRef<str>>(table: &mut String, row: &[T]) {
    for (at, cell) in row.iter().map(AsRef::as_ref).enumerate() {
        if at > 0 {
            table.push(',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            table.push('"');
            table.push_str(&cell.replace('"', "\"\""));
            table.push('"');
        } else {
            table.push_str(cell);
        }
    }
    table.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_formula_and_everything_is_quoted_that_must_be() {
        let row: Vec<String> = ["=1+1", "+4", "-x", "@me", "plain, with \"quotes\"", "two\r\nlines"].map(harmless).to_vec();
        let mut table = String::new();
        add(&mut table, &row);
        assert_eq!(table, "'=1+1,'+4,'-x,'@me,\"plain, with \"\"quotes\"\"\",\"two\r\nlines\"\r\n");
    }
}
