//! The eight words for where a payment stands, and what each says of the money.

use crate::domain::collection::CollectionStatus;

/// A payment's `status`. The query's schema lists five of them, the text all eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PaymentStatus {
    Success,
    Settled,
    Processing,
    Pending,
    Failed,
    OnHold,
    Refunded,
    Reversed,
}

impl PaymentStatus {
    fn read(word: &str) -> Option<Self> {
        match word {
            "SUCCESS" => Some(Self::Success),
            "SETTLED" => Some(Self::Settled),
            "PROCESSING" => Some(Self::Processing),
            "PENDING" => Some(Self::Pending),
            "FAILED" => Some(Self::Failed),
            "ON-HOLD" => Some(Self::OnHold),
            "REFUNDED" => Some(Self::Refunded),
            "REVERSED" => Some(Self::Reversed),
            _ => None,
        }
    }

    const fn of_money(self) -> CollectionStatus {
        match self {
            // Not the end, whatever the word: it is received and not settled to us yet.
            Self::Success => CollectionStatus::Received,
            Self::Settled => CollectionStatus::Settled,
            Self::Processing => CollectionStatus::Processing,
            Self::Pending => CollectionStatus::Pending,
            Self::Failed => CollectionStatus::Failed,
            Self::OnHold => CollectionStatus::OnHold,
            // Given back before it was settled.
            Self::Refunded => CollectionStatus::Refunded,
            // Given back after it was.
            Self::Reversed => CollectionStatus::Reversed,
        }
    }
}

/// Where the money of a payment stands; none for a word that no page has.
pub(super) fn status(word: &str) -> Option<CollectionStatus> {
    PaymentStatus::read(word).map(PaymentStatus::of_money)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn eight_words_are_known_and_each_means_something_else() {
        let words = ["SUCCESS", "SETTLED", "PROCESSING", "PENDING", "FAILED", "ON-HOLD", "REFUNDED", "REVERSED"];
        let meanings: BTreeSet<_> = words.into_iter().filter_map(status).collect();
        assert_eq!(meanings, CollectionStatus::ALL.iter().copied().collect());
        assert_eq!(status("SUCCESS"), Some(CollectionStatus::Received));
        assert_eq!(status("REFUNDED"), Some(CollectionStatus::Refunded));
    }

    #[test]
    fn other_words_mean_nothing() {
        for word in ["", "success", "ON_HOLD", "ON HOLD", "RECEIVED", "COMPLETED", "AUTHORIZED"] {
            assert_eq!(status(word), None, "{word}");
        }
    }
}
