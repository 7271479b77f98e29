//! Two communities that are one in truth.

use convene_domain::{
    access::Role,
    change::{ChangeKind, EntityType},
    community::Community,
    id::{CommunityId, GatheringId, NetworkId},
    record::Revision,
};
use convene_persistence::{
    Write, communities, gatherings, grants,
    removals::{self, Removal},
    reports, work_sites,
};

use super::{check, update};
use crate::writing::{At, Command, Done, Need, Refusal, Stop, record, refusal::ruled};

/// The most gatherings that are carried over from one community to another in one write.
const GATHERINGS_LIMIT: u64 = 10_000;

/// Makes one community of two: the second one's gatherings, its work sites, the communities under it and its slugs become the
/// first one's, and it is no more.
#[derive(Debug, Clone)]
pub struct MergeCommunities {
    /// The one that stays.
    pub community: CommunityId,
    /// The revision of the one that stays.
    pub expected: Revision,
    /// The one that goes.
    pub merged: CommunityId,
    /// The revision of the one that goes.
    pub expected_merged: Revision,
}

impl Command for MergeCommunities {
    fn operation(&self) -> &'static str {
        "mergeCommunities"
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::new(Role::Coordinator, At::Community(self.community), "community"),
            Need::new(Role::Coordinator, At::Community(self.merged), "merged"),
        ]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.community == self.merged {
            return Err(Refusal::rule("merged", "is the community itself").into());
        }
        let mut found = communities::lock_many(write, &[self.community, self.merged]).await?;
        let goes = check::expect(found.remove(&self.merged), "merged", ("expectedMergedRevision", self.expected_merged))?;
        let stays = check::expect(found.remove(&self.community), "community", (check::EXPECTED, self.expected))?;
        if goes.network != stays.network {
            return Err(Refusal::rule("merged", "belongs to another network").into());
        }
        if stays.parent == Some(goes.id) {
            return Err(Refusal::rule("merged", "is what the community stands under: move the community first").into());
        }
        for mut child in communities::lock_children(write, goes.id).await? {
            let fits = Community::check_parent(child.level, child.network, stays.level, stays.network);
            ruled("community", fits.map_err(|reason| convene_domain::Invalid::new(format!("{reason}, as {} is", child.slug))))?;
            child.content.parent = Some(stays.id);
            update(write, child, ChangeKind::Moved).await?;
        }
        self.rehost(write, goes.network).await?;
        let (carried, ended) = grants::rehost(write, goes.id, stays.id).await?;
        for grant in carried {
            record(write, goes.network, ChangeKind::Updated, (grant, 1), None);
        }
        for grant in ended {
            record(write, goes.network, ChangeKind::Removed, (grant, 2), None);
        }
        for site in work_sites::rehost(write, goes.id, stays.id).await? {
            record(write, goes.network, ChangeKind::Moved, site, None);
        }
        let mut keys: Vec<String> = vec![goes.slug.to_string()];
        let former = communities::load_former_slugs(write.transaction(), &[goes.id]).await?;
        keys.extend(former.values().flatten().map(ToString::to_string));
        communities::move_slugs(write, goes.id, stays.id).await?;
        communities::remove(write, goes.id).await?;
        let removal = Removal {
            network: goes.network,
            entity_type: EntityType::Community,
            entity: goes.id.uuid(),
            keys,
            merged_into: Some(stays.id.uuid()),
        };
        removals::add(write, &removal).await?;
        record(write, goes.network, ChangeKind::Merged, (goes.id, goes.revision + 1), None);
        update(write, stays, ChangeKind::Updated).await
    }
}

impl MergeCommunities {
    /// Lets the gatherings of the one that goes be hosted by the one that stays, once each.
    async fn rehost(&self, write: &mut Write, network: NetworkId) -> Result<(), Stop> {
        let hosted = gatherings::count_hosted(write.transaction(), self.merged).await?;
        if hosted > GATHERINGS_LIMIT {
            let reason = format!("hosts {hosted} gatherings, and at most {GATHERINGS_LIMIT} can be carried over");
            return Err(Refusal::rule("merged", reason).into());
        }
        let moved = gatherings::rehost(write, self.merged, self.community).await?;
        for gathering in &moved {
            record(write, network, ChangeKind::Moved, *gathering, None);
        }
        let moved: Vec<GatheringId> = moved.into_iter().map(|(id, _)| id).collect();
        Ok(reports::rehost(write, &moved, self.merged, self.community).await?)
    }
}
