//! Metrics and their values.

use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, Enum, InputType, InputValueError, InputValueResult, Name, Object, OutputType, Positioned, ServerResult,
    Value,
    parser::types::Field,
    registry::{MetaEnumValue, MetaType, MetaTypeId, Registry},
};
use convene_domain::metric;

use crate::{budget, scalars::int};

/// What describes a type to the registry of the schema.
type Describe = fn(&mut Registry) -> MetaType;

/// A metric of the registry, spelled and described as the registry does: one list is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Metric(pub(crate) metric::Metric);

impl Metric {
    fn register<T: 'static>(registry: &mut Registry, create: fn(&mut Registry, Describe) -> String) -> String {
        create(registry, |_| MetaType::Enum {
            name: "Metric".to_owned(),
            description: Some("What is measured; `metricDefinitions` says exactly what each of them means.".to_owned()),
            enum_values: metric::Metric::ALL.iter().map(|metric| (metric.to_string(), Self::word(*metric))).collect(),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<T>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        })
    }

    fn word(metric: metric::Metric) -> MetaEnumValue {
        let mut word = MetaEnumValue::new(metric.as_str());
        word.description = metric.definition().map(|definition| definition.text.to_owned());
        word
    }
}

impl InputType for Metric {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        "Metric".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::register::<Self>(registry, |registry, create| registry.create_input_type::<Self, _>(MetaTypeId::Enum, create))
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let word = match &value {
            Value::Enum(word) => word.as_str(),
            Value::String(word) => word.as_str(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        word.parse().map(Self).map_err(|_| InputValueError::custom(format!("Enumeration type does not contain value {word:?}.")))
    }

    fn to_value(&self) -> Value {
        Value::Enum(Name::new(self.0.as_str()))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl OutputType for Metric {
    fn type_name() -> Cow<'static, str> {
        "Metric".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::register::<Self>(registry, |registry, create| registry.create_output_type::<Self, _>(MetaTypeId::Enum, create))
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(self.to_value())
    }
}

/// What a metric is counted in.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "metric::Unit")]
pub(crate) enum Unit {
    /// Gatherings.
    Gatherings,
    /// Gathering reports.
    Reports,
    /// Items of reports.
    Items,
    /// Communities.
    Communities,
    /// People.
    People,
    /// Minutes.
    Minutes,
    /// Days.
    Days,
    /// Regions.
    Regions,
    /// Silences of communities.
    QuietSpells,
    /// A part of a whole, from 0 to 1 as a rule.
    Share,
}

/// What a metric comes to, with what it was computed from.
#[derive(Debug)]
pub(crate) struct MetricValue(pub(crate) metric::Value);

/// What a metric comes to, with what it was computed from.
#[Object]
impl MetricValue {
    /// Of which metric; `metricDefinitions` says what it means.
    async fn metric(&self) -> Metric {
        Metric(self.0.metric)
    }

    /// The number, in the unit of the metric; null when it cannot be computed, such as the mean of nothing.
    async fn value(&self) -> Option<f64> {
        self.0.number()
    }

    /// What was counted or divided.
    async fn numerator(&self) -> f64 {
        self.0.numerator
    }

    /// By what it was divided, or out of how many it was taken; null for a plain count.
    async fn denominator(&self) -> Option<f64> {
        self.0.denominator
    }

    /// Whether it was taken from fewer than 10 records, so that chance decides more than anything else.
    async fn unreliable(&self) -> bool {
        self.0.is_unreliable()
    }

    /// How many reports are expected of the gatherings that it was taken from: one for each that was held. Null where it does
    /// not depend on reports.
    async fn expected_reports(&self) -> Option<i32> {
        self.0.completeness.map(|completeness| int(completeness.expected))
    }

    /// How many of the expected reports were handed in; null where it does not depend on reports.
    async fn received_reports(&self) -> Option<i32> {
        self.0.completeness.map(|completeness| int(completeness.received))
    }
}

/// The numbers of a metric, which an answer about activity and a comparison have alike.
#[derive(Debug)]
pub(crate) struct MetricColumn<'a>(pub(crate) &'a metric::Column);

/// The numbers of a metric.
#[Object]
impl MetricColumn<'_> {
    /// Which metric; `metricDefinitions` says what it means.
    async fn metric(&self) -> Metric {
        Metric(self.0.metric)
    }

    /// The numbers, in the unit of the metric; null where they cannot be computed, such as the mean of nothing.
    async fn values(&self) -> Numbers {
        Numbers::of(&self.0.cells, |cell| cell.value)
    }

    /// What was counted or divided.
    async fn numerators(&self) -> Numbers {
        Numbers::of(&self.0.cells, |cell| Some(cell.numerator))
    }

    /// By what it was divided, or out of how many it was taken; null for a plain count.
    async fn denominators(&self) -> Numbers {
        Numbers::of(&self.0.cells, |cell| cell.denominator)
    }

    /// From how many records each number was taken: gatherings, reports, or whatever was counted.
    async fn bases(&self) -> Numbers {
        Numbers::of(&self.0.cells, |cell| Some(cell.base))
    }

    /// Whether a number was taken from fewer than 10 records, so that chance decides more than anything else.
    async fn unreliable(&self) -> Flags {
        Flags::of(&self.0.cells, metric::Cell::is_unreliable)
    }

    /// Whether people are left out of a number, its numerator, denominator and base, because you may not read the reports that
    /// tell of them. Such reports count in batches that tell of at least 5 people, each of the same hosts, month and audience,
    /// and only in whole calendar months, grouped by communities or by what is said of them, without a filter of gatherings.
    /// In anything else, and in `ATTENDANCE_MEDIAN`, only reports count that you may read.
    async fn suppressed(&self) -> Flags {
        Flags::of(&self.0.cells, |cell| cell.suppressed)
    }
}

/// A list of numbers, answered at once: a future for each of thousands costs more than finding them.
#[derive(Debug)]
pub(crate) struct Numbers(pub(crate) Vec<Option<f64>>);

impl Numbers {
    /// Those of some things.
    pub(crate) fn of<T>(all: &[T], number: impl Fn(&T) -> Option<f64>) -> Self {
        Self(all.iter().map(number).collect())
    }
}

impl OutputType for Numbers {
    fn type_name() -> Cow<'static, str> {
        "[Float]".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<Option<f64>> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, context: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        budget::spend_values(context, self.0.len());
        Ok(Value::List(self.0.iter().map(|number| number.map_or(Value::Null, number_value)).collect()))
    }
}

/// Most numbers are counts, and are shorter to write and to read as such.
#[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53 are exact")]
fn number_value(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT { Value::from(number as i64) } else { Value::from(number) }
}

/// A list of yes and no, answered at once.
#[derive(Debug)]
pub(crate) struct Flags(pub(crate) Vec<bool>);

impl Flags {
    /// Those of some things.
    pub(crate) fn of<T>(all: &[T], flag: impl Fn(&T) -> bool) -> Self {
        Self(all.iter().map(flag).collect())
    }
}

impl OutputType for Flags {
    fn type_name() -> Cow<'static, str> {
        "[Boolean!]".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<bool> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, context: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        budget::spend_values(context, self.0.len());
        Ok(Value::List(self.0.iter().map(|flag| Value::from(*flag)).collect()))
    }
}

/// What a metric means. Definitions are the same on every instance of this version.
#[derive(Debug)]
pub(crate) struct MetricDefinition(pub(crate) &'static metric::Definition);

/// What a metric means. Whoever shows a number can show this beside it.
#[Object]
impl MetricDefinition {
    /// Which metric.
    async fn id(&self) -> Metric {
        Metric(self.0.metric)
    }

    /// Counts up whenever the meaning changes, so that numbers of two versions are not compared.
    async fn version(&self) -> i32 {
        int(self.0.version)
    }

    /// Its name for people.
    async fn title(&self) -> &'static str {
        self.0.title
    }

    /// What it tells, in a sentence or two, and when it is null.
    async fn text(&self) -> &'static str {
        self.0.text
    }

    /// What it is counted in.
    async fn unit(&self) -> Unit {
        self.0.unit.into()
    }

    /// What is counted or divided.
    async fn numerator(&self) -> &'static str {
        self.0.numerator
    }

    /// By what it is divided, or out of how many it was taken; null for a plain count.
    async fn denominator(&self) -> Option<&'static str> {
        self.0.denominator
    }

    /// What belongs to the period that is asked for.
    async fn window(&self) -> &'static str {
        self.0.window
    }

    /// Whose records are counted.
    async fn population(&self) -> &'static str {
        self.0.population
    }

    /// The field of the API that answers it.
    async fn asked_by(&self) -> &'static str {
        self.0.asked_by
    }
}
