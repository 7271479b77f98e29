//! Loading who told of themes.

use std::{collections::HashMap, sync::Arc};

use convene_application::{Result, themes};
use convene_domain::{
    id::Within,
    text::Code,
    theme::{ThemeOfCommunity, ThemeQuery},
};

use super::{Batch, Loads};

/// Who told of a theme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct HostsOfTheme {
    pub(crate) within: Within,
    pub(crate) query: Arc<ThemeQuery>,
    pub(crate) theme: Code,
}

impl Batch for HostsOfTheme {
    type Value = Vec<ThemeOfCommunity>;
    const WHAT: &'static str = "hosts of themes";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut alike: HashMap<(Within, &Arc<ThemeQuery>), Vec<Code>> = HashMap::new();
        for key in keys {
            alike.entry((key.within, &key.query)).or_default().push(key.theme.clone());
        }
        let mut found = HashMap::new();
        for ((within, query), asked) in alike {
            let hosts = themes::list_communities(&loads.app, &loads.caller, within, query, &asked).await?;
            found.extend(hosts.into_iter().map(|(theme, hosts)| (Self { within, query: Arc::clone(query), theme }, hosts)));
        }
        Ok(found)
    }
}
