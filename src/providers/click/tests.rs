//! The adapter as a whole: what it sends, byte for byte, and whose answers it believes.

use jiff::civil::date;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::config::Settings;
use crate::domain::amount_rule::AmountRule;
use crate::domain::biller::BillerCategory;
use crate::domain::ids::BillerId;
use crate::domain::money::Money;
use crate::domain::payment::evidence::Verdict;
use crate::domain::payment::{DeliverySpeed, Payer};
use crate::domain::provider::SafetyClass;
use crate::ports::clock::Deadline;
use crate::ports::provider::{CallbackError, PaymentRequest, StatusQuery};

const OURS: &str = "d695e5e7-8a3e-4d60-aae3-731bb81f95d1";
const LIMIT: Duration = Duration::from_secs(4);
const SIGNED_IN: &str = "HTTP/1.1 201 Created\r\nauthorization: Bearer t.o.k\r\ncontent-length: 2\r\n\r\n{}";
const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
const UNAUTHORISED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";

fn click_at(base_url: &str) -> Click {
    let variables = [
        ("BILLPAY_PROVIDERS__CLICK__BASE_URL", base_url),
        ("BILLPAY_PROVIDERS__CLICK__EMAIL", "pay@example.com"),
        ("BILLPAY_PROVIDERS__CLICK__PASSWORD", "hunter2"),
    ];
    let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(None, variables).expect("settings").providers.click.expect("on");
    Click::try_new(&settings, Clock::default()).expect("an adapter")
}

fn click() -> Click {
    click_at("http://127.0.0.1:9000/click")
}

fn riyal() -> CurrencyCode {
    "SAR".parse().expect("a currency")
}

fn biller() -> Biller {
    Biller {
        id: BillerId::from_uuid(uuid::Uuid::nil()),
        provider: ProviderCode::Click,
        code: "sec".to_owned(),
        name: "Saudi Electricity Company".to_owned(),
        category: BillerCategory::Electricity,
        category_name: "Electricity".to_owned(),
        country: "SA".to_owned(),
        currency: riyal(),
        amount_rule: AmountRule::any(riyal()),
        time_zone: "Asia/Riyadh".to_owned(),
        disbursement_method: None,
        combines: false,
        active: true,
    }
}

fn payment() -> PaymentRequest {
    PaymentRequest {
        biller: biller(),
        account_reference: "12232019000000017".to_owned(),
        second_reference: None,
        amount: Money::from_minor(10_000, riyal()),
        payer: Payer { name: Some("A".to_owned()), phone_number: Some("+966506966507".to_owned()) },
        description: None,
        process_date: date(2019, 9, 9),
        due_date: Some(date(2025, 10, 14)),
        delivery_speed: DeliverySpeed::Standard,
        save_bill_number: false,
        funding_account: None,
        bills: Vec::new(),
        new_bill: false,
    }
}

/// The submission of a payment alone.
fn submission(payment: &PaymentRequest) -> SubmissionRequest {
    SubmissionRequest { our_reference: OURS.to_owned(), bulk: false, payments: vec![payment.clone()] }
}

fn frozen(click: &Click, request: &PaymentRequest) -> FrozenRequest {
    click.freeze(&submission(request), &Preparation::default()).expect("bytes")
}

async fn send(click: &Click, bytes: &FrozenRequest) -> Result<Vec<PaymentAnswer>, ProviderError> {
    click.submit(bytes, Preparation::default(), Deadline::after(LIMIT)).await
}

/// The names and values of a form of ours.
fn fields(bytes: &FrozenRequest) -> Vec<(String, String)> {
    let text = str::from_utf8(&bytes.0).expect("text");
    let values = text.split("form-data; name=\"").skip(1);
    let values = values.filter_map(|part| part.split_once("\"\r\n\r\n"));
    values.filter_map(|(name, rest)| Some((name.to_owned(), rest.split_once("\r\n--")?.0.to_owned()))).collect()
}

fn value(bytes: &FrozenRequest, name: &str) -> Option<String> {
    fields(bytes).into_iter().find_map(|(field, value)| (field == name).then_some(value))
}

/// A server that answers one connection after the other, and in the end tells the requests.
async fn server(answers: &'static [&'static str]) -> (Click, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let click = click_at(&format!("http://{}", listener.local_addr().expect("bound")));
    let requests = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let mut request = Vec::new();
            while !request.ends_with(b"--\r\n") {
                let read = stream.read_buf(&mut request).await.expect("a request");
                assert!(read > 0, "a whole form comes");
            }
            let answer = answer.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            stream.write_all(answer.as_bytes()).await.expect("a caller that waits");
            // The caller may have hung up: it does not read what a sign-in's body says.
            let _ = stream.shutdown().await;
            requests.push(String::from_utf8(request).expect("text"));
        }
        requests
    });
    (click, requests)
}

#[test]
fn traps_1_2_3_a_payment_is_written_as_the_example_sends_it() {
    let bytes = frozen(&click(), &payment());
    let today = convert::day_in_riyadh(Clock::default().now()).to_string();
    let mut expected = fixture::form("pay");
    for (name, value) in &mut expected {
        if name == wire::PROCESSING_DATE {
            value.clone_from(&today);
        }
    }
    assert_eq!(fields(&bytes), expected);
    let form = Form::kept(&bytes.0).expect("a form");
    assert!(form.content_type.starts_with("multipart/form-data; boundary=billpay-"));
}

#[test]
fn trap_1_the_account_stands_under_one_name_and_the_second_number_under_another() {
    let with_second = PaymentRequest { second_reference: Some("77".to_owned()), ..payment() };
    let bytes = frozen(&click(), &with_second);
    assert_eq!(value(&bytes, "bill_account").as_deref(), Some("12232019000000017"));
    assert_eq!(value(&bytes, "account_number").as_deref(), Some("77"));
    assert_eq!((value(&bytes, "bill_number"), value(&bytes, "billing_acct")), (None, None));
    let blank = PaymentRequest { second_reference: Some(" ".to_owned()), ..payment() };
    assert_eq!(value(&frozen(&click(), &blank), "account_number"), None);
}

#[test]
fn trap_2_both_dates_are_sent_and_the_processing_date_is_the_day_of_sending() {
    let click = click();
    click.clock.advance(Duration::from_secs(400 * 24 * 3600));
    let today = convert::day_in_riyadh(click.clock.now()).to_string();
    let no_due_date = frozen(&click, &PaymentRequest { due_date: None, ..payment() });
    assert_eq!(value(&no_due_date, "processing_date").as_ref(), Some(&today));
    assert_eq!(value(&no_due_date, "due_date").as_ref(), Some(&today));
    let due = frozen(&click, &payment());
    assert_eq!(value(&due, "processing_date").as_ref(), Some(&today));
    assert_eq!(value(&due, "due_date").as_deref(), Some("2025-10-14"));
}

#[test]
fn a_phone_number_of_another_country_is_left_out() {
    for phone_number in [None, Some("+254710000000".to_owned())] {
        let payer = Payer { name: None, phone_number };
        let bytes = frozen(&click(), &PaymentRequest { payer, ..payment() });
        assert_eq!(value(&bytes, "customer_mobile_number"), None);
    }
}

#[test]
fn the_same_payment_has_the_same_bytes_and_another_has_not() {
    let click = click();
    assert_eq!(frozen(&click, &payment()), frozen(&click, &payment()));
    let other = SubmissionRequest { our_reference: "other".to_owned(), ..submission(&payment()) };
    let other = click.freeze(&other, &Preparation::default()).expect("bytes");
    assert_ne!(frozen(&click, &payment()), other);
}

#[test]
fn an_account_cannot_add_a_field() {
    let account_reference = "1\r\n--x\r\nContent-Disposition: form-data; name=\"amount\"\r\n\r\n9".to_owned();
    let injected = PaymentRequest { account_reference, ..payment() };
    let refused = click().freeze(&submission(&injected), &Preparation::default());
    assert!(matches!(refused, Err(ProviderError::Refused(_))));
}

#[tokio::test]
async fn traps_3_4_a_payment_is_signed_in_for_and_sent_once_as_a_form() {
    let (click, requests) = server(&[SIGNED_IN, CREATED]).await;
    click.prepare(None).await.expect("a session");
    let bytes = frozen(&click, &payment());
    let answers = send(&click, &bytes).await.expect("a success");
    assert_eq!((answers[0].verdict, &answers[0].reported.provider_reference), (Some(Verdict::Succeeded), &None));
    let requests = requests.await.expect("both requests");
    assert!(requests[0].starts_with("POST /api/v1/accounts/sign_in.json HTTP/1.1\r\n"));
    assert!(requests[0].contains("name=\"account[email]\"\r\n\r\npay@example.com\r\n"));
    assert!(requests[0].contains("name=\"account[password]\"\r\n\r\nhunter2\r\n"));
    assert!(requests[1].starts_with("POST /api/v1/bill_payments.json HTTP/1.1\r\n"));
    assert!(requests[1].contains("authorization: Bearer t.o.k\r\n"));
    assert!(requests[1].contains("content-type: multipart/form-data; boundary=billpay-"));
    assert!(requests[1].ends_with(str::from_utf8(&bytes.0).expect("text")));
}

#[tokio::test]
async fn trap_7_an_inquiry_is_a_get_with_a_form_and_its_empty_answer_confirms_nothing() {
    let (click, requests) = server(&[SIGNED_IN, CREATED]).await;
    let answer = click.look_up_account(&biller(), "12232019000000017").await.expect("an answer");
    assert!(!answer.verified);
    let requests = requests.await.expect("both requests");
    assert!(requests[1].starts_with("GET /api/v1/bill_payments.json HTTP/1.1\r\n"));
    for (name, value) in fixture::form("inquiry") {
        assert!(requests[1].contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n")), "{name}");
    }
}

#[tokio::test]
async fn f6_an_expired_token_leaves_a_payment_unsent_and_is_dropped() {
    let (click, requests) = server(&[SIGNED_IN, UNAUTHORISED, SIGNED_IN, CREATED]).await;
    let bytes = frozen(&click, &payment());
    let error = send(&click, &bytes).await.expect_err("a refused token");
    assert!(matches!(error, ProviderError::NotSent(_)), "{error}");
    send(&click, &bytes).await.expect("a success with the same bytes");
    assert_eq!(requests.await.expect("four requests").len(), 4);
}

#[tokio::test]
async fn of_two_calls_with_one_token_only_the_first_tells_that_it_expired() {
    let (click, requests) = server(&[SIGNED_IN, UNAUTHORISED, UNAUTHORISED]).await;
    click.prepare(None).await.expect("a token");
    let bytes = frozen(&click, &payment());
    let (one, other) = tokio::join!(send(&click, &bytes), send(&click, &bytes));
    let mut known = [one, other].map(|answer| match answer {
        Err(ProviderError::NotSent(trouble)) => trouble.is_known,
        other => panic!("{other:?}"),
    });
    known.sort_unstable();
    assert_eq!(known, [false, true]);
    assert_eq!(requests.await.expect("three requests").len(), 3);
}

#[tokio::test]
async fn an_inquiry_renews_a_refused_token_once() {
    let (click, requests) = server(&[SIGNED_IN, UNAUTHORISED, SIGNED_IN, UNAUTHORISED]).await;
    let error = click.validate_account(&biller(), "1").await.expect_err("refused twice");
    assert!(matches!(error, ProviderError::Misconfigured(_)), "{error}");
    assert_eq!(requests.await.expect("four requests").len(), 4);
}

#[tokio::test]
async fn a_token_is_renewed_within_its_300_seconds() {
    let (click, requests) = server(&[SIGNED_IN, SIGNED_IN]).await;
    click.prepare(None).await.expect("a session");
    click.clock.advance(Duration::from_secs(200));
    click.prepare(None).await.expect("the same session");
    click.clock.advance(Duration::from_secs(41));
    click.prepare(None).await.expect("another session");
    assert_eq!(requests.await.expect("two requests").len(), 2);
}

#[tokio::test]
async fn refused_credentials_and_permissions_are_a_matter_for_an_operator() {
    let (click, _requests) = server(&[UNAUTHORISED]).await;
    assert!(matches!(click.prepare(None).await, Err(ProviderError::Misconfigured(_))));
    let (click, _requests) = server(&[SIGNED_IN, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"]).await;
    let error = send(&click, &frozen(&click, &payment())).await.expect_err("no permission");
    assert!(matches!(error, ProviderError::Misconfigured(_)), "{error}");
}

#[tokio::test]
async fn f4_an_unclear_answer_is_unknown() {
    for answer in [
        &[SIGNED_IN, "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"],
        &[SIGNED_IN, "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{"],
        &[SIGNED_IN, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage"],
    ] {
        let (click, _requests) = server(answer).await;
        let error = send(&click, &frozen(&click, &payment())).await.expect_err("no clear answer");
        assert!(matches!(error, ProviderError::Unknown(_)), "{error}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_form_are_never_sent() {
    let error = send(&click(), &FrozenRequest(b"{}".to_vec())).await.expect_err("no form");
    assert!(matches!(error, ProviderError::Misconfigured(_)), "{error}");
}

#[tokio::test]
async fn trap_9_nothing_can_be_asked_and_nothing_comes_back() {
    let click = click();
    assert_eq!(click.safety().class(true), SafetyClass::D);
    let query = StatusQuery {
        our_reference: OURS.to_owned(),
        provider_references: Vec::new(),
        bulk: false,
        payments: Vec::new(),
        first_sent_at: None,
    };
    assert!(matches!(click.status(&query).await, Err(ProviderError::Unknown(_))));
    assert_eq!(click.read_callback(&[], b"{}"), Err(CallbackError::Unreadable));
    assert_eq!(click.find_bill_number(&biller(), "1").await, Ok(None));
    assert!(!click.capabilities().contains(&Capability::Status));
}

#[test]
fn only_a_base_url_on_this_host_is_a_sandbox() {
    assert!(click().sandbox());
    assert!(!click_at("https://integrator.example.com").sandbox());
}

#[test]
fn a2_debug_shows_no_secret() {
    assert!(!format!("{:?}", click()).contains("hunter2"));
}
