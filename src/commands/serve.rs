//! `billpay serve`: the server, until it is told to stop.

use std::process::ExitCode;
use std::time::Duration;

use jiff::SignedDuration;

use super::Failed;
use crate::config::Settings;
use crate::http::playground::Playground;
use crate::ports::clock::Clock;
use crate::shutdown::StopSignals;
use crate::startup::{Server, StartOptions};
use crate::{telemetry, weakness};

pub(super) async fn run(settings: Settings) -> Result<ExitCode, Failed> {
    settings.require_auth()?;
    let traces = telemetry::start(&settings.log, &settings.telemetry)?;
    weakness::announce();
    let playground = settings.playground.unwrap_or(false).then(Playground::default);
    // Before anything can be in the air.
    let mut stop = StopSignals::catch();
    let server = Server::start(&settings, StartOptions { playground, clock: clock()? }).await?;
    stop.received().await;
    tracing::info!("stopping");
    tokio::select! {
        () = server.leave() => {}
        // Told twice, it stops at once.
        () = stop.received() => {}
    }
    server.stop().await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// The system's clock. In a build with debug assertions a test may have it wrong (BILLPAY_CLOCK_STEP, such as "-1h"),
/// or have time pass for it and its database alike (BILLPAY_CLOCK_OFFSET, such as "2h").
fn clock() -> Result<Clock, Failed> {
    let told = |name: &str| match std::env::var(name) {
        Ok(text) if text.is_empty() => Ok(SignedDuration::ZERO),
        Ok(text) if cfg!(debug_assertions) => {
            tracing::error!("THE CLOCK OF THIS SERVER IS WRONG: {name} moves it");
            text.parse::<SignedDuration>()
        }
        Ok(_) => {
            tracing::error!("{name} is ignored: a release build moves no clock");
            Ok(SignedDuration::ZERO)
        }
        Err(_) => Ok(SignedDuration::ZERO),
    };
    let step = told("BILLPAY_CLOCK_STEP")?;
    let clock = Clock::wrong_by(i64::try_from(step.as_micros()).unwrap_or_default());
    clock.advance(Duration::try_from(told("BILLPAY_CLOCK_OFFSET")?)?);
    Ok(clock)
}
