//! What is written of networks.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    networks::{ChangeNetwork, CreateNetwork},
};

use super::{Fields, Input, Once, Update};

/// A network to begin.
#[derive(Debug, InputObject)]
pub(crate) struct CreateNetworkInput {
    /// The name in addresses, unique on this service: 1 to 128 letters, digits, `-`, `_`, `.` or `~`.
    slug: String,
    /// The name in full.
    name: String,
    /// Where the network presents itself: an address that begins with `http://` or `https://`, at most 2,000 characters.
    source_url: Option<String>,
    /// The languages that the network works in, as tags such as `en` or `pt-BR`; none when left out.
    languages: Option<Vec<String>>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for CreateNetworkInput {
    type Command = CreateNetwork;

    fn check(self, mut fields: Fields) -> Result<CreateNetwork, Vec<Refusal>> {
        let slug = fields.parsed("slug", self.slug);
        let name = fields.parsed("name", self.name);
        let source_url = fields.optional("sourceUrl", self.source_url, Fields::link);
        let languages = fields.list("languages", self.languages.unwrap_or_default(), Fields::parsed);
        fields.build(|| Some(CreateNetwork { slug: slug?, name: name?, source_url: source_url?, languages: languages? }))
    }
}

/// A change to what is said of a network. What is left out stays as it is; not all of it can be left out.
#[derive(Debug, InputObject)]
pub(crate) struct ChangeNetworkInput {
    /// The id of the network (net_...).
    network: ID,
    /// The revision that the change is made from: the network's `revision` as you read it.
    expected_revision: i32,
    /// The name in full; it cannot be null.
    name: Update<String>,
    /// Where the network presents itself: an address that begins with `http://` or `https://`, at most 2,000 characters; null for
    /// nowhere.
    source_url: Update<String>,
    /// The languages that the network works in, all of them, as tags such as `en` or `pt-BR`; null for none.
    languages: Update<Vec<String>>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChangeNetworkInput {
    type Command = ChangeNetwork;

    fn check(self, mut fields: Fields) -> Result<ChangeNetwork, Vec<Refusal>> {
        let network = fields.parsed("network", self.network);
        let expected = self.expected_revision.into();
        let name = fields.changed("name", self.name, Fields::parsed);
        let source_url = fields.patched("sourceUrl", self.source_url, Fields::link);
        let languages = fields.relisted("languages", self.languages, Fields::parsed);
        fields.build(|| {
            Some(ChangeNetwork { network: network?, expected, name: name?, source_url: source_url?, languages: languages? })
        })
    }
}
