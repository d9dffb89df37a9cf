//! Batches of new payments: none costs a statement a payment, and what they keep is kept as if they came one by one.

use billpay::domain::bill_number::BillNumber;
use billpay::domain::event::EventType;
use billpay::domain::ids::BillNumberId;
use billpay::domain::webhook::{EndpointKind, EndpointState, Position, WebhookEndpoint};
use billpay::ports::clock::Clock;
use billpay::ports::ids::Ids;
use billpay::store::{Connect, Created, EventFilter, NewSubmission, NewWebhookEndpoint, Store};
use billpay::telemetry::metric::DATABASE_STATEMENTS;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::account_bills::owner;
use crate::coalescer::new_payment;
use crate::support::app::TENANT;
use crate::support::client::new_key;
use crate::support::{TestApp, on_both_databases};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");

/// Two sizes of batches whose rows go in one portion, also where each payment has two events.
const FEW: usize = 4;
const MANY: usize = 32;

/// What a batch of plain payments costs. On PostgreSQL one statement stores it; else the bills of its accounts, claims and
/// keys are read, and six tables written. Beginning and committing count nothing.
const PLAIN_POSTGRES: i64 = 1;
const PLAIN_WITH_CARE: i64 = 9;
/// Bill numbers are read, and written.
const KEEPING: i64 = PLAIN_WITH_CARE + 2;
/// Endpoints are read; where the tenant lacks one, the end of its log is read too, and an endpoint written.
const CALLING_BACK: i64 = PLAIN_WITH_CARE + 1;
const CALLING_BACK_FIRST: i64 = CALLING_BACK + 2;
/// Who claims nothing neither looks for claims nor takes one.
const UNCLAIMED: i64 = 2;

/// The store of a server's database, whose own statements are counted.
struct Counted {
    store: Store,
    figures: PrometheusHandle,
}

impl Counted {
    async fn open(app: &TestApp) -> Self {
        let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
        let connect = Connect { url, max_connections: 4, clock: app.clock().clone() };
        let recorder = PrometheusBuilder::new().build_recorder();
        let figures = recorder.handle();
        // The store finds its figure as it is opened, which is all done on the thread of the test.
        let _counting = ::metrics::set_default_local_recorder(&recorder);
        let store = Store::open(&connect).await.expect("the database of the server");
        Self { store, figures }
    }

    fn statements(&self) -> i64 {
        let figures = self.figures.render();
        let figure = figures.lines().find_map(|line| line.strip_prefix(DATABASE_STATEMENTS)?.strip_prefix(' '));
        figure.map_or(0, |figure| figure.parse().expect("a number"))
    }

    /// Stores a batch, all of it, and tells how many statements that took.
    async fn cost(&self, batch: &[NewSubmission]) -> i64 {
        let before = self.statements();
        let outcomes = self.store.create(batch).await;
        let is_stored = |outcome: &Result<_, _>| matches!(outcome, Ok(Created::Stored(_)));
        assert!(outcomes.iter().all(is_stored), "{outcomes:?}");
        self.statements() - before
    }
}

/// What a payment has besides itself.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    Keeping,
    CallingBack,
}

/// Payments of so many accounts from `first` on.
fn batch(clock: &Clock, kind: Kind, first: usize, size: usize) -> Vec<NewSubmission> {
    let account = |number: usize| (7_000_000 + number).to_string();
    let one = |number| match kind {
        Kind::Plain => new_payment(clock, &new_key(), &account(number), 1_500),
        Kind::Keeping => keeping(clock, &new_key(), &account(number)),
        Kind::CallingBack => calling_back(clock, &account(number)),
    };
    (first..first + size).map(one).collect()
}

/// A payment that keeps its account, made by whoever is called as its key.
fn keeping(clock: &Clock, key: &str, account: &str) -> NewSubmission {
    let mut new = new_payment(clock, key, account, 1_500);
    let payment = &mut new.payments[0];
    payment.payment.created_by = key.to_owned();
    payment.keeps = Some(BillNumber {
        id: Ids::from_system(clock.clone()).next(),
        tenant: payment.payment.tenant.clone(),
        customer: payment.payment.customer.clone(),
        biller_id: payment.payment.biller_id,
        account_reference: account.to_owned(),
        customer_name: None,
        phone_number: None,
        description: None,
        last_known_balance: None,
        balance_as_of: None,
        due_date: None,
        verified: false,
        account_active: None,
        remind_due_date: false,
        saved_with_provider: false,
        provider_reference: None,
        version: 0,
        created_at: clock.now(),
        removed_at: None,
    });
    new
}

/// A payment with a URL of its own to be told at.
fn calling_back(clock: &Clock, account: &str) -> NewSubmission {
    let mut new = new_payment(clock, &new_key(), account, 1_500);
    let now = clock.now();
    let endpoint = WebhookEndpoint {
        id: Ids::from_system(clock.clone()).next(),
        tenant: new.submission.tenant.clone(),
        customer: None,
        kind: EndpointKind::PaymentCallbacks,
        url: None,
        description: None,
        event_types: Vec::new(),
        state: EndpointState::Active,
        position: Position::at(0),
        next_at: None,
        secret_since: now,
        previous_secret_until: None,
        created_by: "tester".to_owned(),
        created_at: now,
        updated_at: now,
        removed_at: None,
    };
    new.payments[0].callbacks = Some(NewWebhookEndpoint { endpoint, secret: vec![1] });
    new
}

fn unclaimed(mut batch: Vec<NewSubmission>) -> Vec<NewSubmission> {
    batch.iter_mut().for_each(|new| new.payments[0].takes_claim = false);
    batch
}

on_both_databases! {
    with [IDLE]
    async fn a_large_batch_costs_as_many_statements_as_a_small_one(app: TestApp) {
        let (counted, clock) = (Counted::open(&app).await, app.clock());
        let is_postgres = app.variables()["BILLPAY_DATABASE__URL"].starts_with("postgres");
        let plain = if is_postgres { PLAIN_POSTGRES } else { PLAIN_WITH_CARE };
        let first = counted.cost(&batch(clock, Kind::CallingBack, 0, MANY)).await;
        assert_eq!(first, CALLING_BACK_FIRST, "the first of a tenant");
        for (place, (kind, expected)) in
            (1..).zip([(Kind::Plain, plain), (Kind::Keeping, KEEPING), (Kind::CallingBack, CALLING_BACK)])
        {
            let few = counted.cost(&batch(clock, kind, place * 1_000, FEW)).await;
            let many = counted.cost(&batch(clock, kind, place * 1_000 + FEW, MANY)).await;
            assert_eq!((few, many), (expected, expected), "{kind:?}");
        }
    }
}

on_both_databases! {
    with [IDLE]
    async fn accounts_that_are_kept_already_cost_no_statement_each_either(app: TestApp) {
        let (counted, clock) = (Counted::open(&app).await, app.clock());
        let again = |size| unclaimed(batch(clock, Kind::Keeping, 0, size));
        counted.cost(&again(MANY)).await;
        for size in [FEW, MANY] {
            // They are read, and not written.
            assert_eq!(counted.cost(&again(size)).await, KEEPING - UNCLAIMED - 1, "{size}");
        }
        for size in [FEW, MANY] {
            app.execute("UPDATE bill_numbers SET removed_at = 1").await;
            assert_eq!(counted.cost(&again(size)).await, KEEPING - UNCLAIMED, "{size}");
            let back = "SELECT count(*) FROM bill_numbers WHERE removed_at IS NULL";
            assert_eq!(usize::try_from(app.scalar(back).await), Ok(size));
        }
        assert_eq!(usize::try_from(app.scalar("SELECT count(*) FROM bill_numbers").await), Ok(MANY));
    }
}

/// The bill number that a payment would keep.
fn its_own(new: &NewSubmission) -> Option<BillNumberId> {
    new.payments[0].keeps.as_ref().map(|number| number.id)
}

on_both_databases! {
    with [IDLE]
    async fn of_those_who_keep_one_account_the_first_by_its_key_does(app: TestApp) {
        let (counted, clock, acme) = (Counted::open(&app).await, app.clock(), owner(TENANT, None));
        let first = [keeping(clock, "k-2", "7000001"), keeping(clock, "k-1", "7000002")];
        counted.cost(&first).await;
        app.execute("UPDATE bill_numbers SET removed_at = 1 WHERE account_reference = '7000002'").await;
        let batch = unclaimed(vec![
            keeping(clock, "k-6", "7000001"),
            keeping(clock, "k-5", "7000002"),
            keeping(clock, "k-4", "7000003"),
            keeping(clock, "k-3", "7000003"),
        ]);
        counted.cost(&batch).await;
        let mut kept = Vec::new();
        for new in &batch {
            let stored = counted.store.payment(&acme, new.payments[0].payment.id).await.expect("read");
            kept.push(stored.expect("a payment").bill_number_id);
        }
        assert_eq!(kept, [its_own(&first[0]), its_own(&first[1]), its_own(&batch[3]), its_own(&batch[3])]);
        assert_eq!(app.scalar("SELECT count(*) FROM bill_numbers WHERE removed_at IS NULL").await, 3);
        let events = counted.store.events_after(&acme, &EventFilter::default(), 0, 100).await.expect("the log");
        let told = events.iter().map(|event| (event.sequence, event.kind, event.actor.as_str(), event.subject_version));
        let (saved, created) = (EventType::BillNumberSaved, EventType::PaymentCreated);
        let expected = [
            (1, saved, "k-1", 1),
            (2, saved, "k-2", 1),
            (3, created, "k-2", 1),
            (4, created, "k-1", 1),
            (5, saved, "k-3", 1),
            // It was kept before, and comes back.
            (6, saved, "k-5", 2),
            (7, created, "k-6", 1),
            (8, created, "k-5", 1),
            (9, created, "k-4", 1),
            (10, created, "k-3", 1),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}

on_both_databases! {
    with [IDLE]
    async fn the_first_endpoint_of_a_batch_is_the_tenants_and_is_told_of_that_batch(app: TestApp) {
        let (counted, clock, acme) = (Counted::open(&app).await, app.clock(), owner(TENANT, None));
        counted.cost(&batch(clock, Kind::Plain, 0, FEW)).await;
        let named = batch(clock, Kind::CallingBack, FEW, FEW);
        counted.cost(&named).await;
        counted.cost(&batch(clock, Kind::CallingBack, 2 * FEW, FEW)).await;
        assert_eq!(app.scalar("SELECT count(*) FROM webhook_endpoints").await, 1);
        let first = named[0].payments[0].callbacks.as_ref().expect("an endpoint").endpoint.id.uuid();
        let kept = counted.store.webhook_endpoints_by_id(&acme, &[first]).await.expect("read");
        // The log stood at the end of the batch before.
        assert_eq!(usize::try_from(kept[&first].position.cursor), Ok(FEW));
    }
}
