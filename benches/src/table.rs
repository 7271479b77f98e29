//! What was measured, for people to read: each figure with the limit and the goal beside it.

use std::io::{self, Write};

use anyhow::Result;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// At most so many times the limit that was measured beside it.
    TimesLimit(f64),
}

/// One figure.
#[derive(Debug)]
pub(crate) struct Figure {
    name: String,
    unit: &'static str,
    ours: f64,
    /// What it is compared with, such as a bare server.
    limit: Option<f64>,
    goals: Vec<Goal>,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, ours: f64) -> Self {
        Self { name: name.into(), unit, ours, limit: None, goals: Vec::new() }
    }

    pub(crate) fn limit(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    fn misses(&self, goal: Goal) -> bool {
        match (goal, self.limit) {
            (Goal::AtMost(most), _) => self.ours > most,
            (Goal::AtLeast(least), _) => self.ours < least,
            (Goal::TimesLimit(times), Some(limit)) => self.ours > times * limit,
            (Goal::TimesLimit(_), None) => false,
        }
    }

    fn line(&self) -> String {
        let number = |number: f64| format!("{} {}", short(number), self.unit);
        let (limit, ratio) =
            self.limit.map_or_else(Default::default, |limit| (number(limit), format!("{:.2} x", self.ours / limit)));
        let goals: Vec<String> = self.goals.iter().map(|goal| self.goal_text(*goal)).collect();
        let line = format!("  {:<46}{:>16}{limit:>16}{ratio:>9}   {}", self.name, number(self.ours), goals.join(", "));
        line.trim_end().to_owned()
    }

    fn goal_text(&self, goal: Goal) -> String {
        let text = match goal {
            Goal::AtMost(most) => format!("<= {} {}", short(most), self.unit),
            Goal::AtLeast(least) => format!(">= {} {}", short(least), self.unit),
            Goal::TimesLimit(times) => format!("<= {} x", short(times)),
        };
        if self.misses(goal) { format!("{text} MISSED") } else { text }
    }
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Table {
    figures: usize,
    missed: Vec<String>,
}

impl Table {
    /// Shows some figures that belong together.
    pub(crate) fn show(&mut self, title: &str, figures: &[Figure]) -> Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "\n{title}\n  {:<46}{:>16}{:>16}{:>9}   goal", "", "Convene", "limit", "ratio")?;
        for figure in figures {
            writeln!(out, "{}", figure.line())?;
            let missed = figure.goals.iter().any(|goal| figure.misses(*goal));
            self.missed.extend(missed.then(|| format!("{title}: {}", figure.name)));
        }
        self.figures += figures.iter().filter(|figure| !figure.goals.is_empty()).count();
        Ok(())
    }

    /// Says what was missed.
    pub(crate) fn close(self) -> Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "\n{} of {} goals were missed", self.missed.len(), self.figures)?;
        for missed in self.missed {
            writeln!(out, "  {missed}")?;
        }
        Ok(())
    }
}

/// Three figures say enough, and large numbers are read by their thousands.
fn short(number: f64) -> String {
    let digits = if number.abs() >= 100.0 { 0 } else { 3 - (number.abs().max(1.0).log10() as usize + 1) };
    let text = format!("{number:.digits$}");
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut grouped = String::new();
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(character);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 0.123, 1.8, 12.34, 99.96, 123.4, 1_234.5, 1_234_567.0, -3.21];
        let texts = ["0.00", "0.12", "1.80", "12.3", "100.0", "123", "1,234", "1,234,567", "-3.21"];
        assert_eq!(numbers.map(short), texts);
    }

    #[test]
    fn what_was_missed_is_marked() {
        let figure = |ours| Figure::new("time", "ms", ours).limit(10.0).goal(Goal::AtMost(15.0)).goal(Goal::TimesLimit(1.8));
        assert!(figure(20.0).line().ends_with("2.00 x   <= 15.0 ms MISSED, <= 1.80 x MISSED"));
        assert!(figure(16.0).line().ends_with("1.60 x   <= 15.0 ms MISSED, <= 1.80 x"));
        assert!(figure(14.0).line().ends_with("1.40 x   <= 15.0 ms, <= 1.80 x"));
        assert!(Figure::new("rate", "/s", 9.0).goal(Goal::AtLeast(9.5)).line().ends_with("MISSED"));
    }
}
