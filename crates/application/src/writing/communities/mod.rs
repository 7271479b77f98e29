//! Communities and their tree.

mod merge;

use chrono::NaiveDate;
use chrono_tz::Tz;
use convene_domain::{
    access::{Audience, Role},
    change::ChangeKind,
    community::{Community, CommunityStatus, CommunityStep, Level, Profile},
    gathering::Format,
    id::{CommunityId, NetworkId},
    place::{Coordinates, Home},
    record::{Recorded, Revision},
    text::{Cadence, Country, HeadCount, Language, Slug, Text},
};
use convene_persistence::{Write, communities, networks};
use uuid::Uuid;

pub use self::merge::MergeCommunities;
use super::{At, Command, Done, Need, Patch, Refusal, RefusalCode, Stop, check, networks::put, record, refusal::ruled};
use crate::communities::CommunityRecord;

/// What is said of a community and can be changed at any time. What is left out stays as it is; in a new community it
/// is not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CommunityDetails {
    /// The country.
    pub country: Patch<Country>,
    /// The region's code.
    pub region_code: Patch<Text>,
    /// The region's name.
    pub region_name: Patch<Text>,
    /// The city's name.
    pub city: Patch<Text>,
    /// The point that stands for it on a map.
    pub coordinates: Patch<Coordinates>,
    /// The time zone of its local times.
    pub time_zone: Patch<Tz>,
    /// The day it was founded.
    pub founded_on: Patch<NaiveDate>,
    /// The day it joined the network.
    pub joined_network_on: Patch<NaiveDate>,
    /// How many members it says it has.
    pub members: Patch<HeadCount>,
    /// Who may read its reports where a report does not say.
    pub default_audience: Patch<Audience>,
    /// How often it means to meet.
    pub cadence: Patch<Cadence>,
    /// Within how many days after a gathering its report is due.
    pub report_due_days: Patch<u16>,
    /// Its page elsewhere.
    pub source_url: Patch<Text>,
    /// What it is for.
    pub purpose: Patch<Text>,
    /// How it usually meets.
    pub format: Patch<Format>,
    /// The languages that it works in.
    pub languages: Option<Vec<Language>>,
}

impl CommunityDetails {
    fn apply(&self, community: &mut Community) {
        let Community { home, profile, .. } = community;
        put(&mut home.country, self.country.clone());
        put(&mut home.region_code, self.region_code.clone());
        put(&mut home.region_name, self.region_name.clone());
        put(&mut home.city, self.city.clone());
        put(&mut home.coordinates, self.coordinates);
        put(&mut profile.purpose, self.purpose.clone());
        put(&mut profile.format, self.format);
        put(&mut profile.languages, self.languages.clone());
        put(&mut community.time_zone, self.time_zone);
        put(&mut community.founded_on, self.founded_on);
        put(&mut community.joined_network_on, self.joined_network_on);
        put(&mut community.members, self.members);
        put(&mut community.default_audience, self.default_audience);
        put(&mut community.cadence, self.cadence.clone());
        put(&mut community.report_due_days, self.report_due_days);
        put(&mut community.source_url, self.source_url.clone());
    }
}

/// Begins a community.
#[derive(Debug, Clone)]
pub struct CreateCommunity {
    /// The network.
    pub network: NetworkId,
    /// The name in addresses.
    pub slug: Slug,
    /// The name in full.
    pub name: Text,
    /// How wide its circle is.
    pub level: Level,
    /// The community that it belongs to.
    pub parent: Option<CommunityId>,
    /// Whether it is still being brought together.
    pub forming: bool,
    /// What else is said of it.
    pub details: CommunityDetails,
}

impl Command for CreateCommunity {
    fn operation(&self) -> &'static str {
        "createCommunity"
    }

    fn needs(&self) -> Vec<Need> {
        vec![match self.parent {
            Some(parent) => Need::new(Role::Coordinator, At::Community(parent), "parent"),
            None => Need::new(Role::Admin, At::Network(self.network), "network"),
        }]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if networks::load_many(write.transaction(), &[self.network]).await?.is_empty() {
            return Err(Refusal::not_found("network").into());
        }
        if let Some(parent) = self.parent {
            check_parent(write, self.network, self.level, parent).await?;
        }
        check_slug(write, self.network, &self.slug, None).await?;
        let mut content = Community {
            network: self.network,
            slug: self.slug.clone(),
            name: self.name.clone(),
            level: self.level,
            parent: self.parent,
            home: Home::default(),
            time_zone: None,
            founded_on: None,
            joined_network_on: None,
            status: if self.forming { CommunityStatus::Forming } else { CommunityStatus::Open },
            source_status: None,
            members: None,
            default_audience: None,
            cadence: None,
            report_due_days: None,
            provenance: None,
            region_method: None,
            source_id: None,
            source_url: None,
            profile: Profile::default(),
        };
        self.details.apply(&mut content);
        let id = CommunityId::from_uuid(Uuid::now_v7());
        communities::add_many(write, &[Recorded::first(id, write.instance(), content)]).await?;
        Ok(record(write, self.network, ChangeKind::Created, (id, 1), None))
    }
}

/// Changes what is said of a community.
#[derive(Debug, Clone)]
pub struct ChangeCommunity {
    /// Which one.
    pub community: CommunityId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// The name in full.
    pub name: Option<Text>,
    /// What else is said of it.
    pub details: CommunityDetails,
}

impl Command for ChangeCommunity {
    fn operation(&self) -> &'static str {
        "changeCommunity"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Coordinator, At::Community(self.community), "community")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.name.is_none() && self.details == CommunityDetails::default() {
            return Err(check::nothing().into());
        }
        let mut community = locked(write, self.community, self.expected).await?;
        put(&mut community.content.name, self.name.clone());
        self.details.apply(&mut community.content);
        update(write, community, ChangeKind::Updated).await
    }
}

/// Gives a community another slug. The one it had leads to it still.
#[derive(Debug, Clone)]
pub struct RenameCommunity {
    /// Which one.
    pub community: CommunityId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// The new name in addresses.
    pub slug: Slug,
    /// The new name in full; `None` when it stays.
    pub name: Option<Text>,
}

impl Command for RenameCommunity {
    fn operation(&self) -> &'static str {
        "renameCommunity"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Coordinator, At::Community(self.community), "community")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let mut community = locked(write, self.community, self.expected).await?;
        if community.slug == self.slug {
            return Err(Refusal::rule("slug", "is the slug that the community has already").into());
        }
        // A slug that it had before is its own.
        if !check_slug(write, community.network, &self.slug, Some(community.id)).await? {
            communities::add_slugs(write, &[(community.network, self.slug.clone(), community.id)]).await?;
        }
        community.content.slug = self.slug.clone();
        put(&mut community.content.name, self.name.clone());
        update(write, community, ChangeKind::Renamed).await
    }
}

/// Puts a community, with everything under it, under another parent.
#[derive(Debug, Clone)]
pub struct MoveCommunity {
    /// Which one.
    pub community: CommunityId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// The community that it is to belong to; `None` for none.
    pub parent: Option<CommunityId>,
}

impl Command for MoveCommunity {
    fn operation(&self) -> &'static str {
        "moveCommunity"
    }

    fn needs(&self) -> Vec<Need> {
        let to = match self.parent {
            Some(parent) => Need::new(Role::Coordinator, At::Community(parent), "parent"),
            None => Need::new(Role::Admin, At::NetworkOf(self.community), "community"),
        };
        vec![Need::new(Role::Coordinator, At::Above(self.community), "community"), to]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let mut community = locked(write, self.community, self.expected).await?;
        if let Some(parent) = self.parent {
            check_parent(write, community.network, community.level, parent).await?;
        }
        if community.parent == self.parent {
            return Err(Refusal::rule("parent", "is where the community stands already").into());
        }
        community.content.parent = self.parent;
        update(write, community, ChangeKind::Moved).await
    }
}

/// Takes a step in a community's life.
#[derive(Debug, Clone)]
pub struct StepCommunity {
    /// Which one.
    pub community: CommunityId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// The step.
    pub step: CommunityStep,
}

impl Command for StepCommunity {
    fn operation(&self) -> &'static str {
        match self.step {
            CommunityStep::Open => "openCommunity",
            CommunityStep::Pause => "pauseCommunity",
            CommunityStep::Close => "closeCommunity",
            CommunityStep::Reopen => "reopenCommunity",
        }
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Coordinator, At::Community(self.community), "community")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let mut community = locked(write, self.community, self.expected).await?;
        community.content.status = ruled("community", community.status.after(self.step))?;
        let kind = match self.step {
            CommunityStep::Open | CommunityStep::Reopen => ChangeKind::Opened,
            CommunityStep::Pause => ChangeKind::Paused,
            CommunityStep::Close => ChangeKind::Closed,
        };
        update(write, community, kind).await
    }
}

async fn locked(write: &Write, id: CommunityId, expected: Revision) -> Result<CommunityRecord, Stop> {
    Ok(check::expect(communities::lock(write, id).await?, "community", (check::EXPECTED, expected))?)
}

async fn update(write: &mut Write, mut community: CommunityRecord, kind: ChangeKind) -> Result<Done, Stop> {
    community.revision += 1;
    communities::update(write, &community).await?;
    Ok(record(write, community.network, kind, (community.id, community.revision), None))
}

/// Checks that a community can stand under another. The parent is locked, so that it stays what it is.
async fn check_parent(write: &Write, network: NetworkId, level: Level, parent: CommunityId) -> Result<(), Stop> {
    let parent = communities::lock(write, parent).await?.ok_or_else(|| Refusal::not_found("parent"))?;
    Ok(ruled("parent", Community::check_parent(level, network, parent.level, parent.network))?)
}

/// Checks that a slug is free, or the community's own; `true` in the second case.
async fn check_slug(write: &Write, network: NetworkId, slug: &Slug, own: Option<CommunityId>) -> Result<bool, Stop> {
    match communities::find_by_slug(write.transaction(), network, slug).await? {
        None => Ok(false),
        Some(found) if Some(found.id) == own => Ok(true),
        Some(_) => Err(Refusal::new(RefusalCode::Taken, ["slug"], "is, or was, the slug of another community").into()),
    }
}
