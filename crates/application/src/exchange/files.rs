//! The files and their columns, in the order in which an export writes them.

/// A file of an import or export.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) required: &'static [&'static str],
}

pub(super) const NETWORKS: File =
    File { name: "networks.csv", columns: &["slug", "name", "source_url", "languages"], required: &["slug", "name"] };

pub(super) const VOCABULARY: File = File {
    name: "vocabulary.csv",
    columns: &["network_slug", "kind", "code", "label", "order", "retired"],
    required: &["network_slug", "kind", "code", "label"],
};

pub(super) const COMMUNITIES: File = File {
    name: "communities.csv",
    columns: &[
        "slug",
        "name",
        "level",
        "parent_slug",
        "network_slug",
        "country",
        "region_code",
        "region_name",
        "city",
        "latitude",
        "longitude",
        "timezone",
        "founded_on",
        "joined_network_on",
        "status",
        "members",
        "audience",
        "cadence",
        "report_due_days",
        "origin",
        "region_method",
        "source_id",
        "source_url",
    ],
    required: &["slug", "name", "level", "network_slug"],
};

pub(super) const PROFILES: File = File {
    name: "community_profiles.csv",
    columns: &["community_slug", "purpose", "format", "languages"],
    required: &["community_slug"],
};

pub(super) const ALIASES: File =
    File { name: "aliases.csv", columns: &["community_slug", "alias"], required: &["community_slug", "alias"] };

pub(super) const GATHERINGS: File = File {
    name: "gatherings.csv",
    columns: &[
        "external_id",
        "community_slug",
        "title",
        "starts_at",
        "ends_at",
        "format",
        "venue_city",
        "venue_country",
        "venue_latitude",
        "venue_longitude",
        "status",
        "created_at",
        "source_url",
    ],
    required: &["external_id", "community_slug", "title", "starts_at", "status"],
};

pub(super) const AGENDA: File = File {
    name: "agenda.csv",
    columns: &["gathering_external_id", "order", "kind", "title", "minutes", "presenter"],
    required: &["gathering_external_id", "order", "title"],
};

pub(super) const INVITATIONS: File = File {
    name: "invitations.csv",
    columns: &["gathering_external_id", "group", "invited"],
    required: &["gathering_external_id", "group"],
};

pub(super) const REPORTS: File = File {
    name: "reports.csv",
    columns: &["external_id", "gathering_external_id", "submitted_at", "attendance", "rsvp_yes", "rsvp_waitlist", "audience"],
    required: &["gathering_external_id"],
};

pub(super) const ATTENDANCE: File = File {
    name: "attendance.csv",
    columns: &["report_external_id", "role", "organisation", "people"],
    required: &["report_external_id", "people"],
};

pub(super) const ITEMS: File = File {
    name: "items.csv",
    columns: &[
        "report_external_id",
        "order",
        "kind",
        "activity_kind",
        "text",
        "theme",
        "severity",
        "contributor",
        "host_slug",
        "owner",
        "due_on",
        "state",
        "confidential",
    ],
    required: &["report_external_id", "order", "kind", "text"],
};

pub(super) const TAGS: File = File {
    name: "report_tags.csv",
    columns: &["report_external_id", "kind", "code"],
    required: &["report_external_id", "kind", "code"],
};

/// All files, in the order in which they are read and written.
pub(super) const ALL: [&File; 12] = [
    &NETWORKS,
    &VOCABULARY,
    &COMMUNITIES,
    &PROFILES,
    &ALIASES,
    &GATHERINGS,
    &AGENDA,
    &INVITATIONS,
    &REPORTS,
    &ATTENDANCE,
    &ITEMS,
    &TAGS,
];

/// The files that an export always writes; the others only when there is something in them.
pub(super) const ALWAYS: [&File; 4] = [&NETWORKS, &COMMUNITIES, &GATHERINGS, &REPORTS];
