//! Collections: money that was received against a control number.
//!
//! What a provider tells of one payment may come twice, late and in any order: [`advance`] lets a collection only go on,
//! and what money does to the sums of its number is the difference of what it counted before and after ([`counts`]).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::control_number::{ControlNumber, ControlNumberMode, Customer};
use super::ids::{CollectionId, ControlNumberId};
use super::money::Money;
use super::payment::status::words;
use super::provider::ProviderCode;
use super::requester::{CustomerId, TenantId};

words! {
    /// Where received money stands.
    CollectionStatus {
        /// Announced; nothing has come.
        Pending = "PENDING",
        /// On its way.
        Processing = "PROCESSING",
        /// Received, and not settled to us yet.
        Received = "RECEIVED",
        /// Settled to us.
        Settled = "SETTLED",
        /// Held by the provider.
        OnHold = "ON_HOLD",
        /// It did not come.
        Failed = "FAILED",
        /// Given back to the payer before it was settled.
        Refunded = "REFUNDED",
        /// Given back to the payer after it was settled.
        Reversed = "REVERSED",
    }
}

words! {
    /// What is unusual about received money. It is recorded in any case.
    CollectionFlag {
        /// More than the number takes.
        Over = "OVER",
        /// Less than the number takes.
        Under = "UNDER",
        /// The number was switched off, or closed by an earlier payment.
        InactiveNumber = "INACTIVE_NUMBER",
        /// Another currency than the number's.
        OtherCurrency = "OTHER_CURRENCY",
        /// No number of ours.
        UnknownNumber = "UNKNOWN_NUMBER",
    }
}

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Whose it is; none while the number is unknown.
    pub tenant: Option<TenantId>,
    /// The tenant's customer whose object it is.
    pub owner: Option<CustomerId>,
    /// Through whom it came.
    pub provider: ProviderCode,
    /// The control number, where it is one of ours.
    pub control_number_id: Option<ControlNumberId>,
    /// The number that was paid.
    pub number: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: CollectionStatus,
    /// Who paid.
    pub payer: Option<Customer>,
    /// By which way.
    pub channel: Option<String>,
    /// What the provider calls it.
    pub provider_reference: String,
    /// The provider's words.
    pub message: Option<String>,
    /// What is unusual about it.
    pub flags: Vec<CollectionFlag>,
    /// How many changes it has had.
    pub version: i32,
    /// When we first heard of it.
    pub received_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Whether a collection that stands at `known` comes to stand at `told`. FAILED ends only what had not come; money that
/// is told to have come after all is believed; what was given back stays so.
pub const fn advance(known: CollectionStatus, told: CollectionStatus) -> bool {
    match known {
        CollectionStatus::Refunded | CollectionStatus::Reversed => false,
        CollectionStatus::Settled => matches!(told, CollectionStatus::Reversed),
        CollectionStatus::Received => {
            matches!(told, CollectionStatus::Settled | CollectionStatus::Refunded | CollectionStatus::Reversed)
        }
        CollectionStatus::Failed => has_come(told),
        CollectionStatus::OnHold => has_come(told) || matches!(told, CollectionStatus::Failed),
        CollectionStatus::Processing => {
            has_come(told) || matches!(told, CollectionStatus::OnHold | CollectionStatus::Failed)
        }
        CollectionStatus::Pending => !matches!(told, CollectionStatus::Pending),
    }
}

/// Whether money has come, taken back or not.
pub const fn has_come(status: CollectionStatus) -> bool {
    match status {
        CollectionStatus::Received
        | CollectionStatus::Settled
        | CollectionStatus::Refunded
        | CollectionStatus::Reversed => true,
        CollectionStatus::Pending
        | CollectionStatus::Processing
        | CollectionStatus::OnHold
        | CollectionStatus::Failed => false,
    }
}

/// Whether money has come and was not taken back.
pub const fn is_held(status: CollectionStatus) -> bool {
    matches!(status, CollectionStatus::Received | CollectionStatus::Settled)
}

/// What a collection counts for its number, in minor units of the number's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of what has come and was not taken back.
    pub received: i64,
    /// Of what has come.
    pub counted: i64,
    /// Whether it has come, in whatever currency.
    pub has_come: bool,
}

/// What an amount in a status counts for a number. Another currency is not added up.
pub fn counts(number: &ControlNumber, amount: Money, status: CollectionStatus) -> Counts {
    let minor = if amount.currency() == number.received.currency() { amount.minor() } else { 0 };
    let come = has_come(status);
    Counts { received: if is_held(status) { minor } else { 0 }, counted: if come { minor } else { 0 }, has_come: come }
}

impl ControlNumber {
    /// Counts what a collection now counts instead of what it counted before.
    pub fn recount(&mut self, before: Counts, after: Counts) {
        let moved = |sum: Money, before: i64, after: i64| {
            sum.with_minor(sum.minor().saturating_sub(before).saturating_add(after))
        };
        self.received = moved(self.received, before.received, after.received);
        self.counted = moved(self.counted, before.counted, after.counted);
        self.paid_once = self.paid_once || after.has_come;
    }
}

/// What is unusual about money for a number as it stood before: less or more than an EXACT amount, more than there was
/// room for under the maximum, a number that is closed or was not made, another currency. Money that has come without an
/// amount in a currency that we know counts as of another currency.
pub fn flags(number: Option<&ControlNumber>, amount: Option<Money>, status: CollectionStatus) -> Vec<CollectionFlag> {
    let Some(number) = number else { return vec![CollectionFlag::UnknownNumber] };
    let mut flags = match amount {
        Some(amount) if amount.currency() == number.received.currency() => flags_of_amount(number, amount.minor()),
        None if !has_come(status) => Vec::new(),
        Some(_) | None => vec![CollectionFlag::OtherCurrency],
    };
    if number.is_closed() || number.failure.is_some() {
        flags.push(CollectionFlag::InactiveNumber);
    }
    flags
}

fn flags_of_amount(number: &ControlNumber, minor: i64) -> Vec<CollectionFlag> {
    let exact = number.amount.filter(|_| number.mode == Some(ControlNumberMode::Exact)).map(Money::minor);
    let room = number.max_amount.map(|most| most.minor().saturating_sub(number.counted.minor()));
    let over = exact.is_some_and(|asked| minor > asked) || room.is_some_and(|room| minor > room);
    let under = exact.is_some_and(|asked| minor < asked);
    [(over, CollectionFlag::Over), (under, CollectionFlag::Under)]
        .into_iter()
        .filter_map(|(is, flag)| is.then_some(flag))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::control_number::ControlNumberKind;
    use super::super::control_number::money::tests::{number, shillings};
    use super::*;

    fn told_in_order(words: &[CollectionStatus]) -> CollectionStatus {
        let (first, rest) = words.split_first().expect("something was told");
        rest.iter().fold(*first, |known, &told| if advance(known, told) { told } else { known })
    }

    #[test]
    fn a_collection_only_goes_on() {
        use CollectionStatus::{Failed, OnHold, Pending, Processing, Received, Refunded, Reversed, Settled};
        let order = [Pending, Processing, OnHold, Received, Settled];
        for (place, known) in order.iter().enumerate() {
            for (other, told) in order.iter().enumerate() {
                assert_eq!(advance(*known, *told), other > place, "{known} {told}");
            }
        }
        assert!(advance(OnHold, Failed) && !advance(Received, Failed) && !advance(Settled, Failed));
        assert!(advance(Received, Refunded) && !advance(Settled, Refunded));
        assert!(advance(Received, Reversed) && advance(Settled, Reversed));
        assert!(advance(Failed, Received));
        for told in CollectionStatus::ALL {
            assert!(!advance(Refunded, *told) && !advance(Reversed, *told), "{told}");
        }
    }

    fn told(number: Option<&ControlNumber>, amount: Money) -> Vec<CollectionFlag> {
        flags(number, Some(amount), CollectionStatus::Received)
    }

    #[test]
    fn what_is_unusual_is_told() {
        let exact = |minor| {
            let mut exact = number(ControlNumberKind::Customer, Some(minor));
            exact.mode = Some(ControlNumberMode::Exact);
            exact
        };
        assert_eq!(told(None, shillings(1)), [CollectionFlag::UnknownNumber]);
        assert!(told(Some(&exact(100)), shillings(100)).is_empty());
        assert_eq!(told(Some(&exact(100)), shillings(101)), [CollectionFlag::Over]);
        assert_eq!(told(Some(&exact(100)), shillings(99)), [CollectionFlag::Under]);
        let partial = number(ControlNumberKind::Customer, Some(100));
        assert!(told(Some(&partial), shillings(500)).is_empty());
        let mut capped = number(ControlNumberKind::Customer, None);
        capped.max_amount = Some(shillings(100));
        capped.counted = shillings(60);
        assert!(told(Some(&capped), shillings(40)).is_empty());
        assert_eq!(told(Some(&capped), shillings(41)), [CollectionFlag::Over]);
        let mut order = number(ControlNumberKind::Order, None);
        order.paid_once = true;
        assert_eq!(told(Some(&order), shillings(1)), [CollectionFlag::InactiveNumber]);
        let dollars = Money::from_minor(1, "USD".parse().expect("a currency"));
        assert_eq!(told(Some(&partial), dollars), [CollectionFlag::OtherCurrency]);
        assert!(flags(Some(&exact(100)), None, CollectionStatus::Failed).is_empty());
        assert_eq!(flags(Some(&partial), None, CollectionStatus::Received), [CollectionFlag::OtherCurrency]);
    }

    proptest! {
        #[test]
        fn the_order_of_honest_notices_does_not_matter(
            words in prop::sample::subsequence(
                vec![CollectionStatus::Pending, CollectionStatus::Processing, CollectionStatus::Received, CollectionStatus::Settled],
                1..=4,
            ).prop_shuffle(),
        ) {
            let furthest = words.iter().copied().max_by_key(|word| match word {
                CollectionStatus::Pending => 0,
                CollectionStatus::Processing => 1,
                CollectionStatus::Received => 2,
                _ => 3,
            });
            prop_assert_eq!(Some(told_in_order(&words)), furthest);
        }

        #[test]
        fn sums_follow_the_last_status_however_it_came_about(
            words in prop::collection::vec(prop::sample::select(CollectionStatus::ALL), 1..8), minor in 1_i64..1_000_000,
        ) {
            let mut number = number(ControlNumberKind::Customer, None);
            let amount = shillings(minor);
            let mut before = Counts::default();
            let mut known: Option<CollectionStatus> = None;
            for &told in &words {
                if known.is_none_or(|known| advance(known, told)) {
                    let after = counts(&number, amount, told);
                    number.recount(before, after);
                    before = after;
                    known = Some(told);
                }
            }
            let last = known.expect("something was told");
            prop_assert_eq!(number.received.minor(), if is_held(last) { minor } else { 0 });
            prop_assert_eq!(number.counted.minor(), if has_come(last) { minor } else { 0 });
            prop_assert_eq!(number.paid_once, words.iter().any(|&word| has_come(word)));
        }
    }
}
