//! Work sites and their assessments. An assessment is a part of the record of its site: to add or to remove one is a change of
//! the site. One more needs no expected revision, for it takes nothing away from those before.

use convene_domain::{
    access::{Audience, Role},
    change::ChangeKind,
    community::CommunityStatus,
    id::{AssessmentId, CommunityId, WorkSiteId},
    place::Coordinates,
    record::{Recorded, Revision},
    text::{Country, Text},
    work_site::{ASSESSMENT_LIMIT, Assessment, Precision, WorkSite},
};
use convene_persistence::{Write, communities, work_sites};
use uuid::Uuid;

use super::{At, Command, Done, Need, Patch, Refusal, Stop, check, networks::put, record};

type WorkSiteRecord = Recorded<WorkSiteId, WorkSite>;

/// Adds a work site to a community.
#[derive(Debug, Clone)]
pub struct AddWorkSite {
    /// The community.
    pub community: CommunityId,
    /// What it is called.
    pub name: Text,
    /// The country.
    pub country: Option<Country>,
    /// The region's name.
    pub region: Option<Text>,
    /// The point.
    pub coordinates: Option<Coordinates>,
    /// How precisely others are told of the point.
    pub precision: Precision,
    /// Who may see the site.
    pub audience: Audience,
}

impl Command for AddWorkSite {
    fn operation(&self) -> &'static str {
        "addWorkSite"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Community(self.community), "community")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        // Locked, so that it does not become part of another one meanwhile.
        let community = communities::lock(write, self.community).await?.ok_or_else(|| Refusal::not_found("community"))?;
        if community.status == CommunityStatus::Closed {
            return Err(Refusal::rule("community", "is CLOSED: reopen it first").into());
        }
        let content = WorkSite {
            network: community.network,
            community: self.community,
            name: self.name.clone(),
            country: self.country.clone(),
            region: self.region.clone(),
            coordinates: self.coordinates,
            precision: self.precision,
            audience: self.audience,
        };
        let id = WorkSiteId::from_uuid(Uuid::now_v7());
        work_sites::add(write, &Recorded::first(id, write.instance(), content)).await?;
        Ok(record(write, community.network, ChangeKind::Created, (id, 1), None))
    }
}

/// Changes what is said of a work site.
#[derive(Debug, Clone)]
pub struct ChangeWorkSite {
    /// Which one.
    pub work_site: WorkSiteId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// What it is called.
    pub name: Option<Text>,
    /// The country.
    pub country: Patch<Country>,
    /// The region's name.
    pub region: Patch<Text>,
    /// The point.
    pub coordinates: Patch<Coordinates>,
    /// How precisely others are told of the point.
    pub precision: Option<Precision>,
    /// Who may see the site.
    pub audience: Option<Audience>,
}

impl ChangeWorkSite {
    fn names_nothing(&self) -> bool {
        let Self { name, country, region, coordinates, precision, audience, .. } = self;
        let place = country.is_none() && region.is_none() && coordinates.is_none();
        place && name.is_none() && precision.is_none() && audience.is_none()
    }
}

impl Command for ChangeWorkSite {
    fn operation(&self) -> &'static str {
        "changeWorkSite"
    }

    fn needs(&self) -> Vec<Need> {
        needs(self.work_site)
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.names_nothing() {
            return Err(check::nothing().into());
        }
        let mut site = locked(write, self.work_site, self.expected).await?;
        let content = &mut site.content;
        put(&mut content.name, self.name.clone());
        put(&mut content.country, self.country.clone());
        put(&mut content.region, self.region.clone());
        put(&mut content.coordinates, self.coordinates);
        put(&mut content.precision, self.precision);
        put(&mut content.audience, self.audience);
        update(write, site).await
    }
}

/// Removes a work site with its assessments.
#[derive(Debug, Clone)]
pub struct RemoveWorkSite {
    /// Which one.
    pub work_site: WorkSiteId,
    /// The revision that it is removed at.
    pub expected: Revision,
}

impl Command for RemoveWorkSite {
    fn operation(&self) -> &'static str {
        "removeWorkSite"
    }

    fn needs(&self) -> Vec<Need> {
        needs(self.work_site)
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let mut site = locked(write, self.work_site, self.expected).await?;
        site.revision += 1;
        work_sites::remove(write, &site).await?;
        Ok(record(write, site.network, ChangeKind::Removed, (site.id, site.revision), None))
    }
}

/// Says how strong or how needed the practice is at a work site.
#[derive(Debug, Clone)]
pub struct AssessWorkSite {
    /// Which one.
    pub work_site: WorkSiteId,
    /// What is said, and by whom.
    pub assessment: Assessment,
}

impl Command for AssessWorkSite {
    fn operation(&self) -> &'static str {
        "assessWorkSite"
    }

    fn needs(&self) -> Vec<Need> {
        needs(self.work_site)
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let today = write.recorded_at().date_naive();
        self.assessment.check(today).map_err(|(field, reason)| Refusal::invalid([field], reason.to_string()))?;
        let site = work_sites::lock(write, self.work_site).await?.ok_or_else(|| Refusal::not_found("workSite"))?;
        if work_sites::count_assessments(write, site.id).await? >= ASSESSMENT_LIMIT as u64 {
            let reason = format!("has {ASSESSMENT_LIMIT} assessments, and can have no more: remove one first");
            return Err(Refusal::rule("workSite", reason).into());
        }
        work_sites::add_assessment(write, site.id, &self.assessment).await?;
        update(write, site).await
    }
}

/// Removes an assessment that was a mistake.
#[derive(Debug, Clone)]
pub struct RemoveAssessment {
    /// Of which site.
    pub work_site: WorkSiteId,
    /// The site's revision that it is removed at.
    pub expected: Revision,
    /// Which one.
    pub assessment: AssessmentId,
}

impl Command for RemoveAssessment {
    fn operation(&self) -> &'static str {
        "removeAssessment"
    }

    fn needs(&self) -> Vec<Need> {
        needs(self.work_site)
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let site = locked(write, self.work_site, self.expected).await?;
        if !work_sites::remove_assessment(write, site.id, self.assessment).await? {
            return Err(Refusal::not_found("assessment").into());
        }
        update(write, site).await
    }
}

fn needs(site: WorkSiteId) -> Vec<Need> {
    vec![Need::new(Role::Facilitator, At::WorkSite(site), "workSite")]
}

async fn locked(write: &Write, id: WorkSiteId, expected: Revision) -> Result<WorkSiteRecord, Stop> {
    Ok(check::expect(work_sites::lock(write, id).await?, "workSite", (check::EXPECTED, expected))?)
}

async fn update(write: &mut Write, mut site: WorkSiteRecord) -> Result<Done, Stop> {
    site.revision += 1;
    work_sites::update(write, &site).await?;
    Ok(record(write, site.network, ChangeKind::Updated, (site.id, site.revision), None))
}
