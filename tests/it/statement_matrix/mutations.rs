//! The mutations: what they answer with, read three levels deep.
//!
//! A document is asked several times, so a mutation has a row where it answers the same each time it is sent with the
//! same input: it is told that its key was used, or finds nothing to change. What it answers holds a list that has
//! become longer in between, be it what belongs to an object, the errors, or the items of a batch. Whatever else has no
//! row is named with the reason; [`anew`](super::anew) counts what making a batch costs.

use serde_json::{Value, json};

use super::document::{Document, path_of};
use super::schema::{Schema, name_of};
use super::selection::{Selection, Side};
use super::world::World;

const MUTATION: &str = "Mutation";
/// The payload's object, what belongs to it, and what that leads to.
const LEVELS: usize = 3;

/// A mutation that can be sent again.
struct Row {
    mutation: &'static str,
    input: fn(&World) -> Value,
    /// The fields that lead from its payload to what becomes more.
    grows: &'static [&'static str],
}

const OF_PAYMENT: &[&str] = &["payment", "billNumber", "payments"];
const OF_BILL_NUMBER: &[&str] = &["billNumber", "payments"];
const OF_CONTROL_NUMBER: &[&str] = &["controlNumber", "collections"];
const OF_ENDPOINT: &[&str] = &["webhookEndpoint", "deliveries"];

const ROWS: &[Row] = &[
    Row {
        mutation: "cancelPayment",
        input: |world| json!({ "paymentId": world.lasting().cancelled }),
        grows: OF_PAYMENT,
    },
    // Bills that are being paid: an error for each, with its payment.
    Row { mutation: "createBulkPayment", input: bulk_of_open_bills, grows: &["errors"] },
    Row {
        mutation: "createControlNumber",
        input: |world| world.lasting().number_input.clone(),
        grows: OF_CONTROL_NUMBER,
    },
    Row { mutation: "createControlNumbers", input: |world| world.batch().clone(), grows: &["items", "controlNumber"] },
    Row { mutation: "createPayment", input: |world| world.lasting().payment_input.clone(), grows: OF_PAYMENT },
    Row {
        mutation: "refreshBillNumber",
        input: |world| json!({ "billNumberId": world.lasting().bill_number }),
        grows: OF_BILL_NUMBER,
    },
    Row {
        mutation: "refreshPayment",
        input: |world| json!({ "paymentId": world.lasting().payment }),
        grows: OF_PAYMENT,
    },
    Row {
        mutation: "replayWebhooks",
        input: |world| json!({ "webhookEndpointId": world.one("WebhookEndpoint"), "from": "1", "through": "1" }),
        grows: OF_ENDPOINT,
    },
    Row {
        mutation: "rotateWebhookSecret",
        input: |world| json!({ "webhookEndpointId": world.one("WebhookEndpoint") }),
        grows: OF_ENDPOINT,
    },
    Row {
        mutation: "updateControlNumber",
        input: |world| json!({ "controlNumberId": world.lasting().number["id"], "description": "Rent" }),
        grows: OF_CONTROL_NUMBER,
    },
    Row {
        mutation: "updateWebhookEndpoint",
        input: |world| json!({ "webhookEndpointId": world.one("WebhookEndpoint"), "description": "Till 7" }),
        grows: OF_ENDPOINT,
    },
];

const LEADS_NOWHERE: &str = "nothing that it answers leads to a list";
const ONCE: &str = "it can be done once to an object, and is answered with what another mutation answers, too";

/// Those without a row.
const UNASKED: &[(&str, &str)] = &[
    ("createApiClient", LEADS_NOWHERE),
    ("createWebhookEndpoint", "an endpoint that was just made has no deliveries"),
    ("refreshControlNumber", "it takes in what was paid as callbacks do: each payment in a change of its own"),
    ("removeBillNumber", ONCE),
    ("removeWebhookEndpoint", ONCE),
    ("resolvePayment", ONCE),
    ("revokeApiClient", LEADS_NOWHERE),
    ("saveBillNumber", "it writes what the biller has changed since; refreshBillNumber answers the same"),
    ("sendTestWebhook", LEADS_NOWHERE),
    ("syncBillers", LEADS_NOWHERE),
    ("voidPayment", ONCE),
];

/// The mutations that have neither a row nor a reason, and those that are named and gone.
pub fn unanswered(schema: &Schema) -> Vec<String> {
    let known: Vec<_> = schema.fields(MUTATION).into_iter().map(|field| field.name.node.as_str()).collect();
    let named: Vec<_> = ROWS.iter().map(|row| row.mutation).chain(UNASKED.iter().map(|(name, _)| *name)).collect();
    let missing = known.iter().filter(|name| !named.contains(name));
    let gone = named.iter().filter(|name| !known.contains(name));
    missing.chain(gone).map(|name| format!("{MUTATION}.{name}")).collect()
}

/// The documents for what there is; always in the same order.
pub fn all(schema: &Schema, world: &World) -> Vec<Document> {
    ROWS.iter().map(|row| document(schema, world, row)).collect()
}

fn document(schema: &Schema, world: &World, row: &Row) -> Document {
    let field = schema.field(MUTATION, row.mutation);
    let [input] = field.arguments.as_slice() else { panic!("{} takes one input", row.mutation) };
    let mut payload = name_of(&field.ty.node);
    let inner = Selection { schema, side: Side::Nodes }.below(payload, LEVELS);
    let mut path = Vec::new();
    for name in row.grows {
        let step = schema.field(payload, name);
        path.push((*name).to_owned());
        path.extend(path_of(schema, step, Side::Nodes));
        payload = schema.target(step);
    }
    let text =
        format!("mutation ($input: {}) {{ page: {}(input: $input) {{ {inner} }} }}", input.node.ty.node, row.mutation);
    let variables = json!({ "input": (row.input)(world) });
    Document { variables, path, ..Document::query(format!("{MUTATION}.{}", row.mutation), text) }
}

fn bulk_of_open_bills(world: &World) -> Value {
    let item = |bill: &String| json!({ "billId": bill, "amount": { "amount": "20", "currency": "KES" } });
    let items: Vec<_> = world.open_bills().iter().map(item).collect();
    json!({ "idempotencyKey": "matrix", "dryRun": true, "items": items })
}
