//! The engine as it is: no case comes to any harm.

use super::case::Case;
use super::search::search;
use crate::domain::provider::SafetyClass;

/// Searches a case to its end, and expects at least so many states, somewhat fewer than were counted: a search that was
/// cut short finds no harm either.
fn holds(case: Case, least: usize) {
    let report = search(&case);
    let restored = if case.may_be_restored { ", with a restored backup" } else { "" };
    println!("{}{restored}: {} states, {} steps", case.name, report.states, report.steps);
    if let Some((harm, way)) = report.harm {
        panic!("{}{restored}: {harm:?}\n{way}", case.name);
    }
    let (name, states) = (case.name, report.states);
    assert!(states >= least, "{name}{restored}: only {states} of at least {least} states were searched");
}

#[test]
fn f39_a_key_and_a_look_up_never_harm() {
    holds(Case::of(SafetyClass::A), 110_000);
}

#[test]
fn f39_callbacks_that_are_hints_never_harm() {
    holds(Case::of(SafetyClass::A).with_hints(), 75_000);
}

#[test]
fn f39_a_key_alone_never_harms() {
    holds(Case::of(SafetyClass::B), 38_000);
}

#[test]
fn f39_a_look_up_alone_never_harms() {
    holds(Case::of(SafetyClass::C), 19_000);
}

#[test]
fn f39_neither_never_harms() {
    holds(Case::of(SafetyClass::D), 2_200);
}

#[test]
fn f39_a_restored_backup_never_harms_where_a_key_protects() {
    holds(Case::of(SafetyClass::A).with_restored_backup(), 25_000);
    holds(Case::of(SafetyClass::B).with_restored_backup(), 37_000);
}

#[test]
fn f39_a_restored_backup_never_harms_where_no_key_does() {
    holds(Case::of(SafetyClass::C).with_restored_backup(), 8_000);
    holds(Case::of(SafetyClass::D).with_restored_backup(), 1_100);
}
