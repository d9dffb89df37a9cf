//! Ids that say what they are.
//!
//! An [`Id`] is a UUID (version 7: sortable by time of making) with a kind that the compiler knows. Outside it is a
//! TypeID: `pay_01j…`. Inside it is stored as the bare UUID, since the column already tells the kind. No id is made
//! here out of nothing: time and randomness come from the caller.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// A kind of object that has ids.
pub trait Kind: 'static {
    /// What stands before the underscore.
    const PREFIX: &'static str;
}

/// The id of one object of kind `K`.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// A text that is no id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct InvalidId;

impl<K> Id<K> {
    /// The id with this UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// A new id, sortable by `unix_millis`.
    pub fn from_parts(unix_millis: u64, random: &[u8; 10]) -> Self {
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(unix_millis, random).into_uuid())
    }

    /// The UUID, as it is stored.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K: Kind> Id<K> {
    /// Writes it as it shows itself.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(K::PREFIX.as_bytes());
        out.push(b'_');
        out.extend_from_slice(&base32(self.0));
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let any = AnyId::from_str(text)?;
        if any.prefix() == K::PREFIX { Ok(Self::from_uuid(any.uuid())) } else { Err(InvalidId) }
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        f.write_str(std::str::from_utf8(&base32(self.0)).map_err(|_| fmt::Error)?)
    }
}

/// A UUID as TypeID writes it: 26 characters of five bits, the first of three. Written here, since every object of a
/// page writes some, and the library checks the prefix and makes two texts for each.
fn base32(uuid: Uuid) -> [u8; 26] {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut rest = uuid.as_u128();
    let mut text = [0; 26];
    for character in text.iter_mut().rev() {
        *character = ALPHABET[(rest & 0x1f) as usize];
        rest >>= 5;
    }
    text
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// An id whose kind is known only at run time, as `node(id:)` gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyId(TypeSafeId<DynamicType>);

impl AnyId {
    /// What stands before the underscore.
    pub fn prefix(&self) -> &str {
        self.0.type_prefix()
    }

    /// The UUID behind it.
    pub fn uuid(&self) -> Uuid {
        self.0.uuid()
    }
}

impl FromStr for AnyId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|_| InvalidId)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $alias:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $kind {}

        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }

        $(#[$doc])*
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    /// Of a payment: `pay_…`.
    PaymentKind PaymentId "pay";
    /// Of a biller: `blr_…`.
    BillerKind BillerId "blr";
    /// Of a bill number: `bln_…`.
    BillNumberKind BillNumberId "bln";
    /// Of a bill: `bil_…`.
    BillKind BillId "bil";
    /// Of a bulk payment: `blk_…`.
    BulkPaymentKind BulkPaymentId "blk";
    /// Of a provider: `prv_…`.
    ProviderKind ProviderId "prv";
    /// Of a funding account: `fac_…`.
    FundingAccountKind FundingAccountId "fac";
    /// Of a submission, which never leaves the house: `sub_…`.
    SubmissionKind SubmissionId "sub";
    /// Of a piece of evidence: `evd_…`.
    EvidenceKind EvidenceId "evd";
    /// Of a callback that a provider sent: `cbk_…`.
    CallbackKind CallbackId "cbk";
    /// Of a control number: `ctn_…`.
    ControlNumberIdKind ControlNumberId "ctn";
    /// Of a collection: `col_…`.
    CollectionIdKind CollectionId "col";
    /// Of an API client: `apc_…`.
    ApiClientKind ApiClientId "apc";
    /// Of a webhook endpoint: `whe_…`.
    WebhookEndpointKind WebhookEndpointId "whe";
    /// Of a webhook on its way: `whd_…`.
    WebhookDeliveryKind WebhookDeliveryId "whd";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_written_and_only_as_its_own_kind() {
        let id = PaymentId::from_parts(1_795_305_600_000, &[7; 10]);
        let text = id.to_string();
        assert!(text.starts_with("pay_01"), "{text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.parse::<BillerId>(), Err(InvalidId));
        for bad in ["", "pay_", "pay", "pay_zzz", "PAY_01h2xcejqtf2nbrexx3vqjhp41"] {
            assert_eq!(bad.parse::<PaymentId>(), Err(InvalidId), "{bad}");
        }
    }

    #[test]
    fn ids_are_written_as_the_library_writes_them() {
        let prefix = || DynamicType::new("pay").expect("a prefix");
        for bits in (0..128).map(|bit| 1_u128 << bit).chain([0, u128::MAX, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210]) {
            let uuid = Uuid::from_u128(bits);
            let expected = TypeSafeId::from_type_and_uuid(prefix(), uuid).to_string();
            assert_eq!(PaymentId::from_uuid(uuid).to_string(), expected);
        }
    }

    #[test]
    fn ids_made_later_sort_later() {
        let earlier = PaymentId::from_parts(1, &[255; 10]);
        let later = PaymentId::from_parts(2, &[0; 10]);
        assert!(earlier < later && earlier.to_string() < later.to_string());
    }
}
