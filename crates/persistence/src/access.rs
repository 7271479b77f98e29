//! What may be read, in SQL. A report is under every place that one of its hosts is under, and its scope rows say so: to ask
//! whether one of them is a place of the caller's is to ask whether they have a role at a host, or above it.

use convene_domain::access::{Rights, Sight};
use convene_domain::id::{CommunityId, GatheringId, ReportId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Condition, Expr, ExprTrait, IntoIden, Query},
};
use uuid::Uuid;

use crate::{
    Result, dialect,
    entity::{community_scope, gathering_scope, report_item, report_scope},
};

/// The name of the scope rows that are looked at for this.
const SCOPES: &str = "seen_under";

/// The rows of reports that may be read: their own, or those of their scopes. `report` is the column with the report's
/// identity. Where the same can be read everywhere, the rows are not looked at beside their own columns.
pub(crate) fn readable(backend: DbBackend, (table, report): (&'static str, &'static str), rights: &Rights) -> Condition {
    let plain = seen(table, rights.everywhere());
    let more = levels(rights);
    if more.is_empty() {
        return plain;
    }
    let any = more.into_iter().fold(Condition::any().add(plain), |any, (sight, places)| {
        any.add(seen(table, sight).add(stands_in(backend, (table, report), &places)))
    });
    // Whatever is added to the answer narrows it.
    Condition::all().add(any)
}

/// The rows of items that may be read: those that are not confidential, and those of reports under places where the caller
/// may read those as well.
pub(crate) fn unhidden<T: IntoIden + Copy + 'static>(backend: DbBackend, table: T, rights: &Rights) -> Option<Condition> {
    if rights.everywhere() >= Sight::Confidential {
        return None;
    }
    let plain = Expr::col((table, report_item::Column::Confidential)).eq(false);
    let places = rights.places_of(Sight::Confidential);
    let told = (!places.is_empty()).then(|| stands_in(backend, (table, report_item::Column::ReportId), &places));
    Some(Condition::any().add(plain).add_option(told))
}

/// The same as [`readable`], as text.
pub(crate) fn readable_text(backend: DbBackend, table: &str, rights: &Rights) -> String {
    let seen = |sight: Sight| {
        let [audiences, statuses] = words(sight).map(Option::unwrap_or_default);
        let parts = [("audience", audiences), ("status", statuses)];
        let parts = parts.iter().filter(|(_, words)| !words.is_empty());
        parts.map(|(column, words)| format!("{table}.{column} IN ({})", words.join(", "))).collect::<Vec<_>>().join(" AND ")
    };
    if rights.everywhere() >= Sight::Drafts {
        return "1 = 1".to_owned();
    }
    let mut any = vec![seen(rights.everywhere())];
    for (sight, places) in levels(rights) {
        let seen = Some(seen(sight)).filter(|text| !text.is_empty()).map_or_else(String::new, |text| format!("{text} AND "));
        any.push(format!("{seen}{}", stands_in_text(backend, &format!("{table}.id"), &places)));
    }
    format!("({})", any.join(" OR "))
}

/// The same as [`unhidden`], as text that begins with AND.
pub(crate) fn unhidden_text(backend: DbBackend, table: &str, rights: &Rights) -> String {
    let places = rights.places_of(Sight::Confidential);
    if rights.everywhere() >= Sight::Confidential {
        String::new()
    } else if places.is_empty() {
        format!("AND NOT {table}.confidential")
    } else {
        let stands = stands_in_text(backend, &format!("{table}.report_id"), &places);
        format!("AND (NOT {table}.confidential OR {stands})")
    }
}

/// The rows that are read with this much sight. The words stand in the text, so that an index of just those rows can be used;
/// whoever may read everything is told so by no condition at all.
fn seen(table: &'static str, sight: Sight) -> Condition {
    let [audiences, statuses] = words(sight);
    let one_of = |column: report_scope::Column, words: Vec<String>| {
        let column = Expr::col((table, column));
        match words.as_slice() {
            [word] => column.eq(Expr::cust(word.clone())),
            words => column.is_in(words.iter().map(|word| Expr::cust(word.clone()))),
        }
    };
    Condition::all()
        .add_option(audiences.map(|words| one_of(report_scope::Column::Audience, words)))
        .add_option(statuses.map(|words| one_of(report_scope::Column::Status, words)))
}

/// The audiences and the statuses of what is seen, as literals; `None` where it is all of them.
fn words(sight: Sight) -> [Option<Vec<String>>; 2] {
    let literals = |words: Vec<&str>| words.iter().map(|word| format!("'{word}'")).collect();
    let audiences = (sight < Sight::Members).then(|| literals(sight.audiences().iter().map(|it| it.as_str()).collect()));
    let statuses = (sight < Sight::Drafts).then(|| literals(sight.statuses().iter().map(|it| it.as_str()).collect()));
    [audiences, statuses]
}

/// The places in which more reports can be read than everywhere, by how much. Confidential items are no reports.
fn levels(rights: &Rights) -> Vec<(Sight, Vec<Uuid>)> {
    let level = |sight: Sight| sight.min(Sight::Drafts);
    let of = |sight: Sight| rights.places().iter().filter(move |(_, it)| level(*it) == sight).map(|(id, _)| *id);
    let more = [Sight::Network, Sight::Members, Sight::Drafts].into_iter().filter(|sight| *sight > rights.everywhere());
    more.map(|sight| (sight, of(sight).collect::<Vec<_>>())).filter(|(_, places)| !places.is_empty()).collect()
}

fn stands_in<T: IntoIden + 'static, C: IntoIden + 'static>(backend: DbBackend, report: (T, C), places: &[Uuid]) -> Expr {
    let scopes = Query::select()
        .expr(Expr::val(1))
        .from_as(report_scope::Entity, SCOPES)
        .and_where(Expr::col((SCOPES, report_scope::Column::ReportId)).equals(report))
        .and_where(dialect::is_any_id(backend, (SCOPES, report_scope::Column::ScopeId), places))
        .take();
    Expr::exists(scopes)
}

fn stands_in_text(backend: DbBackend, report: &str, places: &[Uuid]) -> String {
    let places: Vec<String> = places.iter().map(|id| dialect::id_literal(backend, *id)).collect();
    format!(
        "EXISTS (SELECT 1 FROM report_scopes {SCOPES} WHERE {SCOPES}.report_id = {report} AND {SCOPES}.scope_id IN ({}))",
        places.join(", ")
    )
}

/// The sites that may be seen, by the columns with their audience and community. They stand where their community stands.
pub(crate) fn readable_site(
    backend: DbBackend,
    audience: (&'static str, &'static str),
    community: (&'static str, &'static str),
    rights: &Rights,
) -> Condition {
    if rights.everywhere() >= Sight::Members {
        return Condition::all();
    }
    let told = |sight: Sight| Expr::col(audience).is_in(sight.audiences().iter().map(|it| it.as_str()));
    let mut any = Condition::any().add(told(rights.everywhere()));
    for sight in [Sight::Network, Sight::Members].into_iter().filter(|sight| *sight > rights.everywhere()) {
        let places = rights.places_of(sight);
        if !places.is_empty() {
            any = any.add(told(sight).and(community_stands_in(backend, community, &places)));
        }
    }
    // Whatever is added to the answer narrows it.
    Condition::all().add(any)
}

/// Whether a site is one of those that whoever asks may write, by the column with its community: they are shown where it is.
pub(crate) fn writable_site(backend: DbBackend, community: (&'static str, &'static str), rights: &Rights) -> Expr {
    let places = rights.places_of(Sight::Drafts);
    match (rights.everywhere() >= Sight::Drafts, places.is_empty()) {
        (true, _) => Expr::cust("TRUE"),
        (false, true) => Expr::cust("FALSE"),
        (false, false) => community_stands_in(backend, community, &places),
    }
}

fn community_stands_in(backend: DbBackend, community: (&'static str, &'static str), places: &[Uuid]) -> Expr {
    let scopes = Query::select()
        .expr(Expr::val(1))
        .from_as(community_scope::Entity, SCOPES)
        .and_where(Expr::col((SCOPES, community_scope::Column::CommunityId)).equals(community))
        .and_where(dialect::is_any_id(backend, (SCOPES, community_scope::Column::ScopeId), places))
        .take();
    Expr::exists(scopes)
}

/// Whether a community is one of these places, or stands under one.
pub async fn is_community_under<C: ConnectionTrait>(connection: &C, id: CommunityId, places: &[Uuid]) -> Result<bool> {
    let of = community_scope::Entity::find().filter(community_scope::Column::CommunityId.eq(id.uuid()));
    let scope = (community_scope::Entity, community_scope::Column::ScopeId);
    let of = of.filter(dialect::is_any_id(connection.get_database_backend(), scope, places));
    Ok(of.limit(1).one(connection).await?.is_some())
}

/// Whether a host of a gathering is one of these places, or stands under one.
pub async fn is_gathering_under<C: ConnectionTrait>(connection: &C, id: GatheringId, places: &[Uuid]) -> Result<bool> {
    let of = gathering_scope::Entity::find().filter(gathering_scope::Column::GatheringId.eq(id.uuid()));
    let scope = (gathering_scope::Entity, gathering_scope::Column::ScopeId);
    let of = of.filter(dialect::is_any_id(connection.get_database_backend(), scope, places));
    Ok(of.limit(1).one(connection).await?.is_some())
}

/// Whether a host of the gathering of a report is one of these places, or stands under one.
pub async fn is_report_under<C: ConnectionTrait>(connection: &C, id: ReportId, places: &[Uuid]) -> Result<bool> {
    let of = report_scope::Entity::find().filter(report_scope::Column::ReportId.eq(id.uuid()));
    let scope = (report_scope::Entity, report_scope::Column::ScopeId);
    let of = of.filter(dialect::is_any_id(connection.get_database_backend(), scope, places));
    Ok(of.limit(1).one(connection).await?.is_some())
}
