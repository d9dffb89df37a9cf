//! What is known to be valid, so that it is not validated again.
//!
//! Whether a document is valid depends on the document, and on its variables as far as their values are compared with
//! types. A value passes or fails by its kind, wherever it stands: [`super::places`] has demanded the same type of the
//! variable and of the place. The kind of a built-in type's value ([`PLAIN`]) is its form; of our own scalars and of
//! enums those values alone have one that their type takes; that of an input object are the kinds of its members, by
//! which nothing is missing and nothing unknown. So the kinds of all variables ([`Kinds`]), with the document, decide.
//! Lists have no kinds here, and neither have documents of several operations, whose fragments share variables: such
//! documents are validated at each execution, and so are mutations of several fields ([`super::guard`]).

use std::sync::{Mutex, PoisonError};

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationType};
use async_graphql::{ScalarType, Value, Variables};

use super::places::Places;
use super::scalar::{CountryCode, CurrencyCode, Date, DateTime, Decimal, PhoneNumber, Sequence, Url};

/// Whether a value is one of a type.
type IsValid = fn(&Value) -> bool;

/// The built-in types by the form of whose values validation decides.
const PLAIN: [&str; 4] = ["Boolean", "ID", "Int", "String"];
/// Our own scalars, each with the test by which validation decides.
const OURS: [(&str, IsValid); 8] = [
    ("CountryCode", <CountryCode as ScalarType>::is_valid),
    ("CurrencyCode", <CurrencyCode as ScalarType>::is_valid),
    ("Date", <Date as ScalarType>::is_valid),
    ("DateTime", <DateTime as ScalarType>::is_valid),
    ("Decimal", <Decimal as ScalarType>::is_valid),
    ("PhoneNumber", <PhoneNumber as ScalarType>::is_valid),
    ("Sequence", <Sequence as ScalarType>::is_valid),
    ("URL", <Url as ScalarType>::is_valid),
];
/// More values than this, those of members included, have no kinds. The input of a payment has half of them.
const MOST_VALUES: usize = 63;
/// Kinds that are remembered of one document.
const MOST_KINDS: usize = 16;

/// The kinds of an operation's variables, in the order of their definitions, each followed by those of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    kinds: [Kind; MOST_VALUES],
    values: u8,
}

/// The kind of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Absent,
    Null,
    Boolean,
    Integer,
    Text,
    /// One that its type takes: a scalar of ours, or a value of an enum.
    Fit,
    /// An object; the kinds of its members follow.
    Object,
}

impl Kinds {
    /// The kinds of the variables with which a document is to be executed; None where they do not decide.
    pub fn of(document: &ExecutableDocument, variables: &Variables) -> Option<Self> {
        let mut operations = document.operations.iter();
        let (Some((_, operation)), None) = (operations.next(), operations.next()) else { return None };
        match operation.node.ty {
            OperationType::Query | OperationType::Mutation => {}
            OperationType::Subscription => return None,
        }
        let places = Places::ours()?;
        let mut kinds = Self { kinds: [Kind::Absent; MOST_VALUES], values: 0 };
        for definition in &operation.node.variable_definitions {
            let variable = &definition.node;
            kinds.add(variables.get(&variable.name.node), &variable.var_type.node.base, places)?;
        }
        Some(kinds)
    }

    fn add(&mut self, value: Option<&Value>, of: &BaseType, places: &Places) -> Option<()> {
        match (value, of) {
            (None, _) => self.push(Kind::Absent),
            (Some(Value::Null), _) => self.push(Kind::Null),
            (Some(value), BaseType::Named(name)) => self.add_named(value, name.as_str(), places),
            (Some(_), BaseType::List(_)) => None,
        }
    }

    fn add_named(&mut self, value: &Value, of: &str, places: &Places) -> Option<()> {
        if PLAIN.contains(&of) {
            return self.push(plain(value)?);
        }
        if let Some((_, is_valid)) = OURS.iter().find(|(name, _)| *name == of) {
            return if is_valid(value) { self.push(Kind::Fit) } else { None };
        }
        match (value, places.values(of), places.members(of)) {
            (Value::Enum(name), Some(values), _) if values.contains(name.as_str()) => self.push(Kind::Fit),
            (Value::String(text), Some(values), _) if values.contains(text) => self.push(Kind::Fit),
            (Value::Object(given), _, Some(members)) => {
                self.push(Kind::Object)?;
                let mut known = 0;
                // The definition's members, not those that are given: so nothing need be said of their names.
                for (name, place) in members {
                    let member = given.get(name.as_str());
                    known += usize::from(member.is_some());
                    self.add(member, &place.ty.base, places)?;
                }
                (known == given.len()).then_some(())
            }
            _ => None,
        }
    }

    fn push(&mut self, kind: Kind) -> Option<()> {
        *self.kinds.get_mut(usize::from(self.values))? = kind;
        self.values += 1;
        Some(())
    }
}

/// The kind of a value of a built-in type.
fn plain(value: &Value) -> Option<Kind> {
    match value {
        Value::Null => Some(Kind::Null),
        Value::Boolean(_) => Some(Kind::Boolean),
        Value::Number(number) if number.is_i64() => Some(Kind::Integer),
        Value::String(_) => Some(Kind::Text),
        Value::Number(_) | Value::Binary(_) | Value::Enum(_) | Value::List(_) | Value::Object(_) => None,
    }
}

/// With which kinds of variables one document was found valid.
#[derive(Debug, Default)]
pub struct Validity(Mutex<Vec<Kinds>>);

impl Validity {
    /// Whether the document was found valid with such variables.
    pub fn is_known(&self, kinds: Kinds) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&kinds)
    }

    /// Remembers that it was.
    pub fn note(&self, kinds: Kinds) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_KINDS && !known.contains(&kinds) {
            known.push(kinds);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::{Name, value};

    use super::*;

    fn kinds(document: &str, variables: Value) -> Option<Kinds> {
        let variables = Variables::from_value(variables);
        Kinds::of(&parse_query(document).expect("a document"), &variables)
    }

    #[test]
    fn values_of_one_kind_are_alike_and_others_are_not() {
        let document = "query ($first: Int, $after: String) { a(first: $first, after: $after) }";
        let one = kinds(document, value!({ "first": 1, "after": "x" }));
        assert!(one.is_some());
        assert_eq!(one, kinds(document, value!({ "first": 20, "after": "another", "more": 1 })));
        for other in [
            value!({}),
            value!({ "first": 1 }),
            value!({ "first": 1, "after": null }),
            value!({ "first": "1", "after": "x" }),
            value!({ "first": 1, "after": 1 }),
            value!({ "first": true, "after": "x" }),
        ] {
            assert_ne!(one, kinds(document, other.clone()), "{other}");
        }
    }

    #[test]
    fn where_kinds_do_not_decide_there_are_none() {
        for (document, variables) in [
            ("query ($status: PaymentStatus) { a(status: $status) }", value!({ "status": "UNHEARD_OF" })),
            ("query ($status: PaymentStatus) { a(status: $status) }", value!({ "status": 1 })),
            ("query ($amount: Decimal) { a(amount: $amount) }", value!({ "amount": "1e5" })),
            ("query ($share: Float) { a(share: $share) }", value!({ "share": 1 })),
            ("query ($any: Unheard) { a(any: $any) }", value!({ "any": "x" })),
            ("query ($ids: [ID!]!) { nodes(ids: $ids) }", value!({ "ids": ["1"] })),
            ("query ($first: Int) { a(first: $first) }", value!({ "first": [1] })),
            ("query ($first: Int) { a(first: $first) }", value!({ "first": { "x": 1 } })),
            ("query ($filter: PaymentFilter) { a(filter: $filter) }", value!({ "filter": { "statuses": ["READY"] } })),
            ("query ($filter: PaymentFilter) { a(filter: $filter) }", value!({ "filter": { "unheardOf": 1 } })),
            ("query A { a } query B { b }", value!({})),
            ("subscription { a }", value!({})),
        ] {
            assert_eq!(kinds(document, variables.clone()), None, "{document} {variables}");
        }
        assert!(kinds("{ a }", value!({})).is_some() && kinds("mutation { a }", value!({})).is_some());
        let many: String = (0..=MOST_VALUES).map(|number| format!("$v{number}: Int ")).collect();
        assert_eq!(kinds(&format!("query ({many}) {{ a }}"), value!({})), None, "more than are remembered");
    }

    const CREATE: &str = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { replayed } }";

    fn input() -> Value {
        value!({
            "idempotencyKey": "k1",
            "target": { "account": { "billerId": "b1", "accountReference": "7000001" } },
            "amount": { "amount": "15", "currency": "KES" },
            "payer": { "name": "Irina Muthoni", "phoneNumber": "+254710000000" },
            "wait": "RECORDED",
        })
    }

    /// The kinds of a payment's input of which one member, at a place, is another or is left out.
    fn changed(path: &[&str], member: Option<Value>) -> Option<Kinds> {
        let mut input = input();
        let (last, above) = path.split_last().expect("a path");
        let mut object = &mut input;
        for name in above {
            let Value::Object(members) = object else { panic!("no object above {name}") };
            object = members.get_mut(*name).expect("a member");
        }
        let Value::Object(members) = object else { panic!("no object above {last}") };
        match member {
            Some(value) => drop(members.insert(Name::new(last), value)),
            None => drop(members.shift_remove(*last)),
        }
        kinds(CREATE, value!({ "input": input }))
    }

    #[test]
    fn inputs_of_one_shape_are_alike() {
        let one = kinds(CREATE, value!({ "input": input() }));
        assert!(one.is_some());
        for (path, member) in [
            (vec!["idempotencyKey"], value!("k2")),
            (vec!["target", "account", "accountReference"], value!("7000002")),
            (vec!["amount", "amount"], value!("1600.50")),
            (vec!["amount", "currency"], value!("TZS")),
            (vec!["wait"], value!("SUBMITTED")),
        ] {
            assert_eq!(changed(&path, Some(member)), one, "{path:?}");
        }
    }

    #[test]
    fn an_input_of_another_shape_is_another_or_has_no_kinds() {
        let one = kinds(CREATE, value!({ "input": input() }));
        for (path, member) in [
            (vec!["idempotencyKey"], None),
            (vec!["idempotencyKey"], Some(value!(1))),
            (vec!["idempotencyKey"], Some(Value::Null)),
            (vec!["target", "account", "billerId"], None),
            (vec!["target", "account", "unheardOf"], Some(value!("x"))),
            (vec!["target", "billId"], Some(value!("x"))),
            (vec!["target"], Some(value!({}))),
            (vec!["target"], Some(value!("x"))),
            (vec!["amount", "amount"], Some(value!(15))),
            (vec!["amount", "amount"], Some(value!("fifteen"))),
            (vec!["amount", "currency"], Some(value!("shillings"))),
            (vec!["payer", "phoneNumber"], Some(value!("0710"))),
            (vec!["payer"], Some(Value::Null)),
            (vec!["payer"], None),
            (vec!["processDate"], Some(value!("2026-02-30"))),
            (vec!["processDate"], Some(value!("2026-02-28"))),
            (vec!["callbackUrl"], Some(value!("nowhere"))),
            (vec!["wait"], Some(value!("FOR_EVER"))),
            (vec!["unheardOf"], Some(value!("x"))),
        ] {
            assert_ne!(changed(&path, member.clone()), one, "{path:?} {member:?}");
        }
    }

    #[test]
    fn what_was_noted_is_known_and_nothing_else() {
        let validity = Validity::default();
        let of = |values| Kinds { kinds: [Kind::Text; MOST_VALUES], values };
        assert!(!validity.is_known(of(3)));
        validity.note(of(3));
        assert!(validity.is_known(of(3)) && !validity.is_known(of(4)));
        (0..60).for_each(|values| validity.note(of(values)));
        assert_eq!(validity.0.lock().unwrap().len(), MOST_KINDS);
    }
}
