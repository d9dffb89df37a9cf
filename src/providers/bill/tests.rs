//! The adapter as a whole: what it would send, and how often it does.

use std::sync::Mutex;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::domain::payment::evidence::Verdict;
use crate::ports::limits::{Busy, CallBudget, Permit};
use crate::ports::sessions::OwnSessions;

const LOGGED_IN: &str = r#"{"sessionId":"session-1","trusted":true}"#;
const UNTRUSTED: &str = r#"{"sessionId":"session-1","trusted":false}"#;
const SESSION_INVALID: &str =
    r#"[{"code":"BDC_1109","severity":"ERROR","category":"REQUEST","message":"Session is invalid.  Please log in."}]"#;
const NO_BILLS: &str = r#"{"results":[]}"#;

#[derive(Debug)]
struct Counted;

#[async_graphql::async_trait::async_trait]
impl CallLimits for Counted {
    async fn enter(&self, _: ProviderCode, budget: CallBudget, _: Duration) -> Result<Permit, Busy> {
        let known = [(Some(3), Some(20_000)), (Some(2), Some(15_000))];
        assert!(known.contains(&(budget.at_once, budget.per_hour)), "{budget:?}");
        Ok(Permit::new(()))
    }
}

/// What questions may have of the hour is spent.
#[derive(Debug)]
struct SpentOnQuestions;

#[async_graphql::async_trait::async_trait]
impl CallLimits for SpentOnQuestions {
    async fn enter(&self, _: ProviderCode, budget: CallBudget, _: Duration) -> Result<Permit, Busy> {
        match budget.at_once {
            Some(2) => Err(Busy::HourSpent { until: Clock::default().now() + Duration::from_secs(3_600) }),
            _ => Ok(Permit::new(())),
        }
    }
}

/// A server that gives these answers in their order, and the URL before its paths.
struct Script {
    base_url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn start(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base_url = format!("http://{}/bill/connect", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        let answers: Vec<_> = answers.iter().map(|&(status, body)| (status, body.to_owned())).collect();
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.expect("a caller");
                let request = read_request(&mut stream).await;
                heard.lock().expect("a lock").push(request);
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.expect("a caller that listens");
            }
        });
        Self { base_url, asked }
    }

    fn bill(&self, shared: Arc<OwnSessions>) -> Bill {
        bill_at(&self.base_url, shared, &[])
    }

    /// The first lines of what was asked.
    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("a lock");
        asked.iter().map(|request| request.split(" HTTP/").next().unwrap_or_default().to_owned()).collect()
    }

    fn heard(&self, number: usize) -> String {
        self.asked.lock().expect("a lock")[number].to_ascii_lowercase()
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut bytes = [0; 8192];
        let read = stream.read(&mut bytes).await.expect("a request");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= length.parse::<usize>().expect("a length") {
                return text;
            }
        }
        assert!(read > 0, "the caller hung up");
    }
}

fn bill_at(base_url: &str, sessions: Arc<OwnSessions>, more: &[(&str, &str)]) -> Bill {
    bill_within(base_url, sessions, Arc::new(Counted), more)
}

fn bill_within(base_url: &str, sessions: Arc<OwnSessions>, limits: Arc<dyn CallLimits>, more: &[(&str, &str)]) -> Bill {
    let mut variables = vec![("BILLPAY_PROVIDERS__BILL__BASE_URL", base_url)];
    variables.extend_from_slice(more);
    let parts = BillParts { clock: Clock::default(), limits, sessions };
    Bill::try_new(&fixture::settings(&variables), parts).expect("an adapter")
}

fn bill(more: &[(&str, &str)]) -> Bill {
    bill_at("http://127.0.0.1:9000/bill/connect", Arc::default(), more)
}

fn answer_of(name: &str) -> String {
    String::from_utf8(fixture::answer(name)).expect("text")
}

async fn submit(bill: &Bill) -> Result<Vec<PaymentAnswer>, ProviderError> {
    let request = fixture::single(fixture::payment());
    let preparation = bill.prepare(Some(&request)).await?;
    let frozen = bill.freeze(&request, &preparation)?;
    bill.submit(&frozen, preparation, Deadline::after(ASK_LIMIT)).await
}

fn query() -> StatusQuery {
    StatusQuery {
        our_reference: fixture::OURS.to_owned(),
        provider_references: Vec::new(),
        bulk: false,
        payments: Vec::new(),
        first_sent_at: None,
    }
}

#[tokio::test]
async fn a_payment_is_sent_once_within_a_trusted_session() {
    let script = Script::start(&[(200, LOGGED_IN), (201, answer_of("pay").as_str())]).await;
    let answers = submit(&script.bill(Arc::default())).await.expect("answers");
    assert_eq!(answers[0].verdict, Some(Verdict::Accepted));
    assert_eq!(script.asked(), ["POST /bill/connect/v3/login", "POST /bill/connect/v3/payments"]);
    let heard = script.heard(1);
    assert!(heard.contains("devkey: dev-hunter2") && heard.contains("sessionid: session-1"), "{heard}");
}

#[tokio::test]
async fn a_payment_is_not_sent_again_for_a_session_that_is_at_an_end() {
    let script = Script::start(&[(200, LOGGED_IN), (401, SESSION_INVALID), (200, LOGGED_IN)]).await;
    let bill = script.bill(Arc::default());
    assert!(matches!(submit(&bill).await, Err(ProviderError::NotSent(_))));
    assert_eq!(script.asked().len(), 2);
    // The session was dropped, and is opened anew by whoever needs one next, though the old one is still kept.
    assert!(bill.prepare(None).await.is_ok());
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn an_untrusted_session_pays_nothing_and_may_ask() {
    let script = Script::start(&[(200, UNTRUSTED), (200, NO_BILLS)]).await;
    let bill = script.bill(Arc::default());
    let error = submit(&bill).await.expect_err("no trust");
    assert!(matches!(&error, ProviderError::Misconfigured(trouble) if trouble.what == NOT_TRUSTED), "{error}");
    assert_eq!(bill.open_bills(&fixture::biller()).await, Ok(Vec::new()));
    assert_eq!(script.asked()[1], "GET /bill/connect/v3/bills?max=100&filters=vendorId%3Aeq%3A00901ACH");
}

#[tokio::test]
async fn a_question_renews_a_session_once() {
    let answers = [(200, LOGGED_IN), (401, SESSION_INVALID), (200, LOGGED_IN), (401, SESSION_INVALID)];
    let script = Script::start(&answers).await;
    let error = script.bill(Arc::default()).open_bills(&fixture::biller()).await.expect_err("refused twice");
    assert!(matches!(error, ProviderError::Misconfigured(_)), "{error}");
    assert_eq!(script.asked().len(), 4);
}

#[tokio::test]
async fn a_session_is_shared() {
    let script = Script::start(&[(200, LOGGED_IN), (200, NO_BILLS), (200, NO_BILLS)]).await;
    let shared = Arc::new(OwnSessions::default());
    for _ in 0..2 {
        assert!(script.bill(shared.clone()).open_bills(&fixture::biller()).await.is_ok());
    }
    assert_eq!(script.asked().iter().filter(|asked| asked.ends_with("login")).count(), 1);
}

#[tokio::test]
async fn refused_credentials_are_tried_once() {
    let refusal = r#"[{"code":"BDC_1101","message":"User name and/or password do not match our records."}]"#;
    let script = Script::start(&[(401, refusal)]).await;
    let bill = script.bill(Arc::default());
    for _ in 0..3 {
        assert!(matches!(bill.prepare(None).await, Err(ProviderError::Misconfigured(_))));
    }
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn a_list_is_read_to_its_end_before_a_payment_is_not_found() {
    let first = r#"{"results":[{"id":"stp1","transactionNumber":"EHHX"}],"nextPage":"p2"}"#;
    let script = Script::start(&[(200, LOGGED_IN), (200, first), (200, NO_BILLS)]).await;
    let answers = script.bill(Arc::default()).status(&query()).await.expect("an answer");
    assert_eq!(answers[0].verdict, Some(Verdict::NotFound));
    assert_eq!(script.asked()[2], "GET /bill/connect/v3/payments?max=100&page=p2");
    let script = Script::start(&[(200, LOGGED_IN), (200, first), (400, "[]")]).await;
    assert!(matches!(script.bill(Arc::default()).status(&query()).await, Err(ProviderError::Unknown(_))));
}

#[tokio::test]
async fn a_payment_whose_reference_is_known_is_asked_for_by_it() {
    let script =
        Script::start(&[(200, LOGGED_IN), (200, answer_of("pay").as_str()), (200, answer_of("pay").as_str())]).await;
    let bill = script.bill(Arc::default());
    let known = |reference: &str| StatusQuery { provider_references: vec![reference.to_owned()], ..query() };
    let answers = bill.status(&known("stp01ZZRCUFIQWHP6ldb")).await.expect("an answer");
    assert_eq!(answers[0].verdict, Some(Verdict::Accepted));
    assert!(matches!(bill.status(&known("stp01OTHER")).await, Err(ProviderError::Unknown(_))));
}

#[tokio::test]
async fn a_recall_is_asked_for_once_and_its_refusal_is_one() {
    let refusal = r#"[{"code":"BDC_1119","message":"Payment is processed."}]"#;
    let taken = r#"{"id":"stp1","cancelRequestSubmitted":true,"singleStatus":"SCHEDULED"}"#;
    let script = Script::start(&[(200, LOGGED_IN), (200, taken), (400, refusal)]).await;
    let bill = script.bill(Arc::default());
    bill.prepare(None).await.expect("a session");
    let void = fixture::recall(None, None);
    let cancel = Recall { kind: RecallKind::Cancel, ..void.clone() };
    let deadline = Deadline::after(ASK_LIMIT);
    let answer = bill.recall("stp1", &cancel, Preparation::default(), deadline).await.expect("taken");
    assert_eq!(answer.provider_status.as_deref(), Some("SCHEDULED"));
    let error = bill.recall("stp1", &void, Preparation::default(), deadline).await.expect_err("refused");
    assert!(matches!(error, ProviderError::Refused(_)), "{error}");
    let asked = script.asked();
    assert_eq!(asked[1..], ["POST /bill/connect/v3/payments/stp1/cancel", "POST /bill/connect/v3/payments/stp1/void"]);
}

#[test]
fn the_same_payment_has_the_same_bytes() {
    let bill = bill(&[]);
    let request = fixture::single(fixture::payment());
    let freeze = || bill.freeze(&request, &Preparation::default());
    assert_eq!(freeze(), freeze());
    let body: Value = json::read(&freeze().expect("bytes").0).expect("JSON");
    assert_eq!(body["transactionNumber"], fixture::request("pay")["transactionNumber"]);
}

#[test]
fn only_a_scheduled_payment_can_be_cancelled() {
    let bill = bill(&[]);
    assert_eq!(bill.recalls(Some("SCHEDULED")), [RecallKind::Cancel]);
    assert_eq!(bill.recalls(Some("CLEARED")), [RecallKind::Void]);
    assert!(bill.recalls(None).is_empty() && bill.recalls(Some("ROUTED")).is_empty());
}

#[test]
fn queries_are_encoded_behind_the_base_url() {
    let bill = bill(&[]);
    let call = bill.gateway.line().get(wire::BILLS, &[("page", "a&b")]);
    assert_eq!(call.url(), "http://127.0.0.1:9000/bill/connect/v3/bills?page=a%26b");
    let call = bill.gateway.line().post(wire::PAYMENTS, Vec::new());
    assert_eq!(call.url(), "http://127.0.0.1:9000/bill/connect/v3/payments");
}

#[test]
fn without_a_key_every_notification_is_forged() {
    assert_eq!(bill(&[]).read_callback(&[], b"{}"), Err(CallbackError::Forged));
}

#[test]
fn only_a_base_url_on_this_host_is_a_sandbox() {
    assert!(bill(&[]).sandbox());
    assert!(!bill_at("https://gateway.example.com/connect", Arc::default(), &[]).sandbox());
}

#[test]
fn a2_debug_shows_no_secret() {
    let shown = format!("{:?}", bill(&[("BILLPAY_PROVIDERS__BILL__WEBHOOK_SECURITY_KEY", "webhook-hunter2")]));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn questions_that_may_ask_no_more_tell_nothing_of_the_provider() {
    let script = Script::start(&[(200, LOGGED_IN)]).await;
    let bill = bill_within(&script.base_url, Arc::default(), Arc::new(SpentOnQuestions), &[]);
    let told = bill.status(&query()).await;
    let Err(ProviderError::NotSent(trouble)) = told else { panic!("{told:?}") };
    assert!(trouble.is_known && trouble.retry_after.is_some(), "{trouble:?}");
}
