use std::time::{Duration, Instant};

use async_graphql::parser::types::{Selection, SelectionSet};
use async_graphql::{Value, value};

use super::*;

fn limits() -> Limits {
    Limits::default()
}

fn prepared(query: &str, variables: Value, limits: &Limits) -> Result<Prepared, RequestError> {
    let document = Arc::new(parse(query, limits)?);
    prepare(document, None, Variables::from_value(variables), limits)
}

fn fault(query: &str) -> Option<Fault> {
    prepared(query, value!({}), &limits()).err().map(|error| error.fault)
}

fn code(query: &str) -> &'static str {
    fault(query).map_or("OK", |fault| fault.code())
}

fn complexity(query: &str, variables: Value) -> usize {
    prepared(query, variables, &limits()).unwrap().cost.complexity
}

#[test]
fn g2_each_limit_holds_at_n_and_refuses_n_and_one() {
    let spaces = |count: usize| format!("{{a}}{}", " ".repeat(count - 3));
    let fields = |count: usize| format!("{{ {} }}", (0..count).map(|number| format!("a{number} ")).collect::<String>());
    let aliases = |count: usize| format!("{{ {} }}", "x: a ".repeat(count));
    let directives = |count: usize| format!("{{ a {} }}", "@skip(if: false) ".repeat(count));
    let repeats = |count: usize| format!("{{ a {} }}", "a ".repeat(count));
    let depth = |count: usize| format!("{}a{}", "{ a ".repeat(count - 1) + "{ ", " }".repeat(count));
    let mutations = |count: usize| format!("mutation {{ {} }}", "refreshPayment ".repeat(count));
    let nested = |count: usize| format!("{{ a(b: {}1{}) }}", "[".repeat(count - 2), "]".repeat(count - 2));

    for (at, above) in [
        (spaces(15_000), spaces(15_001)),
        (fields(998), fields(999)),
        (aliases(15), aliases(16)),
        (directives(50), directives(51)),
        (repeats(50), repeats(51)),
        (depth(12), depth(13)),
        (mutations(5), mutations(6)),
        (nested(64), nested(65)),
        ("mutation { createPayment }".to_owned(), "mutation { createPayment createPayment }".to_owned()),
    ] {
        assert_eq!(code(&at), "OK", "{at:.60}");
        assert_eq!(code(&above), "QUERY_TOO_COMPLEX", "{above:.60}");
    }
}

#[test]
fn g2_levels_of_nesting_hold_at_n_and_refuse_n_and_one() {
    let inline = |count: usize| format!("{{ {} a {} }}", "... on Q { ".repeat(count), "}".repeat(count));
    let spread = |count: usize| {
        let next = |number: usize| format!("fragment F{number} on Q {{ ...F{} }} ", number + 1);
        format!("{{ ...F1 }} {} fragment F{count} on Q {{ a }}", (1..count).map(next).collect::<String>())
    };
    let introspection = |count: usize| {
        format!("{{ __schema {{ types {{ {} name {} }} }} }}", "ofType { ".repeat(count - 2), "}".repeat(count - 2))
    };
    let mixed = |count: usize| format!("{{ a {{ ...F }} }} fragment F on A {}", inline(count - 2));
    let too_many = Some(Fault::TooMany { what: "levels of nesting", limit: 32 });
    for (at, above) in [
        (inline(32), inline(33)),
        (spread(32), spread(33)),
        (introspection(32), introspection(33)),
        (mixed(32), mixed(33)),
    ] {
        assert_eq!(fault(&at), None, "{at:.60}");
        assert_eq!(fault(&above), too_many, "{above:.60}");
    }
    // Of several operations the library walks those too that are not chosen.
    let beside = |count: usize| {
        let document = Arc::new(parse(&format!("query A {{ a }} query B {}", inline(count)), &limits()).unwrap());
        prepare(document, Some("A"), Variables::default(), &limits()).err().map(|error| error.fault)
    };
    assert_eq!((beside(32), beside(33)), (None, too_many));
}

#[test]
fn g2_complexity_holds_at_n_and_refuses_n_and_one() {
    let limits = Limits { max_complexity: 201, ..limits() };
    assert!(prepared("{ p(first: 100) { nodes { id } } }", value!({}), &limits).is_ok());
    assert!(prepared("{ p(first: 100) { nodes { id } } b }", value!({}), &limits).is_err());
}

#[test]
fn g13_pages_multiply_what_stands_below() {
    assert_eq!(complexity("{ a { b } __typename }", value!({})), 3);
    assert_eq!(complexity("{ p { nodes { id } } }", value!({})), 41);
    assert_eq!(complexity("query($n: Int) { p(first: $n) { nodes { id } } }", value!({ "n": 50 })), 101);
    assert_eq!(complexity("query($n: Int = 10) { p(last: $n) { edges { cursor } } }", value!({})), 21);
    assert_eq!(complexity("{ p(first: -1) { nodes { id } } }", value!({})), 3);
    assert_eq!(complexity("{ p(first: 2147483648) { nodes { id } } }", value!({})), 201);
    assert_eq!(complexity("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id } }", value!({})), 4);
    assert_eq!(code("{ p(first: 100) { nodes { q(first: 100) { nodes { id } } } } }"), "QUERY_TOO_COMPLEX");
}

/// Each fragment spreads the next one twice.
fn bomb(levels: usize) -> String {
    let spreads: String =
        (0..levels).map(|level| format!("fragment F{level} on Q {{ ...F{0} ...F{0} }} ", level + 1)).collect();
    format!("{{ ...F0 }} {spreads} fragment F{levels} on Q {{ __typename }}")
}

#[test]
fn g1_a_fragment_bomb_is_weighed_in_the_time_of_one_pass() {
    let wide: String = (0..20)
        .map(|level| format!("fragment F{level} on Q {{ {} }} ", format!("...F{} ", level + 1).repeat(12)))
        .collect();
    let wide = format!("{{ ...F0 }} {wide} fragment F20 on Q {{ __schema {{ types {{ name }} }} }}");
    for document in [bomb(30), bomb(60), wide] {
        let document = Arc::new(parse(&document, &limits()).unwrap());
        let started = Instant::now();
        let error = prepare(document, None, Variables::default(), &limits()).unwrap_err();
        assert_eq!(error.fault.code(), "QUERY_TOO_COMPLEX");
        assert!(started.elapsed() < Duration::from_millis(10), "{:?}", started.elapsed());
    }
}

/// The selections of a set as they are written.
fn written(set: &SelectionSet) -> usize {
    let below = |selection: &Selection| match selection {
        Selection::Field(field) => written(&field.node.selection_set.node),
        Selection::InlineFragment(fragment) => written(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => 0,
    };
    set.items.iter().map(|selection| 1 + below(&selection.node)).sum()
}

/// The selections that are looked at when every operation is weighed twice.
fn visited(document: &ExecutableDocument) -> usize {
    let variables = Variables::default();
    let mut scales = Scales::new(document, &variables);
    scales.weigh_fragments().unwrap();
    for (_, operation) in document.operations.iter().chain(document.operations.iter()) {
        scales.weigh(&operation.node.selection_set.node).unwrap();
    }
    scales.visited
}

#[test]
fn g1_each_selection_of_a_bomb_is_looked_at_twice_at_most() {
    let wide: String = (0..12)
        .map(|level| format!("fragment F{level} on Q {{ {} }} ", format!("...F{} ", level + 1).repeat(20)))
        .collect();
    let wide = format!("{{ ...F0 }} {wide} fragment F12 on Q {{ __typename }}");
    let nested = |levels: usize| bomb(levels).replace("...F", "... on Q { a } ...F");
    for query in [bomb(20), bomb(30), bomb(60), wide, nested(25), format!("query A {} query B {{ a }}", bomb(40))] {
        let document = parse(&query, &limits()).unwrap();
        let visited = visited(&document);
        let operations: usize =
            document.operations.iter().map(|(_, operation)| written(&operation.node.selection_set.node)).sum();
        let fragments: usize =
            document.fragments.values().map(|fragment| written(&fragment.node.selection_set.node)).sum();
        assert_eq!(visited, 2 * operations + fragments, "{query:.60}");
        let name = query.starts_with("query").then_some("A");
        let refused = prepare(Arc::new(document), name, Variables::default(), &limits());
        assert_eq!(refused.unwrap_err().fault.code(), "QUERY_TOO_COMPLEX", "{query:.60}");
    }
}

#[test]
fn g5_what_a_mutation_makes_is_counted_by_field_and_by_item() {
    let creates = |query: &str, variables: Value| prepared(query, variables, &limits()).unwrap().creates;
    assert_eq!(creates("{ createPayment }", value!({})), 0, "a query makes nothing");
    assert_eq!(creates("mutation { refreshPayment cancelPayment }", value!({})), 0);
    assert_eq!(creates("mutation { a: saveBillNumber b: saveBillNumber createPayment }", value!({})), 3);
    let bulk = "mutation($items: [I!]!, $memo: String) { createBulkPayment(input: { items: $items, memo: $memo }) }";
    assert_eq!(creates(bulk, value!({ "items": [1, 2, 3] })), 3, "a variable that is left out hides nothing");
    let whole = "mutation($input: I!) { ...F } fragment F on M { ... on M { createBulkPayment(input: $input) } }";
    assert_eq!(creates(whole, value!({ "input": { "items": [1, 2] } })), 2);
    assert_eq!(creates(whole, value!({ "input": { "items": [] } })), 1);
    assert_eq!(creates("mutation { createControlNumbers(input: { items: [{}, {}] }) }", value!({})), 2);
    let endpoint = "mutation { createWebhookEndpoint(input: { url: \"u\", eventTypes: [A, B, C] }) }";
    assert_eq!(creates(endpoint, value!({})), 1, "types of event are no things");
    assert_eq!(creates("mutation { sendTestWebhook replayWebhooks rotateWebhookSecret }", value!({})), 2);
}

#[test]
fn a_bomb_in_an_operation_that_is_not_chosen_is_refused_too() {
    let query = format!("query Small {{ a }} query Bomb {}", bomb(30));
    let document = Arc::new(parse(&query, &limits()).unwrap());
    let error = prepare(document, Some("Small"), Variables::default(), &limits()).unwrap_err();
    assert_eq!(error.fault.code(), "QUERY_TOO_COMPLEX");
}

#[test]
fn g3_a_hundred_thousand_fields_are_refused_before_they_are_parsed() {
    let query = format!("{{ {} }}", "a ".repeat(100_000));
    assert_eq!(fault(&query), Some(Fault::TooMany { what: "characters", limit: 15_000 }));
    let generous = Limits { max_characters: 1_000_000, ..limits() };
    let error = parse(&query, &generous).unwrap_err();
    assert_eq!(error.fault, Fault::TooMany { what: "tokens", limit: 1_000 });
}

#[test]
fn g11_cycles_and_unknown_fragments_are_refused_wherever_they_stand() {
    assert_eq!(fault("{ ...A } fragment A on Q { ...A }"), Some(Fault::FragmentCycle));
    assert_eq!(fault("{ a } fragment A on Q { ...B } fragment B on Q { b { ...A } }"), Some(Fault::FragmentCycle));
    assert_eq!(fault("{ ...Nowhere }"), Some(Fault::UnknownFragment));
    assert_eq!(fault("{ a @nowhere }"), Some(Fault::UnknownDirective));
}

#[test]
fn a_required_variable_is_demanded_before_execution() {
    let query = "mutation($a: String!, $b: String!) { x: pay(amount: $a) { id } y: pay(amount: $b) { id } }";
    let with = |variables| prepared(query, variables, &limits()).map(|_| ()).map_err(|error| error.fault);
    assert_eq!(with(value!({ "a": "1" })), Err(Fault::VariableMissing));
    assert_eq!(with(value!({ "a": "1", "b": null })), Err(Fault::VariableMissing));
    assert_eq!(with(value!({ "a": "1", "b": "2" })), Ok(()));
}

#[test]
fn defaults_are_filled_in_and_null_is_kept() {
    let query = "query($a: Int! = 3, $b: Int = 4, $c: Int) { f(a: $a, b: $b, c: $c) }";
    let variables = prepared(query, value!({ "b": null }), &limits()).unwrap().variables;
    assert_eq!(variables.into_value(), value!({ "a": 3, "b": null }));
}

#[test]
fn a_mutation_of_several_fields_leaves_no_variable_open() {
    let several = "mutation($n: String) { x: a(n: $n) y: b(n: $n) }";
    assert_eq!(fault(several), Some(Fault::VariableOmitted));
    assert!(prepared(several, value!({ "n": null }), &limits()).is_ok());
    assert_eq!(fault("mutation($n: String) { a(n: $n) }"), None);
}

#[test]
fn pure_introspection_is_exempt_from_depth_and_complexity_only() {
    let tight = Limits { max_depth: 2, max_complexity: 3, ..limits() };
    let of_type = |levels: usize| format!("{}name{}", "ofType { ".repeat(levels), " }".repeat(levels));
    let query = format!("{{ __typename __schema {{ types {{ fields {{ type {{ {} }} }} }} }} }}", of_type(9));
    assert!(prepared(&query, value!({}), &tight).is_ok());
    assert!(prepared(&query.replacen('{', "{ a ", 1), value!({}), &tight).is_err());
    let deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(fault(deep), Some(Fault::IntrospectionTooDeep));
}

#[test]
fn g10_introspection_switched_off_is_refused_through_fragments_too() {
    let off = Limits { introspection: false, ..limits() };
    for query in ["{ __schema { types { name } } }", "{ a ...F } fragment F on Q { __type(name: \"Q\") { name } }"] {
        assert_eq!(prepared(query, value!({}), &off).unwrap_err().fault, Fault::IntrospectionOff);
    }
    assert!(prepared("{ __typename }", value!({}), &off).is_ok());
}

#[test]
fn g6_a_subscription_has_one_field() {
    assert_eq!(fault("subscription { a }"), None);
    assert_eq!(fault("subscription { a b }"), Some(Fault::SubscriptionFields));
    assert_eq!(fault("subscription { a ...F } fragment F on S { b }"), Some(Fault::SubscriptionFields));
}

#[test]
fn the_operation_is_chosen_by_name() {
    let chosen = |query: &str, name: Option<&str>| {
        let document = Arc::new(parse(query, &limits()).unwrap());
        prepare(document, name, Variables::default(), &limits()).map(|it| it.operation_name).map_err(|it| it.fault)
    };
    let both = "query A { a } mutation B { b }";
    assert_eq!(chosen(both, Some("B")), Ok(Some("B".to_owned())));
    assert_eq!(chosen(both, Some("C")), Err(Fault::UnknownOperation));
    assert_eq!(chosen(both, None), Err(Fault::OperationNameMissing));
    assert_eq!(chosen("{ a }", None), Ok(None));
    assert_eq!(chosen("{ a }", Some("A")), Err(Fault::UnknownOperation));
}

#[test]
fn g18_errors_tell_the_place_and_never_the_text() {
    let error = parse("{\n  secret(", &limits()).unwrap_err();
    assert_eq!(error.fault, Fault::Syntax);
    assert_eq!(error.position.map(|position| position.line), Some(2));
    let shown = error.into_server_error("r1");
    assert!(!shown.message.contains("secret") && shown.message.len() < 100);
    for query in ["", "   ", "\u{feff}", "{ a(b: \"\\ud800\") }", "\0", "query {", "fragment F on Q { a }"] {
        assert_eq!(code(query), "GRAPHQL_PARSE_FAILED", "{query:?}");
    }
}
