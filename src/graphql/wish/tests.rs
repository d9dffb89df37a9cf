use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use async_graphql::registry::Registry;
use async_graphql::{
    EmptyMutation, EmptySubscription, Object, OutputType, Request, Schema, ServerResult, Variables, value,
};

use super::*;

type Digests = Arc<Mutex<Vec<Option<[u8; 32]>>>>;

struct Inner;

#[Object]
impl Inner {
    async fn text(&self, of: Option<String>, list: Option<Vec<Option<i32>>>) -> String {
        format!("{of:?} {list:?}")
    }

    async fn next(&self) -> Inner {
        Inner
    }
}

/// Notes what it is asked.
struct Probe;

impl OutputType for Probe {
    fn type_name() -> Cow<'static, str> {
        <Inner as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Inner as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        ctx.data_unchecked::<Digests>().lock().expect("nobody panicked").push(digest("Inner", ctx));
        Inner.resolve(ctx, field).await
    }
}

struct Query;

#[Object]
impl Query {
    async fn probe(&self, after: Option<i32>) -> Option<Probe> {
        after.is_none_or(|after| after >= 0).then_some(Probe)
    }
}

async fn digest_of(document: &str, variables: Value) -> [u8; 32] {
    let digests = Digests::default();
    let request = Request::new(document).variables(Variables::from_value(variables)).data(digests.clone());
    let answer = Schema::new(Query, EmptyMutation, EmptySubscription).execute(request).await;
    assert!(answer.errors.is_empty(), "{document}: {:?}", answer.errors);
    let digests = digests.lock().expect("nobody panicked");
    digests.first().copied().flatten().unwrap_or_else(|| panic!("no digest of {document}"))
}

#[tokio::test]
async fn the_same_in_other_words_has_the_same_digest() {
    let plain = digest_of("{ probe { a: text(of: \"x\") next { text } } }", value!({})).await;
    for (document, variables) in [
        ("query Q { probe(after: 7) {\n  a: text(of: \"x\"), next { text }\n} }", value!({})),
        ("query ($x: String) { probe { a: text(of: $x) next { text } } }", value!({ "x": "x" })),
        ("query ($y: String = \"x\") { other: probe { a: text(of: $y) next { text } } }", value!({})),
        ("query ($after: Int) { probe(after: $after) { a: text(of: \"x\") next { text } } }", value!({ "after": 3 })),
        ("{ probe { a: text(of: \"x\") next { text @include(if: true) } no: text @skip(if: true) } }", value!({})),
    ] {
        assert_eq!(digest_of(document, variables).await, plain, "{document}");
    }
    let inline = digest_of("{ probe { ... on Inner { text } } }", value!({})).await;
    assert_eq!(digest_of("{ probe { ...F } } fragment F on Inner { text }", value!({})).await, inline);
}

#[tokio::test]
async fn whatever_is_asked_otherwise_has_another_digest() {
    let listed = "query ($l: [Int]) { probe { text(list: $l) } }";
    let of = "query ($of: String) { probe { text(of: $of) } }";
    let mut known = std::collections::HashMap::new();
    for (document, variables) in [
        ("{ probe { text } }", value!({})),
        ("{ probe { t: text } }", value!({})),
        ("{ probe { text: next { text } } }", value!({})),
        ("{ probe { text next { text } } }", value!({})),
        ("{ probe { next { text } text } }", value!({})),
        ("{ probe { next { text next { text } } } }", value!({})),
        ("{ probe { ... on Inner { text } } }", value!({})),
        ("{ probe { ... { text } } }", value!({})),
        ("{ probe { __typename } }", value!({})),
        (of, value!({})),
        (of, value!({ "of": null })),
        (of, value!({ "of": "" })),
        (of, value!({ "of": "x" })),
        (of, value!({ "of": "absent" })),
        (listed, value!({ "l": [] })),
        (listed, value!({ "l": [1, 2] })),
        (listed, value!({ "l": [12] })),
        (listed, value!({ "l": [1, null] })),
        ("query ($n: Int) { probe { text(list: [1, $n, 2]) } }", value!({ "n": 3 })),
        ("query ($n: Int) { probe { text(list: [1, 2, $n]) } }", value!({ "n": 3 })),
    ] {
        let digest = digest_of(document, variables.clone()).await;
        let asked = format!("{document} {variables}");
        if let Some(other) = known.insert(digest, asked.clone()) {
            panic!("{asked} has the digest of {other}");
        }
    }
}
