//! What the tour reads of billpay's answers.

use serde::Deserialize;

/// One change of a payment or of a control number.
#[derive(Deserialize)]
pub(super) struct Change {
    /// Which change of the object it is, from 1.
    pub(super) version: u32,
    /// The object's status after it.
    pub(super) status: String,
    /// Why.
    pub(super) reason: Option<String>,
    /// Of which object.
    pub(super) subject: Named,
}

/// An object by its id.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct BillersAnswer {
    pub(super) billers: Billers,
}

#[derive(Deserialize)]
pub(super) struct Billers {
    pub(super) nodes: Vec<Biller>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Biller {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) country: String,
    pub(super) currency: String,
    pub(super) provider: Provider,
}

#[derive(Deserialize)]
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LookUpAnswer {
    pub(super) bill_lookup: Found,
}

/// What a look-up told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) customer_name: Option<String>,
    pub(super) amount_due: Option<Money>,
    pub(super) due_date: Option<String>,
    #[serde(default)]
    pub(super) bills: Vec<Bill>,
    pub(super) errors: Vec<Refusal>,
}

/// One bill of a biller that lists them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bill {
    pub(super) id: String,
    pub(super) invoice_number: Option<String>,
    pub(super) amount_due: Money,
    pub(super) due_date: Option<String>,
    pub(super) provider_reference: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Money {
    pub(super) amount: String,
    pub(super) currency: String,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) message: String,
}

/// Why something was not done.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedAnswer {
    pub(super) create_payment: Created,
}

#[derive(Deserialize)]
pub(super) struct Created {
    pub(super) replayed: bool,
    pub(super) payment: Option<Named>,
    pub(super) errors: Vec<Refusal>,
}

#[derive(Deserialize)]
pub(super) struct SettledAnswer {
    pub(super) payment: Option<Settled>,
}

#[derive(Deserialize)]
pub(super) struct Settled {
    pub(super) failure: Option<Message>,
    pub(super) receipt: Option<Receipt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    pub(super) number: String,
    pub(super) provider_reference: Option<String>,
    pub(super) token: Option<String>,
}

impl Created {
    /// What was answered, in a line.
    pub(super) fn told(&self) -> String {
        match (self.errors.first(), &self.payment) {
            (Some(refusal), _) => refusal.told(),
            (None, Some(payment)) => format!("the payment {}, replayed: {}", payment.id, self.replayed),
            (None, None) => "nothing".to_owned(),
        }
    }
}

impl Refusal {
    /// The refusal in a line.
    pub(super) fn told(&self) -> String {
        format!("{}: {}", self.code, self.message)
    }
}

/// The first of these refusals in a line.
pub(super) fn first_of(refusals: &[Refusal]) -> String {
    refusals.first().map_or_else(|| "no reason was given".to_owned(), Refusal::told)
}
