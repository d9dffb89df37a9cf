//! What is done with a payment that is there: it is taken back, or decided; how it stands; and a bill number is kept.

use billpay::domain::payment::recall::RecallKind;
use serde_json::{Value, json};

use super::{Api, Trouble};

const STATUS: &str = "query ($id: ID!) { payment(by: { id: $id }) { status } }";

const CANCEL: &str = "mutation ($input: CancelPaymentInput!) { cancelPayment(input: $input) { errors { code } } }";
const VOID: &str = "mutation ($input: VoidPaymentInput!) { voidPayment(input: $input) { errors { code } } }";

const DECIDE: &str = "mutation ($input: ResolvePaymentInput!) { resolvePayment(input: $input) { errors { code } } }";
const SAVE_BILL_NUMBER: &str = "mutation ($input: SaveBillNumberInput!) {
    saveBillNumber(input: $input) { billNumber { id } errors { code } }
}";

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

    /// Says of a payment that a person must look at that it was not paid. Whether that is taken, its status tells.
    pub(in crate::kill_harness) async fn decide_unpaid(&self, payment: &str) -> Result<(), Trouble> {
        let evidence = "the biller has received nothing, as its statement says";
        let input = json!({ "paymentId": payment, "outcome": "FAILED", "evidence": evidence });
        self.ask(DECIDE, &json!({ "input": input })).await.map(drop)
    }

    /// Keeps a bill number.
    pub(in crate::kill_harness) async fn save_bill_number(&self, biller: &str, account: &str) -> Result<(), Trouble> {
        let input = json!({ "billerId": biller, "accountReference": account });
        let data = self.ask(SAVE_BILL_NUMBER, &json!({ "input": input })).await?;
        let id = data.pointer("/saveBillNumber/billNumber/id");
        if id.is_some_and(Value::is_string) { Ok(()) } else { Err(Trouble::Told(data.to_string())) }
    }

    /// The status of a payment.
    pub(in crate::kill_harness) async fn status(&self, payment: &str) -> Result<String, Trouble> {
        let data = self.ask(STATUS, &json!({ "id": payment })).await?;
        let status = data.pointer("/payment/status").and_then(Value::as_str).map(str::to_owned);
        status.ok_or_else(|| Trouble::Told(data.to_string()))
    }
}
