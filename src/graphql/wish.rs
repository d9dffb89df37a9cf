//! What is asked of an object, as a digest: two are asked the same where the digests are equal.
//!
//! The selections are written in an encoding in which every text and every list bears its length, so that no two of
//! them are written alike: names, aliases, the conditions of fragments, and arguments with the values that their
//! variables have. Fragments are written out. Where things stand in the document and what its operation, its fragments
//! and its variables are called is left out, for no answer depends on it; so are variables that are used outside the
//! selections. The library has taken `@skip` and `@include` out before, with what they skip; what bears another
//! directive has no digest. The document was weighed before, so that it has few selections, with fragments written out,
//! and no cycles.

use std::convert::Infallible;

use async_graphql::parser::types::{Directive, Field, Selection, SelectionSet};
use async_graphql::{ContextSelectionSet, Name, Positioned, Value};
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// What stands for the value of a variable that has none, which differs from null. No client can send it.
const ABSENT: &[u8] = b"absent";

/// The digest of what the context's selections ask of an object of this type; None where it has none.
pub fn digest(of: &str, ctx: &ContextSelectionSet<'_>) -> Option<[u8; 32]> {
    let mut wish = Wish { ctx, sha: Sha256::new() };
    wish.text(b'T', of);
    wish.selections(&ctx.item.node)?;
    Some(wish.sha.finalize().into())
}

struct Wish<'a> {
    ctx: &'a ContextSelectionSet<'a>,
    sha: Sha256,
}

impl Wish<'_> {
    fn selections(&mut self, set: &SelectionSet) -> Option<()> {
        self.count(b'{', set.items.len());
        for selection in &set.items {
            refuse(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                    self.fragment(condition, &fragment.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.ctx.query_env.fragments.get(&spread.node.fragment_name.node)?;
                    let condition = &fragment.node.type_condition.node.on.node;
                    self.fragment(Some(condition), &fragment.node.selection_set.node)?;
                }
            }
        }
        Some(())
    }

    fn field(&mut self, field: &Field) -> Option<()> {
        self.text(b'f', &field.response_key().node);
        self.text(b'n', &field.name.node);
        self.count(b'(', field.arguments.len());
        for (name, value) in &field.arguments {
            self.text(b'a', &name.node);
            let given = |name: Name| Ok::<_, Infallible>(self.variable(&name));
            let Ok(value) = value.node.clone().into_const_with(given);
            self.value(&value);
        }
        self.selections(&field.selection_set.node)
    }

    fn fragment(&mut self, condition: Option<&Name>, set: &SelectionSet) -> Option<()> {
        match condition {
            Some(name) => self.text(b'o', name),
            None => self.count(b'i', 0),
        }
        self.selections(set)
    }

    /// As the library finds it: what was given, or else the default.
    fn variable(&self, name: &Name) -> Value {
        let env = self.ctx.query_env;
        let default = || {
            let mut definitions = env.operation.node.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| value.node.clone())
        };
        env.variables.get(name).cloned().or_else(default).unwrap_or(Value::Binary(Bytes::from_static(ABSENT)))
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.count(b'0', 0),
            Value::Number(number) => self.text(b'd', &number.to_string()),
            Value::String(text) => self.text(b's', text),
            Value::Boolean(boolean) => self.count(b'b', usize::from(*boolean)),
            Value::Binary(bytes) => self.bytes(b'x', bytes),
            Value::Enum(name) => self.text(b'e', name),
            Value::List(items) => {
                self.count(b'[', items.len());
                items.iter().for_each(|item| self.value(item));
            }
            Value::Object(members) => {
                self.count(b'<', members.len());
                for (name, member) in members {
                    self.text(b'm', name);
                    self.value(member);
                }
            }
        }
    }

    fn text(&mut self, mark: u8, text: &str) {
        self.bytes(mark, text.as_bytes());
    }

    fn bytes(&mut self, mark: u8, bytes: &[u8]) {
        self.count(mark, bytes.len());
        self.sha.update(bytes);
    }

    fn count(&mut self, mark: u8, count: usize) {
        self.sha.update([mark]);
        self.sha.update((count as u64).to_be_bytes());
    }
}

/// What a directive does is not known here.
fn refuse(directives: &[Positioned<Directive>]) -> Option<()> {
    directives.is_empty().then_some(())
}

#[cfg(test)]
mod tests;
