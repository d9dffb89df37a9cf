//! The vendors of the sandbox's organization.

use axum::Json;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::list::{self, Page, Parameters};
use super::rejection::Rejection;

/// The id of the vendor whose bills are never listed.
pub(super) const SILENT: &str = "00901SANDBOX00000012";
/// The id of the vendor whose bills are answered with HTTP 500.
pub(super) const FAILING: &str = "00901SANDBOX00000013";

/// Who is paid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Vendor {
    pub id: &'static str,
    pub name: &'static str,
    pub pay_by: PayBy,
    /// Whether several bills of a bulk are paid by one payment.
    pub combine_payments: bool,
    /// The ISO 4217 code of its bills.
    pub currency: &'static str,
    pub archived: bool,
    /// How many bills it has sent.
    pub bills: u32,
}

/// How a vendor is paid; also the type of its disbursements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum PayBy {
    Ach,
    Check,
    /// A virtual card.
    Vcard,
    International,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    id: &'static str,
    name: &'static str,
    payment_information: PaymentInformation,
    additional_info: AdditionalInfo,
    bill_currency: &'static str,
    archived: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentInformation {
    pay_by_type: PayBy,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalInfo {
    combine_payments: bool,
}

/// All vendors, in the order of the list.
pub(super) static VENDORS: [Vendor; 15] = [
    vendor("00901SANDBOX00000001", "Harbor Electric Co", PayBy::Ach, 3),
    combining(vendor("00901SANDBOX00000002", "Northwind Supplies", PayBy::Ach, 60)),
    vendor("00901SANDBOX00000003", "Cedar Print Shop", PayBy::Check, 4),
    combining(vendor("00901SANDBOX00000004", "Summit Office Rent", PayBy::Check, 4)),
    vendor("00901SANDBOX00000005", "Blue Line Freight", PayBy::Ach, 12),
    Vendor { currency: "GBP", ..vendor("00901SANDBOX00000006", "Thames Consulting Ltd", PayBy::International, 3) },
    Vendor { currency: "EUR", ..vendor("00901SANDBOX00000007", "Rhein Werkzeug GmbH", PayBy::International, 3) },
    Vendor { archived: true, ..vendor("00901SANDBOX00000008", "Old Mill Catering", PayBy::Ach, 2) },
    vendor("00901SANDBOX00000009", "Pioneer Cloud Services", PayBy::Vcard, 3),
    combining(vendor("00901SANDBOX00000010", "Lakeside Insurance", PayBy::Ach, 5)),
    vendor("00901SANDBOX00000011", "Quiet Garden Care", PayBy::Ach, 0),
    vendor(SILENT, "Stillwater Archive", PayBy::Ach, 1),
    vendor(FAILING, "Foundry Tools Inc", PayBy::Check, 1),
    vendor("00901SANDBOX00000014", "Meridian Wholesale", PayBy::Ach, 60),
    vendor("00901SANDBOX00000015", "Foxglove Components", PayBy::Ach, 900),
];

impl Vendor {
    /// Whether it is paid in another currency than the organization's.
    pub(super) fn is_foreign(&self) -> bool {
        self.currency != "USD"
    }

    fn view(&self) -> View {
        View {
            id: self.id,
            name: self.name,
            payment_information: PaymentInformation { pay_by_type: self.pay_by },
            additional_info: AdditionalInfo { combine_payments: self.combine_payments },
            bill_currency: self.currency,
            archived: self.archived,
        }
    }
}

/// The vendor with an id.
pub(super) fn find(id: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.id == id)
}

/// `GET /v3/vendors`.
pub(super) async fn list(Query(parameters): Query<Parameters>) -> Response {
    match page(&parameters) {
        Ok(page) => Json(page.cut((1..).zip(VENDORS.iter().map(Vendor::view)).collect())).into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// `GET /v3/vendors/{vendorId}`.
pub(super) async fn one(Path(id): Path<String>) -> Response {
    match find(&id) {
        Some(vendor) => Json(vendor.view()).into_response(),
        None => Rejection::not_found().into_response(),
    }
}

/// No filter of this list is known.
fn page(parameters: &Parameters) -> Result<Page, Rejection> {
    match list::conditions(parameters)?.first() {
        Some(condition) => Err(list::unknown(condition)),
        None => Page::read(parameters),
    }
}

const fn vendor(id: &'static str, name: &'static str, pay_by: PayBy, bills: u32) -> Vendor {
    Vendor { id, name, pay_by, combine_payments: false, currency: "USD", archived: false, bills }
}

const fn combining(vendor: Vendor) -> Vendor {
    Vendor { combine_payments: true, ..vendor }
}
