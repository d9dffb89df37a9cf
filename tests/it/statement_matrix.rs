//! Statements, counted for the whole schema: no list costs a statement per row, wherever it stands.
//!
//! Everything is generated from the schema: [`queries`] reads every field of the query, and below each list every object
//! and list to three levels, by nodes and by edges, as every type that it may be; [`mutations`] reads what mutations
//! answer in the same way, and [`subscriptions`] what is told of events. Each query and mutation is asked of a database
//! with a few objects of each kind and again with many of the same kinds, and must not cost one statement more. The
//! figure is one of a whole process, so a process of its own is asked. What a document reads must be there and must have
//! become more in between, since else it would prove nothing; where it cannot, [`steady`] has a row with the reason. An
//! argument that a field needs, or a mutation, without a row fails before any server is asked.

mod anew;
mod arguments;
mod document;
mod found;
mod mutations;
mod queries;
mod readings;
mod schema;
mod selection;
mod steady;
mod subscriptions;
mod world;

use self::document::Document;
use self::readings::Readings;
use self::schema::Schema;
use self::world::{SCOPES, World};
use crate::support::meter::Meter;
use crate::support::on_both_databases;
use crate::support::receiver::{Receiver, Reply};

/// How many objects of each kind there are at first, and then: so few that a page is read before the process has done
/// much else.
const FEW: usize = 2;
const MANY: usize = 6;
/// The process that is asked takes long documents.
const SETTINGS: [(&str, &str); 6] = [
    // Where the world's clock is when all is made.
    ("BILLPAY_CLOCK_OFFSET", "4m"),
    ("BILLPAY_GRAPHQL__MAX_CHARACTERS", "200000"),
    ("BILLPAY_GRAPHQL__MAX_COMPLEXITY", "1000000000"),
    ("BILLPAY_GRAPHQL__MAX_DEPTH", "20"),
    ("BILLPAY_GRAPHQL__MAX_TOKENS", "20000"),
    ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0"),
];

#[test]
fn every_argument_that_a_field_needs_and_every_mutation_has_a_row() {
    let schema = Schema::read();
    let missing = [queries::unfilled(&schema), subscriptions::unfilled(&schema)].concat();
    assert!(missing.is_empty(), "say in tests/it/statement_matrix/arguments.rs what is asked for: {missing:#?}");
    let missing = mutations::unanswered(&schema);
    assert!(missing.is_empty(), "add or remove a row in tests/it/statement_matrix/mutations.rs: {missing:#?}");
}

on_both_databases! {
    with [
        ("BILLPAY_TEST_BILL", "on"), ("BILLPAY_TEST_CLICKPESA", "on"), ("BILLPAY_REMINDERS__DAYS", "20"),
        ("BILLPAY_SECRETS_KEY", "the matrix of statements keeps secrets so"),
        ("BILLPAY_EGRESS__ALLOW_PRIVATE_WEBHOOKS", "true"), ("BILLPAY_GRAPHQL__MAX_COMPLEXITY", "1000000000"),
        ("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0")
    ]
    async fn no_list_of_the_schema_costs_a_statement_per_row(app: TestApp) {
        let (schema, receiver) = (Schema::read(), Receiver::start().await);
        // What goes well leaves no row.
        receiver.always(Reply::Status(500));
        let mut world = World::empty(&app, &receiver);
        world.grow(0..FEW).await;
        let meter = Meter::start(&app, SCOPES, &SETTINGS).await;
        let few = read_all(&meter, &documents(&schema, &world), None).await;
        let follower = subscriptions::follow(&meter).await;
        world.grow(FEW..MANY).await;
        let documents = documents(&schema, &world);
        let many = read_all(&meter, &documents, Some(&few)).await;
        let compared = documents.iter().zip(few.iter().zip(&many));
        let mut faults: Vec<_> = compared.filter_map(|(document, (few, many))| document.fault(*few, *many)).collect();
        faults.extend(subscriptions::faults(&meter, &schema, &world).await);
        drop(follower);
        // Nobody has followed the log there, so that whoever asks for the past is alone with it.
        let newcomer = Meter::start(&app, SCOPES, &SETTINGS).await;
        faults.extend(subscriptions::faults(&newcomer, &schema, &world).await);
        faults.extend(anew::fault(&meter).await);
        assert!(faults.is_empty(), "{} faults in {} documents:\n{}", faults.len(), documents.len(), faults.join("\n"));
    }
}

fn documents(schema: &Schema, world: &World) -> Vec<Document> {
    queries::all(schema, world).into_iter().chain(mutations::all(schema, world)).collect()
}

/// Reads every document, and again until it costs no more than it is known to cost.
async fn read_all(meter: &Meter, documents: &[Document], known: Option<&[Reading]>) -> Vec<Reading> {
    if let Some(known) = known {
        assert_eq!(known.len(), documents.len(), "there are the same documents, however much there is");
    }
    let mut readings = Vec::with_capacity(documents.len());
    for (place, document) in documents.iter().enumerate() {
        readings.push(read(meter, document, known.map(|known| known[place].statements)).await);
    }
    readings
}

async fn read(meter: &Meter, document: &Document, allowed: Option<i64>) -> Reading {
    let (mut readings, mut found) = (Readings::allowing(allowed), 0);
    let mut before = meter.statements().await;
    while !readings.are_enough() {
        let answer = meter.client.query(&document.text, document.variables.clone()).await;
        assert!(answer.get("errors").is_none(), "{}: {}", document.text, answer["errors"]);
        found = document.found(&answer["data"]);
        let after = meter.statements().await;
        readings.push(after - before);
        before = after;
    }
    Reading { statements: readings.least(), found }
}

/// What one document cost, and how much of what it reads was there.
#[derive(Clone, Copy, Debug)]
struct Reading {
    statements: i64,
    found: usize,
}

impl Document {
    fn fault(&self, few: Reading, many: Reading) -> Option<String> {
        let name = self.name();
        // Fewer would be those of something else, which the process did meanwhile.
        if many.statements > few.statements {
            return Some(format!(
                "{name}: {} statements for {} of them, {} for {}: {}",
                few.statements, few.found, many.statements, many.found, self.text
            ));
        }
        let proves = self.is_steady() || (0 < few.found && few.found < many.found);
        (!proves).then(|| {
            format!("{name}: proves nothing, since it found {} and then {}: {}", few.found, many.found, self.text)
        })
    }

    /// Whether it cannot find more where there is more.
    fn is_steady(&self) -> bool {
        self.reads_one || steady::REASONS.iter().any(|(way, _)| *way == self.way)
    }
}
