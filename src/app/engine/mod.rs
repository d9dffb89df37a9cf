//! The engine: claims what is due, decides, marks, sends, settles.
//!
//! Purpose: never pay twice, never lose a payment, never say more than is known. Mechanism: a submission is claimed by
//! lease and fence; before a byte goes to the provider, a mark is committed; every answer is evidence that is folded into
//! the payments; whoever dies leaves a row that comes due by itself. Guarantee: a payment that may have been sent is
//! sent again only where the provider itself recognises the repetition.

mod apply;
pub(in crate::app) mod attempt;
pub(in crate::app) mod call;
mod claim;
pub(in crate::app) mod clean;
mod find;
mod look_up;
mod parts;
mod plain;
mod recall;
pub(in crate::app) mod settle;
mod step;
mod steps;
mod submit;
mod testify;
pub(in crate::app) mod way;
mod ways;
mod weaken;

pub use apply::{Facts, Testimony, actor_of};
pub use claim::Claimed;
pub use find::Found;
pub(in crate::app) use find::found_at_birth;
pub use steps::{Place, Places, Steps};
pub use ways::Ways;

/// The actor of what billpay does by itself.
pub const BILLPAY: &str = "billpay";
/// Why nobody knows what became of a call.
pub(super) const SENDER_GONE: &str = "whoever made the call is gone";
