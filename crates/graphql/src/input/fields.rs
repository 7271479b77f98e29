//! Checking what a mutation was given, field by field. A fault is noted and the next field is looked at, so that one
//! answer names them all.

use std::str::FromStr;

use chrono::Utc;
use convene_application::writing::{Patch, Refusal, RefusalCode};
use convene_domain::{
    Invalid,
    occurrence::Moment,
    report::ITEM_LIMIT,
    text::{HeadCount, Text},
};

use super::Update;
use crate::scalars::DateTime;

/// The most entries of one list. No list of a record has more; for many the domain has a smaller limit.
const LIST_LIMIT: usize = ITEM_LIMIT;
/// The most characters of a link: browsers and mail programs cut longer ones.
const LINK_LIMIT: usize = 2_000;
const NOT_NULL: &str = "cannot be null";

/// An object inside an input.
pub(crate) trait Part {
    /// What it means in the domain.
    type Checked;

    /// Checks every field; `None` when one has a fault.
    fn check(self, fields: &mut Fields) -> Option<Self::Checked>;
}

/// The faults found so far, and where in the input we are. A value with a fault is `None`.
///
/// What reads a value takes its name and itself ([`Fields::parsed`], [`Fields::part`]), so that what reads optional
/// values, changes and lists takes any of them.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    path: Vec<String>,
    refusals: Vec<Refusal>,
}

impl Fields {
    /// Begins with a fault that was found before, if there was one.
    pub(crate) fn after(checked: Result<(), Refusal>) -> Self {
        Self { path: Vec::new(), refusals: checked.err().into_iter().collect() }
    }

    /// Notes a fault.
    pub(crate) fn refuse<T>(&mut self, name: &str, reason: impl Into<String>) -> Option<T> {
        let mut field = self.path.clone();
        field.push(name.to_owned());
        self.note(field, reason.into())
    }

    fn note<T>(&mut self, field: Vec<String>, message: String) -> Option<T> {
        self.refusals.push(Refusal { code: RefusalCode::Invalid, field, message, current_revision: None, needed: None });
        None
    }

    /// Takes what passed a check.
    pub(crate) fn valid<T>(&mut self, name: &str, checked: Result<T, Invalid>) -> Option<T> {
        checked.map_or_else(|reason| self.refuse(name, reason.to_string()), Some)
    }

    /// Takes what passed a check of the whole object that we are in.
    pub(crate) fn whole<T>(&mut self, checked: Result<T, Invalid>) -> Option<T> {
        checked.map_or_else(|reason| self.note(self.path.clone(), reason.to_string()), Some)
    }

    /// Reads a value with a written form.
    pub(crate) fn parsed<A: AsRef<str>, T: FromStr<Err = Invalid>>(&mut self, name: &str, text: A) -> Option<T> {
        self.valid(name, text.as_ref().parse())
    }

    /// Reads a link, which clients put under a word for people to follow: nothing but an address of the web will do.
    pub(crate) fn link(&mut self, name: &str, address: String) -> Option<Text> {
        let begins = |scheme: &&str| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        let scheme = ["http://", "https://"].into_iter().find(begins);
        if scheme.is_none_or(|scheme| address[scheme.len()..].trim().is_empty()) {
            return self.refuse(name, "is not an address that begins with http:// or https://");
        }
        if address.chars().count() > LINK_LIMIT {
            return self.refuse(name, format!("is longer than {LINK_LIMIT} characters"));
        }
        self.valid(name, Text::try_new(address))
    }

    /// Takes a value that cannot have a fault.
    pub(crate) fn taken<A: Into<T>, T>(&mut self, _: &str, value: A) -> Option<T> {
        Some(value.into())
    }

    /// Reads a number of people.
    pub(crate) fn people(&mut self, name: &str, people: i32) -> Option<HeadCount> {
        self.valid(name, HeadCount::try_new(people.into()))
    }

    /// Reads a number that is small and not negative.
    pub(crate) fn small(&mut self, name: &str, number: i32) -> Option<u16> {
        let small = u16::try_from(number).ok();
        small.or_else(|| self.refuse(name, format!("is not a whole number from 0 to {}", u16::MAX)))
    }

    /// Reads an instant.
    pub(crate) fn instant(&mut self, name: &str, instant: DateTime) -> Option<chrono::DateTime<Utc>> {
        let moment = self.valid(name, instant.moment());
        moment.and_then(Moment::hour).map(|hour| hour.to_utc())
    }

    /// Reads an object.
    pub(crate) fn part<P: Part>(&mut self, name: &str, part: P) -> Option<P::Checked> {
        self.inside(name, |fields| part.check(fields))
    }

    /// Takes a value that has a default: only null is none.
    pub(crate) fn given<A, T: From<A>>(&mut self, name: &str, value: Option<A>) -> Option<T> {
        value.map_or_else(|| self.refuse(name, NOT_NULL), |value| Some(value.into()))
    }

    /// Reads a value that can be missing; null is as good as left out.
    pub(crate) fn optional<A, T>(
        &mut self,
        name: &str,
        value: Option<A>,
        read: impl FnOnce(&mut Self, &str, A) -> Option<T>,
    ) -> Option<Option<T>> {
        value.map_or(Some(None), |value| read(self, name, value).map(Some))
    }

    /// Reads a change to a value that is always there.
    pub(crate) fn changed<A, T>(
        &mut self,
        name: &str,
        update: Update<A>,
        read: impl FnOnce(&mut Self, &str, A) -> Option<T>,
    ) -> Option<Option<T>> {
        match update {
            Update::Keep => Some(None),
            Update::Clear => self.refuse(name, NOT_NULL),
            Update::Set(value) => read(self, name, value).map(Some),
        }
    }

    /// Reads a change to a value that can be missing.
    pub(crate) fn patched<A, T>(
        &mut self,
        name: &str,
        update: Update<A>,
        read: impl FnOnce(&mut Self, &str, A) -> Option<T>,
    ) -> Option<Patch<T>> {
        match update {
            Update::Keep => Some(None),
            Update::Clear => Some(Some(None)),
            Update::Set(value) => read(self, name, value).map(|value| Some(Some(value))),
        }
    }

    /// Reads a list.
    pub(crate) fn list<A, T>(
        &mut self,
        name: &str,
        values: Vec<A>,
        mut read: impl FnMut(&mut Self, &str, A) -> Option<T>,
    ) -> Option<Vec<T>> {
        if values.len() > LIST_LIMIT {
            return self.refuse(name, format!("has {} entries, more than {LIST_LIMIT}", values.len()));
        }
        self.inside(name, |fields| {
            let read: Vec<_> =
                values.into_iter().enumerate().map(|(index, value)| read(fields, &index.to_string(), value)).collect();
            read.into_iter().collect()
        })
    }

    /// Reads a change to a list; null empties it.
    pub(crate) fn relisted<A, T>(
        &mut self,
        name: &str,
        update: Update<Vec<A>>,
        read: impl FnMut(&mut Self, &str, A) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        match update {
            Update::Keep => Some(None),
            Update::Clear => Some(Some(Vec::new())),
            Update::Set(values) => self.list(name, values, read).map(Some),
        }
    }

    fn inside<T>(&mut self, name: &str, check: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.to_owned());
        let checked = check(self);
        self.path.pop();
        checked
    }

    /// Puts the command together, unless a fault was found on the way.
    pub(crate) fn build<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Vec<Refusal>> {
        match build() {
            Some(command) if self.refusals.is_empty() => Ok(command),
            _ => Err(self.refusals),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{InputType, Value, value};

    use super::*;
    use crate::input::{AgendaItemInput, AttendancePartInput, VenueInput};

    fn object<P: InputType>(value: Value) -> P {
        P::parse(Some(value)).unwrap_or_else(|_| panic!("it reads"))
    }

    fn refusals<T: std::fmt::Debug>(result: Result<T, Vec<Refusal>>) -> Vec<(String, String)> {
        result.unwrap_err().into_iter().map(|refusal| (refusal.field.join("."), refusal.message)).collect()
    }

    #[test]
    fn every_fault_is_noted_with_the_path_that_leads_to_it() {
        let mut fields = Fields::default();
        let name: Option<Text> = fields.parsed("name", " ");
        let languages: Option<Vec<convene_domain::text::Language>> =
            fields.list("languages", vec!["en", "?", "pt-BR", "e"], Fields::parsed);
        let agenda = vec![
            object::<AgendaItemInput>(value!({ "title": "Welcome", "minutes": 70_000 })),
            object(value!({ "title": "", "kind": "no code" })),
        ];
        let agenda = fields.list("agenda", agenda, Fields::part);
        let venue = fields.part("venue", object::<VenueInput>(value!({ "latitude": 1 })));
        let members = fields.patched("members", Update::Set(-1), Fields::people);
        let part = fields.list("attendanceParts", vec![object::<AttendancePartInput>(value!({ "people": 3 }))], Fields::part);
        let found = refusals(fields.build(|| Some((name?, languages?, agenda?, venue?, members?, part?))));
        assert_eq!(
            found.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
            [
                "name",
                "languages.1",
                "languages.3",
                "agenda.0.minutes",
                "agenda.1.title",
                "agenda.1.kind",
                "venue.longitude",
                "members",
                "attendanceParts.0",
            ]
        );
        assert_eq!(found[6].1, "is missing: the latitude is given");
    }

    #[test]
    fn a_link_leads_to_the_web() {
        let longest = format!("https://{}", "é".repeat(LINK_LIMIT - 8));
        for address in ["http://a", "https://relief.example/a?b=c#d", "HTTPS://Relief.example", "hTTp://пример.рф/ä b", &longest]
        {
            let mut fields = Fields::default();
            assert_eq!(fields.link("sourceUrl", address.to_owned()).as_deref(), Some(address));
            assert!(fields.build(|| Some(())).is_ok(), "{address}");
        }
        let form = "is not an address that begins with http:// or https://";
        for (address, expected) in [
            ("", form),
            (" ", form),
            ("http", form),
            ("http:/", form),
            ("https://", form),
            ("http:// ", form),
            (" https://relief.example", form),
            ("relief.example", form),
            ("//relief.example", form),
            ("https:relief.example", form),
            ("httpé://relief.example", form),
            ("ftp://relief.example", form),
            ("mailto:asha@relief.example", form),
            ("javascript://relief.example/%0aalert(1)", form),
            ("https://a\0b", "contains a NUL character"),
            (&format!("{longest}/"), "is longer than 2000 characters"),
        ] {
            let mut fields = Fields::default();
            let link = fields.link("sourceUrl", address.to_owned());
            let found = refusals(fields.build(|| link));
            assert_eq!(found, [("sourceUrl".to_owned(), expected.to_owned())], "{address}");
        }
    }

    #[test]
    fn a_list_that_is_too_long_is_not_looked_into() {
        let mut fields = Fields::default();
        let codes: Option<Vec<convene_domain::text::Code>> = fields.list("outcomes", vec!["?"; 501], Fields::parsed);
        let found = refusals(fields.build(|| codes));
        assert_eq!(found, [("outcomes".to_owned(), "has 501 entries, more than 500".to_owned())]);
    }

    #[test]
    fn an_update_leaves_clears_or_sets() {
        let mut fields = Fields::default();
        assert_eq!(fields.patched("city", Update::<i32>::Keep, Fields::taken::<i32, i64>), Some(None));
        assert_eq!(fields.patched("city", Update::Clear, Fields::taken::<i32, i64>), Some(Some(None)));
        assert_eq!(fields.patched("city", Update::Set(1), Fields::taken::<i32, i64>), Some(Some(Some(1))));
        assert_eq!(fields.relisted("hosts", Update::Clear, Fields::taken::<i32, i64>), Some(Some(vec![])));
        assert_eq!(fields.changed("title", Update::<i32>::Keep, Fields::taken::<i32, i64>), Some(None));
        assert_eq!(fields.changed("title", Update::Clear, Fields::taken::<i32, i64>), None);
        assert_eq!(refusals(fields.build(|| Some(()))), [("title".to_owned(), "cannot be null".to_owned())]);
    }
}
