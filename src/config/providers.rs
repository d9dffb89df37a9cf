//! The settings of the providers: a provider whose `base_url` is empty is off.
//!
//! A base URL is what stands before the documented path. Where one is set, the credentials beside it must be, and each
//! that is missing is a fault of its own.

use std::num::NonZeroU32;
use std::time::Duration;

use iso_currency::Currency;
use url::Url;

use super::reader::Reader;
use super::secret::Secret;
use super::value::{self, CountryCode};

/// The providers that are on.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// `providers.click`.
    pub click: Option<ClickSettings>,
    /// `providers.almara`.
    pub almara: Option<AlmaraSettings>,
    /// `providers.bill`.
    pub bill: Option<BillSettings>,
    /// `providers.clickpesa`.
    pub clickpesa: Option<ClickpesaSettings>,
}

/// Click (Buslink).
#[derive(Clone, Debug)]
pub struct ClickSettings {
    /// Before `/api/v1/…`.
    pub base_url: Url,
    /// Who signs in.
    pub email: String,
    /// With what.
    pub password: Secret,
}

/// Almara Pay.
#[derive(Clone, Debug)]
pub struct AlmaraSettings {
    /// Before `/v1/…`.
    pub base_url: Url,
    /// The whole URL that answers client credentials with a token.
    pub token_url: Url,
    /// The client's name.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// The route that payments take, where the contract names one.
    pub route_id: Option<String>,
    /// How the token is asked for.
    pub token_form: TokenForm,
    /// The scope sent with the request for a token.
    pub scope: Option<String>,
    /// What the answers' `appDomainName` must be.
    pub environment: AlmaraEnvironment,
    /// Sent with each payment.
    pub country: CountryCode,
    /// Sent with each payment.
    pub currency: Currency,
    /// How long a reference stays unique at Almara.
    pub key_life: Duration,
    /// Calls running at once, over all processes on one database.
    pub max_calls: Option<NonZeroU32>,
}

/// The two forms in which Almara's pages ask for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenForm {
    /// A JSON body.
    Json,
    /// A urlencoded form.
    Form,
}

/// Where Almara's answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlmaraEnvironment {
    /// The sandbox.
    Test,
    /// Production.
    Live,
}

/// BILL v3.
#[derive(Clone, Debug)]
pub struct BillSettings {
    /// Before `/v3/…`; ends in `/connect`.
    pub base_url: Url,
    /// The developer's key.
    pub dev_key: Secret,
    /// Who signs in.
    pub username: String,
    /// With what.
    pub password: Secret,
    /// For which organisation.
    pub organization_id: String,
    /// What makes a session trusted, so that it may pay.
    pub trusted_device: Option<TrustedDevice>,
    /// Verifies webhooks.
    pub webhook_security_key: Option<Secret>,
}

/// A device that BILL remembers from a second factor.
#[derive(Clone, Debug)]
pub struct TrustedDevice {
    /// `rememberMeId`.
    pub remember_me_id: Secret,
    /// `device`.
    pub device: String,
}

/// ClickPesa BillPay.
#[derive(Clone, Debug)]
pub struct ClickpesaSettings {
    /// Before `/generate-token` and `/billpay/…`; ends in `/third-parties`.
    pub base_url: Url,
    /// The client's name.
    pub client_id: String,
    /// Its key.
    pub api_key: Secret,
    /// Verifies webhooks; without it they are hints.
    pub checksum_key: Option<Secret>,
}

const TOKEN_FORMS: [(&str, TokenForm); 2] = [("json", TokenForm::Json), ("form", TokenForm::Form)];
const ENVIRONMENTS: [(&str, AlmaraEnvironment); 2] =
    [("TEST", AlmaraEnvironment::Test), ("LIVE", AlmaraEnvironment::Live)];

impl ProviderSettings {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let click = where_on(reader, "providers.click.base_url", ClickSettings::read);
        let almara = where_on(reader, "providers.almara.base_url", AlmaraSettings::read);
        let bill = where_on(reader, "providers.bill.base_url", BillSettings::read);
        let clickpesa = where_on(reader, "providers.clickpesa.base_url", ClickpesaSettings::read);
        Some(Self { click: click?, almara: almara?, bill: bill?, clickpesa: clickpesa? })
    }
}

/// Reads a provider's section if its base URL is set.
fn where_on<T>(reader: &mut Reader, base_url: &str, read: fn(&mut Reader) -> Option<T>) -> Option<Option<T>> {
    if reader.is_set(base_url) { read(reader).map(Some) } else { Some(None) }
}

impl ClickSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let base_url = reader.required("providers.click.base_url", value::base_url);
        let email = reader.required("providers.click.email", value::text);
        let password = reader.required("providers.click.password", value::secret);
        Some(Self { base_url: base_url?, email: email?, password: password? })
    }
}

impl AlmaraSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let base_url = reader.required("providers.almara.base_url", value::base_url);
        let token_url = reader.required("providers.almara.token_url", value::web_url);
        let client_id = reader.required("providers.almara.client_id", value::text);
        let client_secret = reader.required("providers.almara.client_secret", value::secret);
        let route_id = reader.optional("providers.almara.route_id", value::text);
        let token_form = reader.required("providers.almara.token_form", value::one_of(&TOKEN_FORMS));
        let scope = reader.optional("providers.almara.scope", value::text);
        let environment = reader.required("providers.almara.environment", value::one_of(&ENVIRONMENTS));
        let country = reader.required("providers.almara.country", value::country);
        let currency = reader.required("providers.almara.currency", value::currency);
        let key_life = reader.required("providers.almara.key_life", value::positive_duration);
        let max_calls = reader.optional("providers.almara.max_calls", value::number);
        if !reader.is_set("public_url") {
            reader.note(
                "public_url",
                "is not set, and every payment tells Almara which address to call back",
                "set the URL under which providers reach this server, or leave providers.almara.base_url empty",
            );
        }
        Some(Self {
            base_url: base_url?,
            token_url: token_url?,
            client_id: client_id?,
            client_secret: client_secret?,
            route_id: route_id?,
            token_form: token_form?,
            scope: scope?,
            environment: environment?,
            country: country?,
            currency: currency?,
            key_life: key_life?,
            max_calls: max_calls?,
        })
    }
}

impl BillSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let base_url = reader.required("providers.bill.base_url", value::base_url);
        let dev_key = reader.required("providers.bill.dev_key", value::secret);
        let username = reader.required("providers.bill.username", value::text);
        let password = reader.required("providers.bill.password", value::secret);
        let organization_id = reader.required("providers.bill.organization_id", value::text);
        let trusted_device = TrustedDevice::read(reader);
        let webhook_security_key = reader.optional("providers.bill.webhook_security_key", value::secret);
        Some(Self {
            base_url: base_url?,
            dev_key: dev_key?,
            username: username?,
            password: password?,
            organization_id: organization_id?,
            trusted_device: trusted_device?,
            webhook_security_key: webhook_security_key?,
        })
    }
}

impl TrustedDevice {
    fn read(reader: &mut Reader) -> Option<Option<Self>> {
        let remember_me_id = reader.optional("providers.bill.remember_me_id", value::secret);
        let device = reader.optional("providers.bill.device", value::text);
        match (remember_me_id?, device?) {
            (Some(remember_me_id), Some(device)) => Some(Some(Self { remember_me_id, device })),
            (None, None) => Some(None),
            (Some(_), None) => half_a_device(reader, "providers.bill.device"),
            (None, Some(_)) => half_a_device(reader, "providers.bill.remember_me_id"),
        }
    }
}

fn half_a_device(reader: &mut Reader, missing: &str) -> Option<Option<TrustedDevice>> {
    reader.note(missing, "is not set while its other half is", "set both remember_me_id and device, or neither");
    None
}

impl ClickpesaSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let base_url = reader.required("providers.clickpesa.base_url", value::base_url);
        let client_id = reader.required("providers.clickpesa.client_id", value::text);
        let api_key = reader.required("providers.clickpesa.api_key", value::secret);
        let checksum_key = reader.optional("providers.clickpesa.checksum_key", value::secret);
        Some(Self { base_url: base_url?, client_id: client_id?, api_key: api_key?, checksum_key: checksum_key? })
    }
}
