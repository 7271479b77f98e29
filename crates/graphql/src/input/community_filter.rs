//! Which communities a list shows.

use async_graphql::{ID, InputObject};
use convene_domain::{community, place};

use crate::{
    error::Error,
    input::{self, Filter, checked},
    types::{CommunityStatus, Level},
};

/// Which communities a list shows: those that fit in all respects that are given. A list that is left out or empty lets
/// everything through; each has at most 100 values.
#[derive(Debug, InputObject)]
pub(crate) struct CommunityFilter {
    /// Only these levels.
    levels: Option<Vec<Level>>,
    /// Only these statuses.
    statuses: Option<Vec<CommunityStatus>>,
    /// Only these countries, by their two letters (ISO 3166-1).
    countries: Option<Vec<String>>,
    /// Only regions with these codes.
    region_codes: Option<Vec<String>>,
    /// Only communities that were founded in one of these years.
    founded_years: Option<Vec<i32>>,
    /// Only communities whose name, city or slug contains this, capitals or not; at most 200 characters.
    text: Option<String>,
    /// Only communities whose location lies in this box.
    area: Option<Area>,
    /// Only communities right beneath the community with this id.
    parent: Option<ID>,
    /// Only communities without one above them.
    #[graphql(default_with = "Some(false)")]
    top: Option<bool>,
}

impl Filter for CommunityFilter {
    type Checked = community::CommunityFilter;

    fn check(self) -> Result<community::CommunityFilter, Error> {
        Ok(community::CommunityFilter {
            levels: input::values("filter.levels", self.levels)?,
            statuses: input::values("filter.statuses", self.statuses)?,
            countries: input::parsed("filter.countries", self.countries)?,
            region_codes: input::parsed("filter.regionCodes", self.region_codes)?,
            founded_years: input::values("filter.foundedYears", self.founded_years)?,
            text: input::search("filter.text", self.text)?,
            area: self.area.map(Area::check).transpose()?,
            parent: self.parent.map(|parent| input::id("filter.parent", &parent)).transpose()?,
            top: self.top.unwrap_or_default(),
            children: false,
        })
    }
}

/// A box on the map, in degrees (WGS 84), edges included. It crosses the 180th meridian where `west` is greater than
/// `east`.
#[derive(Debug, InputObject)]
pub(crate) struct Area {
    /// The southern edge, -90 to 90.
    south: f64,
    /// The western edge, -180 to 180.
    west: f64,
    /// The northern edge, -90 to 90.
    north: f64,
    /// The eastern edge, -180 to 180.
    east: f64,
}

impl Area {
    fn check(self) -> Result<place::Area, Error> {
        checked("filter.area", place::Area::try_new(self.south, self.west, self.north, self.east))
    }
}
