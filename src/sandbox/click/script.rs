//! The parts of which a scenario is made. A script is data, so that the table of scenarios can be read as a table;
//! [`super::pay`] and [`super::bill`] carry it out.

use super::super::fault::Fault;
use super::rejection::Refusal;

/// What happens to one payment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    /// Money moves, and then there is this answer.
    Paid(Answer),
    /// No money moves, and there is a refusal.
    Refused(Refusal),
    /// No money moves, and there is no answer that says so.
    Lost(Fault),
    /// The token is called expired; the same payment sent again is paid.
    ExpiredToken,
}

/// How a payment that moved money is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// 201 and braces.
    Created,
    /// As `Created`, after a while.
    CreatedSlowly,
    /// 201 and something that no page explains.
    OtherBody,
    Faulty(Fault),
}

/// What an inquiry finds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inquiry {
    /// 201 and braces, all that the page shows.
    Nothing,
    /// 201 and a bill, in a form that is made.
    OtherBody,
    Refused(Refusal),
    Faulty(Fault),
}
