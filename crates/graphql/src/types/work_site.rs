//! Work sites, and how strong or how needed the practice is there.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use chrono::NaiveDate;
use convene_application::work_sites::SeenSite;
use convene_domain::work_site;

use crate::{
    budget,
    error::Error,
    loaders::{self, AssessmentsOf, NewestAssessmentOf},
    scalars::{Date, int, or_today},
    types::{Audience, Community, Coordinates},
};

/// How precisely those are told where a work site is who see it and may not write it.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "work_site::Precision")]
pub(crate) enum LocationPrecision {
    /// The point itself.
    Exact,
    /// The middle of the cell of a grid that it lies in: a tenth of a degree from south to north, some eleven kilometres, and as
    /// much from west to east, or more towards the poles, where cells are put together so that they are at least half as wide
    /// as high. It is always the same.
    Near,
    /// No point, only what is said of region and country.
    Region,
}

/// How strong the practice is in an area.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "work_site::Strength")]
pub(crate) enum Strength {
    /// Nobody does it.
    Absent,
    /// Few do it, or it may end.
    Weak,
    /// It becomes more.
    Growing,
    /// It is well established.
    Strong,
}

/// How much more of the practice an area needs.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "work_site::Need")]
pub(crate) enum Need {
    /// What is needed is there.
    Met,
    /// A little more.
    Low,
    /// Much more.
    High,
    /// Much more, and soon.
    Urgent,
}

/// What the API shows of a work site.
#[derive(Debug)]
pub(crate) struct WorkSite(Arc<SeenSite>);

impl From<Arc<SeenSite>> for WorkSite {
    fn from(seen: Arc<SeenSite>) -> Self {
        Self(seen)
    }
}

/// A place or an area where people of a community work. Facilitators of the community, and those above it, see where it is;
/// everyone else who may see it is told as much as its `precision` allows. The name, the region and the texts of assessments
/// are shown as written to everyone who may see it: write nothing there that its location is not to tell.
#[Object]
impl WorkSite {
    /// The identity, the same for ever and everywhere.
    pub(crate) async fn id(&self) -> ID {
        self.0.site.id.to_string().into()
    }

    /// What it is called, as written.
    async fn name(&self) -> &str {
        &self.0.site.name
    }

    /// The country by its two letters (ISO 3166-1), such as `KE`; null when unknown.
    async fn country(&self) -> Option<&str> {
        self.0.site.country.as_deref()
    }

    /// The region's name, as written; null when unknown.
    async fn region(&self) -> Option<&str> {
        self.0.site.region.as_deref()
    }

    /// Where it is, as precisely as you may know; null when unknown, and when you may not know.
    async fn location(&self) -> Option<Coordinates> {
        self.0.site.coordinates.map(Into::into)
    }

    /// Whether `location` is the point itself: false when it is null, and when it is the middle of a cell.
    async fn is_exact(&self) -> bool {
        self.0.is_exact
    }

    /// How precisely those are told where it is who may not write it.
    async fn precision(&self) -> LocationPrecision {
        self.0.site.precision.into()
    }

    /// Who may see it.
    async fn audience(&self) -> Audience {
        self.0.site.audience.into()
    }

    /// How many times the site or its assessments were written, from 1.
    async fn revision(&self) -> i32 {
        int(self.0.site.revision)
    }

    /// The community whose people work there.
    async fn community(&self, ctx: &Context<'_>) -> Result<Community, Error> {
        Ok(loaders::load_referred(ctx, self.0.site.community).await?.into())
    }

    /// The newest assessment as of a date: of that day, or of the last one before it on which somebody looked. Null when there is
    /// none.
    async fn assessment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Later assessments do not count, and its age is counted to this date; today in UTC when left out.")]
        as_of: Option<Date>,
    ) -> Result<Option<Assessment>, Error> {
        let as_of = or_today(as_of);
        let newest = loaders::load(ctx, NewestAssessmentOf(self.0.site.id, as_of)).await?;
        Ok(newest.map(|assessment| Assessment { assessment, as_of }))
    }

    /// All assessments as of a date, the newest first; at most 100.
    async fn assessments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Later assessments do not count, and ages are counted to this date; today in UTC when left out.")]
        as_of: Option<Date>,
    ) -> Result<Vec<Assessment>, Error> {
        let as_of = or_today(as_of);
        let all = loaders::load(ctx, AssessmentsOf(self.0.site.id, as_of)).await?.unwrap_or_default();
        budget::spend(ctx, all.len()).await?;
        Ok(all.iter().map(|assessment| Assessment { assessment: Arc::clone(assessment), as_of }).collect())
    }
}

/// How strong or how needed the practice was at a work site on a day, and who says so.
#[derive(Debug)]
pub(crate) struct Assessment {
    assessment: Arc<work_site::Assessment>,
    as_of: NaiveDate,
}

/// How strong or how needed the practice was at a work site on a day, and who says so.
#[Object]
impl Assessment {
    /// The identity, to remove it.
    async fn id(&self) -> ID {
        self.assessment.id.to_string().into()
    }

    /// The day on which somebody looked.
    async fn assessed_on(&self) -> Date {
        Date(self.assessment.assessed_on)
    }

    /// How many days before the date that was asked for (`asOf`).
    async fn age_days(&self) -> i32 {
        int(self.assessment.age(self.as_of))
    }

    /// How strong the practice was; null when that was not assessed.
    async fn strength(&self) -> Option<Strength> {
        self.assessment.strength.map(Into::into)
    }

    /// How much more of it was needed; null when that was not assessed.
    async fn need(&self) -> Option<Need> {
        self.assessment.need.map(Into::into)
    }

    /// Who found out, and how, as written.
    async fn source(&self, ctx: &Context<'_>) -> Result<&str, Error> {
        budget::spend_text(ctx, &self.assessment.source)?;
        Ok(&self.assessment.source)
    }

    /// What else there is to say, as written; null when there is nothing.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<&str>, Error> {
        let note = self.assessment.note.as_deref();
        budget::spend_text(ctx, note.unwrap_or_default())?;
        Ok(note)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::resolver_utils::EnumType;

    use super::*;

    fn names<T: EnumType>() -> Vec<&'static str> {
        T::items().iter().map(|item| item.name).collect()
    }

    #[test]
    fn values_are_spelled_and_sorted_as_in_the_domain() {
        assert_eq!(names::<LocationPrecision>(), work_site::Precision::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>());
        assert_eq!(names::<Strength>(), work_site::Strength::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>());
        assert_eq!(names::<Need>(), work_site::Need::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>());
    }
}
