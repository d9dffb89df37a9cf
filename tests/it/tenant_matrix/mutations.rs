//! Mutations. What the owner asks here at last is refused for another reason than that there is no such thing, or does
//! no harm to the rows that follow: no money moves.

use super::row::Taken::{Everywhere, InItsTenant};
use super::row::{Row, hidden, taken};
use super::things::Thing;

const CANCEL: &str = "mutation ($id: ID!) { cancelPayment(input: { paymentId: $id }) {
    payment { id } errors { code message path } } }";
const REFRESH_PAYMENT: &str = "mutation ($id: ID!) { refreshPayment(input: { paymentId: $id }) {
    payment { id } errors { code message path } } }";
const RESOLVE: &str = "mutation ($id: ID!) {
    resolvePayment(input: { paymentId: $id, outcome: FAILED, evidence: \"seen in the books\" }) {
        payment { id } errors { code message path } } }";
const VOID: &str = "mutation ($id: ID!) { voidPayment(input: { paymentId: $id, reason: \"it was a mistake\" }) {
    payment { id } errors { code message path } } }";
/// In a currency that no bill of these is in.
const PAY_BILL: &str = "mutation ($id: ID!) { createPayment(input: { idempotencyKey: \"probe-bill\",
    target: { billId: $id }, amount: { amount: \"15\", currency: \"JPY\" } }) {
        payment { id } replayed errors { code message path } } }";
const PAY_NUMBER: &str = "mutation ($id: ID!) { createPayment(input: { idempotencyKey: \"probe-number\",
    target: { billNumberId: $id }, amount: { amount: \"15\", currency: \"JPY\" } }) {
        payment { id } replayed errors { code message path } } }";
const PAY_BILLS: &str = "mutation ($id: ID!) { createBulkPayment(input: { idempotencyKey: \"probe-bulk\", dryRun: true,
    items: [{ billId: $id, amount: { amount: \"15\", currency: \"JPY\" } }] }) {
        bulkPayment { id } replayed errors { code message path } } }";
/// With an input that is refused: where a key may be used, nothing is made with it.
const PAY_WITH_KEY: &str = "mutation ($id: String!) { createPayment(input: { idempotencyKey: $id,
    target: { billId: \"bil_01m80g5rxcfq9s4swzcexz6v59\" }, amount: { amount: \"15\", currency: \"KES\" } }) {
        payment { id } replayed errors { code message path } } }";
const BULK_WITH_KEY: &str = "mutation ($id: String!) { createBulkPayment(input: { idempotencyKey: $id,
    items: [{ billId: \"bil_01m80g5rxcfq9s4swzcexz6v59\", amount: { amount: \"15\", currency: \"KES\" } }] }) {
        bulkPayment { id } replayed errors { code message path } } }";
const NUMBER_WITH_KEY: &str = "mutation ($id: String!) { createControlNumber(input: { idempotencyKey: $id,
    amount: { amount: \"5\", currency: \"TZS\" }, reference: \"no-hyphens\" }) {
        controlNumber { id } replayed errors { code message path } } }";
const NUMBERS_WITH_KEY: &str = "mutation ($id: String!) { createControlNumbers(input: { idempotencyKey: $id,
    items: [{ amount: { amount: \"5\", currency: \"TZS\" }, reference: \"no-hyphens\" }] }) {
        items { controlNumber { id } errors { code message path } } replayed errors { code message path } } }";
const NUMBER_WITH_REFERENCE: &str = "mutation ($id: String!) { createControlNumber(input: {
    idempotencyKey: \"probe-reference\", amount: { amount: \"5\", currency: \"TZS\" }, reference: $id }) {
        controlNumber { id } replayed errors { code message path } } }";
const NUMBERS_WITH_REFERENCE: &str = "mutation ($id: String!) { createControlNumbers(input: {
    idempotencyKey: \"probe-references\", items: [{ amount: { amount: \"5\", currency: \"TZS\" }, reference: $id }] }) {
        items { controlNumber { id } errors { code message path } } replayed errors { code message path } } }";
const REFRESH_CONTROL_NUMBER: &str = "mutation ($id: ID!) { refreshControlNumber(input: { controlNumberId: $id }) {
    controlNumber { id } errors { code message path } } }";
const UPDATE_CONTROL_NUMBER: &str = "mutation ($id: ID!) {
    updateControlNumber(input: { controlNumberId: $id, description: \"changed\" }) {
        controlNumber { id } errors { code message path } } }";
const REFRESH_NUMBER: &str = "mutation ($id: ID!) { refreshBillNumber(input: { billNumberId: $id }) {
    billNumber { id } errors { code message path } } }";
const REMOVE_NUMBER: &str = "mutation ($id: ID!) { removeBillNumber(input: { billNumberId: $id }) {
    billNumber { id } errors { code message path } } }";
const REVOKE_CLIENT: &str = "mutation ($id: ID!) { revokeApiClient(input: { apiClientId: $id }) {
    apiClient { id } errors { code message path } } }";

pub const ROWS: &[Row] = &[
    hidden("Mutation.cancelPayment(input.paymentId)", Thing::Payment, CANCEL),
    hidden("Mutation.refreshPayment(input.paymentId)", Thing::Payment, REFRESH_PAYMENT),
    hidden("Mutation.resolvePayment(input.paymentId)", Thing::Payment, RESOLVE),
    hidden("Mutation.voidPayment(input.paymentId)", Thing::Payment, VOID),
    hidden("Mutation.createPayment(input.target.billId)", Thing::Bill, PAY_BILL),
    hidden("Mutation.createPayment(input.target.billNumberId)", Thing::BillNumber, PAY_NUMBER),
    hidden("Mutation.createBulkPayment(input.items.billId)", Thing::Bill, PAY_BILLS),
    taken("Mutation.createPayment(input.idempotencyKey)", Thing::PaymentKey, InItsTenant, PAY_WITH_KEY),
    taken("Mutation.createBulkPayment(input.idempotencyKey)", Thing::BulkKey, InItsTenant, BULK_WITH_KEY),
    taken("Mutation.createControlNumber(input.idempotencyKey)", Thing::NumberKey, InItsTenant, NUMBER_WITH_KEY),
    taken("Mutation.createControlNumbers(input.idempotencyKey)", Thing::BatchKey, InItsTenant, NUMBERS_WITH_KEY),
    taken("Mutation.createControlNumber(input.reference)", Thing::NumberReference, Everywhere, NUMBER_WITH_REFERENCE),
    taken(
        "Mutation.createControlNumbers(input.items.reference)",
        Thing::NumberReference,
        Everywhere,
        NUMBERS_WITH_REFERENCE,
    ),
    hidden("Mutation.refreshControlNumber(input.controlNumberId)", Thing::ControlNumber, REFRESH_CONTROL_NUMBER),
    hidden("Mutation.updateControlNumber(input.controlNumberId)", Thing::ControlNumber, UPDATE_CONTROL_NUMBER),
    hidden("Mutation.refreshBillNumber(input.billNumberId)", Thing::BillNumber, REFRESH_NUMBER),
    hidden("Mutation.removeBillNumber(input.billNumberId)", Thing::BillNumber, REMOVE_NUMBER),
    hidden("Mutation.revokeApiClient(input.apiClientId)", Thing::ApiClient, REVOKE_CLIENT),
];
