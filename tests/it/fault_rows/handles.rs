//! F33, in part: a server that may open no more files, which are connections too. It refuses or fails for a while, loses
//! nothing that it acknowledged, pays nothing twice, and goes on by itself once there is room.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};

use super::{BUSY, IDLE, assert_log_is_whole, client_of};
use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, http_client, payment_input};
use crate::support::program::Program;
use crate::support::{TestApp, assert_whole_life, eventually, on_both_databases, text};

/// Below every file that is open: none can be opened.
const NONE: u64 = 1;
const PAYMENTS: usize = 8;
const LACK: Duration = Duration::from_secs(2);
/// Who asks then may never be answered.
const PATIENCE: Duration = Duration::from_secs(1);
const CREATE: &str =
    "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment { id } errors { code } } }";

on_both_databases! {
    with [IDLE]
    async fn f33_a_server_without_file_handles_loses_nothing_and_recovers(app: TestApp) {
        let mut program = Program::serve(&app, &[BUSY]).await;
        let client = client_of(&app, &program);
        client.pay_until("1111111", &["SUCCEEDED"]).await;
        let biller = client.biller(KPLC).await;
        let inputs: Vec<_> = (0..PAYMENTS).map(|number| input(&biller, number)).collect();

        limit_handles(&program, Some(NONE));
        // By the connection that there is, and by one that cannot be taken. Not for so long that the provider counts as
        // gone, to which no new connection can be made either.
        let over = Instant::now() + LACK;
        let mut acknowledged = Vec::new();
        for input in inputs.iter().take_while(|_| Instant::now() < over) {
            acknowledged.extend(ask(&app, app.http(), &program, input).await);
        }
        acknowledged.extend(ask(&app, &http_client(), &program, &inputs[0]).await);
        assert!(program.ended(Duration::ZERO).await.is_none(), "it ended\n{}", program.log());
        limit_handles(&program, getrlimit(Resource::Nofile).current);

        let url = program.url("/healthz");
        eventually("a new connection", || async { http_client().get(&url).send().await.ok() }).await;
        let mut ids = Vec::new();
        for input in inputs {
            let payload = client.create(input).await;
            assert_eq!(payload["errors"], json!([]), "{payload}\n{}", program.log());
            ids.push(text(&payload, "/payment/id").to_owned());
        }
        for id in &ids {
            let payment = client.wait_for_status(id, &["SUCCEEDED"]).await;
            assert_whole_life(&payment);
            assert_eq!(app.effects_of(&payment).await.len(), 1, "{payment}");
        }
        println!("{} answers without handles, {PAYMENTS} payments paid once each", acknowledged.len());
        assert!(acknowledged.iter().all(|id| ids.contains(id)), "{acknowledged:?} and then {ids:?}");
        assert_eq!(app.effects().await.len(), PAYMENTS + 1);
        assert!(!program.log().contains("panicked"), "{}", program.log());
        assert_log_is_whole(&app).await;
    }
}

/// A payment that need not be waited for.
fn input(biller: &str, number: usize) -> Value {
    let mut input = payment_input(biller, &format!("71{number:05}"), "15");
    input["wait"] = json!("RECORDED");
    input
}

/// The id of the payment, where one is acknowledged.
async fn ask(app: &TestApp, http: &reqwest::Client, program: &Program, input: &Value) -> Option<String> {
    let request = http.post(program.url("/graphql")).bearer_auth(app.token(TENANT, ALL)).timeout(PATIENCE);
    let answer = request.json(&json!({ "query": CREATE, "variables": { "input": input } })).send().await.ok()?;
    let told: Value = answer.json().await.ok()?;
    told.pointer("/data/createPayment/payment/id").and_then(Value::as_str).map(str::to_owned)
}

/// The program inherits this process's limits, the hard one among them, which is left alone.
fn limit_handles(program: &Program, current: Option<u64>) {
    let process = Pid::from_raw(program.id().cast_signed()).expect("a process of this test");
    let limit = Rlimit { current, maximum: getrlimit(Resource::Nofile).maximum };
    prlimit(Some(process), Resource::Nofile, limit).expect("a process of this test");
}
