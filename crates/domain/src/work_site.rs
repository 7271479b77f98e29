//! Work sites: where people work, as precisely as others may know, and how strong or how needed the practice is there.

use chrono::{Days, NaiveDate};

use crate::{
    Invalid,
    access::Audience,
    id::{AssessmentId, CommunityId, NetworkId, WorkSiteId},
    place::Coordinates,
    record::Recorded,
    text::{Country, Text},
    words::words,
};

/// The most assessments of one site. One a month fills it in eight years.
pub const ASSESSMENT_LIMIT: usize = 100;
/// The most characters of a name, and of what is said in an assessment.
const LENGTHS: (usize, usize) = (200, 2_000);
/// How many degrees are split into ten cells, once around.
const COLUMNS: u32 = 3_600;

words! {
    /// How precisely those are told where a site is who see it and do not write it.
    Precision, "precision" {
        /// The point itself.
        Exact = "EXACT",
        /// The middle of a cell of a tenth of a degree.
        Near = "NEAR",
        /// No point, only what is said of region and country.
        Region = "REGION",
    }
}

words! {
    /// How strong the practice is in an area.
    Strength, "strength" {
        /// Nobody does it.
        Absent = "ABSENT",
        /// Few do it, or it may end.
        Weak = "WEAK",
        /// It becomes more.
        Growing = "GROWING",
        /// It is well established.
        Strong = "STRONG",
    }
}

words! {
    /// How much more of the practice an area needs.
    Need, "need" {
        /// What is needed is there.
        Met = "MET",
        /// A little more.
        Low = "LOW",
        /// Much more.
        High = "HIGH",
        /// Much more, and soon.
        Urgent = "URGENT",
    }
}

impl Precision {
    /// What is told of a point. The same point gives the same answer for ever: whoever asks again learns nothing more.
    pub fn show(self, point: Coordinates) -> Option<Coordinates> {
        match self {
            Self::Exact => Some(point),
            Self::Near => middle(point),
            Self::Region => None,
        }
    }
}

/// The middle of the cell that a point lies in: a tenth of a degree from south to north, and as much from west to east.
/// Meridians close in towards the poles, so from 60 degrees on as many cells are taken together as it takes to be at least
/// half as wide as high, some five and a half kilometres; at the poles, it is all around.
fn middle(point: Coordinates) -> Option<Coordinates> {
    // The pole belongs to the last row.
    let row = (point.latitude() * 10.0).floor().clamp(-900.0, 899.0);
    let edge = if row < 0.0 { -row } else { row + 1.0 };
    let narrow = (edge / 10.0).to_radians().cos();
    // Only what divides the circle, so that no cell is cut off where it ends.
    let mut widths = (1..=COLUMNS).filter(|width| COLUMNS.is_multiple_of(*width)).map(f64::from);
    let width = widths.find(|width| width * narrow >= 0.5).unwrap_or(f64::from(COLUMNS));
    // 180 degrees west and east are the same meridian.
    let east = if point.longitude() >= 180.0 { 0.0 } else { point.longitude() + 180.0 };
    let column = (east * 10.0 / width).floor().min(f64::from(COLUMNS) / width - 1.0);
    // Whole numbers of twentieths of a degree, which are divided last, so that what is told has two decimals.
    let (latitude, longitude) = ((row * 2.0 + 1.0) / 20.0, ((column * 2.0 + 1.0) * width - f64::from(COLUMNS)) / 20.0);
    Coordinates::try_new(latitude, longitude).ok()
}

/// A place or an area where people of a community work.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkSite {
    /// The network.
    pub network: NetworkId,
    /// The community.
    pub community: CommunityId,
    /// What it is called. Told as written.
    pub name: Text,
    /// The country.
    pub country: Option<Country>,
    /// The region's name. Told as written.
    pub region: Option<Text>,
    /// The point, if it is known.
    pub coordinates: Option<Coordinates>,
    /// How precisely others are told of the point.
    pub precision: Precision,
    /// Who may see the site.
    pub audience: Audience,
}

/// A work site as someone sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenSite {
    /// The site, with the point that is shown.
    pub site: Recorded<WorkSiteId, WorkSite>,
    /// Whether that is the point itself.
    pub is_exact: bool,
}

impl SeenSite {
    /// What is shown of a site: all of it to those who may write it, to others what its precision allows.
    pub fn of(mut site: Recorded<WorkSiteId, WorkSite>, by_those_who_write: bool) -> Self {
        let precision = site.precision;
        if !by_those_who_write {
            site.content.coordinates = site.content.coordinates.and_then(|point| precision.show(point));
        }
        let is_exact = site.coordinates.is_some() && (by_those_who_write || precision == Precision::Exact);
        Self { site, is_exact }
    }
}

/// The name of a site or of its region.
pub fn name(text: String) -> Result<Text, Invalid> {
    shorter(text, LENGTHS.0)
}

/// The source of an assessment, or a note to it.
pub fn remark(text: String) -> Result<Text, Invalid> {
    shorter(text, LENGTHS.1)
}

fn shorter(text: String, limit: usize) -> Result<Text, Invalid> {
    match text.chars().count() > limit {
        true => Err(Invalid::new(format!("is longer than {limit} characters"))),
        false => Text::try_new(text),
    }
}

/// How strong or how needed the practice was at a site on a day, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Its identity.
    pub id: AssessmentId,
    /// The day.
    pub assessed_on: NaiveDate,
    /// How strong; `None` when that was not assessed.
    pub strength: Option<Strength>,
    /// How needed; `None` when that was not assessed.
    pub need: Option<Need>,
    /// Who found out, and how.
    pub source: Text,
    /// What else there is to say.
    pub note: Option<Text>,
}

impl Assessment {
    /// Checks that it says something, and nothing of a day that has not begun anywhere on earth.
    pub fn check(&self, today: NaiveDate) -> Result<(), (&'static str, Invalid)> {
        if self.strength.is_none() && self.need.is_none() {
            return Err(("strength", Invalid::new("is missing, and so is the need: one of the two has to be said")));
        }
        let last = today.checked_add_days(Days::new(1)).unwrap_or(today);
        if self.assessed_on > last {
            return Err(("assessedOn", Invalid::new("lies in the future")));
        }
        Ok(())
    }

    /// How many days old it is on a day.
    pub fn age(&self, on: NaiveDate) -> i64 {
        (on - self.assessed_on).num_days()
    }
}

/// Which work sites are asked for. An empty list lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct WorkSiteFilter {
    /// Only in these countries.
    pub countries: Vec<Country>,
    /// Only those of whose newest assessment this is so.
    pub assessed: Option<Assessed>,
}

/// What is asked of the newest assessment of a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Assessed {
    /// Assessments of later days do not count.
    pub as_of: NaiveDate,
    /// Only these strengths.
    pub strengths: Vec<Strength>,
    /// Only these needs.
    pub needs: Vec<Need>,
    /// Only assessments of earlier days than this, or none at all.
    pub before: Option<NaiveDate>,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::InstanceId;

    fn near(latitude: f64, longitude: f64) -> (f64, f64) {
        let point = Coordinates::try_new(latitude, longitude).expect("on the globe");
        let shown = Precision::Near.show(point).expect("a point");
        (shown.latitude(), shown.longitude())
    }

    #[test]
    fn a_point_is_told_as_the_middle_of_its_cell() {
        for (point, expected) in [
            ((-1.2921, 36.8219), (-1.25, 36.85)),
            ((-1.2, 36.8), (-1.15, 36.85)),
            ((-1.201, 36.899), (-1.25, 36.85)),
            ((0.0, 0.0), (0.05, 0.05)),
            ((-0.0001, -0.0001), (-0.05, -0.05)),
            ((59.91, 10.75), (59.95, 10.75)),
        ] {
            assert_eq!(near(point.0, point.1), expected, "{point:?}");
        }
        let point = Coordinates::try_new(-1.2921, 36.8219).expect("on the globe");
        assert_eq!(Precision::Exact.show(point), Some(point));
        assert_eq!(Precision::Region.show(point), None);
    }

    #[test]
    fn the_date_line_and_the_poles_are_told_like_any_other_place() {
        assert_eq!(near(-17.8, 180.0), near(-17.8, -180.0));
        assert_eq!(near(-17.8, 179.99), (-17.75, 179.95));
        assert_eq!(near(-17.8, -179.99), (-17.75, -179.95));
        for longitude in [-180.0, -77.7, 0.0, 123.4, 180.0] {
            assert_eq!(near(90.0, longitude), (89.95, 0.0));
            assert_eq!(near(-90.0, longitude), (-89.95, 0.0));
        }
        // Half as wide as a cell at the equator, in degrees of the equator, whatever the latitude.
        for row in -900..900 {
            let latitude = f64::from(row) / 10.0 + 0.05;
            let (from, mut wide) = (near(latitude, -180.0), 0.0);
            while wide < 360.0 && near(latitude, wide - 180.0) == from {
                wide += 0.05;
            }
            let edge = (latitude.abs() + 0.05).to_radians().cos();
            assert!(wide >= 359.9 || wide * edge >= 0.0499, "at {latitude} a cell is {wide} degrees wide");
        }
    }

    /// What is told can be asked about as often as one likes, and from wherever in the cell.
    #[test]
    fn asking_again_teaches_nothing() {
        let mut seed = 7_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from((seed >> 40) as u32) / f64::from(1_u32 << 24)
        };
        for _ in 0..20_000 {
            let (latitude, longitude) = (random() * 180.0 - 90.0, random() * 360.0 - 180.0);
            let shown = near(latitude, longitude);
            assert_eq!(near(shown.0, shown.1), shown, "the middle lies in the cell: {latitude}, {longitude}");
            assert!((shown.0 - latitude).abs() <= 0.0501, "{latitude}, {longitude} is told as {shown:?}");
            let narrow = (latitude.abs() + 0.1).min(90.0).to_radians().cos();
            let apart = (shown.1 - longitude).abs();
            assert!(apart.min(360.0 - apart) <= (0.0501 / narrow).min(180.0), "{latitude}, {longitude} is told as {shown:?}");
            assert_eq!(format!("{:.2}", shown.0).parse(), Ok(shown.0), "two decimals and no more");
            assert_eq!(format!("{:.2}", shown.1).parse(), Ok(shown.1), "two decimals and no more");
        }
    }

    fn site(precision: Precision) -> Recorded<WorkSiteId, WorkSite> {
        let content = WorkSite {
            network: NetworkId::from_uuid(Uuid::from_u128(1)),
            community: CommunityId::from_uuid(Uuid::from_u128(2)),
            name: Text::try_new("Clinic by the river").expect("legal"),
            country: None,
            region: None,
            coordinates: Coordinates::try_new(-1.2921, 36.8219).ok(),
            precision,
            audience: Audience::Members,
        };
        Recorded::first(WorkSiteId::from_uuid(Uuid::from_u128(3)), InstanceId::from_uuid(Uuid::from_u128(4)), content)
    }

    #[test]
    fn who_writes_a_site_sees_where_it_is() {
        for (precision, told, is_exact) in [
            (Precision::Exact, Coordinates::try_new(-1.2921, 36.8219).ok(), true),
            (Precision::Near, Coordinates::try_new(-1.25, 36.85).ok(), false),
            (Precision::Region, None, false),
        ] {
            let others = SeenSite::of(site(precision), false);
            assert_eq!((others.site.coordinates, others.is_exact), (told, is_exact), "{precision}");
            let own = SeenSite::of(site(precision), true);
            assert_eq!((own.site.coordinates, own.is_exact), (site(precision).coordinates, true), "{precision}");
        }
    }

    #[test]
    fn an_assessment_says_something_of_a_day_that_has_begun() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 5, day).expect("a day");
        let assessment = Assessment {
            id: AssessmentId::from_uuid(Uuid::from_u128(1)),
            assessed_on: day(10),
            strength: Some(Strength::Weak),
            need: None,
            source: Text::try_new("Survey").expect("legal"),
            note: None,
        };
        assert_eq!(assessment.age(day(10)), 0);
        assert_eq!(assessment.age(day(31)), 21);
        assert!(assessment.check(day(10)).is_ok());
        assert!(assessment.check(day(9)).is_ok(), "there it is tomorrow already");
        assert_eq!(assessment.check(day(8)).map_err(|(field, _)| field), Err("assessedOn"));
        let silent = Assessment { strength: None, ..assessment };
        assert_eq!(silent.check(day(20)).map_err(|(field, _)| field), Err("strength"));
    }
}
