//! What to follow, as it is written on the command line.

use std::str::FromStr;

use convene_domain::{
    id::{CommunityId, NetworkId},
    text::Slug,
};
use serde_json::{Value, json};

/// A network or a community with everything under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Network(NetworkId),
    Community(CommunityId),
    NetworkBySlug(Slug),
    CommunityBySlugs { network: Slug, community: Slug },
}

impl Place {
    /// The query that finds it, as `place`, and its variables.
    pub(super) fn query(&self) -> (&'static str, Value) {
        match self {
            Self::Network(id) => ("query ($id: ID!) { place: network(id: $id) { id name } }", json!({ "id": id.to_string() })),
            Self::Community(id) => {
                ("query ($id: ID!) { place: community(id: $id) { id name } }", json!({ "id": id.to_string() }))
            }
            Self::NetworkBySlug(slug) => {
                ("query ($network: String!) { place: networkBySlug(slug: $network) { id name } }", json!({ "network": &**slug }))
            }
            Self::CommunityBySlugs { network, community } => (
                "query ($network: ID!, $community: String!) { \
                 place: communityBySlug(network: $network, slug: $community) { id name } }",
                json!({ "network": &**network, "community": &**community }),
            ),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let slug = |text: &str| Slug::try_new(text).map_err(|error| format!("\"{text}\" {error}"));
        // A slug may begin like an id, but does not go on like one.
        match (text.parse(), text.parse(), text.split_once('/')) {
            (Ok(network), _, _) => Ok(Self::Network(network)),
            (_, Ok(community), _) => Ok(Self::Community(community)),
            (_, _, Some((network, community))) => {
                Ok(Self::CommunityBySlugs { network: slug(network)?, community: slug(community)? })
            }
            (_, _, None) => Ok(Self::NetworkBySlug(slug(text)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_id_or_made_of_slugs() {
        let id = "0199aa00000070008000000000000001";
        assert!(matches!(format!("net_{id}").parse(), Ok(Place::Network(network)) if network.to_string() == format!("net_{id}")));
        assert!(matches!(format!("com_{id}").parse(), Ok(Place::Community(_))));
        let slug = |text| Slug::try_new(text).unwrap();
        assert_eq!("mending-table".parse(), Ok(Place::NetworkBySlug(slug("mending-table"))));
        assert_eq!("com_pass".parse(), Ok(Place::NetworkBySlug(slug("com_pass"))));
        let (network, community) = (slug("mending-table"), slug("nairobi"));
        assert_eq!("mending-table/nairobi".parse(), Ok(Place::CommunityBySlugs { network, community }));
        for text in ["", "/", "a/", "/b", "a/b/c", "two words"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
