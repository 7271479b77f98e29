//! Short written values with rules: names, slugs, codes, languages, counts.

use std::{collections::BTreeSet, fmt, ops::Deref, str::FromStr};

use unicode_normalization::UnicodeNormalization;

use crate::Invalid;

/// The most bytes that one text holds (64 KiB): the limit of a field of an import file.
pub const TEXT_LIMIT: usize = 64 * 1024;

macro_rules! checked_text {
    ($($(#[$meta:meta])* $name:ident, $check:ident;)+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(String);

            impl $name {
                /// Checks the text.
                pub fn try_new(text: impl Into<String>) -> Result<Self, Invalid> {
                    let text = text.into();
                    $check(&text)?;
                    Ok(Self(text))
                }

                /// Gives the text away.
                pub fn into_string(self) -> String {
                    self.0
                }
            }

            impl Deref for $name {
                type Target = str;

                fn deref(&self) -> &str {
                    &self.0
                }
            }

            impl FromStr for $name {
                type Err = Invalid;

                fn from_str(text: &str) -> Result<Self, Invalid> {
                    Self::try_new(text)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )+
    };
}

checked_text! {
    /// Any text with something to read in it. Kept as given, blanks at its ends included.
    Text, check_text;
    /// The name in addresses: letters, digits, `-`, `_`, `.` and `~`; at most 128 characters.
    Slug, check_slug;
    /// A code of a vocabulary: `A` to `Z`, `0` to `9` and `_`, beginning with a letter; at most 64 characters.
    Code, check_code;
    /// A language tag such as `en`, `pt-BR` or `zh-Hant`.
    Language, check_language;
    /// A country by ISO 3166-1 alpha-2, such as `KE`.
    Country, check_country;
    /// How often a community means to meet: the value of an iCalendar `RRULE`, such as `FREQ=MONTHLY;INTERVAL=2`.
    Cadence, check_cadence;
}

fn check_text(text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::new("is blank"));
    }
    if text.len() > TEXT_LIMIT {
        return Err(Invalid::new(format!("is {} bytes long, more than {TEXT_LIMIT}", text.len())));
    }
    // Postgres has no way to store it.
    if text.contains('\0') {
        return Err(Invalid::new("contains a NUL character"));
    }
    Ok(())
}

fn check_slug(text: &str) -> Result<(), Invalid> {
    // Letters of any script with their marks, but nothing that ends a word, a path or a list of slugs.
    let legal =
        |c: char| !c.is_whitespace() && !c.is_control() && (!c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~".contains(c));
    if text.is_empty() || text.chars().count() > 128 {
        return Err(Invalid::new("is not a slug: it has 1 to 128 characters"));
    }
    if matches!(text, "." | "..") {
        return Err(Invalid::new("is not a slug: in an address it leads elsewhere"));
    }
    match text.chars().find(|c| !legal(*c)) {
        Some(c) => Err(Invalid::new(format!("is not a slug: {c:?} is none of letters, digits, '-', '_', '.', '~'"))),
        None => Ok(()),
    }
}

fn check_code(text: &str) -> Result<(), Invalid> {
    let legal = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if legal {
        Ok(())
    } else {
        Err(Invalid::new("is not a code: capital letters, digits and '_', a letter first, at most 64 characters"))
    }
}

fn check_language(text: &str) -> Result<(), Invalid> {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let legal = (2..=8).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && text.len() <= 35;
    if legal { Ok(()) } else { Err(Invalid::new("is not a language tag such as en or pt-BR")) }
}

fn check_country(text: &str) -> Result<(), Invalid> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(Invalid::new("is not a country code: two capital letters (ISO 3166-1 alpha-2)"))
    }
}

fn check_cadence(text: &str) -> Result<(), Invalid> {
    // The library takes it, and nothing would ever come of it.
    if text.split(';').any(|part| part.eq_ignore_ascii_case("INTERVAL=0")) {
        return Err(Invalid::new("is not a recurrence rule (iCalendar RRULE): INTERVAL is at least 1"));
    }
    let refused = || Invalid::new("is not a recurrence rule (iCalendar RRULE), such as FREQ=MONTHLY;INTERVAL=2");
    let rule: rrule::RRule<rrule::Unvalidated> = text.parse().map_err(|_| refused())?;
    // Whether a rule makes sense can depend on its first date; any will do to see that it is whole.
    let first = chrono::DateTime::UNIX_EPOCH.with_timezone(&rrule::Tz::UTC);
    rule.validate(first).map(drop).map_err(|_| refused())
}

impl Cadence {
    /// A rule that was checked when it was written down. To check it again costs more than to read all else of a community.
    pub fn checked_before(text: String) -> Self {
        Self(text)
    }
}

/// A number of people. At most 10,000,000: more is a slip of the keyboard, and sums stay far from overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeadCount(u32);

impl HeadCount {
    /// The largest number of people.
    pub const MAX: u32 = 10_000_000;

    /// Checks the number.
    pub fn try_new(people: i64) -> Result<Self, Invalid> {
        match u32::try_from(people) {
            Ok(people) if people <= Self::MAX => Ok(Self(people)),
            _ => Err(Invalid::new(format!("is not a number of people from 0 to {}", Self::MAX))),
        }
    }

    /// The number.
    pub fn people(self) -> u32 {
        self.0
    }
}

/// Text as it is compared in searches: without regard to capitals, in any script.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// A name as it is compared: without regard to capitals, to how its letters are put together from their parts, or to how many
/// blanks stand around it and between its words.
pub fn fold_name(name: &str) -> String {
    let composed: String = fold(name).nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The ways in which a name stands in folded texts: as given, and with its letters composed or taken apart. Texts are kept as
/// they were written, and which way that is shows nowhere.
pub fn folded_forms(name: &str) -> BTreeSet<String> {
    let folded = fold(name.trim());
    [folded.nfc().collect(), folded.nfd().collect(), folded].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_the_same_are_the_same() {
        for name in ["Zo\u{eb}  Ngugi", " ZOE\u{308} NGUGI ", "zoe\u{308}\u{a0}ngugi"] {
            assert_eq!(fold_name(name), "zo\u{eb} ngugi", "{name:?}");
        }
        assert_ne!(fold_name("Zoe Ngugi"), fold_name("Zo\u{eb} Ngugi"));
        let forms = BTreeSet::from(["zo\u{eb}".to_owned(), "zoe\u{308}".to_owned()]);
        assert_eq!(folded_forms(" Zo\u{eb}"), forms);
        assert_eq!(folded_forms("ZOE\u{308}"), forms);
        assert_eq!(folded_forms("Ana"), BTreeSet::from(["ana".to_owned()]));
    }

    #[test]
    fn text_is_kept_as_given_and_has_something_to_read() {
        assert_eq!(&*Text::try_new("  R & Coffee ").expect("legal"), "  R & Coffee ");
        assert!(Text::try_new(" \t ").is_err());
        assert!(Text::try_new("a\0b").is_err());
        assert!(Text::try_new("x".repeat(TEXT_LIMIT)).is_ok());
        assert!(Text::try_new("x".repeat(TEXT_LIMIT + 1)).is_err());
    }

    #[test]
    fn slugs_codes_languages_and_countries_have_their_forms() {
        for slug in ["rladies-nairobi", "RLadiesJeddah", "münchen", "cafe\u{301}", "हिन्दी", "a.b_c~1"] {
            assert!(Slug::try_new(slug).is_ok(), "{slug}");
        }
        for slug in ["", "two words", "a;b", "a/b"] {
            assert!(Slug::try_new(slug).is_err(), "{slug}");
        }
        assert!(Code::try_new("TRAINING_FACILITATOR").is_ok());
        assert!(Code::try_new("9LIVES").is_err() && Code::try_new("Care").is_err());
        assert!(Language::try_new("pt-BR").is_ok() && Language::try_new("zh-Hant").is_ok());
        assert!(Language::try_new("english please").is_err() && Language::try_new("e").is_err());
        assert!(Country::try_new("KE").is_ok());
        assert!(Country::try_new("ke").is_err() && Country::try_new("KEN").is_err());
    }

    #[test]
    fn a_cadence_is_a_whole_recurrence_rule() {
        assert!(Cadence::try_new("FREQ=MONTHLY;INTERVAL=2").is_ok());
        assert!(Cadence::try_new("FREQ=WEEKLY;BYDAY=TU").is_ok());
        for rule in ["monthly", "FREQ=SOMETIMES", "INTERVAL=2", "FREQ=MONTHLY;BYMONTHDAY=99", "FREQ=MONTHLY;INTERVAL=0"] {
            assert!(Cadence::try_new(rule).is_err(), "{rule}");
        }
    }

    #[test]
    fn nobody_counts_below_zero_or_beyond_reason() {
        assert_eq!(HeadCount::try_new(0).map(HeadCount::people), Ok(0));
        assert!(HeadCount::try_new(-1).is_err());
        assert!(HeadCount::try_new(10_000_001).is_err());
    }
}
