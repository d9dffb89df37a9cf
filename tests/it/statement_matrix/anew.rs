//! What making a batch costs, by the number of its items.
//!
//! Whoever makes one waits for the provider's answer, and looks again whenever something happens meanwhile: so the figure
//! of one making is no fixed one. But a statement per item would add at least as many as a batch has more items.

use serde_json::json;

use super::readings::Readings;
use super::{FEW, MANY};
use crate::support::client::new_key;
use crate::support::meter::Meter;
use crate::support::numbers::shillings;

const CREATE: &str = "mutation ($input: CreateControlNumbersInput!) { createControlNumbers(input: $input) {
    items { controlNumber { id status } errors { code } } errors { code } } }";
/// How often the small batch is made.
const TRIES: usize = 4;

/// What is wrong with what a batch of control numbers costs.
pub async fn fault(meter: &Meter) -> Option<String> {
    let more = i64::try_from(MANY - FEW).expect("a few");
    let mut few = i64::MAX;
    for _ in 0..TRIES {
        few = few.min(cost(meter, FEW).await);
    }
    let mut many = Readings::allowing(Some(few + more - 1));
    while !many.are_enough() {
        many.push(cost(meter, MANY).await);
    }
    let many = many.least();
    (many - few >= more).then(|| format!("a batch of {FEW} control numbers costs {few} statements, of {MANY} {many}"))
}

async fn cost(meter: &Meter, items: usize) -> i64 {
    let items = vec![json!({ "amount": shillings("2500") }); items];
    let input = json!({ "idempotencyKey": new_key(), "items": items });
    let before = meter.statements().await;
    let data = meter.client.data(CREATE, json!({ "input": input })).await;
    let cost = meter.statements().await - before;
    assert_eq!(data["createControlNumbers"]["errors"], json!([]), "{data}");
    cost
}
