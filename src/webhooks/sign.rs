//! The headers that say which webhook this is and prove who sent it, as Standard Webhooks writes them.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};

use crate::domain::webhook_secret::WebhookSecret;
use crate::ports::webhook_sender::WebhookRequest;

/// The id, the time and one signature a secret. None where nothing would sign it, or where the id could be taken for a
/// part of what is signed: id, time and body are joined by dots.
pub(super) fn sign(request: &WebhookRequest) -> Option<HeaderMap> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
    if request.id.is_empty() || !request.id.bytes().all(is_plain) || request.secrets.is_empty() {
        return None;
    }
    let signatures: Option<Vec<String>> = request.secrets.iter().map(|secret| signature(secret, request)).collect();
    let lines = [
        (HEADER_WEBHOOK_ID, request.id.clone()),
        (HEADER_WEBHOOK_TIMESTAMP, request.at.as_second().to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signatures?.join(" ")),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
    }
    Some(headers)
}

fn signature(secret: &WebhookSecret, request: &WebhookRequest) -> Option<String> {
    let signer = Webhook::new(secret.expose()).ok()?;
    signer.sign(&request.id, request.at.as_second(), &request.body).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::ports::clock::Clock;

    fn secrets() -> Vec<WebhookSecret> {
        let counted: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).expect("small"));
        let mut reversed = counted;
        reversed.reverse();
        vec![WebhookSecret::from_random(&counted), WebhookSecret::from_random(&reversed)]
    }

    fn request(id: &str, at: Timestamp, secrets: Vec<WebhookSecret>) -> WebhookRequest {
        WebhookRequest {
            url: "https://example.com/".parse().expect("a URL"),
            id: id.to_owned(),
            at,
            body: Bytes::from_static(br#"{"type":"PAYMENT_SUCCEEDED"}"#),
            secrets,
        }
    }

    #[test]
    fn a_signature_is_what_any_hmac_makes_of_it() {
        // Both were made with Python's hmac.
        let expected =
            "v1,G3Sat5r5AUHYOMBGEqMwKYrDUergOO2794lqrdF6at0= v1,PxJo314xXmmoyOT2xWBFpjfLZPsyzIGwFeh3rk3S1Z8=";
        let at = Timestamp::from_second(1_767_225_600).expect("a time");
        let headers = sign(&request("msg_01h455vb4pex5vsknk084sn02q", at, secrets())).expect("headers");
        assert_eq!(headers["webhook-signature"], expected);
        assert_eq!(headers["webhook-timestamp"], "1767225600");
        assert_eq!(headers["webhook-id"], "msg_01h455vb4pex5vsknk084sn02q");
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn f29_each_of_two_secrets_verifies_and_no_third_does() {
        let request = request("msg_1", Clock::default().now(), secrets());
        let headers = sign(&request).expect("headers");
        let verifies = |secret: &WebhookSecret, body: &[u8]| {
            Webhook::new(secret.expose()).expect("a key").verify(body, &headers).is_ok()
        };
        for secret in secrets() {
            assert!(verifies(&secret, &request.body[..]));
            assert!(!verifies(&secret, br#"{"type":"PAYMENT_FAILED"}"#));
        }
        assert!(!verifies(&WebhookSecret::from_random(&[7; 32]), &request.body[..]));
    }

    #[test]
    fn s11_nothing_goes_out_unsigned_or_with_an_id_that_could_be_taken_for_more() {
        let at = Timestamp::UNIX_EPOCH;
        for id in ["", "msg_1.2", "msg 1", "msg_1\r\nx: y", "msg_é"] {
            assert!(sign(&request(id, at, secrets())).is_none(), "{id:?}");
        }
        assert!(sign(&request("msg_1", at, Vec::new())).is_none());
    }
}
