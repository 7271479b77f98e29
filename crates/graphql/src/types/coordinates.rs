//! Points on the map.

use async_graphql::SimpleObject;

/// A point on the map, in degrees (WGS 84).
#[derive(Debug, SimpleObject)]
pub(crate) struct Coordinates {
    /// Degrees north of the equator; negative to the south.
    latitude: f64,
    /// Degrees east of Greenwich; negative to the west.
    longitude: f64,
}

impl From<convene_domain::place::Coordinates> for Coordinates {
    fn from(point: convene_domain::place::Coordinates) -> Self {
        Self { latitude: point.latitude(), longitude: point.longitude() }
    }
}
