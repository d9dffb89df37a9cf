//! The sandbox from outside: the payer whom it plays, its ledger of money, and the control numbers that it made.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use billpay::domain::provider::ProviderCode;
use billpay::sandbox;
use serde::Deserialize;
use serde_json::json;

use super::rows::provider_code;

/// The sandbox at its address. It is never killed.
#[derive(Clone)]
pub(super) struct Sandbox {
    pub(super) http: reqwest::Client,
    pub(super) address: SocketAddr,
}

/// Money that moved, as the sandbox wrote it down.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Effect {
    #[serde(deserialize_with = "provider_code")]
    pub(super) provider: ProviderCode,
    pub(super) key: String,
    /// Who was paid: an account, a bill, or a control number.
    pub(super) account: String,
    pub(super) amount: String,
}

/// A control number that exists.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MadeNumber {
    pub(super) bill_pay_number: String,
}

/// All effects of a run, each under its name.
pub(super) struct Ledger {
    by_name: BTreeMap<(ProviderCode, String), Vec<Effect>>,
}

impl Sandbox {
    /// Plays the payer of a control number. Whom a payment channel would turn away is turned away here too.
    pub(super) async fn pay(&self, number: &str, amount: &str) {
        let body = json!({ "billPayNumber": number, "amount": amount });
        let paying = self.http.post(format!("http://{}/clickpesa/_sandbox/pay", self.address)).json(&body);
        paying.send().await.expect("the sandbox answers");
    }

    /// The control numbers that ClickPesa has made.
    pub(super) async fn control_numbers(&self) -> Vec<MadeNumber> {
        let url = format!("http://{}/clickpesa/_sandbox/control-numbers", self.address);
        let answer = self.http.get(url).send().await.expect("the sandbox answers");
        answer.json().await.expect("a list of control numbers")
    }

    /// What points a server at all four providers, below `BILLPAY_PROVIDERS__`.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let at = |path: &str| format!("http://{}/{path}", self.address);
        let is = str::to_owned;
        vec![
            ("ALMARA__BASE_URL", at("almara")),
            ("ALMARA__TOKEN_URL", at("almara/v1/oauth/token")),
            ("ALMARA__CLIENT_ID", is(sandbox::ALMARA_CLIENT_ID)),
            ("ALMARA__CLIENT_SECRET", is(sandbox::ALMARA_CLIENT_SECRET)),
            ("CLICK__BASE_URL", at("click")),
            ("CLICK__EMAIL", is(sandbox::CLICK_EMAIL)),
            ("CLICK__PASSWORD", is(sandbox::CLICK_PASSWORD)),
            ("BILL__BASE_URL", at("bill/connect")),
            ("BILL__DEV_KEY", is(sandbox::BILL_DEV_KEY)),
            ("BILL__USERNAME", is(sandbox::BILL_USERNAME)),
            ("BILL__PASSWORD", is(sandbox::BILL_PASSWORD)),
            ("BILL__ORGANIZATION_ID", is(sandbox::BILL_ORGANIZATION_ID)),
            ("BILL__REMEMBER_ME_ID", is(sandbox::BILL_REMEMBER_ME_ID)),
            ("BILL__DEVICE", is(sandbox::BILL_DEVICE)),
            ("BILL__WEBHOOK_SECURITY_KEY", is(sandbox::BILL_WEBHOOK_SECURITY_KEY)),
            ("CLICKPESA__BASE_URL", at("clickpesa/third-parties")),
            ("CLICKPESA__CLIENT_ID", is(sandbox::CLICKPESA_CLIENT_ID)),
            ("CLICKPESA__API_KEY", is(sandbox::CLICKPESA_API_KEY)),
            ("CLICKPESA__CHECKSUM_KEY", is(sandbox::CLICKPESA_CHECKSUM_KEY)),
        ]
    }
}

impl Effect {
    /// What names the payment. Where a provider takes no reference of ours the key counts equal payments,
    /// `…/<account>/<amount>/<n>`; then the account and the amount are the name, since nothing here is wanted twice.
    fn name(&self) -> String {
        if self.key.contains('/') { named(&self.account, &self.amount) } else { self.key.clone() }
    }
}

impl Ledger {
    /// Reads the effects file.
    pub(super) fn read(lines: &str) -> Self {
        let mut by_name: BTreeMap<_, Vec<Effect>> = BTreeMap::new();
        for line in lines.lines().filter(|line| !line.is_empty()) {
            let effect: Effect = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            by_name.entry((effect.provider, effect.name())).or_default().push(effect);
        }
        Self { by_name }
    }

    /// The effects of one provider by their names; more than one under a name is money that moved twice.
    pub(super) fn of(&self, provider: ProviderCode) -> impl Iterator<Item = (&str, &[Effect])> {
        let of_provider = self.by_name.iter().filter(move |((code, _), _)| *code == provider);
        of_provider.map(|((_, name), effects)| (name.as_str(), effects.as_slice()))
    }

    /// The effect under a name, the first if there are several.
    pub(super) fn find(&self, provider: ProviderCode, name: &str) -> Option<&Effect> {
        self.by_name.get(&(provider, name.to_owned())).and_then(|effects| effects.first())
    }
}

/// The name of a payment that has none but whom it pays and how much.
pub(super) fn named(account: &str, amount: &str) -> String {
    format!("{account}/{amount}")
}
