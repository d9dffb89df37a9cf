//! Who sends webhooks: one signed request to one receiver, and how it went.
//!
//! A sender sends once and decides nothing: when to try again, and when to give up, is the delivery's. It sends to
//! public addresses alone, unless the setting for local trials is on.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use crate::domain::webhook_secret::WebhookSecret;
use crate::domain::webhook_url::UrlRefused;

/// One request to a receiver.
#[derive(Clone)]
pub struct WebhookRequest {
    /// Where it goes; a URL that [`WebhookSender::check`] gave.
    pub url: Url,
    /// The `webhook-id`: the same at every attempt, visible ASCII without dots.
    pub id: String,
    /// When this attempt is made.
    pub at: Timestamp,
    /// The JSON, the same bytes at every attempt.
    pub body: Bytes,
    /// What signs it, the newest first: one, or two while a secret is being replaced.
    pub secrets: Vec<WebhookSecret>,
}

/// How a request went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookAnswer {
    /// The receiver took it: any 2xx.
    Delivered {
        /// The status.
        status: u16,
    },
    /// 410: the receiver wants no more.
    Gone,
    /// Any other status, redirects too.
    Refused {
        /// The status.
        status: u16,
        /// How long the receiver asks to be left alone, at most 30 days.
        retry_after: Option<Duration>,
        /// The beginning of the body, 1 KiB of it, as text without control characters. Only what a public address said
        /// may be shown.
        excerpt: Option<String>,
    },
    /// No answer came.
    Failed(WebhookTrouble),
}

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookTrouble {
    /// The host is, or its name leads to, an address that is not public. Nothing was sent.
    #[error("the host has an address that is not public")]
    ForbiddenAddress,
    /// The URL's form is not allowed. Nothing was sent.
    #[error("the URL is not one that webhooks may go to")]
    ForbiddenUrl,
    /// The name has no address. Nothing was sent.
    #[error("the host's name has no address")]
    NameNotFound,
    /// No connection came about. Nothing was sent.
    #[error("the host does not take connections")]
    NotConnected,
    /// The connection could not be made secret: no TLS, or a certificate that is not trusted. Nothing was sent.
    #[error("the host's TLS or its certificate cannot be trusted")]
    Tls,
    /// The receiver did not answer in time.
    #[error("no answer came in time")]
    TimedOut,
    /// The connection broke off, what came back was no HTTP, or the request could not be made.
    #[error("the connection broke off before an answer came")]
    Broken,
}

/// Sends webhooks.
#[async_graphql::async_trait::async_trait]
pub trait WebhookSender: Send + Sync + fmt::Debug {
    /// Whether a URL may be registered: by its form alone, no name is looked up. The refusal is a sentence for the
    /// caller. What comes back is to be kept and sent to.
    fn check(&self, url: &str) -> Result<Url, UrlRefused>;

    /// Sends one request once. The URL is checked again, and so is each address that its name has now.
    async fn send(&self, request: WebhookRequest) -> WebhookAnswer;
}

impl fmt::Debug for WebhookRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookRequest").field("id", &self.id).field("at", &self.at).finish_non_exhaustive()
    }
}

impl WebhookTrouble {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ForbiddenAddress,
        Self::ForbiddenUrl,
        Self::NameNotFound,
        Self::NotConnected,
        Self::Tls,
        Self::TimedOut,
        Self::Broken,
    ];

    /// The word that is kept and counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForbiddenAddress => "FORBIDDEN_ADDRESS",
            Self::ForbiddenUrl => "FORBIDDEN_URL",
            Self::NameNotFound => "NAME_NOT_FOUND",
            Self::NotConnected => "NOT_CONNECTED",
            Self::Tls => "TLS",
            Self::TimedOut => "TIMED_OUT",
            Self::Broken => "BROKEN",
        }
    }

    /// What a kept word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_read_as_it_was_written() {
        for trouble in WebhookTrouble::ALL {
            assert_eq!(WebhookTrouble::parse(trouble.as_str()), Some(trouble));
        }
        assert_eq!(WebhookTrouble::parse("LOST"), None);
    }

    #[test]
    fn a2_a_request_shows_neither_its_url_nor_its_body_nor_its_secrets() {
        let request = WebhookRequest {
            url: "https://example.com/?token=hunter2".parse().expect("a URL"),
            id: "msg_1".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            body: Bytes::from_static(b"hunter2"),
            secrets: vec![WebhookSecret::from_random(&[7; 32])],
        };
        let shown = format!("{request:?}");
        assert!(shown.contains("msg_1"));
        assert!(!shown.contains("hunter2") && !shown.contains("whsec_"), "{shown}");
    }
}
