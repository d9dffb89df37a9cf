//! Attacks by callback, C1 to C8, on each provider that sends any: what an unsigned, forged, repeated, contradicting,
//! malformed or endless callback is answered, and that it changes nothing that it must not.
//!
//! What is told of Almara's hints in `callbacks`, of ClickPesa's money in `collections` and of BILL's references in
//! `attacks` bears the same numbers.

mod almara;
mod bill;
mod clickpesa;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{TestApp, on_both_databases};

/// The callbacks that are kept.
const STORED: &str = "SELECT COUNT(*) FROM inbox";
/// What a callback could write to.
const TABLES: [&str; 6] = ["inbox", "evidence", "events", "submissions", "attempts", "collections"];
/// How many callbacks a minute the tests of floods allow, as the setting says it.
const ALLOWED: usize = 10;
/// A flood, in callbacks: sent much faster than the allowance comes back.
const FLOOD: usize = 60;
/// What a flood may get through beside the allowance, on a slow machine.
const SLACK: usize = 3;
/// The blanks that a blank is repeated for by one code of deflate.
const RUN: usize = 258;
/// A body of ten million bytes, in runs; packed it has less than the largest body that is taken.
const RUNS: usize = 38_760;

const XML: &str = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";

/// The status, and after how many seconds to come back.
type Answer = (u16, Option<u64>);

/// What a callback is answered.
async fn send(app: &TestApp, provider: &str, headers: &[(&str, String)], body: impl Into<reqwest::Body>) -> Answer {
    let mut request = app.http().post(app.url(&format!("/callbacks/{provider}")));
    request = request.header("content-type", "application/json").body(body);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer = request.send().await.expect("an answer");
    let retry_after = answer.headers().get("retry-after").map(|value| {
        let seconds = value.to_str().expect("a text");
        seconds.parse().expect("seconds")
    });
    (answer.status().as_u16(), retry_after)
}

/// How many rows there are where a callback could have written.
async fn written(app: &TestApp) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(app.scalar(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

/// What is answered to a callback from another address of this host, whose head announces as many bytes of a body.
async fn send_part(app: &TestApp, from: Ipv4Addr, provider: &str, announced: usize, body: &[u8]) -> u16 {
    let address: SocketAddr = app.url("").trim_start_matches("http://").parse().expect("an address");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("an address of this host");
    let mut stream = socket.connect(address).await.expect("connected");
    let head = format!(
        "POST /callbacks/{provider} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {announced}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    // The answer may come, and the connection be closed, before all of it has gone.
    let _ = stream.write_all(body).await;
    status(&mut stream).await
}

async fn status(stream: &mut TcpStream) -> u16 {
    let mut line = [0; "HTTP/1.1 200".len()];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut line)).await;
    read.expect("an answer in time").expect("an answer");
    let line = std::str::from_utf8(&line).expect("a line of ASCII");
    line.rsplit(' ').next().and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

/// A body packed by gzip that is ten million blanks when it is unpacked.
fn bomb() -> Vec<u8> {
    // One last block with the fixed codes: a blank, runs of what stands one byte before, and the end.
    let mut bits = vec![1, 1, 0];
    bits.extend([0, 1, 0, 1, 0, 0, 0, 0]);
    for _ in 0..RUNS {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    }
    bits.extend([0; 7]);
    let packed = bits.chunks(8).map(|byte| byte.iter().rev().fold(0_u8, |sum, bit| (sum << 1) | bit));
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let length = u32::try_from(RUN * RUNS + 1).expect("a length");
    head.into_iter().chain(packed).chain([0; 4]).chain(length.to_le_bytes()).collect()
}

/// A value in more levels than any reader should follow.
fn deep() -> String {
    format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000))
}

/// Asserts that a flood is turned away after what is allowed, with nothing written and nothing read, that nobody else
/// is, and that it ends.
async fn assert_flood_is_turned_away(app: &TestApp, provider: &str, body: &str, usual: u16) {
    let before = written(app).await;
    let (mut let_in, mut turned_away) = (0, 0);
    for sent in 0..FLOOD {
        match send(app, provider, &[], body.to_owned()).await {
            (429, Some(seconds)) => {
                assert!((1..=60).contains(&seconds), "{seconds}");
                assert!(sent >= ALLOWED, "turned away too early: {sent}");
                turned_away += 1;
            }
            (status, None) if status == usual => let_in += 1,
            answer => panic!("{answer:?}"),
        }
    }
    assert!((ALLOWED..=ALLOWED + SLACK).contains(&let_in), "{let_in} of {FLOOD} came in");
    assert_eq!(let_in + turned_away, FLOOD);
    assert_eq!(written(app).await, before, "nothing is written");
    let localhost = Ipv4Addr::LOCALHOST;
    assert_eq!(send_part(app, localhost, provider, 1_000, b"").await, 429, "without waiting for the body");
    let another = Ipv4Addr::new(127, 0, 0, 2);
    assert_eq!(send_part(app, another, provider, body.len(), body.as_bytes()).await, usual, "another address");
    let counted = format!("provider=\"{provider}\"");
    let metrics = app.metrics().await;
    assert!(metrics.lines().any(|line| line.contains(&counted) && line.contains("outcome=\"limited\"")), "{metrics}");
    app.clock().advance(Duration::from_secs(60));
    assert_eq!(send(app, provider, &[], body.to_owned()).await, (usual, None), "a minute later");
}

on_both_databases! {
    with [("BILLPAY_TEST_CLICK", "on")]
    async fn c1_click_sends_nothing_and_so_nothing_is_taken(app: TestApp) {
        let before = written(&app).await;
        for body in ["", "{}", "{\"reference_number\":\"1\",\"status\":\"PAID\"}", XML] {
            assert_eq!(send(&app, "click", &[], body).await.0, 404, "{body}");
        }
        assert_eq!(written(&app).await, before);
    }
}

#[test]
fn a_bomb_is_small_enough_to_be_taken() {
    assert!(bomb().len() < 64 * 1024, "{}", bomb().len());
}
