//! What is said of a community besides its name and its place in the tree.

use async_graphql::InputObject;
use convene_application::writing::communities::CommunityDetails;
use convene_domain::Invalid;

use super::{CoordinatesInput, Fields, Part, Update};
use crate::{
    scalars::Date,
    types::{Audience, Format},
};

/// What is said of a community and can be changed at any time.
#[derive(Debug, InputObject)]
pub(crate) struct CommunityDetailsInput {
    /// What it is for: the concern that its members share. Null when nobody wrote it down.
    purpose: Update<String>,
    /// The country by its two letters (ISO 3166-1), such as `KE`; null when unknown.
    country: Update<String>,
    /// The region's code, by ISO 3166-2 as a rule; null when unknown.
    region_code: Update<String>,
    /// The region's name; null when unknown.
    region_name: Update<String>,
    /// The city's name; null when unknown.
    city: Update<String>,
    /// The point that stands for the community on a map; null when unknown.
    location: Update<CoordinatesInput>,
    /// The time zone of its local times, such as `Africa/Nairobi`; null when unknown.
    time_zone: Update<String>,
    /// The languages it works in, all of them, as tags such as `en` or `pt-BR`; null for none.
    languages: Update<Vec<String>>,
    /// How it usually meets; null when it does not say.
    format: Update<Format>,
    /// How often it means to meet, as an iCalendar recurrence rule such as `FREQ=MONTHLY;INTERVAL=2`; null when it does not
    /// say.
    cadence: Update<String>,
    /// Within how many days after a gathering its report is due, 0 to 65,535; null when it does not say.
    report_due_days: Update<i32>,
    /// Who may read its reports where a report does not say; null when it does not say.
    default_audience: Update<Audience>,
    /// How many members it says it has, in people; null when it does not say.
    members: Update<i32>,
    /// The day it was founded; null when unknown.
    founded_on: Update<Date>,
    /// The day it joined the network; null when unknown.
    joined_network_on: Update<Date>,
    /// Its page elsewhere: an address that begins with `http://` or `https://`, at most 2,000 characters; null when there is
    /// none.
    source_url: Update<String>,
}

impl Part for CommunityDetailsInput {
    type Checked = CommunityDetails;

    fn check(self, fields: &mut Fields) -> Option<CommunityDetails> {
        let purpose = fields.patched("purpose", self.purpose, Fields::parsed);
        let country = fields.patched("country", self.country, Fields::parsed);
        let region_code = fields.patched("regionCode", self.region_code, Fields::parsed);
        let region_name = fields.patched("regionName", self.region_name, Fields::parsed);
        let city = fields.patched("city", self.city, Fields::parsed);
        let coordinates = fields.patched("location", self.location, Fields::part);
        let time_zone = fields.patched("timeZone", self.time_zone, |fields, name, zone| {
            fields.valid(name, zone.parse().map_err(|_| Invalid::new("is not a time zone such as Africa/Nairobi")))
        });
        let languages = fields.relisted("languages", self.languages, Fields::parsed);
        let format = fields.patched("format", self.format, Fields::taken);
        let cadence = fields.patched("cadence", self.cadence, Fields::parsed);
        let report_due_days = fields.patched("reportDueDays", self.report_due_days, Fields::small);
        let default_audience = fields.patched("defaultAudience", self.default_audience, Fields::taken);
        let members = fields.patched("members", self.members, Fields::people);
        let founded_on = fields.patched("foundedOn", self.founded_on, Fields::taken);
        let joined_network_on = fields.patched("joinedNetworkOn", self.joined_network_on, Fields::taken);
        let source_url = fields.patched("sourceUrl", self.source_url, Fields::link);
        Some(CommunityDetails {
            country: country?,
            region_code: region_code?,
            region_name: region_name?,
            city: city?,
            coordinates: coordinates?,
            time_zone: time_zone?,
            founded_on: founded_on?,
            joined_network_on: joined_network_on?,
            members: members?,
            default_audience: default_audience?,
            cadence: cadence?,
            report_due_days: report_due_days?,
            source_url: source_url?,
            purpose: purpose?,
            format: format?,
            languages: languages?,
        })
    }
}
