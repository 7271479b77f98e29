//! Themes: what recurs across communities.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object};
use convene_domain::{
    id::{NetworkId, Within},
    metric::{self, Span},
    network,
    occurrence::Window,
    report::{ItemFilter, ItemKind, ReportFilter, ReportStatus},
    theme::{self, ThemeQuery},
};

use crate::{
    budget,
    connection::{Connection, Paging},
    error::Error,
    input,
    loaders::{self, HostsOfTheme, Reports},
    types::{Community, GatheringOrder, MetricValue, Period, VocabularyCode},
};

/// How themes are sorted; those that are equal by code.
#[derive(Debug, Enum, Copy, Clone, Default, PartialEq, Eq)]
#[graphql(remote = "theme::ThemeOrder")]
pub(crate) enum ThemeOrder {
    /// Those of the most communities first, then those of the most items.
    #[default]
    Recurring,
    /// Those first that grew the most since the period before, by items.
    Rising,
    /// Those of the most items first.
    Frequent,
}

/// What themes are asked for, and where.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) network: NetworkId,
    pub(crate) within: Within,
    pub(crate) query: Arc<ThemeQuery>,
}

/// The themes of a place and a period.
#[derive(Debug)]
pub(crate) struct Themes {
    pub(crate) asked: Arc<Asked>,
    pub(crate) found: theme::Themes,
    pub(crate) most: usize,
}

/// What recurs across communities in a period, as far as you may read the reports that tell of it.
#[Object(name = "ThemePage")]
impl Themes {
    /// The period that was asked for.
    async fn window(&self) -> Period {
        self.asked.query.window.into()
    }

    /// The earlier period with which it is compared: as long, and right before it; for a part of a month, quarter or year
    /// the same part of the one before.
    async fn previous_window(&self) -> Period {
        self.asked.query.previous.into()
    }

    /// The themes in the order that was asked for: as many of them as were asked for.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<Theme>, Error> {
        let themes = &self.found.themes[..self.most.min(self.found.themes.len())];
        budget::spend(ctx, themes.len()).await?;
        Ok(themes.iter().map(|theme| Theme { asked: Arc::clone(&self.asked), theme: theme.clone() }).collect())
    }

    /// How complete the themes are: which share of the items names one at all.
    async fn tagged(&self) -> MetricValue {
        MetricValue(self.found.tagged())
    }
}

/// A theme of a place and a period.
#[derive(Debug)]
pub(crate) struct Theme {
    asked: Arc<Asked>,
    theme: theme::Theme,
}

impl Theme {
    fn value(&self, metric: metric::Metric) -> Result<MetricValue, Error> {
        self.theme.value(metric).map(MetricValue).ok_or_else(|| Error::internal("a theme was asked for the metric of another"))
    }

    async fn telling(&self, context: &Context<'_>, kinds: Vec<ItemKind>, paging: Paging) -> Result<Connection<Reports>, Error> {
        let Span { from, to } = self.asked.query.window;
        // A theme was told of, so there is a day in the period.
        let window = input::checked("window", Window::try_new(from, to))?;
        let filter = ReportFilter {
            window: Some(window),
            statuses: vec![ReportStatus::Submitted, ReportStatus::Reviewed],
            items: ItemFilter { kinds, themes: vec![self.theme.code.to_string()], ..ItemFilter::default() },
            ..ReportFilter::default()
        };
        Connection::load(context, self.asked.within, (filter, GatheringOrder::default().into()), paging).await
    }
}

/// A theme, with how much is told of it in a place and a period, by whom, and in which reports. A community told of it when
/// it hosted the gathering, or when the item names it as the one that is meant.
#[Object]
impl Theme {
    /// The theme, by the code that the items name.
    async fn theme(&self) -> VocabularyCode {
        VocabularyCode::new(self.asked.network, network::VocabularyKind::Theme, self.theme.code.clone())
    }

    /// How many items of the kinds that were asked for name it.
    async fn mentions(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeItems)
    }

    /// How many did in the period before.
    async fn previous_mentions(&self) -> MetricValue {
        MetricValue(self.theme.previous_items())
    }

    /// By which part the items grew since the period before: 0.5 is half as many again, -0.5 is half as many. Null when there
    /// were none before.
    async fn change(&self) -> Option<f64> {
        self.theme.change()
    }

    /// How many of the items are of high or critical severity.
    async fn severe_mentions(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeSevereItems)
    }

    /// How many reports tell of it.
    async fn reports(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeReports)
    }

    /// How many communities told of it.
    async fn communities(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeCommunities)
    }

    /// How many communities did in the period before.
    async fn previous_communities(&self) -> MetricValue {
        MetricValue(self.theme.previous_communities())
    }

    /// In how many regions these communities are.
    async fn regions(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeRegions)
    }

    /// How many successes name the same theme.
    async fn successes(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeSuccesses)
    }

    /// How many communities told of such a success: whom the others can ask.
    async fn successful_communities(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeSuccessfulCommunities)
    }

    /// Which share of the next steps on the theme is done.
    async fn next_steps_done(&self) -> Result<MetricValue, Error> {
        self.value(metric::Metric::ThemeNextStepsDoneRate)
    }

    /// Who told of it, or of a success on it: those with the most items first, at most 100.
    async fn hosts(&self, ctx: &Context<'_>) -> Result<Vec<ThemeHost>, Error> {
        let Asked { within, query, .. } = &*self.asked;
        let key = HostsOfTheme { within: *within, query: Arc::clone(query), theme: self.theme.code.clone() };
        let hosts = loaders::load(ctx, key).await?.unwrap_or_default();
        budget::spend(ctx, hosts.len()).await?;
        Ok(hosts.into_iter().map(ThemeHost).collect())
    }

    /// The reports that the items came from, by their gatherings, newest first.
    async fn gathering_reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Reports>, Error> {
        self.telling(ctx, self.asked.query.kinds().to_vec(), Paging { first, after, last, before }).await
    }

    /// The reports that tell of a success on the same theme, by their gatherings, newest first.
    async fn success_reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Reports>, Error> {
        self.telling(ctx, vec![ItemKind::Success], Paging { first, after, last, before }).await
    }
}

/// What one community told of a theme.
#[derive(Debug)]
pub(crate) struct ThemeHost(theme::ThemeOfCommunity);

/// What one community told of a theme.
#[Object]
impl ThemeHost {
    /// The community.
    async fn community(&self, ctx: &Context<'_>) -> Result<Community, Error> {
        Ok(loaders::load_referred(ctx, self.0.community).await?.into())
    }

    /// How many items of the kinds that were asked for it told of.
    async fn mentions(&self) -> MetricValue {
        MetricValue(self.0.items())
    }

    /// How many successes it told of.
    async fn successes(&self) -> MetricValue {
        MetricValue(self.0.successes())
    }
}
