//! The engine as it is: no case comes to any harm.

use super::case::Case;
use super::search::search;
use crate::domain::provider::SafetyClass;

/// Searches a case to its end.
fn holds(case: Case) {
    let report = search(&case);
    let restored = if case.may_be_restored { ", with a restored backup" } else { "" };
    println!("{}{restored}: {} states, {} steps", case.name, report.states, report.steps);
    assert!(report.states > 100, "hardly anything was searched");
    if let Some((harm, way)) = report.harm {
        panic!("{}{restored}: {harm:?}\n{way}", case.name);
    }
}

#[test]
fn f39_a_key_and_a_look_up_never_harm() {
    holds(Case::of(SafetyClass::A));
}

#[test]
fn f39_callbacks_that_are_hints_never_harm() {
    holds(Case::of(SafetyClass::A).with_hints());
}

#[test]
fn f39_a_key_alone_never_harms() {
    holds(Case::of(SafetyClass::B));
}

#[test]
fn f39_a_look_up_alone_never_harms() {
    holds(Case::of(SafetyClass::C));
}

#[test]
fn f39_neither_never_harms() {
    holds(Case::of(SafetyClass::D));
}

#[test]
fn f39_a_restored_backup_never_harms_where_a_key_protects() {
    holds(Case::of(SafetyClass::A).with_restored_backup());
    holds(Case::of(SafetyClass::B).with_restored_backup());
}

#[test]
fn f39_a_restored_backup_never_harms_where_no_key_does() {
    holds(Case::of(SafetyClass::C).with_restored_backup());
    holds(Case::of(SafetyClass::D).with_restored_backup());
}
