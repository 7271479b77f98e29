//! Fields that a change can leave out.

use std::borrow::Cow;

use async_graphql::{InputType, InputValueError, InputValueResult, MaybeUndefined, Name, Value, registry::Registry};

/// What a change makes of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Update<T> {
    /// Left out: it stays as it is.
    #[default]
    Keep,
    /// Null: nothing is to be known of it any more.
    Clear,
    /// It gets another value.
    Set(T),
}

/// Clients see a nullable field.
impl<T: InputType> InputType for Update<T> {
    type RawValueType = T::RawValueType;

    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        MaybeUndefined::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        MaybeUndefined::<T>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        Ok(match MaybeUndefined::<T>::parse(value).map_err(InputValueError::propagate)? {
            MaybeUndefined::Undefined => Self::Keep,
            MaybeUndefined::Null => Self::Clear,
            MaybeUndefined::Value(value) => Self::Set(value),
        })
    }

    /// Not as it was sent, for the fingerprint of an input has to tell null from a field that was left out.
    fn to_value(&self) -> Value {
        let value = match self {
            Self::Keep => return Value::Null,
            Self::Clear => Value::Null,
            Self::Set(value) => value.to_value(),
        };
        Value::Object([(Name::new("set"), value)].into_iter().collect())
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        match self {
            Self::Set(value) => value.as_raw_value(),
            Self::Keep | Self::Clear => None,
        }
    }
}
