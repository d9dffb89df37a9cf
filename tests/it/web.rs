//! The example page in a real browser: it pays, loses its connection, and sees its payments settle all the same.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::support::app::{TENANT, free_address};
use crate::support::client::KPLC;
use crate::support::{Db, TestApp, run};

/// The scopes that the page asks for, and no more.
const SCOPES: &str = "billers:read bills:read payments:read payments:write";
/// A vendor that is paid by its bills.
const VENDOR: &str = "Blue Line Freight";

/// A folder in which `make test` has installed what its programs need.
fn installed(folder: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    assert!(folder.join("node_modules").is_dir(), "{folder:?} is not installed: run the tests with `make test`");
    folder
}

/// Builds the page and drives it; fails with what was printed where a check fails.
async fn drive(app: &TestApp, page: &str) {
    let mut node = Command::new("node");
    node.arg("web.mjs").current_dir(installed("tests/clients")).kill_on_drop(true).stdin(Stdio::null());
    node.env("BILLPAY_URL", app.url("")).env("TOKEN", app.token(TENANT, SCOPES)).env("WEB_ORIGIN", page);
    let output = node.output().await.unwrap_or_else(|error| panic!("node does not run ({error}): use `make test`"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "web.mjs: {}\n{said}", output.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_page_pays_and_watches_over_a_broken_line() {
    installed("examples/web");
    let page = format!("http://{}", free_address());
    let settings = [("BILLPAY_HTTP__ALLOWED_ORIGINS", page.as_str()), ("BILLPAY_TEST_BILL", "on")];
    let pay = |app: TestApp| {
        let page = page.clone();
        async move {
            for biller in [KPLC, VENDOR] {
                app.admin().biller(biller).await;
            }
            drive(&app, &page).await;
        }
    };
    run(Db::Sqlite, &settings, pay).await;
}
