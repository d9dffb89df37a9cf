//! Pages of a list, by key rather than by count.

use uuid::Uuid;

/// The most that one page may hold.
pub const LONGEST_PAGE: u64 = 100;
/// What a page holds when nobody says.
pub const DEFAULT_PAGE: u64 = 20;

/// Which end of the list a page is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Its beginning: `first`.
    Start,
    /// Its end: `last`.
    End,
}

/// Which part of a list is wanted. The list itself runs from the newest to the oldest, by a key: most often an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest<K = Uuid> {
    /// How many at most.
    pub limit: u64,
    /// Counted from where.
    pub from: From,
    /// Only what stands behind this one.
    pub after: Option<K>,
    /// Only what stands before this one.
    pub before: Option<K>,
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The objects, in the list's order.
    pub items: Vec<T>,
    /// Whether more stand before the first.
    pub has_previous: bool,
    /// Whether more stand behind the last.
    pub has_next: bool,
}

impl PageRequest {
    /// The first `limit`.
    pub const fn first(limit: u64) -> Self {
        Self { limit, from: From::Start, after: None, before: None }
    }
}

impl<K> PageRequest<K> {
    /// Whether it is the very beginning of the list, which is read for many lists at once.
    pub fn is_beginning(&self) -> bool {
        self.from == From::Start && self.after.is_none() && self.before.is_none()
    }

    /// Makes a page of what was found: `limit + 1` objects were asked for, counted from the wanted end.
    pub fn cut<T>(self, mut found: Vec<T>) -> Page<T> {
        let more = found.len() as u64 > self.limit;
        found.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        match self.from {
            From::Start => Page { items: found, has_previous: self.after.is_some(), has_next: more },
            From::End => {
                found.reverse();
                Page { items: found, has_previous: more, has_next: self.before.is_some() }
            }
        }
    }
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            has_previous: self.has_previous,
            has_next: self.has_next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_asked_tells_that_there_is_more() {
        let page = PageRequest::first(2).cut(vec![3, 2, 1]);
        assert_eq!((page.items, page.has_next, page.has_previous), (vec![3, 2], true, false));
        let last = PageRequest { from: From::End, ..PageRequest::first(2) };
        let page = last.cut(vec![1, 2, 3]);
        assert_eq!((page.items, page.has_next, page.has_previous), (vec![2, 1], false, true));
    }
}
