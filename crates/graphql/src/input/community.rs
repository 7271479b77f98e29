//! What is written of communities.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    communities::{ChangeCommunity, CreateCommunity, MergeCommunities, MoveCommunity, RenameCommunity},
};

use super::{CommunityDetailsInput, Fields, Input, Once, Part, Update};
use crate::types::Level;

/// A community to begin.
#[derive(Debug, InputObject)]
pub(crate) struct CreateCommunityInput {
    /// The id of the network (net_...).
    network: ID,
    /// The name in addresses, unique within the network, slugs of the past included: 1 to 128 letters, digits, `-`, `_`, `.`
    /// or `~`.
    slug: String,
    /// The name in full.
    name: String,
    /// How wide its circle is. It stays what it is.
    level: Level,
    /// The id of the community right above it (com_...), of a higher level; none when left out.
    parent: Option<ID>,
    /// Whether it is still being brought together (`FORMING`); if not, it is `OPEN`.
    #[graphql(default_with = "Some(false)")]
    forming: Option<bool>,
    #[graphql(flatten)]
    details: CommunityDetailsInput,
    #[graphql(flatten)]
    once: Once,
}

impl Input for CreateCommunityInput {
    type Command = CreateCommunity;

    fn check(self, mut fields: Fields) -> Result<CreateCommunity, Vec<Refusal>> {
        let network = fields.parsed("network", self.network);
        let slug = fields.parsed("slug", self.slug);
        let name = fields.parsed("name", self.name);
        let parent = fields.optional("parent", self.parent, Fields::parsed);
        let forming = fields.given("forming", self.forming);
        let details = self.details.check(&mut fields);
        fields.build(|| {
            Some(CreateCommunity {
                network: network?,
                slug: slug?,
                name: name?,
                level: self.level.into(),
                parent: parent?,
                forming: forming?,
                details: details?,
            })
        })
    }
}

/// A change to what is said of a community. What is left out stays as it is; not all of it can be left out.
#[derive(Debug, InputObject)]
pub(crate) struct ChangeCommunityInput {
    /// The id of the community (com_...).
    community: ID,
    /// The revision that the change is made from: the community's `revision` as you read it.
    expected_revision: i32,
    /// The name in full; it cannot be null.
    name: Update<String>,
    #[graphql(flatten)]
    details: CommunityDetailsInput,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChangeCommunityInput {
    type Command = ChangeCommunity;

    fn check(self, mut fields: Fields) -> Result<ChangeCommunity, Vec<Refusal>> {
        let community = fields.parsed("community", self.community);
        let expected = self.expected_revision.into();
        let name = fields.changed("name", self.name, Fields::parsed);
        let details = self.details.check(&mut fields);
        fields.build(|| Some(ChangeCommunity { community: community?, expected, name: name?, details: details? }))
    }
}

/// Another slug for a community.
#[derive(Debug, InputObject)]
pub(crate) struct RenameCommunityInput {
    /// The id of the community (com_...).
    community: ID,
    /// The revision that the change is made from: the community's `revision` as you read it.
    expected_revision: i32,
    /// The new name in addresses, unique within the network, slugs of the past of other communities included: 1 to 128
    /// letters, digits, `-`, `_`, `.` or `~`.
    slug: String,
    /// The new name in full; it stays when left out, and cannot be null.
    name: Update<String>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for RenameCommunityInput {
    type Command = RenameCommunity;

    fn check(self, mut fields: Fields) -> Result<RenameCommunity, Vec<Refusal>> {
        let community = fields.parsed("community", self.community);
        let expected = self.expected_revision.into();
        let slug = fields.parsed("slug", self.slug);
        let name = fields.changed("name", self.name, Fields::parsed);
        fields.build(|| Some(RenameCommunity { community: community?, expected, slug: slug?, name: name? }))
    }
}

/// Another place in the tree for a community.
#[derive(Debug, InputObject)]
pub(crate) struct MoveCommunityInput {
    /// The id of the community (com_...).
    community: ID,
    /// The revision that the change is made from: the community's `revision` as you read it.
    expected_revision: i32,
    /// The id of the community that is to be right above it (com_...), of a higher level; null for none. It has to be said,
    /// even if null.
    parent: Update<ID>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for MoveCommunityInput {
    type Command = MoveCommunity;

    fn check(self, mut fields: Fields) -> Result<MoveCommunity, Vec<Refusal>> {
        let community = fields.parsed("community", self.community);
        let expected = self.expected_revision.into();
        let parent = match self.parent {
            Update::Keep => fields.refuse("parent", "is missing: null moves it to the top"),
            Update::Clear => Some(None),
            Update::Set(id) => fields.parsed("parent", id).map(Some),
        };
        fields.build(|| Some(MoveCommunity { community: community?, expected, parent: parent? }))
    }
}

/// Two communities that are one in truth.
#[derive(Debug, InputObject)]
pub(crate) struct MergeCommunitiesInput {
    /// The id of the community that stays (com_...).
    community: ID,
    /// The revision of the community that stays, as you read it.
    expected_revision: i32,
    /// The id of the community that goes (com_...).
    merged: ID,
    /// The revision of the community that goes, as you read it.
    expected_merged_revision: i32,
    #[graphql(flatten)]
    once: Once,
}

impl Input for MergeCommunitiesInput {
    type Command = MergeCommunities;

    fn check(self, mut fields: Fields) -> Result<MergeCommunities, Vec<Refusal>> {
        let community = fields.parsed("community", self.community);
        let merged = fields.parsed("merged", self.merged);
        let (expected, expected_merged) = (self.expected_revision.into(), self.expected_merged_revision.into());
        fields.build(|| Some(MergeCommunities { community: community?, expected, merged: merged?, expected_merged }))
    }
}
