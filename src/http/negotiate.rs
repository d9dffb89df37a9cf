//! Which media type answers a request, and with which status.
//!
//! `Accept` is read with its q-values, which are kept in thousandths. The statuses stand in one table, [`status`]: the
//! audits of `graphql-http` want 200 for a refused document in the older `application/json`, the draft of 2026 wants
//! 4xx there too, and whoever changes sides changes that table alone.

use axum::http::header::{ACCEPT, HeaderMap};
use axum::http::{HeaderValue, StatusCode};

use crate::graphql::request_error::FaultClass;

/// What `/graphql` can answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    Json,
    GraphqlResponse,
    EventStream,
    MultipartMixed,
}

impl MediaType {
    /// For one answer; the first where the client has no preference.
    const SINGLE: [Self; 3] = [Self::Json, Self::GraphqlResponse, Self::EventStream];
    /// For many answers.
    const MANY: [Self; 2] = [Self::EventStream, Self::MultipartMixed];

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::GraphqlResponse => ("application", "graphql-response+json"),
            Self::EventStream => ("text", "event-stream"),
            Self::MultipartMixed => ("multipart", "mixed"),
        }
    }

    /// The `Content-Type` of an answer.
    pub const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
            Self::MultipartMixed => "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0",
        })
    }

    /// Whether an answer of this type may go on without end. Such a type must be named, a wildcard does not mean it.
    const fn streams(self) -> bool {
        match self {
            Self::Json | Self::GraphqlResponse => false,
            Self::EventStream | Self::MultipartMixed => true,
        }
    }
}

/// What a client accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    ranges: Vec<Range>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    kind: String,
    subtype: String,
    quality_thousandths: u16,
}

/// How well a media type is liked: its q-value, then how exactly it is named, then how early.
type Preference = (u16, u8, std::cmp::Reverse<usize>);

impl Accepted {
    /// Reads the header; without it anything is accepted. What is malformed in it is passed over.
    pub fn read(headers: &HeaderMap) -> Self {
        let values: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        let text = values.join(",");
        Self::parse(if text.trim().is_empty() { "*/*" } else { &text })
    }

    fn parse(text: &str) -> Self {
        Self { ranges: text.split(',').filter_map(Range::parse).collect() }
    }

    /// The media type for one answer.
    pub fn single(&self) -> Option<MediaType> {
        self.best(&MediaType::SINGLE)
    }

    /// The media type for many answers.
    pub fn many(&self) -> Option<MediaType> {
        self.best(&MediaType::MANY)
    }

    /// The media type for an error that is known before there is anything to stream.
    pub fn error(&self) -> MediaType {
        self.best(&[MediaType::Json, MediaType::GraphqlResponse]).unwrap_or(MediaType::Json)
    }

    fn best(&self, offered: &[MediaType]) -> Option<MediaType> {
        let liked = offered.iter().rev().filter_map(|media| Some((self.preference(*media)?, *media)));
        liked.max_by_key(|(preference, _)| *preference).map(|(_, media)| media)
    }

    /// The most exact range that holds the type decides; none, or q=0, refuses it.
    fn preference(&self, media: MediaType) -> Option<Preference> {
        let matching = self.ranges.iter().enumerate().filter_map(|(position, range)| {
            let exactness = range.exactness(media)?;
            Some((exactness, std::cmp::Reverse(position), range.quality_thousandths))
        });
        let (exactness, position, quality) = matching.max()?;
        (quality > 0).then_some((quality, exactness, position))
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality_thousandths = parts.find_map(quality_parameter).unwrap_or(Some(1000))?;
        Some(Self { kind: kind.to_ascii_lowercase(), subtype: subtype.to_ascii_lowercase(), quality_thousandths })
    }

    /// 3 for the type itself, 2 for `type/*`, 1 for `*/*`.
    fn exactness(&self, media: MediaType) -> Option<u8> {
        let (kind, subtype) = media.names();
        match (self.kind.as_str(), self.subtype.as_str()) {
            (k, s) if k == kind && s == subtype => Some(3),
            _ if media.streams() => None,
            (k, "*") if k == kind => Some(2),
            ("*", "*") => Some(1),
            _ => None,
        }
    }
}

/// None where the parameter is another; Some(None) where it is a malformed q.
fn quality_parameter(parameter: &str) -> Option<Option<u16>> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
}

/// `0`, `1` or a fraction of at most three digits, as RFC 9110 writes q-values.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_written_well = matches!(whole, "0" | "1") && fraction.len() <= 3;
    if !is_written_well || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{fraction:0<3}").parse().ok().filter(|quality| *quality <= 1000)
}

/// Whether a `Content-Type` is JSON in UTF-8: the only one that a foreign page cannot send without asking first.
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    is_json && parts.filter(|parameter| !parameter.is_empty()).all(is_utf8_charset)
}

fn is_utf8_charset(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset") && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}

/// The status of a refused request. What is executed is 200, whatever its errors.
pub const fn status(class: FaultClass, media: MediaType) -> StatusCode {
    match (class, media) {
        (FaultClass::Document, MediaType::GraphqlResponse) => StatusCode::BAD_REQUEST,
        (FaultClass::Document, MediaType::Json | MediaType::EventStream | MediaType::MultipartMixed) => StatusCode::OK,
        (FaultClass::Malformed, _) => StatusCode::BAD_REQUEST,
        (FaultClass::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (FaultClass::MutationByGet, _) => StatusCode::METHOD_NOT_ALLOWED,
        (FaultClass::TimedOut, _) => StatusCode::REQUEST_TIMEOUT,
        (FaultClass::BodyTooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE,
        (FaultClass::UnsupportedMediaType, _) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (FaultClass::RateLimited { .. }, _) => StatusCode::TOO_MANY_REQUESTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(accept: &str) -> Option<MediaType> {
        Accepted::parse(accept).single()
    }

    #[test]
    fn the_best_liked_media_type_is_chosen() {
        use MediaType::{EventStream, GraphqlResponse, Json};
        for (accept, expected) in [
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("APPLICATION/JSON; charset=utf-8", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json, application/json;q=0.9", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0.8, application/json;q=0.9", Some(Json)),
            ("application/graphql-response+json, application/json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(Json)),
            ("application/graphql-response+json, */*", Some(GraphqlResponse)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("text/event-stream", Some(EventStream)),
            ("text/event-stream;q=0.5, application/json;q=0.4", Some(EventStream)),
            ("text/*", None),
            ("text/html", None),
            ("multipart/mixed", None),
            ("application/json;q=0", None),
            ("application/json;q=2", None),
            ("nonsense", None),
        ] {
            assert_eq!(single(accept), expected, "{accept}");
        }
    }

    #[test]
    fn streams_must_be_named() {
        let many = |accept: &str| Accepted::parse(accept).many();
        assert_eq!(many("*/*"), None);
        assert_eq!(many("application/json"), None);
        assert_eq!(many("application/json, text/event-stream;q=0.1"), Some(MediaType::EventStream));
        let apollo = "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0,application/json";
        assert_eq!(many(apollo), Some(MediaType::MultipartMixed));
        assert_eq!(single(apollo), Some(MediaType::Json));
    }

    #[test]
    fn a_missing_header_accepts_anything() {
        assert_eq!(Accepted::read(&HeaderMap::new()).single(), Some(MediaType::Json));
    }

    #[test]
    fn q_values_are_read_as_they_are_defined() {
        for (text, expected) in [("1", Some(1000)), ("1.000", Some(1000)), ("0.8", Some(800)), ("0.123", Some(123))] {
            assert_eq!(thousandths(text), expected);
        }
        for text in ["", "2", "1.001", "0.1234", "-1", ".5", "0.x"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_a_body() {
        for good in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=\"UTF-8\"",
            "application/json;",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["", "text/plain", "application/json; charset=latin1", "application/json; a=b", "application/jsonx"]
        {
            assert!(!is_json(bad), "{bad}");
        }
    }

    #[test]
    fn a_refused_document_is_200_in_the_older_media_type_only() {
        assert_eq!(status(FaultClass::Document, MediaType::Json), StatusCode::OK);
        assert_eq!(status(FaultClass::Document, MediaType::GraphqlResponse), StatusCode::BAD_REQUEST);
        assert_eq!(status(FaultClass::Malformed, MediaType::Json), StatusCode::BAD_REQUEST);
    }
}
