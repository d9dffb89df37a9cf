//! From Click's answers to the port's words and back, without I/O: every trap of its pages is decided here, and named
//! in a test.
//!
//! What is safe comes before what is likely. Nothing can be asked later, so only two answers to a payment settle it:
//! the documented `{}` with 201, and the documented error with 422. Everything else leaves it to a person.

mod account;
mod catalogue;
mod payment;
mod refusal;

pub(super) use self::account::account;
pub(super) use self::catalogue::entries;
pub(super) use self::payment::{boundary, day_in_riyadh, national_number, paid, wire_amount};
pub(super) use self::refusal::{is_forbidden, unwritable};
