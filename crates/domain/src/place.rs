//! Places on the map.

use std::hash::{Hash, Hasher};

use crate::{
    Invalid,
    text::{Country, Text},
};

/// A point on the map, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinates {
    latitude: f64,
    longitude: f64,
}

/// The numbers are never NaN, so that every point equals itself.
impl Eq for Coordinates {}

impl Hash for Coordinates {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Adding zero turns -0.0, which equals 0.0, into it.
        [self.latitude + 0.0, self.longitude + 0.0].map(f64::to_bits).hash(state);
    }
}

impl Coordinates {
    /// Checks the two numbers.
    pub fn try_new(latitude: f64, longitude: f64) -> Result<Self, Invalid> {
        // Written so that NaN, which is in no range, is refused as well.
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(Invalid::new("is not a latitude from -90 to 90"));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(Invalid::new("is not a longitude from -180 to 180"));
        }
        // Minus zero is zero, and one of the databases would say so.
        Ok(Self { latitude: latitude + 0.0, longitude: longitude + 0.0 })
    }

    /// Degrees north of the equator.
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east of Greenwich.
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// Whether this is 0, 0: what software writes when it does not know, and open sea.
    pub fn is_null_island(self) -> bool {
        self.latitude == 0.0 && self.longitude == 0.0
    }
}

/// A box on the map. It crosses the 180th meridian where `west` is greater than `east`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Area {
    south_west: Coordinates,
    north_east: Coordinates,
}

impl Area {
    /// Checks the corners.
    pub fn try_new(south: f64, west: f64, north: f64, east: f64) -> Result<Self, Invalid> {
        let south_west = Coordinates::try_new(south, west)?;
        let north_east = Coordinates::try_new(north, east)?;
        if south > north {
            return Err(Invalid::new("has its south edge north of its north edge"));
        }
        Ok(Self { south_west, north_east })
    }

    /// The corner with the smallest latitude and the western longitude.
    pub fn south_west(self) -> Coordinates {
        self.south_west
    }

    /// The corner with the greatest latitude and the eastern longitude.
    pub fn north_east(self) -> Coordinates {
        self.north_east
    }

    /// Whether the box crosses the 180th meridian.
    pub fn crosses_date_line(self) -> bool {
        self.south_west.longitude > self.north_east.longitude
    }
}

/// Where a community is at home. All of it can be unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Home {
    /// The country.
    pub country: Option<Country>,
    /// The region's code, ISO 3166-2 as a rule.
    pub region_code: Option<Text>,
    /// The region's name.
    pub region_name: Option<Text>,
    /// The city's name.
    pub city: Option<Text>,
    /// The point that stands for the community on a map.
    pub coordinates: Option<Coordinates>,
}

/// Where a gathering took place. All of it can be unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Venue {
    /// The city as written by the source: nobody unified the spelling.
    pub city: Option<Text>,
    /// The country.
    pub country: Option<Country>,
    /// The point as given by the source; not always a real place.
    pub coordinates: Option<Coordinates>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_lie_on_the_globe() {
        assert!(Coordinates::try_new(90.0, -180.0).is_ok());
        for (latitude, longitude) in [(90.1, 0.0), (0.0, 180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert!(Coordinates::try_new(latitude, longitude).is_err());
        }
        assert!(Coordinates::try_new(0.0, 0.0).is_ok_and(Coordinates::is_null_island));
    }

    #[test]
    fn a_box_may_cross_the_date_line_but_not_stand_on_its_head() {
        assert!(Area::try_new(-20.0, 170.0, 0.0, -170.0).is_ok_and(Area::crosses_date_line));
        assert!(Area::try_new(10.0, 0.0, -10.0, 5.0).is_err());
    }
}
