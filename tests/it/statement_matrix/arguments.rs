//! What the documents ask for: a row for every argument that a field needs, and for some that it can do without.

use async_graphql::parser::types::FieldDefinition;

use super::world::World;

/// An argument's value in GraphQL, for what there is and for a type of node or event.
pub type Fill = fn(&World, &str) -> String;

/// The arguments by their places.
const ROWS: &[(&str, Fill)] = &[
    ("Query.bill(id)", |world, _| one(world, "Bill")),
    ("Query.billLookup(accountReference)", |_, _| "\"9400000\"".to_owned()),
    ("Query.billLookup(billerId)", |world, _| one(world, "Biller")),
    ("Query.biller(id)", |world, _| one(world, "Biller")),
    ("Query.bulkPayment(id)", |world, _| one(world, "BulkPayment")),
    ("Query.controlNumber(by)", |world, _| format!("{{ id: {} }}", one(world, "ControlNumber"))),
    ("Query.events(filter)", |_, kind| format!("{{ types: [{}] }}", type_of_event(kind))),
    ("Query.fundingAccounts(providerId)", |world, _| one(world, "Provider")),
    ("Query.node(id)", one),
    ("Query.nodes(ids)", all),
    ("Query.payment(by)", |world, _| format!("{{ id: {} }}", one(world, "Payment"))),
    ("Query.validateAccount(accountReference)", |_, _| "\"9400000\"".to_owned()),
    ("Query.validateAccount(billerId)", |world, _| one(world, "Biller")),
];

/// How an argument is called here.
pub fn place(owner: &str, field: &FieldDefinition, argument: &str) -> String {
    format!("{owner}.{}({argument})", field.name.node)
}

pub fn row(place: &str) -> Option<Fill> {
    ROWS.iter().find(|(known, _)| *known == place).map(|(_, fill)| *fill)
}

/// The arguments of a field of the query, in brackets; the empty text where it takes none. A page is as long as it can be.
pub fn at_root(field: &FieldDefinition, kind: &str, page: &str, world: &World) -> String {
    let mut written = Vec::new();
    for argument in &field.arguments {
        let name = argument.node.name.node.as_str();
        if let Some(fill) = row(&place("Query", field, name)) {
            written.push(format!("{name}: {}", fill(world, kind)));
        } else if name == "first" {
            written.push(page.to_owned());
        }
    }
    if written.is_empty() { String::new() } else { format!("({})", written.join(", ")) }
}

fn one(world: &World, kind: &str) -> String {
    format!("\"{}\"", world.one(kind))
}

fn all(world: &World, kind: &str) -> String {
    let ids: Vec<_> = world.all(kind).iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", ids.join(", "))
}

/// One type of event of which each object has one.
fn type_of_event(kind: &str) -> &'static str {
    match kind {
        "BillNumberEvent" => "BILL_NUMBER_SAVED",
        "BulkPaymentEvent" => "BULK_PAYMENT_CREATED",
        "CollectionEvent" => "COLLECTION_RECEIVED",
        "ControlNumberEvent" => "CONTROL_NUMBER_ISSUED",
        "PaymentEvent" => "PAYMENT_CREATED",
        "ReminderEvent" => "REMINDER_DUE",
        _ => panic!("say in arguments.rs which type of event is a {kind}"),
    }
}
