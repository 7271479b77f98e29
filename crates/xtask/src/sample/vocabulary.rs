//! The network's vocabulary.

use anyhow::{Context, Result};

use super::NETWORK;
use super::sheet::Sheet;
use super::table;

/// One term.
pub(super) struct Term {
    kind: String,
    pub(super) code: String,
    pub(super) label: String,
    retired: bool,
}

/// The terms, kind by kind in the order that users see.
pub(super) fn read() -> Result<Vec<Term>> {
    let rows = table::commas("vocabulary", include_str!("data/vocabulary.csv"))?;
    rows.iter()
        .map(|row| {
            Ok(Term {
                kind: row.owned("kind")?,
                code: row.owned("code")?,
                label: row.owned("label")?,
                retired: row.parse("retired")?,
            })
        })
        .collect()
}

/// The codes of one kind that may still be chosen.
pub(super) fn codes<'a>(terms: &'a [Term], kind: &str) -> Vec<&'a str> {
    let current = terms.iter().filter(|term| term.kind == kind && !term.retired);
    current.map(|term| term.code.as_str()).collect()
}

/// The label of a theme.
pub(super) fn theme_label<'a>(terms: &'a [Term], code: &str) -> Result<&'a str> {
    let found = terms.iter().find(|term| term.kind == "THEME" && term.code == code);
    Ok(&found.with_context(|| format!("no theme {code}"))?.label)
}

pub(super) fn sheet(terms: &[Term]) -> Sheet {
    let columns = "network_slug,kind,code,label,order,retired";
    let mut sheet = Sheet::new("vocabulary.csv", columns);
    let (mut kind, mut order) = ("", 0);
    for term in terms {
        order = if term.kind == kind { order + 1 } else { 1 };
        kind = &term.kind;
        let order = order.to_string();
        let retired = term.retired.to_string();
        sheet.push([NETWORK, &term.kind, &term.code, &term.label, &order, &retired]);
    }
    sheet
}
