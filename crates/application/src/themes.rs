//! What recurs across communities, as far as the caller may read it.

use std::collections::HashMap;

use convene_domain::{
    access::Caller,
    id::Within,
    text::Code,
    theme::{self, ThemeOfCommunity, ThemeOrder, ThemeQuery, Themes},
};
use convene_persistence::themes;

use crate::{App, Result, access};

/// The most communities that are listed of a theme.
pub const COMMUNITIES: u32 = 100;

/// Counts what is told in a place of every theme.
pub async fn count(app: &App, caller: &Caller, within: Within, query: &ThemeQuery, order: ThemeOrder) -> Result<Themes> {
    let rights = access::rights_within(app, caller, &[within]).await?;
    let mut found = themes::count(app.reader(), &rights, within, query).await?;
    theme::sort(&mut found.themes, order);
    Ok(found)
}

/// Lists who told of themes in a place, each theme by itself: those with the most items first, at most [`COMMUNITIES`].
pub async fn list_communities(
    app: &App,
    caller: &Caller,
    within: Within,
    query: &ThemeQuery,
    themes: &[Code],
) -> Result<HashMap<Code, Vec<ThemeOfCommunity>>> {
    let rights = access::rights_within(app, caller, &[within]).await?;
    Ok(themes::list_communities(app.reader(), &rights, within, (query, themes), COMMUNITIES).await?)
}
