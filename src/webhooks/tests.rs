//! The sender, against receivers on this host.

mod bounds;
mod tls;

use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use super::receiver::Receiver;
use super::send::{SendLimits, Sender, World};
use crate::domain::webhook_secret::WebhookSecret;
use crate::ports::webhook_sender::{WebhookAnswer, WebhookRequest, WebhookSender, WebhookTrouble};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const AUTHORITY: &[u8] = include_bytes!("../../tests/fixtures/tls/authority.pem");
const BODY: &str = r#"{"type":"PAYMENT_SUCCEEDED"}"#;
/// Longer than anything here takes unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);
const LIMITS: SendLimits = SendLimits { whole: PATIENCE, body: PATIENCE };
/// Tells the process that a test starts where it is to send to.
const TOLD: &str = "BILLPAY_TEST_WEBHOOK_URL";

/// Answers the questions in turn with these addresses.
struct InTurn {
    answers: Vec<SocketAddr>,
    asked: AtomicUsize,
}

impl InTurn {
    fn new(answers: Vec<SocketAddr>) -> Arc<Self> {
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }

    fn next(&self) -> Option<SocketAddr> {
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        self.answers.get(before.checked_rem(self.answers.len())?).copied()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for InTurn {
    fn resolve(&self, _: Name) -> Resolving {
        let found: Addrs = Box::new(self.next().into_iter());
        Box::pin(std::future::ready(Ok(found)))
    }
}

fn authority() -> Certificate {
    Certificate::from_pem(AUTHORITY).expect("a certificate")
}

fn sender_in(allow_private: bool, resolver: Arc<InTurn>, limits: SendLimits) -> Sender {
    let world = World { resolver, roots: vec![authority()], limits };
    Sender::with(allow_private, None, world).expect("a sender")
}

/// A sender for local trials, which asks for no names.
fn trial() -> Sender {
    sender_in(true, InTurn::new(Vec::new()), LIMITS)
}

fn request(url: &Url) -> WebhookRequest {
    WebhookRequest {
        url: url.clone(),
        id: "msg_01h455vb4pex5vsknk084sn02q".to_owned(),
        at: Timestamp::from_second(1_767_225_600).expect("a time"),
        body: Bytes::from_static(BODY.as_bytes()),
        secrets: vec![WebhookSecret::from_random(&[7; 32])],
    }
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

/// What a receiver's answer comes to, and what it was asked.
async fn exchange(answer: &str) -> (WebhookAnswer, String) {
    let receiver = Receiver::bind().await;
    let to = receiver.url();
    let asked = receiver.answer(answer.as_bytes());
    let answer = trial().send(request(&to)).await;
    (answer, asked.await.expect("a receiver"))
}

#[tokio::test]
async fn a_webhook_goes_out_once_with_what_proves_it() {
    let (answer, asked) = exchange("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(answer, WebhookAnswer::Delivered { status: 204 });
    let (head, body) = asked.split_once("\r\n\r\n").expect("a head");
    assert_eq!(body, BODY);
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines[0], "POST /hook HTTP/1.1");
    let agent = format!("user-agent: billpay/{}", env!("CARGO_PKG_VERSION"));
    let id = "webhook-id: msg_01h455vb4pex5vsknk084sn02q";
    for line in [agent.as_str(), id, "webhook-timestamp: 1767225600", "content-type: application/json"] {
        assert!(lines.contains(&line), "{line} in {lines:?}");
    }
    assert!(lines.iter().any(|line| line.starts_with("webhook-signature: v1,")), "{lines:?}");
}

#[tokio::test]
async fn f27_the_status_decides() {
    for (status, head) in [(200, "OK"), (202, "Accepted"), (299, "Fine")] {
        let (answer, _) = exchange(&format!("HTTP/1.1 {status} {head}\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(answer, WebhookAnswer::Delivered { status });
    }
    let (answer, _) = exchange("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(answer, WebhookAnswer::Gone);
    let (answer, _) = exchange("HTTP/1.1 429 Slow Down\r\nretry-after: 90\r\ncontent-length: 0\r\n\r\n").await;
    let retry_after = Some(Duration::from_secs(90));
    assert_eq!(answer, WebhookAnswer::Refused { status: 429, retry_after, excerpt: None });
}

#[tokio::test]
async fn f27_what_goes_wrong_has_a_name() {
    for answer in ["", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-le"] {
        assert_eq!(exchange(answer).await.0, WebhookAnswer::Failed(WebhookTrouble::Broken), "{answer:?}");
    }
    let receiver = Receiver::bind().await;
    let closed = receiver.url();
    drop(receiver);
    let answer = trial().send(request(&closed)).await;
    assert_eq!(answer, WebhookAnswer::Failed(WebhookTrouble::NotConnected));
    let answer = trial().send(request(&url("http://receiver.example.com/"))).await;
    assert_eq!(answer, WebhookAnswer::Failed(WebhookTrouble::NameNotFound));
}

#[tokio::test]
async fn s1_s7_a_url_is_judged_again_when_it_is_sent_to() {
    let resolver = InTurn::new(Vec::new());
    let sender = sender_in(false, resolver.clone(), LIMITS);
    let forbidden = |text| (url(text), WebhookTrouble::ForbiddenAddress);
    let malformed = |text| (url(text), WebhookTrouble::ForbiddenUrl);
    let urls = [
        forbidden("https://2130706433/"),
        forbidden("https://[::ffff:7f00:1]/"),
        forbidden("https://localhost/"),
        malformed("http://example.com/"),
        malformed("https://u:p@example.com/"),
        malformed("https://example.com:25/"),
    ];
    for (url, trouble) in urls {
        assert_eq!(sender.send(request(&url)).await, WebhookAnswer::Failed(trouble), "{url}");
    }
    assert_eq!(resolver.asked(), 0);
}

#[tokio::test]
async fn s2_a_connector_asks_for_no_address_so_addresses_are_judged_before() {
    let receiver = Receiver::bind().await;
    let (to, resolver) = (receiver.url(), InTurn::new(vec![receiver.address]));
    let strict = sender_in(false, resolver.clone(), LIMITS);
    let literal = url("https://127.0.0.1:8443/");
    assert_eq!(strict.send(request(&literal)).await, WebhookAnswer::Failed(WebhookTrouble::ForbiddenAddress));
    let asked = receiver.answer(OK);
    let open = sender_in(true, resolver.clone(), LIMITS);
    assert_eq!(open.send(request(&to)).await, WebhookAnswer::Delivered { status: 200 });
    asked.await.expect("a receiver");
    assert_eq!(resolver.asked(), 0, "the resolver alone would have let both through");
}

#[tokio::test]
async fn s4_a_name_that_is_public_when_looked_at_and_private_when_called_is_never_reached() {
    let receiver = Receiver::bind().await;
    let public: SocketAddr = "8.8.8.8:443".parse().expect("an address");
    let resolver = InTurn::new(vec![public, receiver.address]);
    let sender = sender_in(false, resolver.clone(), LIMITS);
    // Without a port of its own, the URL takes the one that the resolver gives.
    let name = url("https://receiver.example.com/");
    for _ in 0..1_000 {
        assert_eq!(resolver.next(), Some(public), "what a check at another time would see");
        assert_eq!(sender.send(request(&name)).await, WebhookAnswer::Failed(WebhookTrouble::ForbiddenAddress));
    }
    assert_eq!(resolver.asked(), 2_000);
    assert!(receiver.saw_nobody().await);
    // Only the filter kept it from being called.
    resolver.next();
    let open = sender_in(true, resolver, LIMITS);
    let call = request(&name);
    let (answer, ()) = tokio::join!(open.send(call), async {
        let mut stream = receiver.accept().await;
        stream.write_all(b"this is no TLS\r\n\r\n").await.expect("the caller waits");
    });
    assert_eq!(answer, WebhookAnswer::Failed(WebhookTrouble::Tls));
}

#[tokio::test]
async fn s5_redirects_are_refusals() {
    let target = Receiver::bind().await;
    for status in [301, 302, 303, 307, 308] {
        let place = target.url();
        let (answer, _) =
            exchange(&format!("HTTP/1.1 {status} Away\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(answer, WebhookAnswer::Refused { status, retry_after: None, excerpt: None });
    }
    assert!(target.saw_nobody().await);
}

/// Variables of the environment belong to a process, so this test starts itself again in another one.
#[tokio::test]
async fn s6_proxies_of_the_environment_are_not_asked() {
    if let Ok(told) = std::env::var(TOLD) {
        return send_beside_a_proxy(&url(&told)).await;
    }
    let (receiver, proxy) = (Receiver::bind().await, Receiver::bind().await);
    let (to, through) = (receiver.url(), format!("http://{}", proxy.address));
    let (asked, proxied) = (receiver.answer(OK), proxy.answer(OK));
    let child = run_again("s6_proxies_of_the_environment_are_not_asked", &to, &through).await;
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let asked = timeout(PATIENCE, asked).await.expect("somebody asked").expect("a receiver");
    assert!(asked.starts_with("POST /hook HTTP/1.1\r\n"), "{asked}");
    let proxied = timeout(PATIENCE, proxied).await.expect("somebody asked").expect("a proxy");
    assert!(proxied.starts_with(&format!("GET {to} HTTP/1.1\r\n")), "{proxied}");
}

async fn run_again(test: &str, to: &Url, proxy: &str) -> Output {
    let (_, module) = module_path!().split_once("::").expect("a crate and a module");
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.arg(format!("{module}::{test}")).arg("--exact").env(TOLD, to.as_str()).kill_on_drop(true);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, proxy);
    }
    for name in ["no_proxy", "NO_PROXY", "REQUEST_METHOD"] {
        command.env_remove(name);
    }
    timeout(PATIENCE, command.output()).await.expect("an end").expect("a process")
}

async fn send_beside_a_proxy(to: &Url) {
    // Who heeds the variables goes to the proxy: they are set, and they work.
    let heeding = Client::builder().tls_certs_only([authority()]).build().expect("a client");
    heeding.get(to.clone()).send().await.expect("the proxy's answer");
    assert_eq!(trial().send(request(to)).await, WebhookAnswer::Delivered { status: 200 });
}

#[tokio::test]
async fn s9_nothing_that_a_private_address_says_is_shown() {
    let (answer, _) = exchange("HTTP/1.1 500 No\r\nx-token: hunter2\r\ncontent-length: 7\r\n\r\nhunter2").await;
    assert_eq!(answer, WebhookAnswer::Refused { status: 500, retry_after: None, excerpt: None });
}
