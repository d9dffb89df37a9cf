//! The simulated provider Click, called by hand.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::header::AUTHORIZATION;
use serde_json::json;
use tokio::sync::Mutex;

use crate::failed::{Failed, Outcome, fail};

/// The sandbox's documented credentials.
const EMAIL: &str = "sandbox@example.com";
const PASSWORD: &str = "sandbox-password";
/// Its tokens are good for five minutes.
const RENEW_AFTER: Duration = Duration::from_secs(240);

/// A client of it.
pub(super) struct Click {
    http: reqwest::Client,
    base: String,
    token: Mutex<Option<(String, Instant)>>,
}

impl Click {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { http: reqwest::Client::new(), base: format!("http://{address}/click/api/v1"), token: Mutex::default() }
    }

    /// Pays: done where this comes back well.
    pub(super) async fn pay(&self, biller: &str, account: &str, amount: &str, day: &str, due: &str) -> Outcome<()> {
        let body = json!({
            "biller_name": biller, "bill_account": account, "amount": amount,
            "processing_date": day, "due_date": due,
        });
        let token = self.token().await?;
        let request = self.http.post(format!("{}/bill_payments.json", self.base)).header(AUTHORIZATION, token);
        let answer = request.json(&body).send().await?;
        let status = answer.status();
        let said = answer.bytes().await?;
        if status.as_u16() == 201 && said.as_ref() == b"{}" {
            Ok(())
        } else {
            fail(format!("the provider said {status}"))
        }
    }

    async fn token(&self) -> Outcome<String> {
        let mut held = self.token.lock().await;
        if let Some((token, since)) = held.as_ref()
            && since.elapsed() < RENEW_AFTER
        {
            return Ok(token.clone());
        }
        let body = json!({ "account": { "email": EMAIL, "password": PASSWORD } });
        let answer = self.http.post(format!("{}/accounts/sign_in.json", self.base)).json(&body).send().await?;
        let token = answer.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let token = token.ok_or_else(|| Failed::new("the provider gave no token"))?;
        *held = Some((token.clone(), Instant::now()));
        Ok(token)
    }
}
