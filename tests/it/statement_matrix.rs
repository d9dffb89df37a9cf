//! Statements, counted for the whole schema: no list costs a statement per row, wherever it stands.
//!
//! [`documents`] walks the schema: every field of the query, and below each list every object and list to three levels,
//! is read by some document. Each is asked of a database with a few objects of each kind and again with many, and must
//! cost the same number of statements. The figure is one of a whole process, so a process of its own is asked. What a
//! document reads must be there and must have become more in between, since else it would prove nothing; where it
//! cannot, [`steady`] has a row with the reason. A field that needs an argument without a row in [`arguments`] fails
//! before any server is asked.

mod arguments;
mod documents;
mod schema;
mod steady;
mod world;

use serde_json::json;

use self::documents::Document;
use self::schema::Schema;
use self::world::{SCOPES, World};
use crate::support::meter::Meter;
use crate::support::on_both_databases;
use crate::support::receiver::{Receiver, Reply};

/// How many objects of each kind there are at first, and then.
const FEW: usize = 3;
const MANY: usize = 12;
/// Among many there may be what none of the few has, and what is read for it is read by statements of its own. A
/// statement a row would add at least as many as there are more objects: nine.
const NEW_KINDS: u64 = 2;
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
fn every_argument_that_a_field_needs_has_a_row() {
    let missing = documents::unfilled(&Schema::read());
    assert!(missing.is_empty(), "say in tests/it/statement_matrix/arguments.rs what is asked for: {missing:#?}");
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
        let few = read_all(&meter, &documents::all(&schema, &world)).await;
        world.grow(FEW..MANY).await;
        let documents = documents::all(&schema, &world);
        let many = read_all(&meter, &documents).await;
        assert_eq!(few.len(), many.len());
        let compared = documents.iter().zip(few.iter().zip(&many));
        let faults: Vec<_> = compared.filter_map(|(document, (few, many))| document.fault(*few, *many)).collect();
        assert!(faults.is_empty(), "{} of {} documents:\n{}", faults.len(), documents.len(), faults.join("\n"));
    }
}

async fn read_all(meter: &Meter, documents: &[Document]) -> Vec<Reading> {
    let mut readings = Vec::with_capacity(documents.len());
    for document in documents {
        let (statements, data) = meter.cost(&document.text, &json!({})).await;
        readings.push(Reading { statements, found: document.found(&data) });
    }
    readings
}

/// What one document cost, and how much of what it reads was there.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub statements: i64,
    pub found: usize,
}

impl Document {
    fn fault(&self, few: Reading, many: Reading) -> Option<String> {
        if few.statements.abs_diff(many.statements) > NEW_KINDS {
            return Some(format!(
                "{}: {} statements for {} of them, {} for {}: {}",
                self.name, few.statements, few.found, many.statements, many.found, self.text
            ));
        }
        let proves = self.is_steady() || (0 < few.found && few.found < many.found);
        (!proves).then(|| {
            format!(
                "{}: proves nothing, since it found {} and then {}: {}",
                self.name, few.found, many.found, self.text
            )
        })
    }

    /// Whether it cannot find more where there is more.
    fn is_steady(&self) -> bool {
        self.reads_one || steady::REASONS.iter().any(|(name, _)| *name == self.name)
    }
}
