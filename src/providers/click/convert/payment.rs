//! What a payment is on Click's side: the day, the amount and the phone number that are sent, and the answer.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz;
use sha2::{Digest, Sha256};

use super::refusal::refusal;
use crate::domain::money::Money;
use crate::domain::payment::evidence::Verdict;
use crate::ports::provider::{PaymentAnswer, ProviderError};
use crate::providers::click::wire;
use crate::providers::http::Answer;

/// The country's prefix, and what stands in its place within the country.
const SAUDI_PREFIX: &str = "+966";
const NATIONAL_PREFIX: &str = "0";
/// The digits behind either.
const SUBSCRIBER_DIGITS: usize = 9;
/// The bytes of the reference's digest in a boundary.
const BOUNDARY_BYTES: usize = 16;

/// The boundary of a payment's form: the same for the same payment.
pub(in crate::providers::click) fn boundary(our_reference: &str) -> String {
    let digest = Sha256::digest(our_reference);
    format!("billpay-{}", hex::encode(&digest[..BOUNDARY_BYTES]))
}

/// The day in Saudi Arabia, which keeps UTC+3 all year.
pub(in crate::providers::click) fn day_in_riyadh(now: Timestamp) -> Date {
    tz::offset(3).to_datetime(now).date()
}

/// An amount in riyals as the example has it: without trailing zeros.
pub(in crate::providers::click) fn wire_amount(amount: Money) -> String {
    let decimal = amount.decimal();
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.').to_owned() } else { decimal }
}

/// A Saudi number as it is dialled within the country; no other number has that form.
pub(in crate::providers::click) fn national_number(phone_number: &str) -> Option<String> {
    let subscriber = phone_number.strip_prefix(SAUDI_PREFIX)?;
    let is_complete = subscriber.len() == SUBSCRIBER_DIGITS
        && subscriber.bytes().all(|byte| byte.is_ascii_digit())
        && !subscriber.starts_with('0');
    is_complete.then(|| format!("{NATIONAL_PREFIX}{subscriber}"))
}

/// Reads the answer to a payment. It has no reference in any case: nothing ties a later inquiry to it.
pub(in crate::providers::click) fn paid(answer: &Answer) -> Result<PaymentAnswer, ProviderError> {
    match answer.status {
        201 if wire::is_empty_object(&answer.body) => Ok(PaymentAnswer {
            verdict: Some(Verdict::Succeeded),
            http_status: Some(answer.status),
            ..PaymentAnswer::default()
        }),
        // It was taken, as it seems, and says something that no page explains; it may be that it was refused.
        200..=299 => Err(ProviderError::Unknown(answer.trouble("success in no documented form"))),
        422 => Err(refusal(answer)),
        _ => Err(ProviderError::Unknown(answer.trouble("status not documented"))),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::money::CurrencyCode;
    use crate::providers::click::fixture;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec() }
    }

    fn written(minor: i64) -> String {
        let riyal: CurrencyCode = "SAR".parse().expect("a currency");
        wire_amount(Money::from_minor(minor, riyal))
    }

    #[test]
    fn an_amount_has_no_trailing_zeros() {
        assert_eq!(written(10_000), "100");
        assert_eq!(written(10_050), "100.5");
        assert_eq!(written(10_005), "100.05");
        assert_eq!(written(1), "0.01");
        assert_eq!(written(1_000_000), "10000");
        assert_eq!(written(9_007_199_254_740_993), "90071992547409.93");
    }

    #[test]
    fn a_saudi_number_is_sent_in_national_form_and_any_other_left_out() {
        assert_eq!(national_number("+966506966507").as_deref(), Some("0506966507"));
        for other in ["+254710000000", "+96650696650", "+9665069665070", "+966050696650", "0506966507", "+966", ""] {
            assert_eq!(national_number(other), None, "{other}");
        }
    }

    #[test]
    fn a_day_is_riyadhs_whatever_utc_says() {
        let day = |text: &str| day_in_riyadh(text.parse().expect("a moment"));
        assert_eq!(day("2026-04-10T20:59:59Z"), date(2026, 4, 10));
        assert_eq!(day("2026-04-10T21:00:00Z"), date(2026, 4, 11));
        for text in ["2026-01-15T12:00:00Z", "2026-07-15T21:30:00Z"] {
            let moment: Timestamp = text.parse().expect("a moment");
            let zoned = moment.in_tz("Asia/Riyadh").expect("a zone");
            assert_eq!(day_in_riyadh(moment), zoned.date(), "{text}");
        }
    }

    #[test]
    fn a_boundary_belongs_to_one_reference_and_is_short_enough() {
        assert_eq!(boundary("a"), boundary("a"));
        assert_ne!(boundary("a"), boundary("b"));
        assert_eq!(boundary("a").len(), "billpay-".len() + 32);
    }

    #[test]
    fn trap_9_a_success_has_no_reference_of_the_providers() {
        let answer = paid(&fixture::answer("pay")).expect("a success");
        assert_eq!(answer.verdict, Some(Verdict::Succeeded));
        assert_eq!(answer.reported, crate::domain::payment::evidence::Reported::default());
        assert_eq!((answer.trace, answer.code, answer.http_status), (None, None, Some(201)));
    }

    #[test]
    fn only_braces_with_201_are_a_success() {
        let other = fixture::answer("pay_other_answer");
        assert!(matches!(paid(&other), Err(ProviderError::Unknown(_))));
        for (status, body) in [
            (200, "{}"),
            (202, "{}"),
            (204, ""),
            (201, ""),
            (201, "null"),
            (201, "[]"),
            (201, "<html><body>It works!</body></html>"),
            (201, r#"{"error":"Sorry!","status":"forbidden"}"#),
        ] {
            assert!(matches!(paid(&answer(status, body)), Err(ProviderError::Unknown(_))), "{status} {body}");
        }
    }

    #[test]
    fn statuses_that_no_page_explains_settle_nothing() {
        let refusal = r#"{"error":"Sorry!","status":"forbidden"}"#;
        for status in [302, 400, 404, 405, 408, 409, 415, 425, 429] {
            assert!(matches!(paid(&answer(status, refusal)), Err(ProviderError::Unknown(_))), "{status}");
        }
    }
}
