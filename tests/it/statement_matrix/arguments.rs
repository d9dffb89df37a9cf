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
    ("Query.events(filter)", |_, kind| of_types(kind)),
    ("Query.fundingAccounts(providerId)", |world, _| one(world, "Provider")),
    ("Query.node(id)", one),
    ("Query.nodes(ids)", all),
    ("Query.payment(by)", |world, _| format!("{{ id: {} }}", one(world, "Payment"))),
    ("Query.validateAccount(accountReference)", |_, _| "\"9400000\"".to_owned()),
    ("Query.validateAccount(billerId)", |world, _| one(world, "Biller")),
    ("Subscription.events(filter)", |_, kind| of_types(kind)),
    ("Subscription.paymentUpdated(id)", |world, _| format!("\"{}\"", world.paid())),
];

/// One type of event of which each object has one, for each type that an event may be.
const TYPES_OF_EVENTS: [(&str, &str); 6] = [
    ("BillNumberEvent", "BILL_NUMBER_SAVED"),
    ("BulkPaymentEvent", "BULK_PAYMENT_CREATED"),
    ("CollectionEvent", "COLLECTION_RECEIVED"),
    ("ControlNumberEvent", "CONTROL_NUMBER_ISSUED"),
    ("PaymentEvent", "PAYMENT_CREATED"),
    ("ReminderEvent", "REMINDER_DUE"),
];

/// How an argument is called here.
pub fn place(owner: &str, field: &FieldDefinition, argument: &str) -> String {
    format!("{owner}.{}({argument})", field.name.node)
}

pub fn row(place: &str) -> Option<Fill> {
    ROWS.iter().find(|(known, _)| *known == place).map(|(_, fill)| *fill)
}

/// The arguments of a field that have rows.
pub fn filled(owner: &str, field: &FieldDefinition, kind: &str, world: &World) -> Vec<String> {
    let names = field.arguments.iter().map(|argument| argument.node.name.node.as_str());
    let fill = |name: &str| Some(format!("{name}: {}", row(&place(owner, field, name))?(world, kind)));
    names.filter_map(fill).collect()
}

/// The arguments of a field of the query, in brackets; the empty text where it takes none. A page is as long as it can be.
pub fn at_root(field: &FieldDefinition, kind: &str, page: &str, world: &World) -> String {
    let mut written = filled("Query", field, kind, world);
    let is_page = field.arguments.iter().any(|argument| argument.node.name.node == "first");
    written.extend(is_page.then(|| page.to_owned()));
    if written.is_empty() { String::new() } else { format!("({})", written.join(", ")) }
}

/// The type of the events that are asked for of one type of object.
pub fn type_of_event(kind: &str) -> &'static str {
    let found = TYPES_OF_EVENTS.iter().find(|(known, _)| *known == kind);
    found.unwrap_or_else(|| panic!("say in arguments.rs which type of event is a {kind}")).1
}

/// Those of one type of object; of every type where it is that of them all.
fn of_types(kind: &str) -> String {
    if kind == "Event" {
        let types: Vec<_> = TYPES_OF_EVENTS.iter().map(|(_, name)| *name).collect();
        return format!("{{ types: [{}] }}", types.join(", "));
    }
    format!("{{ types: [{}] }}", type_of_event(kind))
}

fn one(world: &World, kind: &str) -> String {
    format!("\"{}\"", world.one(kind))
}

fn all(world: &World, kind: &str) -> String {
    let ids: Vec<_> = world.all(kind).iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", ids.join(", "))
}
