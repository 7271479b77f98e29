//! Where and when a title or sentence may be used.

use super::places::Place;

/// The `marks` column, read: words separated by blanks. `>=2024-06` and `<2025-01` bound the month,
/// `late` means the end of a year, `room` and `online` the form of the gathering, `secret` a
/// confidential item; any other word names a country, region code or community.
#[derive(Default)]
pub(super) struct Marks {
    places: Vec<String>,
    from: Option<String>,
    until: Option<String>,
    late: bool,
    online: Option<bool>,
    pub(super) secret: bool,
}

impl Marks {
    pub(super) fn read(text: &str) -> Self {
        let mut marks = Self::default();
        for word in text.split_whitespace() {
            if let Some(month) = word.strip_prefix(">=") {
                marks.from = Some(month.to_owned());
            } else if let Some(month) = word.strip_prefix('<') {
                marks.until = Some(month.to_owned());
            } else {
                match word {
                    "late" => marks.late = true,
                    "secret" => marks.secret = true,
                    "online" => marks.online = Some(true),
                    "room" => marks.online = Some(false),
                    place => marks.places.push(place.to_owned()),
                }
            }
        }
        marks
    }

    /// Whether it fits a gathering of `place` in `month` (`YYYY-MM`).
    pub(super) fn fit(&self, place: &Place, month: &str, online: bool) -> bool {
        let here = [&place.country, &place.region_code, &place.slug];
        let somewhere = self.places.is_empty() || self.places.iter().any(|word| here.contains(&word));
        somewhere
            && self.from.as_deref().is_none_or(|from| from <= month)
            && self.until.as_deref().is_none_or(|until| month < until)
            && (!self.late || month.ends_with("-11") || month.ends_with("-12"))
            && self.online.is_none_or(|wanted| wanted == online)
    }

    /// Whether it was written for certain places.
    pub(super) fn is_local(&self) -> bool {
        !self.places.is_empty()
    }
}
