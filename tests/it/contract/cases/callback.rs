//! What a provider sends to us, and what somebody else does.

use billpay::domain::provider::{Callbacks, Capability};
use billpay::ports::provider::{CallbackError, CallbackNotice};
use serde_json::json;

use super::submission::one_taken;
use crate::contract::bench::{Bench, Stand};
use crate::contract::outcome::{Checked, Miss, NO_SCENARIO, ensure, lacks, unexpected};
use crate::contract::scripted::Heard;
use crate::contract::subject::{Sent, Subject, Wish};
use crate::contract::work::{Taken, Work};

/// It names what it is about; a proven one also says something.
pub async fn late(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = Bench::on(subject, stand).await;
    let callbacks = callbacks(&bench)?;
    let heard = match stand {
        Stand::Recorded => genuine_and_forged(&bench)?.0,
        Stand::Sandbox => {
            play(&bench, Wish::Told, "LATE_WEBHOOK").await?;
            sent(bench.callback(|_| true).await?)
        }
    };
    let notice = bench.provider.read_callback(&heard.headers, &heard.body);
    let notice = notice.map_err(|error| unexpected("it should be read", &error))?;
    let names =
        notice.our_reference.is_some() || notice.provider_reference.is_some() || notice.control_number.is_some();
    ensure(names, "it names nothing")?;
    match callbacks {
        Callbacks::Signed => ensure(says_something(&notice), "it says nothing, though its origin is proven"),
        Callbacks::Unsigned | Callbacks::None => ensure(!says_something(&notice), "it is believed without a proof"),
    }
}

/// It is refused; where nothing is signed, nothing that is said is believed.
pub async fn forged(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let bench = Bench::on(subject, stand).await;
    match callbacks(&bench)? {
        Callbacks::Signed => {}
        Callbacks::Unsigned | Callbacks::None => {
            let (_, forged) = genuine_and_forged(&bench)?;
            let notice = bench.provider.read_callback(&forged.headers, &forged.body);
            let notice = notice.map_err(|error| unexpected("it should be a hint", &error))?;
            return ensure(!says_something(&notice), "it is believed without a proof");
        }
    }
    let read = |sent: &Sent| bench.provider.read_callback(&sent.headers, &sent.body);
    match stand {
        Stand::Recorded => {
            let (genuine, forged) = genuine_and_forged(&bench)?;
            ensure(read(&genuine).is_ok(), "the genuine one should be read")?;
            let answer = read(&forged);
            ensure(answer == Err(CallbackError::Forged), format!("it should be refused, not {answer:?}"))
        }
        Stand::Sandbox => {
            play(&bench, Wish::Forged, "FORGED_WEBHOOK").await?;
            let is_forged = |heard: &Heard| read(&sent(heard.clone())) == Err(CallbackError::Forged);
            bench.callback(is_forged).await.map(drop)
        }
    }
}

/// What the callbacks are worth of whatever is submitted here.
fn callbacks(bench: &Bench) -> Result<Callbacks, Miss> {
    if !bench.provider.capabilities().contains(&Capability::Callback) {
        return Err(lacks(Capability::Callback));
    }
    Ok(bench.provider.safety().callbacks)
}

fn genuine_and_forged(bench: &Bench) -> Result<(Sent, Sent), Miss> {
    bench.subject.callbacks().ok_or_else(|| Miss::Failed("there is no record of a callback".to_owned()))
}

/// Has the simulator send something: by a payment, or by somebody who pays a number with this outcome.
async fn play(bench: &Bench, wish: Wish, outcome: &str) -> Checked {
    let work = bench.subject.work(Stand::Sandbox, wish).ok_or(Miss::Skipped(NO_SCENARIO))?;
    bench.register_hook().await;
    let Taken { reference, .. } = one_taken(bench.send(&work).await)?;
    match &work {
        Work::Payments(_) => {}
        Work::Numbers(requests) => {
            let amount = requests.first().and_then(|request| request.amount).map(|amount| amount.decimal());
            bench.pay(&json!({ "billPayNumber": reference, "amount": amount, "outcome": outcome })).await;
        }
    }
    Ok(())
}

fn says_something(notice: &CallbackNotice) -> bool {
    notice.answer.is_some() || notice.collection.is_some()
}

fn sent(heard: Heard) -> Sent {
    Sent { headers: heard.headers, body: heard.body }
}
