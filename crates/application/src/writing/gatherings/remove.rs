//! Gatherings that should not be there: entered by mistake, or twice.

use convene_domain::{
    access::{Caller, Role},
    change::{ChangeKind, EntityType},
    gathering::{GatheringStatus, Hosts},
    id::{CommunityId, GatheringId},
    record::Revision,
};
use convene_persistence::{
    Write, gatherings,
    removals::{self, Removal},
    reports,
};

use super::{check_past, load_parts, locked};
use crate::{
    gatherings::GatheringRecord,
    writing::{At, Command, Done, Need, Refusal, Stop, check, record, refusal::ruled},
};

/// Takes a gathering, with its report, out of the network. One that did not take place is cancelled instead.
#[derive(Debug, Clone)]
pub struct RemoveGathering {
    /// Which one.
    pub gathering: GatheringId,
    /// The revision that it is removed at.
    pub expected: Revision,
}

impl Command for RemoveGathering {
    fn operation(&self) -> &'static str {
        "removeGathering"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Coordinator, At::Gathering(self.gathering), "gathering")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let gathering = locked(write, self.gathering, self.expected).await?;
        remove(write, gathering, None).await
    }
}

/// Makes one gathering of two that are one in truth: the first stays, gets the second one's hosts as well, and its
/// report if it has none, and the second is no more.
#[derive(Debug, Clone)]
pub struct MergeGatherings {
    /// The one that stays.
    pub gathering: GatheringId,
    /// The revision of the one that stays.
    pub expected: Revision,
    /// The one that goes.
    pub merged: GatheringId,
    /// The revision of the one that goes.
    pub expected_merged: Revision,
}

impl Command for MergeGatherings {
    fn operation(&self) -> &'static str {
        "mergeGatherings"
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::new(Role::Coordinator, At::Gathering(self.gathering), "gathering"),
            Need::new(Role::Coordinator, At::Gathering(self.merged), "merged"),
        ]
    }

    /// Whoever hosts one of them comes to host the other, with all rights over its report.
    async fn confine(&self, write: &Write, caller: &Caller) -> Result<(), Stop> {
        let both = [self.gathering, self.merged];
        gatherings::lock_many(write, &both).await?;
        let hosts = gatherings::load_hosts(write.transaction(), &both).await?;
        let all: Vec<CommunityId> = hosts.values().flatten().copied().collect();
        let of_one: Vec<CommunityId> =
            all.iter().copied().filter(|host| hosts.values().any(|hosts| !hosts.contains(host))).collect();
        for need in Need::each(Role::Facilitator, &of_one, "merged") {
            need.check(write, caller).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.gathering == self.merged {
            return Err(Refusal::rule("merged", "is the gathering itself").into());
        }
        let mut found = gatherings::lock_many(write, &[self.gathering, self.merged]).await?;
        let goes = check::expect(found.remove(&self.merged), "merged", ("expectedMergedRevision", self.expected_merged))?;
        let mut stays = check::expect(found.remove(&self.gathering), "gathering", (check::EXPECTED, self.expected))?;
        if goes.network != stays.network {
            return Err(Refusal::rule("merged", "belongs to another network").into());
        }
        stays.content.status = match (stays.status, goes.status) {
            (GatheringStatus::Cancelled, GatheringStatus::Held) => {
                return Err(Refusal::rule("gathering", "was called off, and the other one took place: keep that one").into());
            }
            (GatheringStatus::Planned, GatheringStatus::Held) => {
                check_past(write, &stays)?;
                GatheringStatus::Held
            }
            (status, _) => status,
        };
        let (of_goes, of_stays) = (reports::lock_of(write, goes.id).await?, reports::lock_of(write, stays.id).await?);
        let mut carried = None;
        match (of_goes, of_stays) {
            (Some(_), Some(_)) => {
                return Err(Refusal::rule("merged", "has a report, as the gathering has: one of them has to go first").into());
            }
            (Some(_), None) if stays.status == GatheringStatus::Cancelled => {
                return Err(Refusal::rule("gathering", "was called off, and the other one has a report: keep that one").into());
            }
            (Some(mut report), None) => {
                report.content.gathering = stays.id;
                report.revision += 1;
                reports::update_record(write, &report).await?;
                carried = Some((report.id, report.revision));
            }
            (None, _) => {}
        }
        let mut parts = load_parts(write, stays.id).await?;
        let others = load_parts(write, goes.id).await?;
        let mut hosts = parts.hosts.ids().to_vec();
        hosts.extend(others.hosts.ids().iter().filter(|host| !parts.hosts.ids().contains(host)));
        parts.hosts = ruled("merged", Hosts::try_new(hosts))?;
        stays.revision += 1;
        let moved = gatherings::update(write, &stays, &parts).await?;
        if let Some(carried) = carried {
            record(write, stays.network, ChangeKind::Moved, carried, None);
        } else if moved {
            reports::follow_hosts(write, stays.id).await?;
        }
        remove(write, goes, Some(stays.id)).await?;
        let kind = if moved { ChangeKind::Moved } else { ChangeKind::Updated };
        Ok(record(write, stays.network, kind, (stays.id, stays.revision), None))
    }
}

async fn remove(write: &mut Write, gathering: GatheringRecord, merged_into: Option<GatheringId>) -> Result<Done, Stop> {
    let kind = if merged_into.is_some() { ChangeKind::Merged } else { ChangeKind::Removed };
    if let Some(report) = reports::lock_of(write, gathering.id).await? {
        reports::remove(write, report.id).await?;
        record(write, report.network, ChangeKind::Removed, (report.id, report.revision + 1), None);
    }
    gatherings::remove(write, gathering.id).await?;
    let removal = Removal {
        network: gathering.network,
        entity_type: EntityType::Gathering,
        entity: gathering.id.uuid(),
        keys: gathering.external_id.iter().map(ToString::to_string).collect(),
        merged_into: merged_into.map(GatheringId::uuid),
    };
    removals::add(write, &removal).await?;
    Ok(record(write, gathering.network, kind, (gathering.id, gathering.revision + 1), None))
}
