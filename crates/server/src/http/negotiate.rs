//! Which form and type to answer in, and whether a body is of the type we read.

use axum::http::{HeaderMap, HeaderValue, header};

/// The types of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: the status says whether the request was well-formed, not how it went.
    Json,
    /// `application/graphql-response+json`: the status says whether something was executed.
    GraphqlResponse,
}

impl Media {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }

    fn subtype(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::GraphqlResponse => "graphql-response+json",
        }
    }
}

/// In which form to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One document.
    Document(Media),
    /// Server-sent events, even if there is only one answer.
    Events,
    /// A document if there is one answer, and events if it goes on.
    Either(Media),
}

impl Form {
    /// The type of an answer that is one document.
    pub(super) fn document(self) -> Media {
        match self {
            Self::Document(media) | Self::Either(media) => media,
            Self::Events => Media::Json,
        }
    }
}

/// How well an entry of Accept fits: by name, by `application/*`, by `*/*`.
type Fit = u8;

/// One entry of an Accept header.
struct Range {
    kind: String,
    subtype: String,
    /// In thousandths, as the grammar has at most three digits.
    quality: u16,
}

/// The form the client likes best, or none if it accepts none of ours.
///
/// Events have to be asked for by name. Some clients name all that they can read, whatever they ask, so that who names both gets
/// events at least where nothing else is possible.
pub(super) fn accepted(headers: &HeaderMap) -> Option<Form> {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Some(Form::Document(Media::Json));
    }
    let ranges: Vec<Range> =
        values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).filter_map(range).collect();
    let events =
        ranges.iter().position(is_events).map(|place| (ranges[place].quality, place)).filter(|(quality, _)| *quality > 0);
    match (document(&ranges), events) {
        (document, None) => document.map(Form::Document),
        (None, Some(_)) => Some(Form::Events),
        (Some(media), Some((liked, place))) => {
            let (quality, fit) = preference(&ranges, media).unwrap_or_default();
            let named_before = fit == 2 && ranges[..place].iter().any(|range| self::fit(range, media) == Some(2));
            let events_first = liked > quality || liked == quality && !named_before;
            Some(if events_first { Form::Events } else { Form::Either(media) })
        }
    }
}

/// The type of a document that the client likes best, or none if it accepts neither.
///
/// Among equals the one asked for by name wins, then the one that tells more; but whoever names neither gets plain JSON, which every
/// client reads.
fn document(ranges: &[Range]) -> Option<Media> {
    let json = preference(ranges, Media::Json);
    let graphql = preference(ranges, Media::GraphqlResponse);
    match (json, graphql) {
        (None, None) => None,
        (json, graphql) if graphql > json => Some(Media::GraphqlResponse),
        (json, graphql) if graphql == json && graphql.is_some_and(|(_, fit)| fit == 2) => Some(Media::GraphqlResponse),
        _ => Some(Media::Json),
    }
}

/// The quality of a type: that of the entry which names it most precisely.
fn preference(ranges: &[Range], media: Media) -> Option<(u16, Fit)> {
    let fits = ranges.iter().filter_map(|range| Some((fit(range, media)?, range.quality)));
    let (fit, quality) = fits.max()?;
    (quality > 0).then_some((quality, fit))
}

fn is_events(range: &Range) -> bool {
    (range.kind.as_str(), range.subtype.as_str()) == ("text", "event-stream")
}

fn fit(range: &Range, media: Media) -> Option<Fit> {
    match (range.kind.as_str(), range.subtype.as_str()) {
        ("*", "*") => Some(0),
        ("application", "*") => Some(1),
        ("application", subtype) if subtype == media.subtype() => Some(2),
        _ => None,
    }
}

fn range(text: &str) -> Option<Range> {
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = parts.next()?.split_once('/')?;
    let mut quality = 1_000;
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = thousandths(value.trim())?,
            "charset" if !is_utf8(value) => return None,
            _ => {}
        }
    }
    Some(Range { kind: kind.to_ascii_lowercase(), subtype: subtype.to_ascii_lowercase(), quality })
}

fn thousandths(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    let sound = text.starts_with(['0', '1']) && (0.0..=1.0).contains(&quality);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    sound.then_some((quality * 1_000.0).round() as u16)
}

/// Whether a body is JSON in UTF-8, and is not said to be something else as well.
///
/// Nothing else is read: a browser sends other types, such as text, for any web page without asking us first.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(text)), None) = (types.next().map(HeaderValue::to_str), types.next()) else { return false };
    let mut parts = text.split(';').map(str::trim);
    parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
        && parts.all(|part| match part.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => is_utf8(value),
            _ => true,
        })
}

fn is_utf8(charset: &str) -> bool {
    charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(values: &[&'static str]) -> Option<Media> {
        form(values).map(|form| match form {
            Form::Document(media) => media,
            other => panic!("{values:?}: {other:?}"),
        })
    }

    fn form(values: &[&'static str]) -> Option<Form> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        accepted(&headers)
    }

    #[test]
    fn the_best_type_is_chosen() {
        let (json, graphql) = (Some(Media::Json), Some(Media::GraphqlResponse));
        assert_eq!(accept(&[]), json);
        for plain in ["*/*", "application/*", "application/json", "APPLICATION/JSON; Charset=\"UTF-8\"", "text/html, */*;q=0.1"] {
            assert_eq!(accept(&[plain]), json, "{plain}");
        }
        for named in [
            "application/graphql-response+json",
            "application/graphql-response+json; charset=utf-8",
            "application/graphql-response+json, application/json",
            "application/json, application/graphql-response+json",
            "application/graphql-response+json, application/json;q=0.9",
            "application/json;q=0.5, */*;q=0.9",
            "application/graphql-response+json, */*",
        ] {
            assert_eq!(accept(&[named]), graphql, "{named}");
        }
        assert_eq!(accept(&["application/json", "application/graphql-response+json;q=0.8"]), json);
        assert_eq!(accept(&["application/graphql-response+json;q=0, */*"]), json);
    }

    #[test]
    fn events_are_sent_to_who_asks_for_them() {
        for events in [
            "text/event-stream",
            "Text/Event-Stream; charset=utf-8",
            "text/event-stream, */*",
            "*/*, text/event-stream",
            "text/event-stream, application/json",
            "application/json;q=0.9, text/event-stream",
            "text/event-stream, multipart/mixed",
        ] {
            assert_eq!(form(&[events]), Some(Form::Events), "{events}");
        }
        for (either, media) in [
            ("application/json, text/event-stream", Media::Json),
            ("text/event-stream;q=0.5, application/json", Media::Json),
            ("text/event-stream;q=0.5, */*", Media::Json),
            (
                "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
                Media::GraphqlResponse,
            ),
        ] {
            assert_eq!(form(&[either]), Some(Form::Either(media)), "{either}");
        }
        for document in ["*/*", "text/event-stream;q=0, */*"] {
            assert_eq!(form(&[document]), Some(Form::Document(Media::Json)), "{document}");
        }
        for none in ["text/*", "text/event-stream;q=0", "text/event-stream; charset=latin1"] {
            assert_eq!(form(&[none]), None, "{none}");
        }
    }

    #[test]
    fn clients_that_accept_neither_are_told() {
        for none in [
            "text/html",
            "application/json;q=0",
            "*/*;q=0",
            "application/json; charset=latin1",
            "application/json;q=2",
            "",
            "json",
        ] {
            assert_eq!(accept(&[none]), None, "{none}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        for (text, expected) in [
            ("application/json", true),
            ("Application/JSON;charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json; charset=iso-8859-1", false),
            ("application/graphql", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(text))]);
            assert_eq!(is_json(&headers), expected, "{text}");
            headers.append(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            assert!(!is_json(&headers), "{text}, and another");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
