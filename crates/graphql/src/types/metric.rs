//! Metrics and their values.

use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, Enum, InputType, InputValueError, InputValueResult, Name, Object, OutputType, Positioned, ServerResult,
    Value,
    parser::types::Field,
    registry::{MetaEnumValue, MetaType, MetaTypeId, Registry},
};
use convene_domain::metric;

use crate::scalars::int;

/// A metric of the registry, spelled and described as the registry does: one list is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Metric(pub(crate) metric::Metric);

impl Metric {
    fn register<T: 'static>(
        registry: &mut Registry,
        create: fn(&mut Registry, fn(&mut Registry) -> MetaType) -> String,
    ) -> String {
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

/// A list of numbers, answered at once: a future for each of thousands costs more than finding them.
#[derive(Debug)]
pub(crate) struct Numbers(pub(crate) Vec<Option<f64>>);

impl OutputType for Numbers {
    fn type_name() -> Cow<'static, str> {
        "[Float]".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<Option<f64>> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::List(self.0.iter().map(|number| number.map_or(Value::Null, Value::from)).collect()))
    }
}
