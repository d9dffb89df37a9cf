//! What a receiver's answer means, and what of it may be shown.
//!
//! The status decides, as soon as the head is there: whatever becomes of the body changes nothing. The body is read a
//! little further, so that the connection can be used again and a person can see why a webhook was refused; an endless
//! or slow one is hung up on. The head is bounded by the HTTP library: 100 headers, some 400 KiB.

use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use tokio::time::timeout;

use crate::ports::webhook_sender::WebhookAnswer;

/// The most bytes of a body that are read.
const LARGEST_READ: usize = 64 * 1024;
/// How many bytes of a refusal are shown.
const EXCERPT: usize = 1024;
/// The longest pause that a receiver's word is taken for, so that any time can bear it.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How an answer is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// When the attempt was made.
    pub(super) at: Timestamp,
    /// Time for the body.
    pub(super) body_limit: Duration,
    /// Whether a person may see what the receiver said.
    pub(super) shown: bool,
}

/// What an answer means.
pub(super) async fn read(mut response: Response, reading: Reading) -> WebhookAnswer {
    let status = response.status();
    let retry_after = retry_after(response.headers(), reading.at);
    let mut body = Vec::new();
    // That it ran out of time, or broke off, is nothing to act on: see above.
    let _ = timeout(reading.body_limit, fill(&mut response, &mut body)).await;
    if status.is_success() {
        WebhookAnswer::Delivered { status: status.as_u16() }
    } else if status == StatusCode::GONE {
        WebhookAnswer::Gone
    } else {
        let excerpt = if reading.shown { excerpt(&body) } else { None };
        WebhookAnswer::Refused { status: status.as_u16(), retry_after, excerpt }
    }
}

async fn fill(response: &mut Response, body: &mut Vec<u8>) {
    while body.len() < LARGEST_READ
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = LARGEST_READ - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
}

/// The beginning of a body as text that any database and any screen can hold.
fn excerpt(body: &[u8]) -> Option<String> {
    let start = &body[..body.len().min(EXCERPT)];
    let is_plain = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    let plain = |letter: char| if is_plain(letter) { letter } else { char::REPLACEMENT_CHARACTER };
    let text: String = String::from_utf8_lossy(start).chars().map(plain).collect();
    (!text.is_empty()).then_some(text)
}

/// What `Retry-After` says, in seconds or as a date in any of the three forms of HTTP. However much it asks for, it
/// has asked: what is beyond the longest pause is the longest pause.
fn retry_after(headers: &HeaderMap, at: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let pause = if is_number {
        // Digits that do not fit are more than any that do.
        text.parse::<u64>().map_or(LONGEST_RETRY_AFTER, Duration::from_secs)
    } else {
        let until = parse_http_date(text).ok()?;
        // A date that has passed means now.
        until.duration_since(SystemTime::from(at)).unwrap_or_default()
    };
    Some(pause.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn pause(text: &'static str) -> Option<Duration> {
        let at = "2026-11-22T12:00:00Z".parse().expect("a time");
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
        retry_after(&headers, at)
    }

    #[test]
    fn f27_a_receiver_says_when_to_come_back() {
        assert_eq!(pause("120"), Some(Duration::from_secs(120)));
        assert_eq!(pause(" 0 "), Some(Duration::ZERO));
        assert_eq!(pause("Sun, 22 Nov 2026 12:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(pause("Sun, 22 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["", " ", "-5", "+5", "1.5", "soon", "Sun, 22 Nov 2026", "Sun, 32 Nov 2026 12:01:00 GMT"] {
            assert_eq!(pause(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn f27_a_date_may_have_any_form_of_http() {
        for date in ["Sunday, 22-Nov-26 12:01:00 GMT", "Sun Nov 22 12:01:00 2026"] {
            assert_eq!(pause(date), Some(Duration::from_secs(60)), "{date}");
        }
        assert_eq!(pause("Sunday, 06-Nov-94 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("Sun Nov  6 08:49:37 1994"), Some(Duration::ZERO));
    }

    #[test]
    fn f27_who_asks_for_too_much_is_given_the_most() {
        let numbers =
            ["2592001", "18446744073709551615", "99999999999999999999", "340282366920938463463374607431768211456"];
        let dates = ["Fri, 31 Dec 9999 23:59:59 GMT", "Fri Dec 31 23:59:59 9999"];
        for far in numbers.into_iter().chain(dates) {
            assert_eq!(pause(far), Some(LONGEST_RETRY_AFTER), "{far}");
        }
    }

    #[test]
    fn s9_the_first_kibibyte_is_shown_as_plain_text() {
        assert_eq!(excerpt(b""), None);
        assert_eq!(excerpt(b"no\tsuch\r\norder").as_deref(), Some("no\tsuch\r\norder"));
        assert_eq!(excerpt(b"a\0b\x1b[2Jc\xff").as_deref(), Some("a\u{fffd}b\u{fffd}[2Jc\u{fffd}"));
        let long = [vec![b'a'; EXCERPT], vec![b'b'; EXCERPT]].concat();
        assert_eq!(excerpt(&long), Some("a".repeat(EXCERPT)));
    }
}
