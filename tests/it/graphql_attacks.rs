//! Attacks on the GraphQL edge, by document, by body and by socket: each test bears the number of its row in the list
//! of attacks, and asserts the whole answer.

mod bodies;
mod documents;
mod life;
pub mod socket;
mod sockets;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::support::app::{ALL, TENANT};
use crate::support::{TestApp, text};

/// What only the inside of a server says.
const INSIDE: [&str; 8] = ["panicked", "serde", "sqlx", "sea_orm", "SELECT", "Error(", "expected value", "src/"];

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Sends a request.
    pub async fn to(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, body: answer.text().await.expect("a body") }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Asserts that nothing was executed, and why.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str, what: &str) {
        let told = self.json();
        assert_eq!((self.status, text(&told, "/errors/0/extensions/code")), (status, code), "{what}: {told}");
        assert!(told.get("data").is_none(), "{what}: {told}");
        for word in INSIDE {
            assert!(!self.body.contains(word), "{what}: {word} in {told}");
        }
    }
}

/// A POST to `/graphql` with a good token and no body yet.
pub fn request(app: &TestApp) -> reqwest::RequestBuilder {
    app.http().post(app.url("/graphql")).bearer_auth(app.token(TENANT, ALL))
}

/// What a body of application/json is answered.
async fn post(app: &TestApp, body: impl Into<reqwest::Body>) -> Answer {
    Answer::to(request(app).header("content-type", "application/json").body(body)).await
}
