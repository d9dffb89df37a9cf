//! Submissions that are answered: taken, refused, met twice, in bulk, and taken back.

use std::time::Duration;

use billpay::domain::ids::PaymentId;
use billpay::domain::payment::recall::{Recall, RecallKind, RecallState};
use billpay::domain::provider::{Capability, Idempotency};
use billpay::ports::clock::{Clock, Deadline};
use billpay::ports::provider::{ProviderError, RefusalKind};
use uuid::Uuid;

use crate::contract::bench::{Bench, Stand, wanted};
use crate::contract::outcome::{Checked, Miss, NO_KEY, ensure, expect_not_sent, lacks, unexpected};
use crate::contract::scripted::Reply;
use crate::contract::subject::{Subject, Told, Wish};
use crate::contract::work::{Taken, Work};

/// How long a recall may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer proves that the provider has it.
pub async fn accepted(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let work = wanted(subject, stand, Wish::Accepted)?;
    let bench = Bench::on(subject, stand).await;
    one_taken(bench.send(&work).await)?;
    match stand {
        Stand::Recorded => bench.submissions_are(1),
        Stand::Sandbox => Ok(()),
    }
}

/// A refusal that ends it: the payer may be told.
pub async fn refused(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let work = wanted(subject, stand, Wish::Refused)?;
    let bench = instead(subject, stand, Told::Refused).await?;
    match only(bench.send(&work).await) {
        Err(ProviderError::Refused(_)) => Ok(()),
        other => Err(unexpected("it should be refused", &other)),
    }
}

/// A reference that was used before may be our own first request, so its answer must not look like a refusal of it.
pub async fn duplicate_key(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let work = wanted(subject, stand, Wish::Accepted)?;
    let bench = instead_where(subject, stand, Told::Duplicate).await;
    let Some(bench) = bench else { return Err(Miss::Skipped(NO_KEY)) };
    let safety = match &work {
        Work::Payments(_) => bench.provider.safety(),
        Work::Numbers(_) => bench.provider.control_number_safety(),
    };
    if safety.idempotency == Idempotency::None {
        return Err(Miss::Skipped(NO_KEY));
    }
    if stand == Stand::Sandbox {
        one_taken(bench.send(&work).await)?;
    }
    match only(bench.send(&work).await) {
        Err(ProviderError::Unknown(_)) => Ok(()),
        Err(ProviderError::Refused(refused)) if refused.kind == RefusalKind::ReferenceInUse => Ok(()),
        other => Err(unexpected("it should be unknown, or a reference in use", &other)),
    }
}

/// That a session has ended proves that nothing was processed; the next attempt has a new one.
pub async fn expired_session(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let work = wanted(subject, stand, Wish::ExpiredSession)?;
    let bench = match stand {
        Stand::Recorded => {
            let replies = vec![Reply::Whole(subject.expired()), Reply::Whole(subject.accepted())];
            Bench::replying(subject, replies).await
        }
        Stand::Sandbox => Bench::sandbox(subject).await,
    };
    expect_not_sent(&bench.send(&work).await)?;
    one_taken(bench.send(&work).await)?;
    if stand == Stand::Recorded {
        let sign_ins = bench.server.count("POST", subject.signs_in_at());
        ensure(sign_ins == 2, format!("signed in {sign_ins} times, not twice"))?;
        bench.submissions_are(2)?;
    }
    Ok(())
}

/// Both of two are taken, and each is told of.
pub async fn bulk_accepted(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = Bench::on(subject, stand).await;
    has_bulk(&bench)?;
    let work = wanted(subject, stand, Wish::Bulk)?;
    match bench.send(&work).await {
        Ok(taken) if taken.len() == 2 && taken.iter().all(Taken::is_taken) => Ok(()),
        other => Err(unexpected("both should be taken", &other)),
    }
}

/// All or none, with the bad one named; or each for itself.
pub async fn bulk_refused(subject: &'static dyn Subject, stand: Stand) -> Checked {
    has_bulk(&Bench::on(subject, stand).await)?;
    let work = wanted(subject, stand, Wish::BadBulk)?;
    let bench = instead(subject, stand, Told::BadBulk).await?;
    let answer = bench.send(&work).await;
    match (&work, answer) {
        (Work::Payments(request), Err(ProviderError::Refused(refused))) => {
            let bad = request.payments.first().and_then(|payment| payment.bills.first());
            let bad = bad.map(|part| part.bill_reference.as_str());
            let named: Vec<_> = refused.bills.iter().map(|bill| bill.bill_reference.as_str()).collect();
            ensure(bad.is_some_and(|bad| named == [bad]), format!("{named:?} were named, not {bad:?}"))
        }
        (Work::Numbers(_), Ok(taken)) => {
            let is_as_told = matches!(taken.as_slice(), [good, bad] if good.is_taken() && bad.is_refused());
            ensure(is_as_told, format!("the second should be refused alone: {taken:?}"))
        }
        (_, other) => Err(unexpected("the bad one should be named", &other)),
    }
}

/// A payment that the provider holds is cancelled.
pub async fn recall(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = Bench::on(subject, stand).await;
    if !bench.provider.capabilities().contains(&Capability::Cancel) {
        return Err(lacks(Capability::Cancel));
    }
    let work = wanted(subject, stand, Wish::Recallable)?;
    let reference = one_taken(bench.send(&work).await)?.reference;
    let reference = reference.ok_or_else(|| Miss::Failed("it has no reference of the provider".to_owned()))?;
    let preparation = bench.provider.prepare(None).await;
    let preparation = preparation.map_err(|error| unexpected("there should be a session", &error))?;
    let answer = bench.provider.recall(&reference, &cancellation(), preparation, Deadline::after(PATIENCE)).await;
    answer.map(drop).map_err(|error| unexpected("it should be cancelled", &error))
}

fn cancellation() -> Recall {
    Recall {
        id: Uuid::nil(),
        payment_id: PaymentId::from_uuid(Uuid::nil()),
        kind: RecallKind::Cancel,
        void_kind: None,
        reason: None,
        requested_by: "tester".to_owned(),
        requested_at: Clock::default().now(),
        state: RecallState::Sending,
        provider_message: None,
    }
}

fn has_bulk(bench: &Bench) -> Checked {
    let capabilities = bench.provider.capabilities();
    let has_any = capabilities.contains(&Capability::Bulk) || capabilities.contains(&Capability::ControlNumber);
    if has_any { Ok(()) } else { Err(lacks(Capability::Bulk)) }
}

/// The stand on which the provider says this: by its records, or by a scenario.
async fn instead(subject: &'static dyn Subject, stand: Stand, told: Told) -> Result<Bench, Miss> {
    let bench = instead_where(subject, stand, told).await;
    bench.ok_or_else(|| Miss::Failed(format!("there is no record of {told:?}")))
}

async fn instead_where(subject: &'static dyn Subject, stand: Stand, told: Told) -> Option<Bench> {
    match stand {
        Stand::Recorded => Some(Bench::recorded(subject, vec![subject.instead(told)?]).await),
        Stand::Sandbox => Some(Bench::sandbox(subject).await),
    }
}

/// What became of a submission of one.
fn only(answer: Result<Vec<Taken>, ProviderError>) -> Result<Vec<Taken>, ProviderError> {
    let mut taken = answer?;
    match taken.pop() {
        Some(Taken { error: Some(error), .. }) if taken.is_empty() => Err(error),
        last => {
            taken.extend(last);
            Ok(taken)
        }
    }
}

/// The one that was taken.
pub fn one_taken(answer: Result<Vec<Taken>, ProviderError>) -> Result<Taken, Miss> {
    let mut taken = answer.map_err(|error| unexpected("it should be taken", &error))?;
    match (taken.pop(), taken.is_empty()) {
        (Some(one), true) if one.is_taken() => Ok(one),
        (last, _) => Err(unexpected("one should be taken", &last)),
    }
}
