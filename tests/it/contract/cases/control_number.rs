//! Numbers that payers pay to us: made, found, changed, and what came in.

use std::time::Duration;

use billpay::domain::collection::has_come;
use billpay::domain::money::Money;
use billpay::domain::provider::Capability;
use billpay::ports::clock::Deadline;
use billpay::ports::provider::{ControlNumberChange, ControlNumberRequest};
use serde_json::json;

use super::submission::one_taken;
use crate::contract::bench::{Bench, Stand, wanted};
use crate::contract::outcome::{Checked, Miss, ensure, lacks, unexpected};
use crate::contract::subject::{Subject, Told, Wish};
use crate::contract::work::Work;

/// How long a change may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Our reference becomes the number.
pub async fn created(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let (bench, request) = numbers(subject, stand).await?;
    let made = one_taken(bench.send(&Work::Numbers(vec![request.clone()])).await)?;
    let number = made.reference.as_deref();
    ensure(number == Some(request.reference.as_str()), format!("{number:?} was made, not {}", request.reference))
}

/// After an unclear answer it is looked up before it is made again.
pub async fn found(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let (bench, request) = made(subject, stand).await?;
    match bench.provider.find_control_number(&request.reference).await {
        Ok(Some(found)) if found.number == request.reference => Ok(()),
        other => Err(unexpected("the number should be found", &other)),
    }
}

/// Said only where the provider says so.
pub async fn not_found(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let (usual, request) = numbers(subject, stand).await?;
    let bench = match stand {
        Stand::Recorded => {
            Bench::recorded(subject, subject.instead(Told::NoSuchSubmission).into_iter().collect()).await
        }
        Stand::Sandbox => usual,
    };
    match bench.provider.find_control_number(&request.reference).await {
        Ok(None) => Ok(()),
        other => Err(unexpected("the number should not be found", &other)),
    }
}

/// The amount and whether it can be paid.
pub async fn updated(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let (bench, request) = made(subject, stand).await?;
    let amount = request.amount.map(|amount| Money::from_minor(5_000_000, amount.currency()));
    let change = ControlNumberChange { amount, active: Some(false), ..ControlNumberChange::default() };
    let answer = bench.provider.update_control_number(&request.reference, &change, Deadline::after(PATIENCE)).await;
    let answer = answer.map_err(|error| unexpected("it should be changed", &error))?;
    ensure(answer.number == request.reference, "the answer is about another number")?;
    ensure(answer.amount == amount, format!("it asks for {:?}, not {amount:?}", answer.amount))?;
    ensure(answer.active == Some(false), "it is not switched off")
}

/// Each with the number that was paid, and how much.
pub async fn collections(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let (bench, request) = made(subject, stand).await?;
    if stand == Stand::Sandbox {
        let amount = request.amount.map(|amount| amount.decimal());
        bench.pay(&json!({ "billPayNumber": request.reference, "amount": amount })).await;
    }
    match bench.provider.collections_of(&request.reference).await.as_deref() {
        Ok([one]) if one.number == request.reference && one.amount.is_some() && has_come(one.status) => Ok(()),
        other => Err(unexpected("what was paid should be listed", &other)),
    }
}

/// The stand with a number on it.
async fn made(subject: &'static dyn Subject, stand: Stand) -> Result<(Bench, ControlNumberRequest), Miss> {
    let (bench, request) = numbers(subject, stand).await?;
    if stand == Stand::Sandbox {
        one_taken(bench.send(&Work::Numbers(vec![request.clone()])).await)?;
    }
    Ok((bench, request))
}

/// The stand and a number to be made.
async fn numbers(subject: &'static dyn Subject, stand: Stand) -> Result<(Bench, ControlNumberRequest), Miss> {
    let bench = Bench::on(subject, stand).await;
    if !bench.provider.capabilities().contains(&Capability::ControlNumber) {
        return Err(lacks(Capability::ControlNumber));
    }
    match wanted(subject, stand, Wish::Accepted)? {
        Work::Numbers(requests) => {
            let first = requests.into_iter().next();
            Ok((bench, first.ok_or_else(|| Miss::Failed("no number is asked for".to_owned()))?))
        }
        Work::Payments(_) => Err(lacks(Capability::ControlNumber)),
    }
}
