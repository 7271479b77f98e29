//! A small network for tests: a nation, its regions and cities, what they held and reported, in a database of its own.

use std::{cell::RefCell, sync::Once, time::Duration};

use async_graphql::Variables;
use chrono::{NaiveDate, Utc};
use convene_application::App;
use convene_domain::{
    access::{Audience, Caller},
    change::{ChangeKind, EntityType, NewChange},
    community::{Community, CommunityStatus, Level, Profile},
    gathering::{AgendaItem, Format, Gathering, GatheringParts, GatheringStatus, Hosts, Invitation, Rsvps},
    id::{CommunityId, GatheringId, NetworkId, ReportId, TermId},
    network::{Network, Term, VocabularyKind},
    occurrence::{Moment, Occurrence},
    place::{Home, Venue},
    record::Recorded,
    report::{Attendance, AttendancePart, GatheringReport, ItemDetail, ReportItem, ReportParts, ReportStatus, Severity, Tags},
    text::HeadCount,
};
use convene_live::WakeUps;
use convene_persistence::{Database, Write, communities, gatherings, networks, reports, terms};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tracing_subscriber::{Layer, layer::SubscriberExt};
use uuid::Uuid;

use crate::{
    guard::{Guard, Limits},
    request::{self, GraphqlRequest},
    schema::{ConveneSchema, SchemaOptions, request_data, schema, trusting},
    service::Service,
};

/// A service on a database that is removed after the test.
pub(crate) struct World {
    pub(crate) network: NetworkId,
    app: App,
    schema: ConveneSchema,
    trusting: ConveneSchema,
    guard: Guard,
    _folder: TempDir,
}

/// A report to be written, with one challenge for every text. One that ends in `!` is confidential.
pub(crate) struct Told<'a> {
    pub(crate) gathering: GatheringId,
    pub(crate) audience: Audience,
    pub(crate) status: ReportStatus,
    pub(crate) challenges: &'a [&'a str],
}

impl World {
    /// A network without communities, with a vocabulary of two words.
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        world.found_network().await;
        world
    }

    /// A service without networks.
    pub(crate) async fn empty() -> Self {
        listen();
        let folder = TempDir::new().unwrap();
        let address = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
        convene_migrations::up(&Database::connect_once(&address).await.unwrap()).await.unwrap();
        let app = App::open(&address, 4, Duration::from_secs(30), WakeUps::try_new(None).unwrap()).await.unwrap();
        let options = SchemaOptions { introspection: true, suggestions: false };
        let (schema, trusting) = (schema(app.clone(), options), trusting(app.clone(), options));
        let guard = Guard::try_new(Limits::default(), &schema.sdl()).unwrap();
        Self { network: NetworkId::from_uuid(Uuid::now_v7()), app, schema, trusting, guard, _folder: folder }
    }

    async fn found_network(&self) {
        let mut write = self.write().await;
        let content = Network {
            slug: "relief".parse().unwrap(),
            name: "Relief".parse().unwrap(),
            source_url: None,
            languages: vec!["en".parse().unwrap()],
        };
        networks::add_many(&write, &[Recorded::first(self.network, write.instance(), content)]).await.unwrap();
        self.created(&mut write, EntityType::Network, self.network.uuid());
        let words = [(VocabularyKind::Theme, "WATER", false), (VocabularyKind::ParticipantRole, "LEADERS", true)];
        let terms = (1..).zip(words).map(|(order, (kind, code, retired))| {
            let (code, label) = (code.parse().unwrap(), code.to_lowercase().parse().unwrap());
            let term = Term { network: self.network, kind, code, label, order, retired };
            Recorded::first(TermId::from_uuid(Uuid::now_v7()), write.instance(), term)
        });
        let terms: Vec<_> = terms.collect();
        terms::add_many(&write, &terms).await.unwrap();
        for term in &terms {
            self.created(&mut write, EntityType::Term, term.id.uuid());
        }
        write.seal().await.unwrap();
    }

    /// Adds communities by slug, which is their name, too.
    pub(crate) async fn communities<S: AsRef<str>>(
        &self,
        level: Level,
        parent: Option<CommunityId>,
        slugs: impl IntoIterator<Item = S>,
    ) -> Vec<CommunityId> {
        let mut write = self.write().await;
        let records: Vec<_> = slugs
            .into_iter()
            .map(|slug| {
                let content = community(self.network, level, parent, slug.as_ref());
                Recorded::first(CommunityId::from_uuid(Uuid::now_v7()), write.instance(), content)
            })
            .collect();
        communities::add_many(&write, &records).await.unwrap();
        for record in &records {
            self.created(&mut write, EntityType::Community, record.id.uuid());
        }
        write.seal().await.unwrap();
        records.iter().map(|record| record.id).collect()
    }

    /// Notes that a community had another slug before.
    pub(crate) async fn former_slug(&self, community: CommunityId, slug: &str) {
        let mut write = self.write().await;
        communities::add_slugs(&write, &[(self.network, slug.parse().unwrap(), community)]).await.unwrap();
        self.created(&mut write, EntityType::Community, community.uuid());
        write.seal().await.unwrap();
    }

    /// Adds gatherings: who hosts them, their title and when they begin.
    pub(crate) async fn gatherings(&self, held: &[(&[CommunityId], &str, &str)]) -> Vec<GatheringId> {
        let mut write = self.write().await;
        let records: Vec<_> = held
            .iter()
            .map(|(hosts, title, start)| {
                let content = gathering(self.network, title, start);
                let record = Recorded::first(GatheringId::from_uuid(Uuid::now_v7()), write.instance(), content);
                (record, programme(hosts))
            })
            .collect();
        gatherings::add_many(&write, &records).await.unwrap();
        for (record, _) in &records {
            self.created(&mut write, EntityType::Gathering, record.id.uuid());
        }
        write.seal().await.unwrap();
        records.iter().map(|(record, _)| record.id).collect()
    }

    /// Adds reports.
    pub(crate) async fn reports(&self, told: &[Told<'_>]) -> Vec<ReportId> {
        let mut write = self.write().await;
        let records: Vec<_> = told
            .iter()
            .map(|told| {
                let content = GatheringReport {
                    network: self.network,
                    gathering: told.gathering,
                    external_id: None,
                    status: told.status,
                    audience: told.audience,
                    submitted_at: None,
                    attendance: HeadCount::try_new(12).ok(),
                };
                (Recorded::first(ReportId::from_uuid(Uuid::now_v7()), write.instance(), content), parts(told.challenges))
            })
            .collect();
        reports::add_many(&write, &records).await.unwrap();
        for (record, _) in &records {
            self.created(&mut write, EntityType::GatheringReport, record.id.uuid());
        }
        write.seal().await.unwrap();
        records.iter().map(|(record, _)| record.id).collect()
    }

    /// A service of its own over the network.
    pub(crate) fn service(&self) -> Service {
        let options = SchemaOptions { introspection: true, suggestions: false };
        Service::try_new(self.app.clone().listening(Handle::current()), options, Limits::default(), Duration::from_secs(30))
            .unwrap()
    }

    /// The whole answer to a query, which the guard has to let through.
    pub(crate) async fn ask(&self, query: impl Into<String>) -> Json {
        self.ask_guarded(&self.guard, Duration::from_secs(30), query.into()).await
    }

    /// The whole answer of a service that lets operations cost so much and take so long.
    pub(crate) async fn ask_within(&self, cost: u64, deadline: Duration, query: impl Into<String>) -> Json {
        let guard = Guard::try_new(Limits { cost, ..Limits::default() }, &self.schema.sdl()).unwrap();
        self.ask_guarded(&guard, deadline, query.into()).await
    }

    async fn ask_guarded(&self, guard: &Guard, deadline: Duration, query: String) -> Json {
        let request = GraphqlRequest { read_only: true, ..posted(query, Json::Null) };
        self.execute(guard, deadline, Caller::Anonymous, request).await
    }

    /// The whole answer to a request of this caller, which may write.
    pub(crate) async fn send(&self, caller: Caller, query: impl Into<String>, variables: Json) -> Json {
        self.execute(&self.guard, Duration::from_secs(30), caller, posted(query.into(), variables)).await
    }

    async fn execute(&self, guard: &Guard, deadline: Duration, caller: Caller, request: GraphqlRequest) -> Json {
        let data = |request| request_data(request, &self.app, caller);
        let outcome = request::execute((&self.schema, &self.trusting), guard, request, deadline, data).await;
        serde_json::from_slice(&outcome.to_json().unwrap()).unwrap()
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, query: impl Into<String>) -> Json {
        let mut answer = self.ask(query).await;
        assert_eq!(answer.get("errors"), None, "{answer:#}");
        answer["data"].take()
    }

    /// The code and message of the only error of an answer.
    pub(crate) async fn error(&self, query: impl Into<String>) -> (String, String) {
        let answer = self.ask(query).await;
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer:#}");
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        (text(&answer["errors"][0]["extensions"]["code"]), text(&answer["errors"][0]["message"]))
    }

    async fn write(&self) -> Write {
        Write::begin(self.app.database(), Utc::now()).await.unwrap()
    }

    fn created(&self, write: &mut Write, entity_type: EntityType, entity: Uuid) {
        write.record(self.network, NewChange { kind: ChangeKind::Created, entity_type, entity, revision: 1, occurred_at: None });
    }
}

fn posted(query: String, variables: Json) -> GraphqlRequest {
    let (variables, extensions) = (Variables::from_json(variables), serde_json::Map::new());
    GraphqlRequest {
        query,
        operation_name: None,
        variables,
        extensions,
        read_only: false,
        persisted: None,
        last_event_id: None,
        charge: None,
    }
}

fn community(network: NetworkId, level: Level, parent: Option<CommunityId>, slug: &str) -> Community {
    Community {
        network,
        slug: slug.parse().unwrap(),
        name: slug.parse().unwrap(),
        level,
        parent,
        home: Home::default(),
        time_zone: "Africa/Nairobi".parse().ok(),
        founded_on: NaiveDate::from_ymd_opt(2019, 5, 1),
        joined_network_on: None,
        status: CommunityStatus::Open,
        source_status: None,
        members: None,
        default_audience: None,
        cadence: None,
        report_due_days: Some(14),
        provenance: None,
        region_method: None,
        source_id: None,
        source_url: None,
        profile: Profile::default(),
    }
}

fn gathering(network: NetworkId, title: &str, start: &str) -> Gathering {
    Gathering {
        network,
        external_id: None,
        title: title.parse().unwrap(),
        occurrence: Occurrence::try_new(Moment::parse(start, None).unwrap(), None, None).unwrap(),
        format: Format::InPerson,
        venue: Venue::default(),
        status: GatheringStatus::Held,
        announced_at: None,
        source_url: None,
        rsvps: Rsvps::default(),
    }
}

fn programme(hosts: &[CommunityId]) -> GatheringParts {
    GatheringParts {
        hosts: Hosts::try_new(hosts.to_vec()).unwrap(),
        agenda: vec![AgendaItem { kind: None, title: "Welcome".parse().unwrap(), minutes: Some(20), presenter: None }],
        invitations: vec![Invitation { group: "CHURCHES".parse().unwrap(), invited: None }],
    }
}

fn parts(challenges: &[&str]) -> ReportParts {
    let role = "LEADERS".parse().ok();
    let part = AttendancePart::try_new(role, None, HeadCount::try_new(12).unwrap()).unwrap();
    let items = challenges.iter().map(|text| ReportItem {
        detail: ItemDetail::Challenge { severity: Some(Severity::High) },
        text: text.parse().unwrap(),
        theme: "WATER".parse().ok(),
        contributor: None,
        host: None,
        confidential: text.ends_with('!'),
    });
    ReportParts {
        attendance: Attendance::try_new(None, vec![part]).unwrap(),
        items: items.collect(),
        tags: Tags { outcomes: vec!["HOPE".parse().unwrap()], functions: vec![] },
    }
}

thread_local! {
    /// The statements of this thread's test, while it counts them.
    static STATEMENTS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// The statements that reached the driver while a future ran. They are seen on the test's own thread, where a request
/// does all its loading.
pub(crate) async fn statements<T>(run: impl Future<Output = T>) -> (T, Vec<String>) {
    STATEMENTS.set(Some(Vec::new()));
    let result = run.await;
    (result, STATEMENTS.take().unwrap_or_default())
}

/// Listens for statements, once for all tests: subscribers that come and go make `tracing` miss events.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Statements)).unwrap());
}

struct Statements;

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "convene::statements" {
            STATEMENTS.with_borrow_mut(|statements| statements.as_mut().map(|seen| event.record(&mut Sql(seen))));
        }
    }
}

/// Takes the text of a statement out of an event.
struct Sql<'a>(&'a mut Vec<String>);

impl tracing::field::Visit for Sql<'_> {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "sql" {
            self.0.push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}
