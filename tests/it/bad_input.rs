//! Bad input: the right code at the right place, and nothing written.

use serde_json::{Value, json};

use crate::support::client::{Client, KPLC, payment_input};
use crate::support::{TestApp, list, on_both_databases, text};

const SOME_BILLER: &str = "blr_01m80g5rxcfq9s4swzcexz6v59";

/// A good input.
async fn good(client: &Client) -> Value {
    payment_input(&client.biller(KPLC).await, "1111111", "15")
}

/// A good input with one member changed; null takes it away.
fn with(good: &Value, pointer: &str, value: Value) -> Value {
    let mut input = good.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = input.pointer_mut(parent).and_then(Value::as_object_mut).expect("a place");
    match value {
        Value::Null => parent.remove(name),
        value => parent.insert(name.to_owned(), value),
    };
    input
}

/// Asserts that an input is refused in the payload, with these codes at these places and no others.
async fn assert_refused(client: &Client, input: Value, wanted: &[(&str, &str)]) {
    let payload = client.create(input.clone()).await;
    assert_eq!(payload["payment"], Value::Null, "{input}");
    let told: Vec<_> = list(&payload, "/errors").iter().map(|error| (text(error, "/code"), path(error))).collect();
    let wanted: Vec<_> = wanted.iter().map(|(code, path)| (*code, (*path).to_owned())).collect();
    assert_eq!(told, wanted, "{input}: {payload}");
}

fn path(error: &Value) -> String {
    let names = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.collect::<Vec<_>>().join(".")
}

async fn assert_nothing_written(app: &TestApp, client: &Client) {
    assert_eq!(client.count_payments().await, 0);
    assert_eq!(client.head().await, "0");
    assert_eq!(app.effects().await.len(), 0);
    assert_eq!(app.scalar("SELECT COUNT(*) FROM submissions").await, 0);
    assert_eq!(app.scalar("SELECT COUNT(*) FROM bill_numbers").await, 0);
}

on_both_databases! {
    async fn m1_amounts_that_mean_nothing_are_refused_in_the_payload(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for amount in ["0", "0.00", "-0", "-15", "10.005", "99999999999999999999", "92233720368547758.08"] {
            let input = with(&good, "/amount/amount", json!(amount));
            assert_refused(&client, input, &[("BAD_USER_INPUT", "input.amount.amount")]).await;
        }
        let yen = with(&good, "/amount", json!({ "amount": "15.5", "currency": "JPY" }));
        assert_refused(&client, yen, &[("BAD_USER_INPUT", "input.amount.amount")]).await;
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m1_amounts_without_the_form_of_a_decimal_are_refused_as_a_request(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for amount in ["1e3", "NaN", "", " 15", "15 ", "+15", ".5", "5.", "1,000", "١٥", "0x10", "Infinity", "--1"] {
            let input = with(&good, "/amount/amount", json!(amount));
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{amount}");
        }
        for amount in [json!(15), json!(15.5), json!(true), json!(["15"]), json!({ "amount": "15" })] {
            let input = with(&good, "/amount/amount", amount.clone());
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{amount}");
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m2_other_currencies_are_told_from_those_that_are_none(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for currency in ["USD", "TZS"] {
            let input = with(&good, "/amount/currency", json!(currency));
            assert_refused(&client, input.clone(), &[("CURRENCY_MISMATCH", "input.amount.currency")]).await;
            let payload = client.create(input).await;
            assert_eq!(text(&payload, "/errors/0/__typename"), "AmountError");
            assert_eq!(text(&payload, "/errors/0/allowed/currency"), "KES");
        }
        for currency in ["XYZ", "kes", "DEM"] {
            let input = with(&good, "/amount/currency", json!(currency));
            assert_refused(&client, input, &[("BAD_USER_INPUT", "input.amount.currency")]).await;
        }
        for currency in ["KE", "KESS", "K3S", "", "КES"] {
            let input = with(&good, "/amount/currency", json!(currency));
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{currency}");
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m3_an_amount_between_the_steps_is_refused_with_what_is_allowed(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for amount in ["15.50", "0.50"] {
            let input = with(&good, "/amount/amount", json!(amount));
            assert_refused(&client, input.clone(), &[("AMOUNT_NOT_ALLOWED", "input.amount.amount")]).await;
            let payload = client.create(input).await;
            assert_eq!(text(&payload, "/errors/0/__typename"), "AmountError");
            let allowed = json!({
                "kind": "AT_LEAST", "minimum": "1.00", "maximum": null, "step": "1.00", "currency": "KES",
            });
            assert_eq!(payload["errors"][0]["allowed"], allowed);
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m4_keys_outside_their_alphabet_or_length_are_refused(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for key in ["", " ", "a b", "a\n", "a\u{0}", "кey", "é", "a/b", &"k".repeat(129)] {
            let input = with(&good, "/idempotencyKey", json!(key));
            assert_refused(&client, input, &[("BAD_USER_INPUT", "input.idempotencyKey")]).await;
        }
        for key in [Value::Null, json!(1)] {
            let input = with(&good, "/idempotencyKey", key.clone());
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{key}");
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn a_second_reference_without_end_is_refused_though_the_biller_has_no_use_for_one(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        let input = with(&good, "/target/account/secondReference", json!("2".repeat(501)));
        assert_refused(&client, input, &[("BAD_USER_INPUT", "input.target.account.secondReference")]).await;
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m4_the_longest_key_is_taken(app: TestApp) {
        let client = app.admin();
        let input = with(&good(&client).await, "/idempotencyKey", json!("k".repeat(128)));
        let payload = client.create(input).await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
    }
}

on_both_databases! {
    async fn m6_days_in_the_past_or_too_far_ahead_are_refused(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        let far = crate::schedule::day_from_now(&app, 2 * 366 + 2);
        let yesterday = crate::schedule::day_from_now(&app, -1);
        for day in ["2020-01-01", "2020-02-29", &yesterday, &far] {
            let input = with(&good, "/processDate", json!(day));
            assert_refused(&client, input, &[("PROCESS_DATE_NOT_ALLOWED", "input.processDate")]).await;
        }
        for day in ["2027-02-29", "2027-02-30", "2027-13-01", "tomorrow", "", "2027-1-1", "2027-01-01T00:00:00Z"] {
            let input = with(&good, "/processDate", json!(day));
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{day}");
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn a_biller_that_does_not_exist_is_not_found(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for biller in [SOME_BILLER, "pay_01m80g5rxcfq9s4swzcexz6v59", "nonsense", ""] {
            let input = with(&good, "/target/account/billerId", json!(biller));
            assert_refused(&client, input, &[("NOT_FOUND", "input.target.account.billerId")]).await;
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m8_an_account_reference_that_is_malformed_is_refused_at_its_place(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for account in ["", "   ", "11\n11", "11\r\nX-Header: 1", "11\u{0}11", "11\u{1b}[31m", &"1".repeat(51)] {
            let input = with(&good, "/target/account/accountReference", json!(account));
            assert_refused(&client, input, &[("BAD_USER_INPUT", "input.target.account.accountReference")]).await;
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn what_the_biller_needs_of_the_payer_is_asked_for_by_its_place(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        let (name, phone) = (("BAD_USER_INPUT", "input.payer.name"), ("BAD_USER_INPUT", "input.payer.phoneNumber"));
        assert_refused(&client, with(&good, "/payer", Value::Null), &[name, phone]).await;
        assert_refused(&client, with(&good, "/payer/name", Value::Null), &[name]).await;
        assert_refused(&client, with(&good, "/payer/name", json!("")), &[name]).await;
        assert_refused(&client, with(&good, "/payer/phoneNumber", Value::Null), &[phone]).await;
        assert_refused(&client, with(&good, "/payer/phoneNumber", json!("+99912345678")), &[phone]).await;
        for number in ["0710000000", "254710000000", "+254 710 000 000", "+2547", "+0710000000", ""] {
            let input = with(&good, "/payer/phoneNumber", json!(number));
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{number}");
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn s7_a_callback_url_is_a_web_address_without_a_password(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for url in
            ["https://user:pw@example.com/", "https://user@example.com/", "ftp://example.com/", "file:///etc/passwd"]
        {
            let input = with(&good, "/callbackUrl", json!(url));
            assert_refused(&client, input, &[("BAD_USER_INPUT", "input.callbackUrl")]).await;
        }
        for url in ["not a url", "/relative", ""] {
            let input = with(&good, "/callbackUrl", json!(url));
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{url}");
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m7_a_description_is_bounded_and_printable(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for description in ["x".repeat(100_000), "x".repeat(201), "a\r\nb".to_owned(), "a\u{0}b".to_owned()] {
            let payload = client.create(with(&good, "/description", json!(description))).await;
            assert_eq!(payload["payment"], Value::Null);
            assert!(!list(&payload, "/errors").is_empty());
            for error in list(&payload, "/errors") {
                assert_eq!((text(error, "/code"), path(error).as_str()), ("BAD_USER_INPUT", "input.description"));
            }
        }
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn m7_words_that_mean_something_elsewhere_are_kept_verbatim(app: TestApp) {
        let client = app.admin();
        let words = "'; DROP TABLE payments; -- <b>${x}</b> {{7*7}} %s \\ \"";
        let input = with(&good(&client).await, "/description", json!(words));
        let payload = client.create(input).await;
        assert_eq!(text(&payload, "/payment/description"), words, "{payload}");
        let payment = client.wait_for_status(text(&payload, "/payment/id"), &["SUCCEEDED"]).await;
        assert_eq!(text(&payment, "/description"), words);
    }
}

on_both_databases! {
    async fn a_target_is_exactly_one_that_exists(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        let biller = good["target"]["account"]["billerId"].clone();
        for target in [
            json!({}),
            json!({ "billId": "bil_01m80g5rxcfq9s4swzcexz6v59", "billNumberId": "bln_01m80g5rxcfq9s4swzcexz6v59" }),
            json!({ "billId": null }),
        ] {
            let input = with(&good, "/target", target.clone());
            assert_eq!(client.create_refused(input).await, "BAD_USER_INPUT", "{target}");
        }
        for id in ["bil_01m80g5rxcfq9s4swzcexz6v59", "pay_01m80g5rxcfq9s4swzcexz6v59", "nonsense"] {
            let input = with(&good, "/target", json!({ "billId": id }));
            assert_refused(&client, input, &[("NOT_FOUND", "input.target.billId")]).await;
        }
        let input = with(&good, "/target", json!({ "billNumberId": "bln_01m80g5rxcfq9s4swzcexz6v59" }));
        assert_refused(&client, input, &[("NOT_FOUND", "input.target.billNumberId")]).await;
        let input = with(&good, "/target", json!({ "newBill": { "billerId": biller } }));
        assert_refused(&client, input.clone(), &[("CAPABILITY_MISSING", "input.target.newBill")]).await;
        assert_eq!(text(&client.create(input).await, "/errors/0/__typename"), "CapabilityError");
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn what_the_provider_cannot_do_is_refused_by_name(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        let fast = with(&good, "/deliverySpeed", json!("FASTER"));
        assert_refused(&client, fast.clone(), &[("CAPABILITY_MISSING", "input.deliverySpeed")]).await;
        assert_eq!(text(&client.create(fast).await, "/errors/0/capability"), "FASTER");
        let funded = with(&good, "/fundingAccountId", json!("fac_01m80g5rxcfq9s4swzcexz6v59"));
        assert_refused(&client, funded, &[("NOT_FOUND", "input.fundingAccountId")]).await;
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn all_faults_of_an_input_are_told_at_once(app: TestApp) {
        let client = app.admin();
        let mut input = payment_input(&client.biller(KPLC).await, "", "0");
        input["processDate"] = json!("2020-01-01");
        input.as_object_mut().expect("an object").remove("payer");
        let payload = client.create(input).await;
        let mut paths: Vec<_> = list(&payload, "/errors").iter().map(path).collect();
        paths.sort();
        assert_eq!(
            paths,
            [
                "input.amount.amount",
                "input.payer.name",
                "input.payer.phoneNumber",
                "input.processDate",
                "input.target.account.accountReference",
            ]
        );
        assert_nothing_written(&app, &client).await;
    }
}

on_both_databases! {
    async fn unknown_members_and_words_are_refused_as_a_request(app: TestApp) {
        let client = app.admin();
        let good = good(&client).await;
        for (pointer, value) in [
            ("/unheardOf", json!(1)),
            ("/wait", json!("FOR_EVER")),
            ("/saveBillNumber", json!("yes")),
            ("/target/account/unheardOf", json!("1")),
        ] {
            assert_eq!(client.create_refused(with(&good, pointer, value)).await, "BAD_USER_INPUT", "{pointer}");
        }
        assert_nothing_written(&app, &client).await;
    }
}
