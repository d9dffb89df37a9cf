//! F11: a database that would forget what it has acknowledged is not served from. That such a database does forget,
//! `kill_harness/forgetful.rs` shows.

use std::process::Stdio;
use std::time::Duration;

use super::IDLE;
use crate::support::app::free_address;
use crate::support::program::{self, Program};
use crate::support::{Db, TestApp, run};

/// A server that does not refuse would serve for ever.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_database_that_may_forget_a_commit_is_refused_at_the_start() {
    run(Db::Postgres, &[IDLE], refuse).await;
}

async fn refuse(app: TestApp) {
    commit(&app, "off").await;
    let told = serve(&app).await;
    assert!(told.contains("synchronous_commit is off"), "{told}");
    commit(&app, "local").await;
    // Fails where it does not come to serve.
    drop(Program::serve(&app, &[IDLE]).await);
}

/// Sets how durable the commits of new connections are.
async fn commit(app: &TestApp, value: &str) {
    let set = format!("ALTER DATABASE %I SET synchronous_commit = {value}");
    app.execute(&format!("DO $$ BEGIN EXECUTE format('{set}', current_database()); END $$")).await;
}

/// What a server says that ends in place of serving.
async fn serve(app: &TestApp) -> String {
    let mut command = tokio::process::Command::new(program::path());
    command.arg("serve").env_clear().envs(app.variables());
    command.env("BILLPAY_LISTEN", free_address().to_string()).env("BILLPAY_PUBLIC_URL", "http://127.0.0.1:1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = command.spawn().expect("the program starts").wait_with_output();
    let ended = tokio::time::timeout(PATIENCE, ended).await.expect("it ends, since it may not serve");
    let output = ended.expect("its output");
    assert!(!output.status.success(), "it ended well: {}", output.status);
    String::from_utf8_lossy(&output.stderr).into_owned()
}
