//! Places on the map, as they are given.

use async_graphql::InputObject;
use convene_domain::place;

use super::{Fields, Part};

/// A point on the map, in degrees (WGS 84).
#[derive(Debug, InputObject)]
pub(crate) struct CoordinatesInput {
    /// Degrees north of the equator, -90 to 90; negative to the south.
    latitude: f64,
    /// Degrees east of Greenwich, -180 to 180; negative to the west.
    longitude: f64,
}

impl Part for CoordinatesInput {
    type Checked = place::Coordinates;

    fn check(self, fields: &mut Fields) -> Option<place::Coordinates> {
        point(fields, self.latitude, self.longitude)
    }
}

/// Where a gathering takes place, as far as it is known.
#[derive(Debug, InputObject)]
pub(crate) struct VenueInput {
    /// The city.
    city: Option<String>,
    /// The country by its two letters (ISO 3166-1), such as `KE`.
    country: Option<String>,
    /// Degrees north of the equator (WGS 84), -90 to 90; only together with `longitude`.
    latitude: Option<f64>,
    /// Degrees east of Greenwich (WGS 84), -180 to 180; only together with `latitude`.
    longitude: Option<f64>,
}

impl Part for VenueInput {
    type Checked = place::Venue;

    fn check(self, fields: &mut Fields) -> Option<place::Venue> {
        let city = fields.optional("city", self.city, Fields::parsed);
        let country = fields.optional("country", self.country, Fields::parsed);
        let coordinates = match (self.latitude, self.longitude) {
            (None, None) => Some(None),
            (Some(latitude), Some(longitude)) => point(fields, latitude, longitude).map(Some),
            (Some(_), None) => fields.refuse("longitude", "is missing: the latitude is given"),
            (None, Some(_)) => fields.refuse("latitude", "is missing: the longitude is given"),
        };
        Some(place::Venue { city: city?, country: country?, coordinates: coordinates? })
    }
}

/// Both numbers are looked at, for each may have a fault of its own.
fn point(fields: &mut Fields, latitude: f64, longitude: f64) -> Option<place::Coordinates> {
    let north = fields.valid("latitude", place::Coordinates::try_new(latitude, 0.0));
    let east = fields.valid("longitude", place::Coordinates::try_new(0.0, longitude));
    north.and(east)?;
    place::Coordinates::try_new(latitude, longitude).ok()
}
