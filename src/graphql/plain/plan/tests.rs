//! What has a plan and what has none, and what is written by one.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::DocumentOperations;

use super::*;
use crate::app::catalogue::Snapshot;
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::payment::{Failure, Payer, Payment};
use crate::domain::provider::ProviderCode;
use crate::domain::refusal::ErrorCode;
use crate::domain::requester::{Requester, Scopes, TenantId};
use crate::graphql::context::Known;
use crate::graphql::plain::PlainField;
use crate::graphql::plain::at_hand::BillNumbers;
use crate::graphql::plain::page::Page;

/// The plan for an operation's selection set, as if the operation were the object.
fn plan<O: Plain>(document: &str) -> Option<Plan<O>> {
    let document = parse_query(document).expect("a document");
    let DocumentOperations::Single(operation) = document.operations else { panic!("one operation") };
    Plan::of(&operation.node.selection_set.node, &document.fragments)
}

fn written_to<O: Plain>(scopes: &str, object: &O, document: &str) -> String {
    let requester = Requester {
        subject: "tester".to_owned(),
        tenant: TenantId::try_new("acme").expect("a tenant"),
        customer: None,
        scopes: Scopes::parse(scopes),
        expires_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let known = Known::default();
    let bill_numbers = BillNumbers::Left(&known);
    let at_hand = AtHand { requester: &requester, billers: Arc::new(Snapshot::default()), bill_numbers };
    let mut json = Json::new();
    let plan = plan::<O>(document).unwrap_or_else(|| panic!("a plan: {document}"));
    plan.write(object, &at_hand, &mut json).expect("all is at hand");
    String::from_utf8(json.into_bytes()).expect("UTF-8")
}

fn written<O: Plain>(object: &O, document: &str) -> String {
    written_to("", object, document)
}

fn shillings() -> Money {
    Money::from_minor(1_500, CurrencyCode::KES)
}

#[test]
fn fields_stand_in_the_order_in_which_they_were_asked_for() {
    assert_eq!(written(&shillings(), "{ amount currency }"), r#"{"amount":"15.00","currency":"KES"}"#);
    assert_eq!(written(&shillings(), "{ currency amount }"), r#"{"currency":"KES","amount":"15.00"}"#);
    assert_eq!(
        written(&shillings(), "{ b: amount __typename a: amount t: __typename }"),
        r#"{"b":"15.00","__typename":"Money","a":"15.00","t":"Money"}"#
    );
}

#[test]
fn what_is_asked_for_twice_stands_once_at_its_first_place() {
    for document in [
        "{ amount currency amount }",
        "{ amount ... { currency amount } currency }",
        "{ ...F ...F } fragment F on Money { amount currency }",
        "{ ... on Money { amount } ...F } fragment F on Money { amount ... on Money { currency } }",
    ] {
        assert_eq!(written(&shillings(), document), r#"{"amount":"15.00","currency":"KES"}"#, "{document}");
    }
}

#[test]
fn fragments_on_an_interface_of_the_type_are_opened() {
    let click = ProviderCode::Click;
    let expected = format!(r#"{{"id":"{}","code":"click"}}"#, click.id());
    assert_eq!(written(&click, "{ ... on Node { id } ... on Provider { code } }"), expected);
}

#[test]
fn texts_are_escaped_and_what_is_absent_is_null() {
    let payer = Payer { name: Some("\"Ä\"\n\\".to_owned()), phone_number: None };
    assert_eq!(written(&payer, "{ name phoneNumber }"), "{\"name\":\"\\\"Ä\\\"\\n\\\\\",\"phoneNumber\":null}");
}

#[test]
fn a_selection_without_fields_is_an_empty_object() {
    let plan = Plan::<Money>::of(&SelectionSet::default(), &Fragments::new()).expect("a plan");
    assert!(plan.steps.is_empty());
}

#[test]
fn the_providers_words_are_for_administrators() {
    let failure = Failure {
        code: ErrorCode::AccountNotFound,
        message: "unknown".to_owned(),
        provider_code: Some("17".to_owned()),
        provider_message: Some("no such meter".to_owned()),
        fields: Vec::new(),
    };
    let document = "{ code providerCode providerMessage }";
    let to_all = r#"{"code":"ACCOUNT_NOT_FOUND","providerCode":null,"providerMessage":null}"#;
    let to_admins = r#"{"code":"ACCOUNT_NOT_FOUND","providerCode":"17","providerMessage":"no such meter"}"#;
    assert_eq!(written_to("payments:read operator", &failure, document), to_all);
    assert_eq!(written_to("payments:read admin", &failure, document), to_admins);
}

#[test]
fn each_alias_of_many_is_a_step_and_each_repetition_of_many_is_none() {
    let aliases: String = (0..5_000).map(|number| format!("a{number}: amount ")).collect();
    let many = plan::<Money>(&format!("{{ {aliases} }}")).expect("a plan");
    assert_eq!(many.steps.len(), 5_000);
    let one = plan::<Money>(&format!("{{ {} }}", "amount ".repeat(5_000))).expect("a plan");
    assert_eq!(one.steps.len(), 1);
}

#[test]
fn what_is_not_plain_has_no_plan() {
    for document in [
        "{ id allocations { amount { amount } } }",
        "{ id allowedActions }",
        "{ events(first: 1) { type } }",
        "{ id(of: 1) }",
        "{ id @unheard }",
        "{ ... @unheard { id } }",
        "{ ... on Biller { id } }",
        "{ ...F } fragment F on BillNumber { id }",
        "{ ...Unknown }",
        "{ amount { amount } amount { currency } }",
        "{ amount { amount } ... on Node { amount { amount } } }",
        "{ amount { value: amount } biller { id capabilities } }",
        "{ billNumber { id payments { nodes { id } } } }",
        "{ a: id a: status }",
        "{ amount { value: amount value: currency } }",
        "{ id { of } }",
    ] {
        assert!(plan::<Payment>(document).is_none(), "{document}");
    }
}

/// Every plain field of a type, and those of the objects that it holds.
fn every_field(on: &str) -> String {
    let fields = crate::graphql::plain::fields().into_iter().filter(|field| field.on == on);
    let asked = fields.map(|field| match field.of {
        Some(of) => format!("{} {{ {} }}", field.name, every_field(of)),
        None => field.name.to_owned(),
    });
    asked.collect::<Vec<_>>().join(" ")
}

#[test]
fn all_plain_fields_have_one_plan_and_stand_in_the_schema() {
    let every = every_field("PaymentConnection");
    let plan = plan::<Page>(&format!("{{ {every} }}")).expect("a plan");
    assert_eq!(plan.steps.len(), 3);
    let schema = crate::graphql::sdl();
    for field in crate::graphql::plain::fields() {
        let (_, behind) = schema.split_once(&format!("\ntype {} ", field.on)).expect("a type of the schema");
        let (fields, _) = behind.split_once("\n}").expect("its end");
        let line = format!("\n\t{}: ", field.name);
        assert!(fields.contains(&line), "{field:?} is no field without arguments");
    }
}

#[test]
fn objects_within_objects_have_one_plan() {
    for document in [
        "{ id biller { id provider { code } } billNumber { biller { name } lastKnownBalance { amount } } }",
        "{ a: amount { amount } b: amount { amount } }",
        "{ ... on Payment { ... on Node { id } amount { ...M } } } fragment M on Money { amount }",
    ] {
        assert!(plan::<Payment>(document).is_some(), "{document}");
    }
}

/// What lists usually ask for of a payment and of its bill number, beside what is always there as a whole.
const BRIEF: [(&str, &[&str]); 2] = [
    (
        "Payment",
        &[
            "id",
            "status",
            "version",
            "amount",
            "biller",
            "provider",
            "accountReference",
            "billNumber",
            "description",
            "processDate",
            "createdAt",
            "updatedAt",
        ],
    ),
    ("BillNumber", &["id", "biller", "accountReference", "customerName", "lastKnownBalance", "dueDate"]),
];

/// A field alone, with one value where it is an object.
fn alone(field: PlainField) -> String {
    match field.of {
        Some(_) => format!("{{ {} {{ id: __typename }} }}", field.name),
        None => format!("{{ {} }}", field.name),
    }
}

#[test]
fn a_plan_is_brief_where_each_of_its_fields_is() {
    for (on, brief) in BRIEF {
        let fields: Vec<_> = crate::graphql::plain::fields().into_iter().filter(|field| field.on == on).collect();
        let flagged: Vec<_> = fields.iter().filter(|field| field.is_brief).map(|field| field.name).collect();
        assert_eq!(flagged, brief, "{on}");
        for field in fields {
            let in_payment = match on {
                "BillNumber" => format!("{{ billNumber {} }}", alone(field)),
                _ => alone(field),
            };
            let whole = format!("{{ pageInfo {{ endCursor }} nodes {{ id }} edges {{ cursor node {in_payment} }} }}");
            let plan = plan::<Page>(&whole).unwrap_or_else(|| panic!("a plan: {whole}"));
            assert_eq!(plan.is_brief(), field.is_brief, "{whole}");
        }
    }
}

#[test]
fn one_field_that_is_not_brief_makes_the_whole_plan_so_wherever_it_stands() {
    let brief = "id amount { amount currency } billNumber { id biller { name provider { code } } }";
    assert!(plan::<Payment>(&format!("{{ {brief} }}")).expect("a plan").is_brief());
    for other in [
        "dueDate",
        "x: dueDate id2: id",
        "... { dueDate }",
        "b: billNumber { id verified }",
        "payer { name }",
        "fundingAmount { amount }",
        "failure { __typename }",
    ] {
        for document in [format!("{{ {brief} {other} }}"), format!("{{ {other} {brief} }}")] {
            assert!(!plan::<Payment>(&document).expect("a plan").is_brief(), "{document}");
        }
    }
}
