//! What is asked and moves nothing: the catalogue, accounts, and how a submission stands.

use billpay::domain::collection::is_held;
use billpay::domain::payment::evidence::Verdict;
use billpay::domain::provider::Capability;
use billpay::ports::provider::{PaymentAnswer, ProviderError, RefusalKind, StatusQuery};

use super::submission::one_taken;
use crate::contract::bench::{Bench, Stand, most_pauses, pause, wanted};
use crate::contract::outcome::{Checked, Miss, NO_SCENARIO, ensure, lacks, unexpected};
use crate::contract::subject::{Subject, Told, Wish};
use crate::contract::work::Work;

/// Every biller has a code and a name.
pub async fn catalogue(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = Bench::on(subject, stand).await;
    needs(&bench, Capability::Pay)?;
    let entries = bench.provider.catalogue().await.map_err(|error| unexpected("there should be billers", &error))?;
    let are_whole = entries.iter().all(|entry| !entry.code.is_empty() && !entry.name.is_empty());
    ensure(!entries.is_empty() && are_whole, format!("these billers are not whole: {entries:?}"))
}

/// Of a provider that lists bills, a vendor's.
pub async fn account_found(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = asked(subject, stand, Told::AccountKnown).await;
    needs(&bench, Capability::LookUp)?;
    let biller = subject.biller(stand);
    if bench.provider.biller_traits(&biller).lists_bills {
        let bills = bench.provider.open_bills(&biller).await;
        let bills = bills.map_err(|error| unexpected("there should be bills", &error))?;
        return ensure(bills.iter().any(|bill| bill.amount_due.is_positive()), "no bill is open");
    }
    let answer = bench.provider.look_up_account(&biller, subject.accounts().0).await;
    answer.map(drop).map_err(|error| unexpected("the account should be found", &error))
}

/// A definite answer, by which a payer can mend a typing error.
pub async fn account_not_found(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = asked(subject, stand, Told::AccountUnknown).await;
    needs(&bench, Capability::Validate)?;
    match bench.provider.validate_account(&subject.biller(stand), subject.accounts().1).await {
        Err(ProviderError::Refused(refused)) if refused.kind == RefusalKind::AccountNotFound => Ok(()),
        other => Err(unexpected("the account should not be found", &other)),
    }
}

/// Some time later, by our reference.
pub async fn status_found(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = Bench::on(subject, stand).await;
    let (work, query) = payments(&bench, stand, Wish::Accepted)?;
    if stand == Stand::Sandbox {
        one_taken(bench.send(&work).await)?;
    }
    match bench.provider.status(&query).await.as_deref() {
        Ok([answer]) if matches!(answer.verdict, Some(Verdict::Accepted | Verdict::Succeeded)) => Ok(()),
        other => Err(unexpected("the payment should be found", &other)),
    }
}

/// Said only where the provider says so.
pub async fn status_not_found(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = asked(subject, stand, Told::NoSuchSubmission).await;
    let (_, query) = payments(&bench, stand, Wish::Accepted)?;
    match bench.provider.status(&query).await.as_deref() {
        Ok([answer]) if answer.verdict == Some(Verdict::NotFound) => Ok(()),
        other => Err(unexpected("the payment should not be found", &other)),
    }
}

/// A word that no page has neither pays nor fails anything.
pub async fn unknown_status(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = asked(subject, stand, Told::UnknownWord).await;
    needs(&bench, Capability::Status)?;
    let work = wanted(subject, stand, Wish::UnknownStatus)?;
    match work.query(Vec::new()) {
        Some(query) => unknown_payment(&bench, stand, &work, &query).await,
        None => unknown_collection(&bench, &work).await,
    }
}

/// In the sandbox the word comes after a while, and goes again.
async fn unknown_payment(bench: &Bench, stand: Stand, work: &Work, query: &StatusQuery) -> Checked {
    if stand == Stand::Sandbox {
        one_taken(bench.send(work).await)?;
    }
    let mut last = None;
    for _ in 0..most_pauses() {
        let answer = bench.provider.status(query).await;
        match verdict(&answer) {
            Some(Verdict::Unclear) => return Ok(()),
            Some(Verdict::Accepted) if stand == Stand::Sandbox => last = Some(answer),
            Some(_) | None => return Err(unexpected("the status should be unclear", &answer)),
        }
        pause().await;
    }
    Err(unexpected("the unknown status should come", &last))
}

/// That nobody knows is told by an error too.
fn verdict(answer: &Result<Vec<PaymentAnswer>, ProviderError>) -> Option<Verdict> {
    match answer.as_deref() {
        Ok([answer]) => answer.verdict,
        Err(ProviderError::Unknown(_)) => Some(Verdict::Unclear),
        Ok(_) | Err(_) => None,
    }
}

async fn unknown_collection(bench: &Bench, work: &Work) -> Checked {
    let Work::Numbers(requests) = work else { return Err(Miss::Skipped(NO_SCENARIO)) };
    let number = requests.first().map(|request| request.reference.as_str()).unwrap_or_default();
    match bench.provider.collections_of(number).await {
        Ok(collections) if !collections.iter().any(|collection| is_held(collection.status)) => Ok(()),
        Err(ProviderError::Unknown(_)) => Ok(()),
        other => Err(unexpected("no money should have come", &other)),
    }
}

/// A payment and the question about it.
fn payments(bench: &Bench, stand: Stand, wish: Wish) -> Result<(Work, StatusQuery), Miss> {
    needs(bench, Capability::Status)?;
    needs(bench, Capability::Pay)?;
    let work = wanted(bench.subject, stand, wish)?;
    let query = work.query(Vec::new()).ok_or_else(|| lacks(Capability::Pay))?;
    Ok((work, query))
}

/// The stand on which the provider says this, where it has a record or a scenario for it.
async fn asked(subject: &'static dyn Subject, stand: Stand, told: Told) -> Bench {
    match stand {
        Stand::Recorded => Bench::recorded(subject, subject.instead(told).into_iter().collect()).await,
        Stand::Sandbox => Bench::sandbox(subject).await,
    }
}

fn needs(bench: &Bench, capability: Capability) -> Checked {
    if bench.provider.capabilities().contains(&capability) { Ok(()) } else { Err(lacks(capability)) }
}
