//! Callbacks that are due, without those for whom there is no room.
//!
//! A receiver that does not answer can have more due than anybody reads at once. So whoever reads names those whom it
//! has no place for, by how their URLs begin or by their customer, and finds what is due behind them.

use std::collections::BTreeSet;

use sea_orm::{EntityTrait, Statement, Value};

use entity::webhook_delivery::Entity;

use super::super::time::micros;
use super::super::{Store, StoreError};
use super::row::delivery;
use crate::domain::ids::WebhookEndpointId;
use crate::domain::requester::CustomerId;
use crate::domain::webhook::WebhookDelivery;

/// The most beginnings, and the most customers, that one statement names.
const MOST_NAMED: usize = 100;

/// That no older callback of the same payment waits.
pub(super) const FIRST_IN_LINE: &str = "NOT EXISTS (SELECT 1 FROM webhook_deliveries o \
    WHERE o.endpoint_id = d.endpoint_id AND o.payment_id = d.payment_id AND o.state = 'WAITING' AND o.sequence < d.sequence)";

/// Whose callbacks are not read at present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// How `callbackUrl`s begin, as they were written, such as `https://example.com/`; one that does not end its host
    /// with `/` or `?` is a whole URL.
    pub beginnings: BTreeSet<String>,
    /// Whose payments they are.
    pub customers: BTreeSet<CustomerId>,
}

impl PassedOver {
    /// Whether a beginning is named by the statement.
    pub fn has_room_for(&self, beginning: &str) -> bool {
        self.beginnings.len() < MOST_NAMED || self.beginnings.contains(beginning)
    }
}

impl Store {
    /// Callbacks whose time has come: of each payment the oldest that waits, the longest due first.
    pub async fn callbacks_due(
        &self,
        endpoint: WebhookEndpointId,
        passed_over: &PassedOver,
        limit: u64,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let mut values: Vec<Value> = vec![endpoint.uuid().into(), micros(self.clock.now()).into()];
        let others = others(passed_over, &mut values);
        let sql = format!(
            "SELECT d.* FROM webhook_deliveries d WHERE d.endpoint_id = $1 AND d.state = 'WAITING' AND d.next_at <= $2 \
             AND {FIRST_IN_LINE}{others} ORDER BY d.next_at, d.sequence LIMIT {limit}"
        );
        let statement = Statement::from_sql_and_values(self.reader.get_database_backend(), sql, values);
        let rows = Entity::find().from_raw_sql(statement).all(&self.reader).await?;
        rows.into_iter().map(delivery).collect()
    }
}

/// That a callback is of somebody else, with the values that this names; nothing where nobody is passed over.
fn others(passed_over: &PassedOver, values: &mut Vec<Value>) -> String {
    let mut of_them = Vec::new();
    for beginning in passed_over.beginnings.iter().take(MOST_NAMED) {
        values.push(beginning.as_str().into());
        let number = values.len();
        of_them.push(if beginning.ends_with(['/', '?']) {
            format!("substr(p.callback_url, 1, {}) = ${number}", beginning.chars().count())
        } else {
            format!("p.callback_url = ${number}")
        });
    }
    for customer in passed_over.customers.iter().take(MOST_NAMED) {
        values.push(customer.as_str().into());
        of_them.push(format!("p.customer = ${}", values.len()));
    }
    if of_them.is_empty() {
        return String::new();
    }
    let of_them = of_them.join(" OR ");
    format!(" AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.id = d.payment_id AND ({of_them}))")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_passed_over_is_named_by_values_alone() {
        let mut values: Vec<Value> = vec![1.into(), 2.into()];
        assert_eq!(others(&PassedOver::default(), &mut values), "");
        let customers = BTreeSet::from([CustomerId::try_new("alice'").expect("a customer")]);
        let beginnings = ["https://\u{e9}.example/", "https://\u{e9}.exampleb"].map(str::to_owned);
        let passed_over = PassedOver { beginnings: BTreeSet::from(beginnings), customers };
        let told = others(&passed_over, &mut values);
        let expected = "(substr(p.callback_url, 1, 18) = $3 OR p.callback_url = $4 OR p.customer = $5)";
        assert!(told.contains(expected), "{told}");
        assert!(values.len() == 5 && !told.contains("alice") && !told.contains("example"), "{told}");
    }
}
