//! Cursors: places in lists, and in logs, as opaque text.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use convene_domain::{
    change::{EntityType, LogCursor, ReadingCursor, SnapshotPlace},
    page::Place,
};

/// Writes a place as a cursor.
pub(crate) fn encode(place: &Place) -> String {
    // A place is two texts, a number and an id, which JSON can always write.
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// Reads a cursor of the list with this mark; `None` when it is not one of ours, or another list's.
pub(crate) fn decode(cursor: &str, mark: &str) -> Option<Place> {
    let place: Place = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    // Postgres takes no NUL; we never wrote one.
    (place.list == mark && !place.text.contains('\0')).then_some(place)
}

/// Writes a place in a log as a cursor.
pub(crate) fn encode_log(cursor: LogCursor) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(cursor.to_bytes())
}

/// Reads a cursor of a log; `None` when it is not one of ours.
pub(crate) fn decode_log(cursor: &str) -> Option<LogCursor> {
    LogCursor::from_bytes(&BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?)
}

/// Writes a place of someone who reads a log from its beginning on.
pub(crate) fn encode_reading(cursor: &ReadingCursor) -> String {
    let mut bytes = cursor.log.to_bytes().to_vec();
    if let Some(place) = &cursor.snapshot {
        // Numbers, texts and an id, which JSON can always write.
        bytes.extend(serde_json::to_vec(place).unwrap_or_default());
    }
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads such a place, or one of someone who reads from there on; `None` when it is not one of ours.
pub(crate) fn decode_reading(cursor: &str) -> Option<ReadingCursor> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (log, rest) = bytes.split_at_checked(LogCursor::length(&bytes))?;
    let snapshot: Option<SnapshotPlace> = if rest.is_empty() { None } else { Some(serde_json::from_slice(rest).ok()?) };
    let known = snapshot.as_ref().is_none_or(|place| {
        // Postgres takes no NUL; we never wrote one.
        place.entity_type < EntityType::ALL.len() && !place.after.as_ref().is_some_and(|after| after.text.contains('\0'))
    });
    known.then_some(ReadingCursor { log: LogCursor::from_bytes(log)?, snapshot })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn place(text: &str) -> Place {
        Place { list: "communities.NAME".to_owned(), instant: -1, text: text.to_owned(), id: Uuid::from_u128(7) }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place_in_its_list_only() {
        let cursor = encode(&place("München ☕"));
        assert_eq!(decode(&cursor, "communities.NAME"), Some(place("München ☕")));
        assert_eq!(decode(&cursor, "communities.SLUG"), None);
    }

    #[test]
    fn what_we_never_wrote_is_no_cursor() {
        for cursor in ["", "hello", "e30", "e30=", &encode(&place("a\0b")), &encode(&place("a"))[1..]] {
            assert_eq!(decode(cursor, "communities.NAME"), None, "{cursor}");
        }
    }
}
