//! Submissions that are not answered properly. Only one of them proves that nothing was sent; after all others nobody
//! knows, and none of them is sent a second time.

use std::time::Duration;

use billpay::ports::provider::ProviderError;

use crate::contract::bench::{Bench, Stand, wanted};
use crate::contract::outcome::{Checked, Miss, NO_SCENARIO, ensure, expect_not_sent, expect_unknown, unexpected};
use crate::contract::recorded;
use crate::contract::scripted::{FLOOD_BYTES, Mood, Reply, Whole};
use crate::contract::subject::{Subject, Wish};
use crate::contract::work::{Taken, Work};

/// How long a call may take that is never answered.
const SHORT: Duration = Duration::from_millis(1500);
/// How long one may take that is answered somehow.
const LONG: Duration = Duration::from_secs(10);
/// Where a redirect leads.
const ELSEWHERE: &str = "/elsewhere";
const PAGE: &str = "<html><body>It works!</body></html>";

/// The server is gone by the time of the submission.
pub async fn connection_refused(subject: &'static dyn Subject, stand: Stand) -> Checked {
    let (mut bench, work) = on_record(subject, stand).await?;
    let provider = bench.provider.clone();
    let preparation = work.prepare(provider.as_ref()).await.map_err(|error| unprepared(&error))?;
    let frozen = work.freeze(provider.as_ref(), &preparation).map_err(|error| unprepared(&error))?;
    let _port = bench.server.leave().await;
    expect_not_sent(&work.send(provider.as_ref(), &frozen, preparation, LONG).await)?;
    bench.submissions_are(0)
}

/// The bytes lie somewhere, and nobody reads them.
pub async fn timeout_before_effect(subject: &'static dyn Subject, stand: Stand) -> Checked {
    match stand {
        Stand::Recorded => in_mood(subject, Mood::Deaf).await,
        Stand::Sandbox => in_scenario(subject, Wish::TimeoutBefore, SHORT).await,
    }
}

/// The bytes were read, and nobody answers.
pub async fn timeout_after_effect(subject: &'static dyn Subject, stand: Stand) -> Checked {
    match stand {
        Stand::Recorded => with_reply(subject, Reply::Silence, SHORT).await.map(drop),
        Stand::Sandbox => in_scenario(subject, Wish::TimeoutAfter, SHORT).await,
    }
}

/// The connection is reset before the request was read, closed after it, or breaks within the answer.
pub async fn reset(subject: &'static dyn Subject, stand: Stand) -> Checked {
    match stand {
        Stand::Recorded => {
            in_mood(subject, Mood::Rude).await?;
            with_reply(subject, Reply::HangUp, LONG).await?;
            with_reply(subject, Reply::Short(subject.accepted()), LONG).await.map(drop)
        }
        Stand::Sandbox => in_scenario(subject, Wish::BrokenOff, LONG).await,
    }
}

/// Whoever sent it, the provider or what stands before it.
pub async fn server_error(subject: &'static dyn Subject, stand: Stand) -> Checked {
    match stand {
        Stand::Recorded => {
            for status in [500, 502, 503] {
                with_reply(subject, Reply::Whole(recorded::of(status, PAGE)), LONG).await?;
            }
            Ok(())
        }
        Stand::Sandbox => in_scenario(subject, Wish::ServerError, LONG).await,
    }
}

/// A page, half of the right answer, and nothing, each whole by its length.
pub async fn malformed_body(subject: &'static dyn Subject, stand: Stand) -> Checked {
    match stand {
        Stand::Recorded => {
            let mut half = subject.accepted();
            half.body.truncate(half.body.len() / 2);
            for answer in [recorded::of(200, PAGE), half, recorded::of(200, "")] {
                with_reply(subject, Reply::Whole(answer), LONG).await?;
            }
            Ok(())
        }
        Stand::Sandbox => in_scenario(subject, Wish::Malformed, LONG).await,
    }
}

/// Hardly any of it is read.
pub async fn huge_body(subject: &'static dyn Subject, stand: Stand) -> Checked {
    match stand {
        Stand::Recorded => {
            let bench = with_reply(subject, Reply::Flood, LONG).await?;
            let taken = bench.server.flooded();
            // What the system takes off by itself is far less.
            ensure(taken < FLOOD_BYTES / 2, format!("{taken} bytes were read"))
        }
        Stand::Sandbox => in_scenario(subject, Wish::Huge, LONG).await,
    }
}

/// Where it leads, nobody comes.
pub async fn redirect(subject: &'static dyn Subject, stand: Stand) -> Checked {
    match stand {
        Stand::Recorded => {
            for status in [301, 302, 307, 308] {
                let bench = with_reply(subject, Reply::Whole(leading_elsewhere(status)), LONG).await?;
                let followed = bench.server.heard().iter().any(|heard| heard.path == ELSEWHERE);
                ensure(!followed, format!("the redirect with {status} was followed"))?;
            }
            Ok(())
        }
        Stand::Sandbox => in_scenario(subject, Wish::Redirect, LONG).await,
    }
}

/// Whatever the answer means, only the worker sends again. Requests are counted at the scripted server.
pub async fn sent_once(subject: &'static dyn Subject, stand: Stand) -> Checked {
    if stand == Stand::Sandbox {
        return Err(Miss::Skipped(NO_SCENARIO));
    }
    let statuses = [400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 503];
    let answers = statuses.map(|status| Reply::Whole(recorded::of(status, "{}")));
    let replies = answers.into_iter().chain([
        Reply::Whole(subject.expired()),
        Reply::Whole(leading_elsewhere(307)),
        Reply::Whole(recorded::of(200, PAGE)),
        Reply::HangUp,
    ]);
    for reply in replies {
        let what = format!("{reply:?}");
        let bench = Bench::replying(subject, vec![reply]).await;
        let work = wanted(subject, stand, Wish::Accepted)?;
        let answer = bench.send_within(&work, LONG).await;
        ensure(answer.is_err(), format!("{what} was taken for a success"))?;
        bench.submissions_are(1)?;
    }
    Ok(())
}

/// Submits to the scripted server that replies so once all is prepared.
async fn with_reply(subject: &'static dyn Subject, reply: Reply, limit: Duration) -> Result<Bench, Miss> {
    let bench = Bench::replying(subject, vec![reply]).await;
    let work = wanted(subject, Stand::Recorded, Wish::Accepted)?;
    expect_unknown(&bench.send_within(&work, limit).await)?;
    bench.submissions_are(1)?;
    Ok(bench)
}

/// Submits to the scripted server that treats connections so once all is prepared.
async fn in_mood(subject: &'static dyn Subject, mood: Mood) -> Checked {
    let (bench, work) = on_record(subject, Stand::Recorded).await?;
    let provider = bench.provider.as_ref();
    let preparation = work.prepare(provider).await.map_err(|error| unprepared(&error))?;
    let frozen = work.freeze(provider, &preparation).map_err(|error| unprepared(&error))?;
    let before = bench.server.connections();
    bench.server.turn(mood);
    expect_unknown(&work.send(provider, &frozen, preparation, SHORT).await)?;
    let made = bench.server.connections() - before;
    ensure(made == 1, format!("{made} connections were made for one submission"))
}

async fn in_scenario(subject: &'static dyn Subject, wish: Wish, limit: Duration) -> Checked {
    let work = wanted(subject, Stand::Sandbox, wish)?;
    let bench = Bench::sandbox(subject).await;
    let answer: Result<Vec<Taken>, ProviderError> = bench.send_within(&work, limit).await;
    expect_unknown(&answer)
}

/// The scripted server and something to submit; the simulator cannot be seen from so near.
async fn on_record(subject: &'static dyn Subject, stand: Stand) -> Result<(Bench, Work), Miss> {
    match stand {
        Stand::Recorded => {
            let work = wanted(subject, stand, Wish::Accepted)?;
            Ok((Bench::recorded(subject, Vec::new()).await, work))
        }
        Stand::Sandbox => Err(Miss::Skipped(NO_SCENARIO)),
    }
}

fn leading_elsewhere(status: u16) -> Whole {
    Whole { headers: vec![("location".to_owned(), ELSEWHERE.to_owned())], ..recorded::of(status, "") }
}

fn unprepared(error: &ProviderError) -> Miss {
    unexpected("it should be prepared", error)
}
