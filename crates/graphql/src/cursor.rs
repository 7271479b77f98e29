//! Cursors: places in lists as opaque text.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use convene_domain::page::Place;

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
