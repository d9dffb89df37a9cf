//! Having a payment taken back, and how it stands.

use billpay::domain::payment::recall::RecallKind;
use serde_json::{Value, json};

use super::{Api, Trouble};

const STATUS: &str = "query ($id: ID!) { payment(by: { id: $id }) { status } }";

const CANCEL: &str = "mutation ($input: CancelPaymentInput!) { cancelPayment(input: $input) { errors { code } } }";
const VOID: &str = "mutation ($input: VoidPaymentInput!) { voidPayment(input: $input) { errors { code } } }";

impl Api {
    /// Asks for a payment to be taken back. Whether that comes to anything, its status tells.
    pub(in crate::kill_harness) async fn recall(&self, kind: RecallKind, payment: &str) -> Result<(), Trouble> {
        let document = match kind {
            RecallKind::Cancel => CANCEL,
            RecallKind::Void => VOID,
        };
        let input = json!({ "paymentId": payment, "reason": "paid by another way" });
        self.ask(document, &json!({ "input": input })).await.map(drop)
    }

    /// The status of a payment.
    pub(in crate::kill_harness) async fn status(&self, payment: &str) -> Result<String, Trouble> {
        let data = self.ask(STATUS, &json!({ "id": payment })).await?;
        let status = data.pointer("/payment/status").and_then(Value::as_str).map(str::to_owned);
        status.ok_or_else(|| Trouble::Told(data.to_string()))
    }
}
