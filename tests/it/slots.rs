//! The slots of a provider that takes few calls at once, where the database refuses that one is given back.

use std::sync::Arc;
use std::time::Duration;

use billpay::domain::provider::ProviderCode;
use billpay::ports::limits::{Busy, CallBudget, CallLimits, Permit};
use billpay::store::{Connect, Store, StoredLimits};

use crate::support::{TestApp, on_both_databases};

const IDLE: (&str, &str) = ("BILLPAY_WORKER__ENABLED", "false");
const ONE: CallBudget = CallBudget { at_once: Some(1), per_hour: None };
/// Longer than the test.
const LEASE: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(20);
const REFUSE_SQLITE: &str = "CREATE TRIGGER refuse BEFORE UPDATE ON provider_slots WHEN NEW.owner IS NULL
    BEGIN SELECT RAISE(ABORT, 'arranged by a test'); END";
const REFUSE_POSTGRES: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'arranged by a test'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON provider_slots FOR EACH ROW WHEN (NEW.owner IS NULL)
        EXECUTE FUNCTION refuse()";

async fn limits(app: &TestApp) -> Arc<StoredLimits> {
    let url = app.variables()["BILLPAY_DATABASE__URL"].clone();
    let connect = Connect { url, max_connections: 2, clock: app.clock().clone() };
    let store = Store::open(&connect).await.expect("the database of the server");
    StoredLimits::new(store, "tester".to_owned(), LEASE)
}

/// What whoever only asks may have of three.
const OF_QUESTIONS: CallBudget = CallBudget { at_once: Some(2), per_hour: Some(3) };
const OF_ALL: CallBudget = CallBudget { at_once: Some(3), per_hour: Some(4) };

async fn enter(limits: &StoredLimits, patience: Duration) -> Result<Permit, Busy> {
    limits.enter(ProviderCode::Bill, ONE, patience).await
}

on_both_databases! {
    with [IDLE]
    async fn a_slot_that_could_not_be_given_back_is_given_back_later(app: TestApp) {
        let limits = limits(&app).await;
        let permit = enter(&limits, SOON).await.expect("nobody calls");
        let (refuse, allow) = if app.variables()["BILLPAY_DATABASE__URL"].starts_with("sqlite") {
            (REFUSE_SQLITE, "DROP TRIGGER refuse")
        } else {
            (REFUSE_POSTGRES, "DROP TRIGGER refuse ON provider_slots")
        };
        app.execute(refuse).await;
        drop(permit);
        assert_eq!(enter(&limits, SOON).await.err(), Some(Busy::AllRunning));
        app.execute(allow).await;
        enter(&limits, PATIENCE).await.expect("it is given back long before its lease ends");
    }
}

on_both_databases! {
    with [IDLE]
    async fn a_slot_that_was_taken_again_is_not_given_back_by_who_had_it_before(app: TestApp) {
        let limits = limits(&app).await;
        let permit = enter(&limits, SOON).await.expect("nobody calls");
        // As if the lease had ended, and another call of this process had begun.
        app.execute("UPDATE provider_slots SET lease_until = lease_until + 1").await;
        drop(permit);
        assert_eq!(enter(&limits, SOON).await.err(), Some(Busy::AllRunning));
    }
}

on_both_databases! {
    with [IDLE]
    async fn who_only_asks_leaves_a_place_and_calls_of_the_hour_to_payments(app: TestApp) {
        let limits = limits(&app).await;
        let ask = async || limits.enter(ProviderCode::Bill, OF_QUESTIONS, SOON).await;
        let (one, other) = (ask().await.expect("two places"), ask().await.expect("two places"));
        assert_eq!(ask().await.err(), Some(Busy::AllRunning));
        let payment = limits.enter(ProviderCode::Bill, OF_ALL, SOON).await.expect("the third place");
        drop((one, other));
        let spent = limits.enter(ProviderCode::Bill, OF_QUESTIONS, PATIENCE).await.err();
        assert!(matches!(spent, Some(Busy::HourSpent { .. })), "{spent:?}");
        drop(payment);
        limits.enter(ProviderCode::Bill, OF_ALL, PATIENCE).await.expect("the fourth call of the hour");
    }
}
