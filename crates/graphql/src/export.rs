//! Numbers as CSV: the questions of `activity` and `comparison` as addresses, whose parameters are called and written as their
//! arguments are.
//!
//! An answer has a tag that names where the log stood, the question and the rights: while nothing was written, whoever has
//! the answer is told so without anything being counted.

use std::collections::BTreeMap;

use async_graphql::{InputType, Name, Number, Pos, Value};
use chrono::{NaiveDate, Utc};
use convene_application::{
    App,
    metrics::{self, Beside, Comparing},
};
use convene_domain::{
    access::Caller,
    change::Head,
    id::Within,
    metric::{GROUP_LIMIT, Question, Time, When as Dates},
};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, without_types},
    input::{self, ActivityArguments, ActivityFilter, When},
    request::{self, Outcome},
    service::Service,
};

/// The most rows of a table: more than that no spreadsheet is glad of.
const ROW_LIMIT: usize = 100_000;
/// What a table takes of the room that large operations share: its text is there as a whole.
const COST: u64 = 16_000;
/// How often something is counted anew that was changed meanwhile, before it is answered without a tag.
const ATTEMPTS: usize = 4;
/// Counts up when the columns change.
const FORM: &str = "convene csv 3";

/// What can be had as CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The activity of a place.
    Activity,
    /// Communities side by side.
    Comparison,
}

/// A request for CSV.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// Of what.
    pub table: Table,
    /// The parameters, as they stand in the address.
    pub query: String,
    /// The tags of the answers that the client has, as it names them.
    pub known: Option<String>,
}

/// What a request for CSV is answered with.
#[derive(Debug)]
pub enum Exported {
    /// The client has it.
    Unchanged {
        /// Its tag.
        tag: String,
    },
    /// The text.
    Csv {
        /// Its tag; `None` when others kept writing while it was counted.
        tag: Option<String>,
        /// The text.
        text: String,
    },
}

/// Whether a list of tags names this one, strong or weak.
pub fn names(known: &str, tag: &str) -> bool {
    is_any(known) || known.split(',').map(str::trim).any(|known| known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Whether any answer will do that there is.
fn is_any(known: &str) -> bool {
    known.trim() == "*"
}

impl Service {
    /// Answers a request for CSV.
    ///
    /// # Errors
    ///
    /// Fails with what a query that asks the same would be refused with.
    pub async fn export(&self, caller: Caller, request: ExportRequest) -> Result<Exported, Box<Outcome>> {
        let answered = async {
            let _room = self.guard.enter(COST).await;
            export(&self.app, caller, &request).await
        };
        match tokio::time::timeout(self.deadline, answered).await {
            Ok(exported) => exported.map_err(|error| Box::new(Outcome::failed_with(error))),
            Err(_) => Err(Box::new(Outcome::refused(request::late(self.deadline)))),
        }
    }
}

/// What was asked.
enum Asked {
    Activity(Box<Question>),
    Comparison(Comparing),
}

async fn export(app: &App, caller: Caller, request: &ExportRequest) -> Result<Exported, Error> {
    let asked = Asked::read(request, Utc::now().date_naive())?;
    let within = asked.place()?;
    let mut head = metrics::head(app, within).await?;
    // Whether there is any answer at all is known once there is one.
    let known = request.known.as_deref();
    let is_known = |tag: &str| known.is_some_and(|known| !is_any(known) && names(known, tag));
    let mut text = String::new();
    for _ in 0..ATTEMPTS {
        let tag = asked.tag(&caller, head);
        if is_known(&tag) {
            return Ok(Exported::Unchanged { tag });
        }
        text = asked.text(app, &caller).await?;
        let after = metrics::head(app, within).await?;
        if after == head {
            return Ok(if known.is_some_and(is_any) {
                Exported::Unchanged { tag }
            } else {
                Exported::Csv { tag: Some(tag), text }
            });
        }
        head = after;
    }
    Ok(Exported::Csv { tag: None, text })
}

impl Asked {
    fn read(request: &ExportRequest, today: NaiveDate) -> Result<Self, Error> {
        let mut given = Given::read(&request.query)?;
        let when = When {
            window: given.window()?,
            period: given.word("period")?,
            last_days: given.number("lastDays")?,
            as_of: given.take("asOf").map(|text| parse("asOf", Value::String(text))).transpose()?,
        };
        let metrics = given.words("metrics")?.unwrap_or_default();
        let asked = match request.table {
            Table::Activity => {
                let direction = given.take("direction");
                if direction.is_some() && !given.has("orderBy") {
                    return Err(Error::bad_user_input("direction is given without orderBy"));
                }
                let direction = direction.map(|text| (Name::new("direction"), Value::Enum(Name::new(text))));
                let order = given.take("orderBy").map(|metric| {
                    let metric = (Name::new("metric"), Value::Enum(Name::new(metric)));
                    Value::Object([Some(metric), direction].into_iter().flatten().collect())
                });
                let arguments = ActivityArguments {
                    within: given.required("within")?.into(),
                    when,
                    bucket: given.word("bucket")?,
                    group_by: given.words("groupBy")?,
                    filter: given.filter()?,
                    metrics,
                    compare_with: given.word("compareWith")?,
                    order_by: order.map(|order| parse("orderBy", order)).transpose()?,
                    // A table is whole unless somebody says how much of it.
                    first: given.number("first")?.or(i32::try_from(GROUP_LIMIT).ok()),
                };
                Self::Activity(Box::new(arguments.check(today)?))
            }
            Table::Comparison => Self::Comparison(Comparing {
                communities: input::parsed("communities", Some(list(&given.required("communities")?)))?,
                time: when.check(today)?,
                metrics: metrics.into_iter().map(|metric: crate::types::Metric| metric.0).collect(),
                beside: Beside { previous: true, last_year: true, peers: true },
            }),
        };
        given.check_rest()?;
        Ok(asked)
    }

    /// Whose log says whether it has changed.
    fn place(&self) -> Result<Within, Error> {
        match self {
            Self::Activity(question) => Ok(question.within),
            Self::Comparison(asked) => {
                let first = asked.communities.first().copied().map(Within::Community);
                first.ok_or_else(|| Error::bad_user_input("communities names none"))
            }
        }
    }

    async fn text(&self, app: &App, caller: &Caller) -> Result<String, Error> {
        Ok(match self {
            Self::Activity(question) => {
                let found = metrics::activity(app, caller, question).await?;
                let rows = found.series.len().max(1) * found.parts.len() * question.metrics.len();
                if rows > ROW_LIMIT {
                    let message = format!(
                        "the table would have {rows} rows, more than {ROW_LIMIT}: ask for fewer parts, metrics or groups"
                    );
                    return Err(Error::bad_user_input(message));
                }
                metrics::activity_csv(question, &found)
            }
            Self::Comparison(asked) => {
                // There is nothing before all time.
                let dated = asked.time.period().is_some();
                let beside = Beside { previous: dated, last_year: dated, peers: true };
                metrics::comparison_csv(&metrics::comparison(app, caller, &Comparing { beside, ..asked.clone() }).await?)
            }
        })
    }

    /// The tag of the answer that is counted while the log stands there.
    fn tag(&self, caller: &Caller, head: Head) -> String {
        let (asked, metrics) = match self {
            Self::Activity(question) => {
                let question = Question { time: dated(question.time), ..(**question).clone() };
                (format!("{question:?}"), &question.metrics.clone())
            }
            Self::Comparison(asked) => {
                (format!("{:?}", Comparing { time: dated(asked.time), ..asked.clone() }), &asked.metrics.clone())
            }
        };
        let versions: Vec<u16> = metrics.iter().filter_map(|metric| Some(metric.definition()?.version)).collect();
        let read = format!("{FORM} {} {head:?} {:?} {asked} {versions:?}", env!("CARGO_PKG_VERSION"), caller.rights());
        let digest: String = Sha256::digest(read).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{digest}\"")
    }
}

/// The time of a question without the date, where that makes no difference.
fn dated(time: Time) -> Time {
    match time.when {
        Dates::Window(window) if !time.is_cut => Time { as_of: window.to(), ..time },
        _ => time,
    }
}

/// The parameters of an address that were not read yet.
struct Given(BTreeMap<String, String>);

/// How a text becomes a value.
type Written = fn(String) -> Value;

/// The parameters that are fields of a filter, and how their values are written.
const FILTERS: [(&str, Written); 11] = [
    ("formats", word),
    ("statuses", word),
    ("weekdays", word),
    ("outcomes", Value::String),
    ("functions", Value::String),
    ("levels", word),
    ("hostStatuses", word),
    ("countries", Value::String),
    ("regionCodes", Value::String),
    ("foundedYears", whole),
    ("hosts", Value::String),
];

fn word(text: String) -> Value {
    Value::Enum(Name::new(text))
}

/// A whole number; a text that is none stays one, and is refused as such.
fn whole(text: String) -> Value {
    text.parse::<i32>().map_or(Value::String(text), |number| Value::Number(Number::from(number)))
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn parse<T: InputType>(name: &str, value: Value) -> Result<T, Error> {
    let refused = |error: async_graphql::InputValueError<T>| {
        let message = error.into_server_error(Pos::default()).message;
        // Whoever reads tables has no types.
        without_types(&message).unwrap_or(message)
    };
    T::parse(Some(value)).map_err(|error| Error::bad_user_input(format!("{name}: {}", refused(error))))
}

impl Given {
    fn read(query: &str) -> Result<Self, Error> {
        let mut given = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if given.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(Error::bad_user_input(format!("{name} is given twice: values of a list have commas between them")));
            }
        }
        Ok(Self(given))
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    fn required(&mut self, name: &str) -> Result<String, Error> {
        self.take(name).ok_or_else(|| Error::bad_user_input(format!("{name} is missing")))
    }

    fn word<T: InputType>(&mut self, name: &str) -> Result<Option<T>, Error> {
        self.take(name).map(|text| parse(name, word(text))).transpose()
    }

    fn number(&mut self, name: &str) -> Result<Option<i32>, Error> {
        self.take(name).map(|text| parse(name, whole(text))).transpose()
    }

    fn words<T: InputType>(&mut self, name: &str) -> Result<Option<Vec<T>>, Error> {
        let words = |text: String| Value::List(list(&text).into_iter().map(word).collect());
        self.take(name).map(|text| parse(name, words(text))).transpose()
    }

    /// The period between `from` and `to`.
    fn window(&mut self) -> Result<Option<input::Window>, Error> {
        match (self.take("from"), self.take("to")) {
            (None, None) => Ok(None),
            (Some(from), Some(to)) => {
                let field = |name: &str, text: String| (Name::new(name), Value::String(text));
                parse("from and to", Value::Object([field("from", from), field("to", to)].into_iter().collect())).map(Some)
            }
            _ => Err(Error::bad_user_input("from and to are given together or not at all")),
        }
    }

    fn filter(&mut self) -> Result<Option<ActivityFilter>, Error> {
        let mut fields = Vec::new();
        for (name, value) in FILTERS {
            if let Some(text) = self.take(name) {
                fields.push((Name::new(name), Value::List(list(&text).into_iter().map(value).collect())));
            }
        }
        if fields.is_empty() {
            return Ok(None);
        }
        parse("filter", Value::Object(fields.into_iter().collect())).map(Some)
    }

    /// What is left is not known here.
    fn check_rest(&self) -> Result<(), Error> {
        match self.0.keys().next() {
            Some(name) => Err(Error::bad_user_input(format!("{name} is no parameter of this address"))),
            None => Ok(()),
        }
    }
}
