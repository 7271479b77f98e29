//! Rows read by the place of their columns. To find each column by its name costs more than to read it, and a page has thousands.

use sea_orm::{
    DbErr, QueryResult, TryGetable,
    sea_query::{IntoIden, SelectStatement},
};

use crate::entity::{community, gathering, gathering_report, network, report_item, work_site};

/// What is read of a row, column by column.
pub(crate) struct Cells<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(crate) fn of(row: &'r QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// Begins behind so many columns.
    pub(crate) fn from(row: &'r QueryResult, next: usize) -> Self {
        Self { row, next }
    }

    /// Reads the next column.
    pub(crate) fn take<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        self.next += 1;
        self.row.try_get_by_index(self.next - 1)
    }
}

/// A row of a table, as far as records are made of it: what is only there to be searched is not read.
pub(crate) trait InOrder: Sized {
    /// The columns, in the order in which they are read.
    const COLUMNS: &'static [&'static str];

    /// Reads all of them.
    fn read(cells: &mut Cells<'_>) -> Result<Self, DbErr>;
}

/// Selects the columns of a table, in order.
pub(crate) fn columns<M: InOrder>(select: &mut SelectStatement, table: &'static str) {
    for column in M::COLUMNS {
        select.column((table.into_iden(), column.into_iden()));
    }
}

macro_rules! in_order {
    ($($table:ident { $($column:ident),+ $(; $left_out:ident)? })+) => {
        $(impl InOrder for $table::Model {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

            fn read(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
                // Fields are read in the order in which they are written here.
                Ok(Self { $($column: cells.take()?,)+ $($left_out: String::new(),)? })
            }
        })+
    };
}

in_order! {
    community {
        id, network_id, revision, origin, slug, name, level, parent_id, country, region_code, region_name, city, latitude,
        longitude, time_zone, founded_on, founded_year, joined_network_on, status, source_status, members, default_audience,
        cadence, report_due_days, provenance, region_method, source_id, source_url, purpose, format, languages; search_text
    }
    gathering {
        id, network_id, revision, origin, external_id, title, start_date, starts_at, start_offset, end_date, ends_at,
        end_offset, sort_at, weekday, month, minutes, format, venue_city, venue_country, venue_latitude, venue_longitude,
        status, announced_at, source_url, rsvp_yes, rsvp_waitlist, rsvps_observed_at; search_text
    }
    gathering_report {
        id, network_id, revision, origin, gathering_id, external_id, status, audience, submitted_at, attendance
    }
    network { id, revision, origin, slug, name, source_url, languages }
    report_item {
        id, report_id, ordinal, kind, activity_kind, body, theme, severity, contributor, host_id, owner, due_on, state,
        confidential; search_text
    }
    work_site {
        id, network_id, revision, origin, community_id, name, country, region, latitude, longitude, location_precision, audience,
        removed_at
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{EntityTrait, IdenStatic, Iterable};

    use super::*;

    /// What is neither read nor said to be left out would not compile; what is read has to be a column.
    #[test]
    fn only_what_is_searched_is_left_out() {
        fn left_out<E: EntityTrait<Model: InOrder>>() -> Vec<&'static str> {
            let (all, read): (BTreeSet<_>, BTreeSet<_>) =
                (E::Column::iter().map(|column| column.as_str()).collect(), E::Model::COLUMNS.iter().copied().collect());
            assert!(read.is_subset(&all), "{:?}", read.difference(&all));
            all.difference(&read).copied().collect()
        }
        assert_eq!(left_out::<community::Entity>(), ["search_text"]);
        assert_eq!(left_out::<gathering::Entity>(), ["search_text"]);
        assert_eq!(left_out::<gathering_report::Entity>(), [""; 0]);
        assert_eq!(left_out::<network::Entity>(), [""; 0]);
        assert_eq!(left_out::<report_item::Entity>(), ["search_text"]);
        assert_eq!(left_out::<work_site::Entity>(), [""; 0]);
    }
}
