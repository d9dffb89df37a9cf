//! Steps of plain payments on PostgreSQL, each in one statement: made for all whose row is as it was when that was
//! decided, for nobody else, and never twice.

use std::time::Duration;

use billpay::domain::event::EventType;
use billpay::domain::ids::{BillId, Id};
use billpay::domain::money::Money;
use billpay::domain::payment::evidence::{Reported, Verdict};
use billpay::domain::payment::status::PaymentStatus;
use billpay::domain::payment::submission::Submission;
use billpay::domain::payment::{AttemptState, Payment, Receipt};
use billpay::domain::requester::TenantId;
use billpay::ports::ids::Ids;
use billpay::store::{
    AttemptEnd, Connect, NewSubmission, PlainEvidence, PlainMark, PlainSettlement, Store, StoreError,
};
use uuid::Uuid;

use crate::coalescer::new_payment;
use crate::support::client::new_key;
use crate::support::{Db, TestApp, run};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const LEASE: Duration = Duration::from_secs(30);
/// What a call and its margin may take of it.
const NEEDED: Duration = Duration::from_secs(10);
const PROVIDER: &str = "almara";

/// A store beside the server, with submissions in it that it has claimed.
struct Bench<'a> {
    app: &'a TestApp,
    store: Store,
    held: Vec<(Submission, Payment)>,
}

impl<'a> Bench<'a> {
    /// Stores payments, and claims them, in their order.
    async fn with(app: &'a TestApp, new: Vec<NewSubmission>) -> Self {
        let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
        let connect = Connect { url, max_connections: 4, clock: app.clock().clone() };
        let store = Store::open(&connect).await.expect("the database of the server");
        assert!(store.create(&new).await.iter().all(Result::is_ok));
        let mut claimed = store.claim_unsent("tester", LEASE, 8).await.expect("claimed");
        claimed.sort_by_key(|submission| submission.id);
        let payments = new.into_iter().map(|new| new.payments[0].payment.clone());
        let held = payments.map(|payment| {
            let place = claimed.iter().position(|submission| submission.id == payment.submission_id);
            (claimed.remove(place.expect("it was claimed")), payment)
        });
        Self { app, store, held: held.collect() }
    }

    /// The mark of one, which counts it.
    fn mark(&mut self, place: usize) -> PlainMark {
        let now = self.app.clock().now();
        let (submission, payment) = &mut self.held[place];
        submission.count_submit(now);
        payment.status = PaymentStatus::Submitting;
        payment.version += 1;
        payment.updated_at = now;
        PlainMark {
            submission: submission.clone(),
            after: payment.clone(),
            actor: "billpay",
            lease_needs: NEEDED,
            deadline: now + NEEDED,
        }
    }

    /// The settlement of one that is paid.
    fn settlement(&self, place: usize, bill: Option<BillId>) -> PlainSettlement {
        let now = self.app.clock().now();
        let (submission, payment) = &self.held[place];
        let after = Payment {
            status: PaymentStatus::Succeeded,
            version: payment.version + 1,
            provider_reference: Some(format!("P-{place}")),
            updated_at: now,
            ..payment.clone()
        };
        PlainSettlement {
            submission: Submission { last_submit_verdict: Some(Verdict::Succeeded), ..submission.clone() },
            next_action_at: None,
            attempt: (AttemptState::Succeeded, AttemptEnd { http_status: Some(200), ..AttemptEnd::default() }),
            kind: EventType::PaymentSucceeded,
            actor: PROVIDER,
            reason: None,
            evidence: PlainEvidence {
                id: Ids::from_system(self.app.clock().clone()).next(),
                verdict: Verdict::Succeeded,
                reported: Reported::default(),
                note: None,
            },
            receipt: Some(Receipt {
                number: format!("R-{}", payment.id),
                issued_at: now,
                provider_reference: None,
                biller_reference: None,
                token: None,
                fields: Vec::new(),
            }),
            pays: bill.map(|bill| (bill, payment.amount)),
            part_reference: Some(format!("P-{place}")),
            after,
        }
    }

    async fn count(&self, sql: &str) -> i64 {
        self.app.scalar(&format!("SELECT count(*) FROM {sql}")).await
    }
}

fn made(outcomes: &[Result<bool, StoreError>]) -> Vec<bool> {
    outcomes.iter().map(|outcome| matches!(outcome, Ok(true))).collect()
}

fn new(app: &TestApp, account: &str, minor: i64) -> NewSubmission {
    new_payment(app.clock(), &new_key(), account, minor)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_made_for_all_that_are_as_they_were_and_for_nobody_else() {
    run(Db::Postgres, &[IDLE], |app| async move { carry(&app).await }).await;
}

async fn carry(app: &TestApp) {
    let all =
        vec![new(app, "7000001", 6_000), new(app, "7000002", 4_000), new(app, "7000003", 1), new(app, "7000004", 1)];
    let mut bench = Bench::with(app, all).await;
    let bill = one_bill(app, 10_000).await;
    // Another has taken the third over, and the fourth was changed.
    app.execute(&format!("UPDATE submissions SET fence = fence + 1 WHERE id = '{}'", bench.held[2].0.id.uuid())).await;
    app.execute(&format!("UPDATE payments SET version = 2 WHERE id = '{}'", bench.held[3].1.id.uuid())).await;
    let marks: Vec<_> = (0..4).map(|place| bench.mark(place)).collect();
    assert_eq!(made(&bench.store.mark_at_once(&marks).await), [true, true, false, false]);
    assert_eq!(bench.count("payments WHERE status = 'SUBMITTING' AND version = 2").await, 2);
    assert_eq!(bench.count("submissions WHERE submits = 1 AND next_action_at = lease_until").await, 2);
    assert_eq!(bench.count("attempts WHERE state = 'SENDING'").await, 2);
    assert_eq!(made(&bench.store.mark_at_once(&marks).await), [false; 4], "a mark is made once");

    // Two parts of one bill, at once; and beside them one that was never marked.
    let settlements = vec![bench.settlement(0, Some(bill)), bench.settlement(1, Some(bill)), bench.settlement(2, None)];
    assert_eq!(made(&bench.store.settle_at_once(&settlements).await), [true, true, false]);
    assert_eq!(bench.count("bills WHERE amount_due_minor = 0 AND amount_paid_minor = 10000").await, 1);
    assert_eq!(made(&bench.store.settle_at_once(&settlements).await), [false; 3], "a settlement is made once");
    assert_eq!(bench.count("bills WHERE amount_due_minor = 0 AND amount_paid_minor = 10000").await, 1);
    assert_eq!(bench.count("payments WHERE status = 'SUCCEEDED' AND provider_reference LIKE 'P-%'").await, 2);
    for table in ["receipts", "evidence", "allocations WHERE provider_reference IS NOT NULL"] {
        assert_eq!(bench.count(table).await, 2, "{table}");
    }
    assert_eq!(bench.count("bill_claims").await, 2, "those of the payments that are not paid");
    assert_eq!(bench.count("attempts WHERE state = 'SUCCEEDED' AND ended_at IS NOT NULL").await, 2);
    assert_eq!(bench.count("submissions WHERE lease_until IS NULL AND next_action_at IS NULL").await, 2);
    assert_eq!(bench.count("events").await, 8);
    assert_eq!(app.scalar("SELECT max(sequence) FROM events").await, 8, "without a gap");
}

async fn one_bill(app: &TestApp, minor: i64) -> BillId {
    let id = Uuid::now_v7();
    app.execute(&format!(
        "INSERT INTO bills (id, tenant_id, biller_id, account_reference, provider_reference, amount_minor, \
         amount_due_minor, amount_paid_minor, amount_scheduled_minor, currency, as_of) \
         VALUES ('{id}', 'acme', '{}', '7000001', 'B-1', {minor}, {minor}, 0, 0, 'KES', 0)",
        Uuid::nil()
    ))
    .await;
    Id::from_uuid(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_between_the_mark_and_the_answer_leaves_the_payment_to_the_careful_way() {
    run(Db::Postgres, &[IDLE], |app| async move { come_between(&app).await }).await;
}

async fn come_between(app: &TestApp) {
    let all = (1..=4).map(|number| new(app, &format!("700000{number}"), 1_500)).collect();
    let mut bench = Bench::with(app, all).await;
    let marks: Vec<_> = (0..4).map(|place| bench.mark(place)).collect();
    assert_eq!(made(&bench.store.mark_at_once(&marks).await), [true; 4]);
    let of = |place: usize| (bench.held[place].0.id.uuid(), bench.held[place].1.id.uuid());
    // Somebody wants it looked up; a callback named it; another attempt was counted.
    app.execute(&format!("UPDATE submissions SET look_up_requests = 1 WHERE id = '{}'", of(0).0)).await;
    app.execute(&format!("UPDATE payments SET provider_reference = 'told' WHERE id = '{}'", of(1).1)).await;
    app.execute(&format!("UPDATE submissions SET attempt_count = 2 WHERE id = '{}'", of(2).0)).await;
    let settlements: Vec<_> = (0..4).map(|place| bench.settlement(place, None)).collect();
    assert_eq!(made(&bench.store.settle_at_once(&settlements).await), [false, false, false, true]);
    assert_eq!(bench.count("payments WHERE provider_reference = 'told' AND status = 'SUBMITTING'").await, 1);

    // One that was believed lost has succeeded since: the two may be one.
    let mut late = Bench::with(app, vec![new(app, "7000005", 1_500)]).await;
    let mark = late.mark(0);
    assert_eq!(made(&late.store.mark_at_once(&[mark]).await), [true]);
    app.execute(&format!(
        "UPDATE events SET kind = 'LATE_SUCCESS', at = {} WHERE sequence = 1",
        late.held[0].1.created_at.as_microsecond() + 1
    ))
    .await;
    assert_eq!(made(&late.store.settle_at_once(&[late.settlement(0, None)]).await), [false]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_the_end_of_one_tenants_log_holds_up_no_other_tenants_step() {
    run(Db::Postgres, &[IDLE], |app| async move { hold_a_log(&app).await }).await;
}

async fn hold_a_log(app: &TestApp) {
    let mut theirs = new(app, "7000002", 1_500);
    let umbrella = TenantId::try_new("umbrella").expect("a tenant");
    theirs.submission.tenant = umbrella.clone();
    theirs.payments[0].payment.tenant = umbrella;
    let mut bench = Bench::with(app, vec![new(app, "7000001", 1_500), theirs]).await;
    let (ours, theirs) = (bench.mark(0), bench.mark(1));
    app.execute("BEGIN; UPDATE event_heads SET sequence = sequence WHERE tenant_id = 'acme'").await;
    let together = bench.store.mark_at_once(&[ours, theirs.clone()]).await;
    assert!(matches!(together.as_slice(), [Ok(false), Ok(false)]), "{together:?}");
    assert_eq!(made(&bench.store.mark_at_once(&[theirs]).await), [true], "alone it waits for nobody");
    app.execute("ROLLBACK").await;
    assert_eq!(bench.count("payments WHERE status = 'SUBMITTING'").await, 1);
}

/// Of amounts of which no two sums are alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_parts_of_one_bill_are_paid_in_one_statement() {
    run(Db::Postgres, &[IDLE], |app| async move {
        let parts: Vec<i64> = (1..=8).map(|part| 1 << part).collect();
        let all = parts.iter().map(|minor| new(&app, &format!("71{minor:05}"), *minor)).collect();
        let mut bench = Bench::with(&app, all).await;
        let bill = one_bill(&app, 10_000).await;
        let marks: Vec<_> = (0..8).map(|place| bench.mark(place)).collect();
        assert_eq!(made(&bench.store.mark_at_once(&marks).await), [true; 8]);
        let settlements: Vec<_> = (0..8).map(|place| bench.settlement(place, Some(bill))).collect();
        assert_eq!(made(&bench.store.settle_at_once(&settlements).await), [true; 8]);
        let paid = app.scalar("SELECT amount_paid_minor FROM bills").await;
        assert_eq!(paid, parts.iter().sum::<i64>());
        assert_eq!(settlements[0].after.amount, Money::from_minor(2, "KES".parse().expect("a currency")));
    })
    .await;
}
