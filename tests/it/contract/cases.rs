//! The behaviours, each tried on either stand.

pub mod callback;
pub mod control_number;
pub mod failure;
pub mod look_up;
pub mod submission;
