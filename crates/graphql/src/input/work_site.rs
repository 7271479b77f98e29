//! What is written of work sites, and which of them are asked for.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    work_sites::{AddWorkSite, AssessWorkSite, ChangeWorkSite, RemoveAssessment, RemoveWorkSite},
};
use convene_domain::{
    access,
    id::AssessmentId,
    text::Text,
    work_site::{self, Assessed},
};
use uuid::Uuid;

use super::{CoordinatesInput, Fields, Filter, Input, Once, Update};
use crate::{
    error::Error,
    input,
    scalars::{Date, or_today},
    types::{Audience, LocationPrecision, Need, Strength},
};

/// A place or an area where people work.
#[derive(Debug, InputObject)]
pub(crate) struct AddWorkSiteInput {
    /// The id of the community whose people work there (com_...).
    community: ID,
    /// What it is called, at most 200 characters. Everyone who may see the site is shown this as you write it.
    name: String,
    /// The country by its two letters (ISO 3166-1), such as `KE`.
    country: Option<String>,
    /// The region's name, at most 200 characters. Everyone who may see the site is shown this as you write it.
    region: Option<String>,
    /// Where it is.
    location: Option<CoordinatesInput>,
    /// How precisely those are told where it is who may not write it; `REGION` when left out, which tells the least.
    precision: Option<LocationPrecision>,
    /// Who may see it; `MEMBERS` when left out.
    audience: Option<Audience>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for AddWorkSiteInput {
    type Command = AddWorkSite;

    fn check(self, mut fields: Fields) -> Result<AddWorkSite, Vec<Refusal>> {
        let community = fields.parsed("community", self.community);
        let name = named(&mut fields, "name", self.name);
        let country = fields.optional("country", self.country, Fields::parsed);
        let region = fields.optional("region", self.region, named);
        let coordinates = fields.optional("location", self.location, Fields::part);
        let precision = self.precision.map_or(work_site::Precision::Region, Into::into);
        let audience = self.audience.map_or(access::Audience::Members, Into::into);
        fields.build(|| {
            Some(AddWorkSite {
                community: community?,
                name: name?,
                country: country?,
                region: region?,
                coordinates: coordinates?,
                precision,
                audience,
            })
        })
    }
}

/// What is to be said of a work site. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub(crate) struct ChangeWorkSiteInput {
    /// The id of the work site (wsi_...).
    work_site: ID,
    /// The revision that the change is made from: the site's `revision` as you read it.
    expected_revision: i32,
    /// What it is called, at most 200 characters; it cannot be null. Everyone who may see the site is shown this as you write it.
    name: Update<String>,
    /// The country by its two letters (ISO 3166-1), such as `KE`; null when unknown.
    country: Update<String>,
    /// The region's name, at most 200 characters; null when unknown. Everyone who may see the site is shown this as you write it.
    region: Update<String>,
    /// Where it is; null when unknown.
    location: Update<CoordinatesInput>,
    /// How precisely those are told where it is who may not write it; it cannot be null.
    precision: Update<LocationPrecision>,
    /// Who may see it; it cannot be null.
    audience: Update<Audience>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChangeWorkSiteInput {
    type Command = ChangeWorkSite;

    fn check(self, mut fields: Fields) -> Result<ChangeWorkSite, Vec<Refusal>> {
        let work_site = fields.parsed("workSite", self.work_site);
        let expected = self.expected_revision.into();
        let name = fields.changed("name", self.name, named);
        let country = fields.patched("country", self.country, Fields::parsed);
        let region = fields.patched("region", self.region, named);
        let coordinates = fields.patched("location", self.location, Fields::part);
        let precision = fields.changed("precision", self.precision, Fields::taken);
        let audience = fields.changed("audience", self.audience, Fields::taken);
        fields.build(|| {
            Some(ChangeWorkSite {
                work_site: work_site?,
                expected,
                name: name?,
                country: country?,
                region: region?,
                coordinates: coordinates?,
                precision: precision?,
                audience: audience?,
            })
        })
    }
}

/// A work site that should not be there.
#[derive(Debug, InputObject)]
pub(crate) struct RemoveWorkSiteInput {
    /// The id of the work site (wsi_...).
    work_site: ID,
    /// The revision that it is removed at: the site's `revision` as you read it.
    expected_revision: i32,
    #[graphql(flatten)]
    once: Once,
}

impl Input for RemoveWorkSiteInput {
    type Command = RemoveWorkSite;

    fn check(self, mut fields: Fields) -> Result<RemoveWorkSite, Vec<Refusal>> {
        let work_site = fields.parsed("workSite", self.work_site);
        let expected = self.expected_revision.into();
        fields.build(|| Some(RemoveWorkSite { work_site: work_site?, expected }))
    }
}

/// How strong or how needed the practice is at a work site.
#[derive(Debug, InputObject)]
pub(crate) struct AssessWorkSiteInput {
    /// The id of the work site (wsi_...).
    work_site: ID,
    /// The day on which somebody looked.
    assessed_on: Date,
    /// How strong the practice is; this or `need` has to be given.
    strength: Option<Strength>,
    /// How much more of it is needed.
    need: Option<Need>,
    /// Who found out, and how, at most 2,000 characters. Everyone who may see the site is shown this as you write it.
    source: String,
    /// What else there is to say, at most 2,000 characters. Everyone who may see the site is shown this as you write it.
    note: Option<String>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for AssessWorkSiteInput {
    type Command = AssessWorkSite;

    fn check(self, mut fields: Fields) -> Result<AssessWorkSite, Vec<Refusal>> {
        let work_site = fields.parsed("workSite", self.work_site);
        let source = told(&mut fields, "source", self.source);
        let note = fields.optional("note", self.note, told);
        let (id, assessed_on) = (AssessmentId::from_uuid(Uuid::now_v7()), self.assessed_on.into());
        let (strength, need) = (self.strength.map(Into::into), self.need.map(Into::into));
        fields.build(|| {
            let assessment = work_site::Assessment { id, assessed_on, strength, need, source: source?, note: note? };
            Some(AssessWorkSite { work_site: work_site?, assessment })
        })
    }
}

/// An assessment that was a mistake.
#[derive(Debug, InputObject)]
pub(crate) struct RemoveAssessmentInput {
    /// The id of the work site (wsi_...).
    work_site: ID,
    /// The id of the assessment (asm_...).
    assessment: ID,
    /// The site's revision that it is removed at: its `revision` as you read it.
    expected_revision: i32,
    #[graphql(flatten)]
    once: Once,
}

impl Input for RemoveAssessmentInput {
    type Command = RemoveAssessment;

    fn check(self, mut fields: Fields) -> Result<RemoveAssessment, Vec<Refusal>> {
        let work_site = fields.parsed("workSite", self.work_site);
        let assessment = fields.parsed("assessment", self.assessment);
        let expected = self.expected_revision.into();
        fields.build(|| Some(RemoveAssessment { work_site: work_site?, expected, assessment: assessment? }))
    }
}

fn named(fields: &mut Fields, name: &str, text: String) -> Option<Text> {
    fields.valid(name, work_site::name(text))
}

fn told(fields: &mut Fields, name: &str, text: String) -> Option<Text> {
    fields.valid(name, work_site::remark(text))
}

/// Which work sites a list shows: those that fit in all respects that are given. A list that is left out or empty lets
/// everything through; each has at most 100 values.
#[derive(Debug, InputObject)]
pub(crate) struct WorkSiteFilter {
    /// Only these countries, by their two letters (ISO 3166-1).
    countries: Option<Vec<String>>,
    /// Only sites whose newest assessment found one of these strengths.
    strengths: Option<Vec<Strength>>,
    /// Only sites whose newest assessment found one of these needs.
    needs: Option<Vec<Need>>,
    /// Only sites on which nobody has looked on this date or later.
    assessed_before: Option<Date>,
    /// Assessments of later days than this do not count for this filter; today in UTC when left out.
    as_of: Option<Date>,
}

impl Filter for WorkSiteFilter {
    type Checked = work_site::WorkSiteFilter;

    fn check(self) -> Result<work_site::WorkSiteFilter, Error> {
        let strengths = input::values("filter.strengths", self.strengths)?;
        let needs = input::values("filter.needs", self.needs)?;
        let (before, as_of) = (self.assessed_before.map(Into::into), or_today(self.as_of));
        let is_asked = !strengths.is_empty() || !needs.is_empty() || before.is_some();
        Ok(work_site::WorkSiteFilter {
            countries: input::parsed("filter.countries", self.countries)?,
            assessed: is_asked.then_some(Assessed { as_of, strengths, needs, before }),
        })
    }
}
