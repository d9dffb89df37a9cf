//! API clients: programs that ask for their access tokens themselves, with an id and a secret.
//!
//! Whoever makes one lends it a part of what it may do itself: the same tenant, the same customer where its token
//! speaks for one, and scopes that it holds. So an API client can do nothing that its maker could not do when it made
//! it. `operator` is never lent, since it reaches beyond the tenant.
//!
//! The secret is 32 random bytes and is kept as its SHA-256 alone. A slow hash with a salt, as passwords need, would
//! add nothing: it makes guessing dear where people choose among few likely texts, and nobody guesses one of 2^256, nor
//! are two secrets ever equal. A fast one keeps asking for a token cheap, also for those who ask with a wrong secret.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::digest::CtOutput;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::ids::ApiClientId;
use super::refusal::{ErrorCode, Refusal};
use super::requester::{CustomerId, Scope, Scopes, TenantId};

/// The longest name, in characters; billpay's choice.
const LONGEST_NAME: usize = 100;
/// What stands before the random part, so that a secret that leaked is found by a search.
const SECRET_PREFIX: &str = "apcs_";

/// A program with an id and a secret of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiClient {
    /// Its id, the `client_id` with which it asks, and the `sub` of its tokens.
    pub id: ApiClientId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The tenant's customer for whom alone it speaks, as its maker did.
    pub customer: Option<CustomerId>,
    /// What a person knows it by.
    pub name: String,
    /// What its tokens may do at most.
    pub scopes: Scopes,
    /// The subject that made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret was last accepted.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked. It gets no token from then on; those that it has stay good until they end.
    pub revoked_at: Option<Timestamp>,
}

/// An API client's secret, known in the moment in which it is made.
#[derive(Clone)]
pub struct ClientSecret(String);

/// What is kept of a secret: its SHA-256.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl ClientSecret {
    /// The secret that these random bytes make: visible ASCII that a form and a header carry as it stands.
    pub fn from_random(random: &[u8; 32]) -> Self {
        Self(format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// The text itself, to hand it to the one who asked for it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(&self.0).into())
    }
}

impl SecretHash {
    /// The hash of no secret that anybody knows, to compare with where there is no client.
    pub const OF_NOTHING: Self = Self([0; 32]);

    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, as they are stored.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether it is this secret's; compares in constant time.
    pub fn is_of(&self, secret: &str) -> bool {
        CtOutput::<Sha256>::new(Sha256::digest(secret)) == CtOutput::<Sha256>::new(self.0.into())
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Reads the name and the scopes that are wanted for a client of a maker with `held`, or says all that is wrong.
pub fn check(name: &str, scopes: &[String], held: Scopes) -> Result<(String, Scopes), Vec<Refusal>> {
    let mut faults = Vec::new();
    let name = name.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control);
    if !fits {
        let message = format!("a name has 1 to {LONGEST_NAME} printable characters");
        faults.push(Refusal::input(&["input", "name"], message));
    }
    let path = &["input", "scopes"];
    if scopes.is_empty() || scopes.len() > Scope::ALL.len() {
        let message = format!("an API client has 1 to {} scopes", Scope::ALL.len());
        faults.push(Refusal::input(path, message));
        return Err(faults);
    }
    let mut lent = Vec::with_capacity(scopes.len());
    for (place, word) in scopes.iter().enumerate() {
        match lend(word, held) {
            Ok(scope) => lent.push(scope),
            Err(refusal) => faults.push(refusal.at(&[path[0], path[1], &place.to_string()])),
        }
    }
    if faults.is_empty() { Ok((name.to_owned(), lent.into_iter().collect())) } else { Err(faults) }
}

/// The scope that is meant, where the maker holds it and may lend it.
fn lend(word: &str, held: Scopes) -> Result<Scope, Refusal> {
    let unknown = |_| Refusal::new(ErrorCode::BadUserInput, "this is not a scope of billpay");
    let scope = word.parse::<Scope>().map_err(unknown)?;
    if scope == Scope::Operator {
        return Err(Refusal::new(ErrorCode::Forbidden, "`operator` is given to no API client"));
    }
    if held.contains(scope) {
        return Ok(scope);
    }
    Err(Refusal::new(ErrorCode::Forbidden, format!("you cannot give {scope}: your own token lacks it")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|&scope| scope.to_owned()).collect()
    }

    /// The codes and the places of the refusals.
    fn refused(name: &str, scopes: &[&str], held: &str) -> Vec<(ErrorCode, String)> {
        let refusals = check(name, &words(scopes), Scopes::parse(held)).expect_err("refusals");
        refusals.into_iter().map(|refusal| (refusal.code, refusal.path.join("."))).collect()
    }

    #[test]
    fn a_client_holds_what_its_maker_lends_it() {
        let held = Scopes::parse("admin payments:read payments:write");
        let (name, scopes) = check(" Till 7 ", &words(&["payments:read", "payments:read"]), held).expect("a client");
        assert_eq!((name.as_str(), scopes), ("Till 7", Scopes::parse("payments:read")));
    }

    #[test]
    fn no_client_holds_more_than_its_maker_and_none_is_an_operator() {
        let held = "admin operator payments:read";
        let forbidden = |place: &str| vec![(ErrorCode::Forbidden, format!("input.scopes.{place}"))];
        assert_eq!(refused("x", &["payments:read", "payments:write"], held), forbidden("1"));
        assert_eq!(refused("x", &["operator"], held), forbidden("0"));
        let unknown = vec![(ErrorCode::BadUserInput, "input.scopes.0".to_owned())];
        assert_eq!(refused("x", &["payments:everything"], held), unknown);
        assert_eq!(refused("x", &["admin payments:read"], held), unknown, "one word, one scope");
    }

    #[test]
    fn names_and_lists_have_their_limits() {
        let name = vec![(ErrorCode::BadUserInput, "input.name".to_owned())];
        for bad in ["", "   ", "a\nb", "a\0b", &"x".repeat(101)] {
            assert_eq!(refused(bad, &["admin"], "admin"), name, "{bad:?}");
        }
        assert!(check(&"ä".repeat(100), &words(&["admin"]), Scopes::parse("admin")).is_ok());
        let scopes = vec![(ErrorCode::BadUserInput, "input.scopes".to_owned())];
        assert_eq!(refused("x", &[], "admin"), scopes);
        assert_eq!(refused("x", &["admin"; 11], "admin"), scopes);
    }

    #[test]
    fn a_hash_knows_its_own_secret_alone() {
        let (one, other) = (ClientSecret::from_random(&[1; 32]), ClientSecret::from_random(&[2; 32]));
        assert!(one.hash().is_of(one.expose()));
        assert!(!one.hash().is_of(other.expose()) && !one.hash().is_of(""));
        let kept = SecretHash::from_bytes(*one.hash().bytes());
        assert!(kept.is_of(one.expose()) && !SecretHash::OF_NOTHING.is_of(one.expose()));
    }

    #[test]
    fn a_secret_is_text_that_needs_no_encoding_and_is_never_printed() {
        let secret = ClientSecret::from_random(&[255; 32]);
        assert_eq!(secret.expose().len(), SECRET_PREFIX.len() + 43, "256 bits");
        assert!(secret.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "[redacted] [redacted]");
    }
}
