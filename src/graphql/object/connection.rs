//! Connections: pages in the form that Relay knows.

use async_graphql::connection::{Connection, CursorType, Edge};
use async_graphql::{InputObject, OutputType};
use uuid::Uuid;

use super::event::SequenceCursor;
use crate::domain::ids::AnyId;
use crate::domain::page::{DEFAULT_PAGE, From, LONGEST_PAGE, Page, PageRequest};
use crate::graphql::error::bad_input;

/// A cursor: the id of the object that it points at.
#[derive(Clone, Debug)]
pub struct IdCursor(pub String);

impl CursorType for IdCursor {
    type Error = std::convert::Infallible;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        Ok(Self(text.to_owned()))
    }

    fn encode_cursor(&self) -> String {
        self.0.clone()
    }
}

/// The page arguments as a caller wrote them.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PageArguments {
    /// The first so many.
    pub first: Option<i32>,
    /// Behind this cursor.
    pub after: Option<String>,
    /// The last so many.
    pub last: Option<i32>,
    /// Before this cursor.
    pub before: Option<String>,
}

/// How many of a list are wanted: 20 where nobody says, 100 at most.
pub fn limit(asked: Option<i32>) -> async_graphql::Result<u64> {
    let Some(asked) = asked else { return Ok(DEFAULT_PAGE) };
    match u64::try_from(asked) {
        Ok(asked) if asked <= LONGEST_PAGE => Ok(asked),
        Ok(_) | Err(_) => Err(bad_input(format!("`first` and `last` are 0 to {LONGEST_PAGE}"))),
    }
}

/// From which end of a list how many are wanted.
pub fn end_and_limit(first: Option<i32>, last: Option<i32>) -> async_graphql::Result<(From, u64)> {
    match (first, last) {
        (Some(_), Some(_)) => Err(bad_input("`first` and `last` cannot be used together")),
        (None, Some(_)) => Ok((From::End, limit(last)?)),
        (_, None) => Ok((From::Start, limit(first)?)),
    }
}

impl PageArguments {
    /// The page that is meant; refuses what cannot be one.
    pub fn request(&self, prefix: &str) -> async_graphql::Result<PageRequest> {
        self.request_by(|cursor| id(cursor, prefix))
    }

    /// The same of a list whose cursors are sequences.
    pub fn request_by_sequence(&self) -> async_graphql::Result<PageRequest<i64>> {
        self.request_by(|cursor| SequenceCursor::decode_cursor(cursor).ok().map(|cursor| cursor.0))
    }

    fn request_by<K>(&self, key: impl Fn(&str) -> Option<K>) -> async_graphql::Result<PageRequest<K>> {
        let (from, limit) = end_and_limit(self.first, self.last)?;
        let read = |cursor: Option<&str>| {
            let known =
                cursor.map(|cursor| key(cursor).ok_or_else(|| bad_input("this cursor is not one of this list")));
            known.transpose()
        };
        Ok(PageRequest { limit, from, after: read(self.after.as_deref())?, before: read(self.before.as_deref())? })
    }
}

fn id(cursor: &str, prefix: &str) -> Option<Uuid> {
    let id: Option<AnyId> = cursor.parse().ok().filter(|id: &AnyId| id.prefix() == prefix);
    id.map(|id| id.uuid())
}

/// A page as a connection.
pub fn connection<T, O: OutputType>(
    page: Page<T>,
    cursor: impl Fn(&T) -> String,
    object: impl Fn(T) -> O,
) -> Connection<IdCursor, O> {
    connection_by(page, |item| IdCursor(cursor(item)), object)
}

/// The same with cursors of another kind.
pub fn connection_by<C: CursorType + Send + Sync, T, O: OutputType>(
    page: Page<T>,
    cursor: impl Fn(&T) -> C,
    object: impl Fn(T) -> O,
) -> Connection<C, O> {
    let mut connection = Connection::new(page.has_previous, page.has_next);
    connection.edges.extend(page.items.into_iter().map(|item| Edge::new(cursor(&item), object(item))));
    connection
}
