//! Almara signs nothing: whatever comes is a hint of which payment to ask about, and nothing that it says is believed.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::{STORED, XML, assert_flood_is_turned_away, bomb, deep, send, send_part};
use crate::callbacks::completed;
use crate::support::{TestApp, eventually, list, on_both_databases, text};

const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";

/// A success of which nothing is true.
fn forged(payment: &Value) -> String {
    completed(text(payment, "/ourReference"), text(payment, "/providerReference"), "15.00")
}

async fn look_ups(app: &TestApp, payment: &Value) -> usize {
    let payment = app.admin().payment(text(payment, "/id")).await;
    list(&payment, "/attempts").iter().filter(|attempt| attempt["kind"] == "LOOKUP").count()
}

on_both_databases! {
    async fn c1_almara_a_signature_makes_a_hint_no_better(app: TestApp) {
        let client = app.admin();
        let payment = client.paid("1515151").await;
        let before = look_ups(&app, &payment).await;
        for (name, value) in [
            ("x-signature", "0".repeat(64)),
            ("x-bill-sha-signature", "AAAA".to_owned()),
            ("authorization", format!("Bearer {}", app.token("acme", "payments:write"))),
        ] {
            assert_eq!(send(&app, "almara", &[(name, value)], forged(&payment)).await.0, 200, "{name}");
        }
        eventually("a look-up", || async { (look_ups(&app, &payment).await > before).then_some(()) }).await;
        let after = client.payment(text(&payment, "/id")).await;
        assert_eq!((text(&after, "/status"), &after["version"]), ("PENDING", &payment["version"]));
        assert_eq!(app.scalar("SELECT COUNT(*) FROM inbox WHERE verified").await, 0);
        assert_eq!(app.effects().await.len(), 0);
    }
}

on_both_databases! {
    async fn c5_almara_a_body_that_unpacks_to_more_is_not_unpacked(app: TestApp) {
        let packed = [("content-encoding", "gzip".to_owned())];
        assert_eq!(send(&app, "almara", &packed, bomb()).await.0, 400);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    async fn c5_almara_ten_megabytes_are_not_waited_for(app: TestApp) {
        let begun = vec![b' '; 256 * 1024 + 1];
        assert_eq!(send_part(&app, Ipv4Addr::LOCALHOST, "almara", 10 * 1024 * 1024, &begun).await, 413);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    async fn c5_almara_levels_types_and_statuses_that_no_page_has_change_nothing(app: TestApp) {
        let client = app.admin();
        let payment = client.paid("1515151").await;
        let good = forged(&payment);
        let inside = good.replace("\"billService\":{", &format!("\"billService\":{{\"x\":{},", deep()));
        assert_ne!(inside, good);
        assert_eq!(send(&app, "almara", &[], inside).await.0, 400, "too deep");
        let ours = format!("\"{}\"", text(&payment, "/ourReference"));
        assert_eq!(send(&app, "almara", &[], good.replace(&ours, "7")).await.0, 400, "a number for a text");
        let strange = good.replace("\"status\":4", "\"status\":\"PAID TWICE\"");
        assert_ne!(strange, good);
        let (status, _) = send(&app, "almara", &[], strange).await;
        assert!(matches!(status, 200 | 400), "{status}");
        let after = client.payment(text(&payment, "/id")).await;
        assert_eq!((text(&after, "/status"), &after["version"]), ("PENDING", &payment["version"]));
    }
}

on_both_databases! {
    async fn c6_almara_xml_is_refused(app: TestApp) {
        let headers = [("content-type", "application/xml".to_owned())];
        assert_eq!(send(&app, "almara", &[], XML).await.0, 400);
        assert_eq!(send(&app, "almara", &headers, XML).await.0, 400);
        assert_eq!(app.scalar(STORED).await, 0);
    }
}

on_both_databases! {
    with [("BILLPAY_LIMITS__CALLBACKS_PER_MINUTE", "10")]
    async fn c7_almara_a_flood_of_what_cannot_be_read_is_turned_away(app: TestApp) {
        assert_flood_is_turned_away(&app, "almara", "{\"originatorConversationId\":7}", 400).await;
    }
}

on_both_databases! {
    with [("BILLPAY_LIMITS__CALLBACKS_PER_MINUTE", "10")]
    async fn c7_almara_a_flood_of_hints_is_turned_away(app: TestApp) {
        let mut kept = 0;
        for number in 0..40 {
            let hint = completed(NOBODYS, &format!("01000000-0000-0a00-0000-{number:012}"), "15.00");
            match send(&app, "almara", &[], hint).await {
                (200, None) => kept += 1,
                (429, Some(_)) => assert!(number >= 10, "{number}"),
                answer => panic!("{answer:?}"),
            }
        }
        assert!((10..=13).contains(&kept), "{kept}");
        assert_eq!(app.scalar(STORED).await, kept);
    }
}
