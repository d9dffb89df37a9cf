//! What pays: the organization's bank accounts, cards, its wallet and its card of BILL.

use axum::Json;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::fields::Fields;
use super::list::{self, Page, Parameters};
use super::rejection::Rejection;

/// What a payment is paid from, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Funding {
    pub r#type: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'static str>,
}

/// The kinds of funding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Kind {
    BankAccount,
    CardAccount,
    Wallet,
    ApCard,
}

/// What no page has of the members (the values of `status`, those of a card) is our choice.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Bank {
    id: &'static str,
    status: &'static str,
    bank_name: &'static str,
    name_on_account: &'static str,
    account_number: &'static str,
    archived: bool,
}

#[derive(Clone, Copy, Serialize)]
struct Card {
    id: &'static str,
    status: &'static str,
    name: &'static str,
    last4: &'static str,
    archived: bool,
}

#[derive(Serialize)]
struct Purpose {
    name: &'static str,
}

const ACTIVE: &str = "ACTIVE";
const INACTIVE: &str = "INACTIVE";
const AP_CARD: &str = "apc01SANDBOX00000001";
const PURPOSES: [&str; 3] = ["UTILITIES", "OFFICE_SUPPLIES", "PROFESSIONAL_SERVICES"];

const BANKS: [Bank; 3] = [
    bank("bac01SANDBOX00000001", ACTIVE, "First Sandbox Bank", "******1234", false),
    bank("bac01SANDBOX00000002", INACTIVE, "First Sandbox Bank", "******5678", false),
    bank("bac01SANDBOX00000003", INACTIVE, "Closed Sandbox Bank", "******9012", true),
];

const CARDS: [Card; 2] = [
    Card { id: "cac01SANDBOX00000001", status: ACTIVE, name: "Office card", last4: "4242", archived: false },
    Card { id: "cac01SANDBOX00000002", status: INACTIVE, name: "Old card", last4: "0002", archived: true },
];

impl Funding {
    /// The account of a payment that the ledger shows: it does not say which.
    pub(super) const FIRST_BANK: Self = Self { r#type: Kind::BankAccount, id: Some(BANKS[0].id) };

    /// The `fundingAccount` of a request. An account that does not exist is answered as an inactive one.
    pub(super) fn read(fields: Fields<'_>) -> Result<Self, Rejection> {
        match fields.required_text("type")? {
            "BANK_ACCOUNT" => bank_account(fields.required_text("id")?),
            "CARD_ACCOUNT" => card_account(fields.required_text("id")?),
            "AP_CARD" => ap_card(fields.required_text("id")?),
            "WALLET" => Ok(Self { r#type: Kind::Wallet, id: None }),
            other => Err(Rejection::invalid("fundingAccount.type", other)),
        }
    }

    /// Whether a payment from it must say on which day.
    pub(super) fn needs_process_date(&self) -> bool {
        match self.r#type {
            Kind::Wallet | Kind::ApCard => true,
            Kind::BankAccount | Kind::CardAccount => false,
        }
    }

    /// Whether a payment from it must say for what. The provider asks where it cannot tell by itself; the sandbox asks
    /// always.
    pub(super) fn needs_purpose(&self) -> bool {
        match self.r#type {
            Kind::CardAccount => true,
            Kind::BankAccount | Kind::Wallet | Kind::ApCard => false,
        }
    }

    /// What a notification says of it besides.
    pub(super) fn description(&self) -> (Option<&'static str>, Option<&'static str>) {
        let bank = BANKS.iter().find(|bank| Some(bank.id) == self.id);
        (bank.map(|bank| bank.bank_name), bank.map(|bank| bank.account_number))
    }
}

/// `GET /v3/funding-accounts/banks`.
pub(super) async fn banks(Query(parameters): Query<Parameters>) -> Response {
    list(&parameters, &BANKS)
}

/// `GET /v3/funding-accounts/cards`.
pub(super) async fn cards(Query(parameters): Query<Parameters>) -> Response {
    list(&parameters, &CARDS)
}

/// `GET /v3/funding-accounts/cards/funding-purposes`.
pub(super) async fn purposes(Query(parameters): Query<Parameters>) -> Response {
    list(&parameters, &PURPOSES.map(|name| Purpose { name }))
}

fn list<T: Serialize>(parameters: &Parameters, members: &[T]) -> Response {
    let page = match list::conditions(parameters).map(|conditions| conditions.first().map(list::unknown)) {
        Ok(None) => Page::read(parameters),
        Ok(Some(rejection)) | Err(rejection) => Err(rejection),
    };
    match page {
        Ok(page) => Json(page.cut((1..).zip(members).collect())).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

fn bank_account(id: &str) -> Result<Funding, Rejection> {
    let bank = BANKS.iter().find(|bank| bank.id == id && bank.status == ACTIVE);
    let bank = bank.ok_or_else(Rejection::bank_account_inactive)?;
    Ok(Funding { r#type: Kind::BankAccount, id: Some(bank.id) })
}

fn card_account(id: &str) -> Result<Funding, Rejection> {
    let card = CARDS.iter().find(|card| card.id == id && card.status == ACTIVE);
    let card = card.ok_or_else(Rejection::card_account_inactive)?;
    Ok(Funding { r#type: Kind::CardAccount, id: Some(card.id) })
}

fn ap_card(id: &str) -> Result<Funding, Rejection> {
    if id != AP_CARD {
        return Err(Rejection::card_account_inactive());
    }
    Ok(Funding { r#type: Kind::ApCard, id: Some(AP_CARD) })
}

const fn bank(
    id: &'static str,
    status: &'static str,
    bank_name: &'static str,
    account_number: &'static str,
    archived: bool,
) -> Bank {
    Bank { id, status, bank_name, name_on_account: "Sandbox Organization", account_number, archived }
}
