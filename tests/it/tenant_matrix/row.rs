//! A row of the matrix: a place of the schema, a document that asks there, and what a stranger must be told.

use super::things::Thing;

/// One place, and how it is tried.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// As [`super::places`] writes it.
    pub place: &'static str,
    pub rule: Rule,
    /// It asks with the variable `$id`, or without variables where nothing is named.
    pub document: &'static str,
}

/// What a stranger must be told.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Who names the owner's thing is answered as for one of the same kind that does not exist.
    Hidden(Thing),
    /// The answer names nothing; a stranger's holds only its own.
    Own,
    /// That the name is taken, and nothing of what has it.
    Taken(Thing, Taken),
    /// A subscription that is refused, for the owner's thing as for none.
    Refused(Thing),
    /// A subscription to what names the owner's thing: nothing is heard, and it is not refused.
    Silent(Thing),
    /// A subscription to all of a kind of event, by its type: exactly the stranger's own events are heard.
    Followed(&'static str),
}

/// A name that is good once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// An idempotency key: once in a tenant, whichever of its customers uses it. Another tenant may use it too.
    InItsTenant,
    /// A control number's reference: once with the provider, which has one account for all tenants.
    Everywhere,
}

impl Taken {
    /// The code that is told.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InItsTenant => "IDEMPOTENCY_KEY_REUSED",
            Self::Everywhere => "REFERENCE_IN_USE",
        }
    }
}

/// The row of a place where the owner's thing can be named.
pub const fn hidden(place: &'static str, thing: Thing, document: &'static str) -> Row {
    Row { place, rule: Rule::Hidden(thing), document }
}

/// The row of a place that shows whatever is the requester's.
pub const fn own(place: &'static str, document: &'static str) -> Row {
    Row { place, rule: Rule::Own, document }
}

/// The row of a place where a name is given that is good once.
pub const fn taken(place: &'static str, thing: Thing, taken: Taken, document: &'static str) -> Row {
    Row { place, rule: Rule::Taken(thing, taken), document }
}

/// The row of a subscription to one thing.
pub const fn refused(place: &'static str, thing: Thing, document: &'static str) -> Row {
    Row { place, rule: Rule::Refused(thing), document }
}

/// The row of a subscription that a filter narrows to what names a thing.
pub const fn silent(place: &'static str, thing: Thing, document: &'static str) -> Row {
    Row { place, rule: Rule::Silent(thing), document }
}

/// The row of a subscription to all events of a type; "" stands for all types.
pub const fn followed(place: &'static str, events: &'static str, document: &'static str) -> Row {
    Row { place, rule: Rule::Followed(events), document }
}
