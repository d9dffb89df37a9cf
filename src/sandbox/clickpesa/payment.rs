//! One payment of a control number, and how it looks when it is asked for.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Number;

use super::super::effects::{Effect, Movement};
use super::script::Standing;
use super::token::CLIENT_ID;
use super::{PROVIDER, wire};

/// Who paid; what the ledger does not keep is absent after a restart.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Payer {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
}

/// A payment with where it stands.
#[derive(Clone)]
pub(super) struct Payment {
    pub id: String,
    /// The number that was paid: the provider's `orderReference`.
    pub number: String,
    /// In major units of the currency.
    pub amount: Decimal,
    pub currency: String,
    pub payer: Payer,
    pub standing: Standing,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A payment in the answer to a query.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Collected<'a> {
    id: &'a str,
    status: &'static str,
    payment_reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_phone_number: Option<&'a str>,
    order_reference: &'a str,
    collected_amount: Number,
    collected_currency: &'a str,
    message: &'static str,
    updated_at: String,
    created_at: String,
    customer: Customer<'a>,
    client_id: &'static str,
}

/// A payer in all bodies.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_email: Option<&'a str>,
}

impl Payer {
    pub(super) fn customer(&self) -> Customer<'_> {
        Customer {
            customer_name: self.name.as_deref(),
            customer_phone_number: self.phone.as_deref(),
            customer_email: self.email.as_deref(),
        }
    }
}

impl Payment {
    /// A payment that the ledger shows: settled.
    pub(super) fn restored(effect: Effect) -> Self {
        Self {
            id: effect.key,
            number: effect.account,
            amount: Decimal::from_str_exact(&effect.amount).unwrap_or_default(),
            currency: effect.currency,
            payer: Payer::default(),
            standing: Standing::Settled,
            created_at: effect.at,
            updated_at: effect.at,
        }
    }

    /// Its money, for the ledger.
    pub(super) fn movement(&self) -> Movement {
        Movement {
            provider: PROVIDER,
            key: self.id.clone(),
            account: self.number.clone(),
            amount: wire::two_decimals(self.amount),
            currency: self.currency.clone(),
        }
    }

    /// Nothing of a payment that failed, else all of it, also where it is on its way or was returned.
    pub(super) fn collected_amount(&self) -> Decimal {
        match self.standing {
            Standing::Failed => Decimal::ZERO,
            Standing::Pending
            | Standing::Processing
            | Standing::OnHold
            | Standing::Success
            | Standing::Settled
            | Standing::Refunded
            | Standing::Reversed => self.amount,
        }
    }

    /// The provider's words for where it stands; those of success and failure are documented.
    pub(super) const fn message(&self) -> &'static str {
        match self.standing {
            Standing::Success | Standing::Settled => "success",
            Standing::Failed => "Insufficient balance",
            Standing::Pending => "pending",
            Standing::Processing => "processing",
            Standing::OnHold => "on hold",
            Standing::Refunded => "refunded",
            Standing::Reversed => "reversed",
        }
    }

    /// The answer to whoever asks for it.
    pub(super) fn collected(&self) -> Collected<'_> {
        Collected {
            id: &self.id,
            status: self.standing.name(),
            payment_reference: wire::payment_reference(&self.id),
            payment_phone_number: self.payer.phone.as_deref(),
            order_reference: &self.number,
            collected_amount: wire::money(self.collected_amount()),
            collected_currency: &self.currency,
            message: self.message(),
            updated_at: wire::moment(self.updated_at),
            created_at: wire::moment(self.created_at),
            customer: self.payer.customer(),
            client_id: CLIENT_ID,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_has_the_documented_members() {
        let payment = Payment {
            id: "CUSTOMJH121LCP1".to_owned(),
            number: "CUSTOMJH121".to_owned(),
            amount: Decimal::new(1_000_000, 2),
            currency: "TZS".to_owned(),
            payer: Payer { name: Some("Asha".to_owned()), phone: Some("255712345678".to_owned()), email: None },
            standing: Standing::Success,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let body = serde_json::to_value(payment.collected()).expect("a body");
        let documented = json!({
            "id": "CUSTOMJH121LCP1", "status": "SUCCESS",
            "paymentReference": wire::payment_reference("CUSTOMJH121LCP1"), "paymentPhoneNumber": "255712345678",
            "orderReference": "CUSTOMJH121", "collectedAmount": 10000, "collectedCurrency": "TZS",
            "message": "success", "updatedAt": "1970-01-01T00:00:00.000Z", "createdAt": "1970-01-01T00:00:00.000Z",
            "customer": { "customerName": "Asha", "customerPhoneNumber": "255712345678" }, "clientId": CLIENT_ID,
        });
        assert_eq!(body, documented);
        let failed = Payment { standing: Standing::Failed, ..payment };
        assert_eq!(failed.collected_amount(), Decimal::ZERO);
    }
}
