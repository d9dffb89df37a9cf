//! Who asks, and what they may do.
//!
//! A [`Requester`] is made from a verified token and from nothing else; every use case takes one and reads the
//! tenant from it, so that no argument or header can name another tenant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The organisation that a token speaks for: 1 to 64 characters of `[A-Za-z0-9._-]`.
///
/// Shared rather than copied: each object that is read names its tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

/// A customer of a tenant, where its token speaks for one: 1 to 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(String);

/// A name in a token that cannot be a tenant or a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {kind} is 1 to {longest} characters of {alphabet}")]
pub struct InvalidName {
    kind: &'static str,
    longest: usize,
    alphabet: &'static str,
}

impl TenantId {
    const LONGEST: usize = 64;

    /// Reads a tenant's name; refuses what is empty, too long, or outside its alphabet.
    pub fn try_new(name: &str) -> Result<Self, InvalidName> {
        let fits = (1..=Self::LONGEST).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        fits.then(|| Self(name.into())).ok_or(InvalidName {
            kind: "tenant",
            longest: Self::LONGEST,
            alphabet: "[A-Za-z0-9._-]",
        })
    }

    /// The name as it stands in tokens and rows.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CustomerId {
    const LONGEST: usize = 128;

    /// Reads a customer's name; refuses what is empty, too long, or not visible ASCII.
    pub fn try_new(name: &str) -> Result<Self, InvalidName> {
        let fits = (1..=Self::LONGEST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(name.to_owned())).ok_or(InvalidName {
            kind: "customer",
            longest: Self::LONGEST,
            alphabet: "visible ASCII",
        })
    }

    /// The name as it stands in tokens and rows.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One permission, as it stands in a token's `scope`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `billers:read`: providers, billers.
    BillersRead,
    /// `bills:read`: look-ups, bills, bill numbers, funding accounts.
    BillsRead,
    /// `bills:write`: save, refresh and remove bill numbers.
    BillsWrite,
    /// `payments:read`: payments, bulk payments and their events.
    PaymentsRead,
    /// `payments:write`: create, cancel, void and refresh payments.
    PaymentsWrite,
    /// `control_numbers:read`: control numbers and collections.
    ControlNumbersRead,
    /// `control_numbers:write`: create and update control numbers.
    ControlNumbersWrite,
    /// `webhooks:write`: webhook endpoints.
    WebhooksWrite,
    /// `admin`: what only an administrator of the tenant may see and do.
    Admin,
    /// `operator`: what belongs to no tenant.
    Operator,
}

impl Scope {
    /// Every scope, in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::BillersRead,
        Self::BillsRead,
        Self::BillsWrite,
        Self::PaymentsRead,
        Self::PaymentsWrite,
        Self::ControlNumbersRead,
        Self::ControlNumbersWrite,
        Self::WebhooksWrite,
        Self::Admin,
        Self::Operator,
    ];

    /// The word in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BillersRead => "billers:read",
            Self::BillsRead => "bills:read",
            Self::BillsWrite => "bills:write",
            Self::PaymentsRead => "payments:read",
            Self::PaymentsWrite => "payments:write",
            Self::ControlNumbersRead => "control_numbers:read",
            Self::ControlNumbersWrite => "control_numbers:write",
            Self::WebhooksWrite => "webhooks:write",
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no scope of billpay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scope of billpay")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(UnknownScope)
    }
}

/// The scopes that a token holds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// Reads the space-separated words of a token's `scope`. Words of other services are passed over.
    pub fn parse(words: &str) -> Self {
        words.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
    }

    /// Whether `scope` is among them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// These without `scope`.
    #[must_use]
    pub const fn without(self, scope: Scope) -> Self {
        Self(self.0 & !scope.bit())
    }

    /// Each scope that is held, in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Scope::as_str)).finish()
    }
}

/// The one on whose behalf something is done: a verified token in the domain's words.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The token's `sub`; it becomes the actor of the events that its acts cause.
    pub subject: String,
    /// The organisation whose objects are seen.
    pub tenant: TenantId,
    /// Where set, only this customer's objects are seen.
    pub customer: Option<CustomerId>,
    /// What may be done.
    pub scopes: Scopes,
    /// When the token ends; a subscription ends with it.
    pub expires_at: jiff::Timestamp,
}

impl Requester {
    /// Whether the token holds `scope`.
    pub const fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written_in_the_words_of_the_contract() {
        let scopes = Scopes::parse("payments:read  admin unknown:scope");
        assert!(scopes.contains(Scope::PaymentsRead) && scopes.contains(Scope::Admin));
        assert!(!scopes.contains(Scope::PaymentsWrite));
        assert_eq!(scopes.iter().map(Scope::as_str).collect::<Vec<_>>(), ["payments:read", "admin"]);
        assert!(!scopes.without(Scope::Admin).contains(Scope::Admin));
    }

    #[test]
    fn names_outside_their_alphabet_are_refused() {
        for bad in ["", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert!(TenantId::try_new(bad).is_err(), "{bad:?}");
        }
        assert!(TenantId::try_new("acme-1.test").is_ok());
        assert!(CustomerId::try_new("user|42").is_ok());
        assert!(CustomerId::try_new("line\nbreak").is_err());
    }
}
