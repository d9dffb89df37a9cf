//! Which pages may open a WebSocket.
//!
//! Browsers do not apply CORS to WebSockets, but they always send `Origin`. A page of our own host may connect, and
//! those in the settings; who sends no `Origin` is no browser.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether the page that asks may connect.
pub fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    headers.get_all(ORIGIN).iter().all(|origin| {
        origin.to_str().is_ok_and(|origin| is_host(origin, host) || allowed.iter().any(|it| is_same(it, origin)))
    })
}

fn is_host(origin: &str, host: Option<&str>) -> bool {
    origin.split_once("://").zip(host).is_some_and(|((_, authority), host)| authority.eq_ignore_ascii_case(host))
}

fn is_same(allowed: &str, origin: &str) -> bool {
    allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allowed(origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("api.example:8080"))]);
        headers.extend(origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))));
        is_allowed(&headers, &["https://app.example".to_owned()])
    }

    #[test]
    fn own_host_listed_origins_and_no_browsers_are_allowed() {
        assert!(allowed(None));
        assert!(allowed(Some("http://api.example:8080")));
        assert!(allowed(Some("https://app.example")));
        for foreign in ["https://evil.example", "http://api.example", "null", "", "https://app.example.evil.example"] {
            assert!(!allowed(Some(foreign)), "{foreign}");
        }
    }
}
