//! Floods: one address's connections, and one tenant's operations, leave others served.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::graphql_attacks::socket::{PROTOCOL, Socket, address};
use crate::graphql_attacks::{Answer, request};
use crate::support::app::{ALL, TENANT};
use crate::support::client::{KPLC, payment_input};
use crate::support::{Db, TestApp, eventually, run, text};

const PATIENCE: Duration = Duration::from_secs(20);
/// Another address of this host than that of the tests' other clients.
const FLOODER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// What is set as the most of one address.
const MOST: usize = 24;
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: billpay\r\n\r\n";
/// 41 points.
const PAGE: &str = "{ payments(first: 20) { nodes { id } } }";
const EVENTS: &str = "subscription { paymentsUpdated(after: \"0\") { status payment { id } } }";

/// A connection from the flooder's address.
async fn flood(app: &TestApp) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((FLOODER, 0))).expect("an address of this host");
    socket.connect(address(app)).await.expect("connected")
}

/// Whether a connection is answered; else it was closed without a word.
async fn is_answered(stream: &mut TcpStream) -> bool {
    // Where it is closed already this fails, and so does the reading.
    let _ = stream.write_all(HEALTH).await;
    let mut said = [0; 12];
    match timeout(PATIENCE, stream.read_exact(&mut said)).await.expect("an end in time") {
        Ok(_) => {
            assert_eq!(&said, b"HTTP/1.1 200");
            true
        }
        Err(_closed) => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_one_address_has_so_many_connections_and_another_is_served() {
    run(Db::Sqlite, &[("BILLPAY_HTTP__MAX_CONNECTIONS_PER_IP", "24")], fill_connections).await;
}

async fn fill_connections(app: TestApp) {
    let (mut streams, mut sockets) = (Vec::new(), Vec::new());
    for number in 0..MOST {
        let mut stream = flood(&app).await;
        // A third are sockets, which count as long as they are open.
        if number % 3 == 0 {
            sockets.push(Socket::upgrade(stream, Some(PROTOCOL)).await);
        } else {
            assert!(is_answered(&mut stream).await, "connection {number}");
            streams.push(stream);
        }
    }
    for _ in 0..10 {
        assert!(!is_answered(&mut flood(&app).await).await, "one more than the most");
    }
    let payment = app.admin().pay_until("1111111", &["SUCCEEDED"]).await;
    assert_eq!(text(&payment, "/status"), "SUCCEEDED", "another address is served");
    drop(streams.pop());
    streams.push(take_place(&app, "a connection's place").await);
    drop(sockets.pop());
    streams.push(take_place(&app, "a socket's place").await);
    assert!(!is_answered(&mut flood(&app).await).await, "both places are taken again");
}

/// A connection in the place of one that was hung up.
async fn take_place(app: &TestApp, what: &str) -> TcpStream {
    eventually(what, || async {
        let mut stream = flood(app).await;
        is_answered(&mut stream).await.then_some(stream)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_one_tenants_flood_is_told_to_wait_and_another_tenant_is_served() {
    let limits =
        [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "6000"), ("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "5")];
    run(Db::Sqlite, &limits, flood_operations).await;
}

/// The status of one page of the flooding tenant.
async fn page(app: &TestApp) -> u16 {
    let answer = Answer::to(request(app).json(&json!({ "query": PAGE }))).await;
    match answer.status {
        200 => assert!(answer.json().get("errors").is_none(), "{}", answer.body),
        _ => {
            answer.assert_refused(429, "RATE_LIMITED", "too much");
            assert!(answer.headers.contains_key("retry-after"), "{}", answer.body);
        }
    }
    answer.status
}

async fn flood_operations(app: TestApp) {
    let other = app.client("umbrella", ALL);
    // Looking for the biller costs points, so not before there are any.
    eventually("the catalogue", || async { (app.scalar("SELECT COUNT(*) FROM billers").await > 0).then_some(()) })
        .await;
    let biller = other.biller(KPLC).await;
    let mut heard = other.subscribe(EVENTS, json!({})).await;
    let flood = join_all((0..400).map(|_| page(&app)));
    let served = async {
        let mut times = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            other.data("{ viewer { eventsHead } }", json!({})).await;
            times.push(began.elapsed());
        }
        let payload = other.create(payment_input(&biller, "1111111", "15")).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        times.sort();
        (times, text(&payload, "/payment/id").to_owned())
    };
    let (statuses, (times, payment)) = tokio::join!(flood, served);
    println!("while another tenant floods: {:?} at the median, {:?} at most", times[10], times[19]);
    let answered = statuses.iter().filter(|status| **status == 200).count();
    // 6,000 points are 146 pages; a few more come back while the flood lasts.
    assert!((140..=300).contains(&answered), "{answered} of {} pages were answered", statuses.len());
    let mut socket = Socket::open(&app, &app.token(TENANT, ALL)).await;
    for number in 0..20 {
        socket.subscribe(&number.to_string(), PAGE, json!({})).await;
    }
    let mut limited = 0;
    while limited == 0 {
        let message = socket.hear().await;
        let code = message.pointer("/payload/0/extensions/code").and_then(Value::as_str);
        limited += usize::from(code == Some("RATE_LIMITED"));
    }
    let events = heard.until_status("paymentsUpdated", "SUCCEEDED").await;
    assert!(events.iter().all(|event| text(event, "/payment/id") == payment), "{events:?}");
}
