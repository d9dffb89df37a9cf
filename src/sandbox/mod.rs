//! The sandbox: simulators of the providers, so that anybody can try billpay without accounts and without a network.
//!
//! Each simulator is an ordinary HTTP router under the provider's name and speaks that provider's wire format: its
//! authentication, field names, error shapes and callbacks. The adapters do not know it: only their base URL differs.
//! Documented account numbers and amounts, the [`Scenario`]s, choose what happens (`docs/sandbox.md` lists them).
//! Money that moves here is a line in the effects file, on disk before the answer (or the silence) that follows it:
//! whoever checks that nothing is paid twice counts those lines.

mod almara;
mod bill;
mod click;
mod clickpesa;
mod derive;
mod effects;
mod fault;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::any;

use self::almara::Almara;
pub use self::almara::{CLIENT_ID as ALMARA_CLIENT_ID, CLIENT_SECRET as ALMARA_CLIENT_SECRET};
use self::bill::BillCom;
pub use self::bill::{
    DEV_KEY as BILL_DEV_KEY, DEVICE as BILL_DEVICE, ORGANIZATION_ID as BILL_ORGANIZATION_ID, PASSWORD as BILL_PASSWORD,
    REMEMBER_ME_ID as BILL_REMEMBER_ME_ID, USERNAME as BILL_USERNAME,
    WEBHOOK_SECURITY_KEY as BILL_WEBHOOK_SECURITY_KEY,
};
use self::click::Click;
pub use self::click::{EMAIL as CLICK_EMAIL, PASSWORD as CLICK_PASSWORD};
use self::clickpesa::Clickpesa;
pub use self::clickpesa::{
    API_KEY as CLICKPESA_API_KEY, CHECKSUM_KEY as CLICKPESA_CHECKSUM_KEY, CLIENT_ID as CLICKPESA_CLIENT_ID,
};
use self::effects::Effects;
pub use self::effects::EffectsError;
use crate::authorities::authorities;
use crate::ports::clock::Clock;

/// How long a simulator tries to hand one callback over before it counts as not delivered.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// How a sandbox keeps its ledger and its time.
#[derive(Clone, Debug)]
pub struct Options {
    /// The effects file, made if absent; without one the ledger lives in memory.
    pub effects: Option<PathBuf>,
    /// How long "later" is: from acceptance to the final status of a payment that is settled later.
    pub later: Duration,
    /// How long a call that is never answered is held open.
    pub hang: Duration,
    /// Where BILL and ClickPesa send: the address of billpay, without a path. Almara sends where a payment says.
    pub callbacks: Option<String>,
    /// By which a process date has come or is over: the system's, which only tests move.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            effects: None,
            later: Duration::from_secs(3),
            hang: Duration::from_secs(60),
            callbacks: None,
            clock: Clock::default(),
        }
    }
}

/// A sandbox that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The ledger cannot be read or written.
    #[error("cannot use the effects file")]
    Effects(#[from] EffectsError),
    /// The HTTP client for callbacks cannot be built.
    #[error("cannot make the client that sends callbacks")]
    Client(#[from] reqwest::Error),
}

/// All simulators with their state; routers made from one sandbox share it.
pub struct Sandbox {
    almara: Arc<Almara>,
    bill: Arc<BillCom>,
    click: Arc<Click>,
    clickpesa: Arc<Clickpesa>,
}

impl Sandbox {
    /// Opens the ledger and prepares the simulators; what an earlier run has paid stays paid.
    pub fn try_new(options: Options) -> Result<Self, SandboxError> {
        let effects = Effects::open(options.effects.as_deref())?;
        let client = callback_client()?;
        let click = Click::new(effects.clone(), &options);
        let almara = Almara::new(effects.clone(), client.clone(), &options);
        let bill = BillCom::new(effects.clone(), client.clone(), &options);
        let clickpesa = Clickpesa::new(effects, client, &options);
        Ok(Self {
            almara: Arc::new(almara),
            bill: Arc::new(bill),
            click: Arc::new(click),
            clickpesa: Arc::new(clickpesa),
        })
    }

    /// The simulators, one path prefix a provider: `/almara`, `/bill`, `/click`, `/clickpesa`.
    pub fn router(&self) -> Router {
        Router::new()
            .nest("/almara", Arc::clone(&self.almara).router())
            .nest("/bill", Arc::clone(&self.bill).router())
            .nest("/click", Arc::clone(&self.click).router())
            .nest("/clickpesa", Arc::clone(&self.clickpesa).router())
            .route(fault::ELSEWHERE, any(fault::elsewhere))
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

/// One documented input and what it brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The provider's code.
    pub provider: &'static str,
    /// The capability that the input is for: `PAY` or `LOOK_UP`, at ClickPesa `CONTROL_NUMBER` or `COLLECTION`.
    pub operation: &'static str,
    /// The account reference that chooses the outcome, at BILL the vendor's id; absent where the amount does.
    pub account_reference: Option<&'static str>,
    /// The amount that chooses the outcome, in major units with two decimals; absent where the account does.
    pub amount: Option<&'static str>,
    /// The ISO 4217 code of the amount.
    pub currency: &'static str,
    /// A short, stable name of what happens.
    pub outcome: &'static str,
    /// What happens, in a sentence.
    pub description: &'static str,
}

/// The documented inputs of a provider's simulator; none for a provider without one.
pub fn scenarios(provider_code: &str) -> &'static [Scenario] {
    match provider_code {
        almara::PROVIDER => almara::scenarios(),
        bill::PROVIDER => bill::scenarios(),
        click::PROVIDER => click::scenarios(),
        clickpesa::PROVIDER => clickpesa::scenarios(),
        _ => &[],
    }
}

/// The client that delivers callbacks.
fn callback_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_certs_only(authorities()?)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(CALLBACK_TIMEOUT)
        .build()
}

/// Locks state that no panic can leave half changed: every change is one insertion or one assignment.
fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DOCUMENTATION: &str = include_str!("../../docs/sandbox.md");
    /// The simulated providers, with the headings of their chapters.
    const PROVIDERS: [(&str, &str); 4] = [
        (almara::PROVIDER, "## Almara Pay"),
        (bill::PROVIDER, "## BILL"),
        (click::PROVIDER, "## Click"),
        (clickpesa::PROVIDER, "## ClickPesa"),
    ];

    /// The lines of one provider's chapter.
    fn chapter(heading: &str) -> impl Iterator<Item = &'static str> {
        let chapter = DOCUMENTATION.lines().skip_while(move |line| *line != heading).skip(1);
        chapter.take_while(|line| !line.starts_with("## "))
    }

    #[test]
    fn every_scenario_has_its_own_trigger() {
        for (provider, _) in PROVIDERS {
            let mut seen = HashSet::new();
            for scenario in scenarios(provider) {
                assert!(scenario.account_reference.is_some() != scenario.amount.is_some(), "{}", scenario.outcome);
                let trigger = (scenario.operation, scenario.account_reference, scenario.amount);
                assert!(seen.insert(trigger), "{provider}: {trigger:?} stands twice");
            }
            assert!(!seen.is_empty(), "{provider}");
        }
    }

    #[test]
    fn every_scenario_is_documented() {
        for (provider, heading) in PROVIDERS {
            for scenario in scenarios(provider) {
                let trigger = scenario.account_reference.or(scenario.amount).unwrap_or_default();
                let row = chapter(heading).find(|line| {
                    line.contains(&format!("| {} |", scenario.operation)) && line.contains(&format!("`{trigger}`"))
                });
                let told = format!("| {} | {} |", scenario.outcome, scenario.description);
                assert!(row.is_some_and(|row| row.ends_with(&told)), "{provider} {trigger}: {}", scenario.outcome);
            }
        }
    }

    #[test]
    fn a_provider_without_a_simulator_has_no_scenarios() {
        assert!(scenarios("none").is_empty());
    }
}
