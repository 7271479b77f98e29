//! Between the row of a gathering and the domain's gathering.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc, Weekday};
use convene_domain::{
    Invalid,
    gathering::{Gathering, Rsvps},
    id::{GatheringId, InstanceId, NetworkId},
    occurrence::{Moment, Occurrence},
    place::{Coordinates, Venue},
    record::Recorded,
    text::fold,
};

use crate::{
    Result,
    column::{self, Row},
    entity::gathering::Model,
};

type Record = Recorded<GatheringId, Gathering>;

impl TryFrom<Model> for Record {
    type Error = crate::Error;

    fn try_from(model: Model) -> Result<Self> {
        let row = Row { table: "gatherings", id: model.id };
        let coordinates = match (model.venue_latitude, model.venue_longitude) {
            (Some(latitude), Some(longitude)) => Some(row.check("venue_latitude", Coordinates::try_new(latitude, longitude))?),
            _ => None,
        };
        let start = row.check("starts_at", moment(model.start_date, model.starts_at, model.start_offset))?;
        let end = model.end_date.map(|date| row.check("ends_at", moment(date, model.ends_at, model.end_offset))).transpose()?;
        let sort_at = DateTime::from_timestamp_micros(model.sort_at).ok_or_else(|| Invalid::new("is no instant"));
        Ok(Self {
            id: GatheringId::from_uuid(model.id),
            revision: model.revision,
            origin: InstanceId::from_uuid(model.origin),
            content: Gathering {
                network: NetworkId::from_uuid(model.network_id),
                external_id: row.parse_opt("external_id", model.external_id.as_deref())?,
                title: row.parse("title", &model.title)?,
                occurrence: Occurrence::from_stored(start, end, row.check("sort_at", sort_at)?),
                format: row.parse("format", &model.format)?,
                venue: Venue {
                    city: row.parse_opt("venue_city", model.venue_city.as_deref())?,
                    country: row.parse_opt("venue_country", model.venue_country.as_deref())?,
                    coordinates,
                },
                status: row.parse("status", &model.status)?,
                announced_at: model.announced_at,
                source_url: row.parse_opt("source_url", model.source_url.as_deref())?,
                rsvps: Rsvps {
                    yes: row.people("rsvp_yes", model.rsvp_yes)?,
                    waitlist: row.people("rsvp_waitlist", model.rsvp_waitlist)?,
                    observed_at: model.rsvps_observed_at,
                },
            },
        })
    }
}

pub(crate) fn model(record: &Record) -> Model {
    let Gathering { occurrence, venue, .. } = &record.content;
    let (start, end) = (occurrence.start(), occurrence.end());
    Model {
        id: record.id.uuid(),
        network_id: record.network.uuid(),
        revision: record.revision,
        origin: record.origin.uuid(),
        external_id: column::text(record.external_id.as_ref()),
        title: record.title.to_string(),
        search_text: fold(&record.title),
        start_date: start.day(),
        starts_at: start.hour().map(|hour| hour.to_utc()),
        start_offset: start.hour().map(offset),
        end_date: end.map(Moment::day),
        ends_at: end.and_then(Moment::hour).map(|hour| hour.to_utc()),
        end_offset: end.and_then(Moment::hour).map(offset),
        sort_at: occurrence.sort_at().timestamp_micros(),
        weekday: weekday(occurrence.weekday()),
        month: occurrence.month(),
        minutes: occurrence.minutes(),
        format: record.format.to_string(),
        venue_city: column::text(venue.city.as_ref()),
        venue_country: column::text(venue.country.as_ref()),
        venue_latitude: venue.coordinates.map(Coordinates::latitude),
        venue_longitude: venue.coordinates.map(Coordinates::longitude),
        status: record.status.to_string(),
        announced_at: record.announced_at,
        source_url: column::text(record.source_url.as_ref()),
        rsvp_yes: column::count(record.rsvps.yes),
        rsvp_waitlist: column::count(record.rsvps.waitlist),
        rsvps_observed_at: record.rsvps.observed_at,
    }
}

/// Monday is 1, Sunday 7, as in ISO 8601.
pub(super) fn weekday(day: Weekday) -> i16 {
    i16::from(day.num_days_from_monday() as u8) + 1
}

fn offset(hour: DateTime<FixedOffset>) -> i32 {
    hour.offset().local_minus_utc()
}

fn moment(date: NaiveDate, instant: Option<DateTime<Utc>>, seconds: Option<i32>) -> std::result::Result<Moment, Invalid> {
    let Some(instant) = instant else { return Ok(Moment::Day(date)) };
    let offset = seconds.and_then(FixedOffset::east_opt).ok_or_else(|| Invalid::new("has no offset"))?;
    Ok(Moment::Hour(instant.with_timezone(&offset)))
}
