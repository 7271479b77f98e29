//! JSON in which a key stands once.
//!
//! Of two values with the same name, one program takes the first and the next takes the last: what one of them looked at is not what the
//! other does. So there is no such thing here.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// How many values a body may have, those inside each other included. A report with as many items as it can have has some 5,000. Each takes a
/// hundred bytes and more before anyone has looked at it.
pub(crate) const MOST_VALUES: usize = 20_000;

/// Why something was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is no JSON.
    NoJson,
    /// A key stands twice in one object.
    Twice,
    /// There are too many values.
    TooMany,
}

/// Reads JSON.
pub(crate) fn read(text: &[u8]) -> Result<Value, Unread> {
    let values = Cell::new(0);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Reader(&values).deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| match error.is_data() {
        true if values.get() > MOST_VALUES => Unread::TooMany,
        true => Unread::Twice,
        false => Unread::NoJson,
    })
}

/// Reads one value, and counts it.
#[derive(Clone, Copy)]
struct Reader<'c>(&'c Cell<usize>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.set(self.0.get() + 1);
        if self.0.get() > MOST_VALUES {
            return Err(D::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.insert(key, entries.next_value_seed(self)?).is_some() {
                return Err(A::Error::custom("a key is given twice in one object"));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_values_are_read_as_they_are() {
        let text = r#"{"a": [1, -2, 3.5, 18446744073709551615, "x\n\ud83d\ude00", true, null], "b": {"a": {}}}"#;
        let value = read(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(value["b"], json!({ "a": {} }));
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_wherever_it_is() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            assert_eq!(read(text.as_bytes()), Err(Unread::Twice), "{text}");
        }
    }

    #[test]
    fn values_are_counted_while_they_are_read() {
        let list = |length: usize| format!("[{}]", vec!["{\"a\":1}"; length].join(","));
        assert!(read(list(MOST_VALUES / 2 - 1).as_bytes()).is_ok());
        assert_eq!(read(list(MOST_VALUES / 2).as_bytes()), Err(Unread::TooMany));
    }

    #[test]
    fn what_is_no_json_is_none_here_either() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for text in ["", "{", "1e999", r#""\ud800""#, r#"{"a":1,}"#, "nul", "1 2", deep.as_str()] {
            assert_eq!(read(text.as_bytes()), Err(Unread::NoJson), "{text}");
        }
    }
}
