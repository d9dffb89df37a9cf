//! The engine with a flaw: the search finds the harm that it does, and prints the shortest way to it.

use super::case::Case;
use super::flaw::Flaw;
use super::search::{Harm, search};
use crate::domain::provider::SafetyClass;

/// Searches until there is harm, and expects one of these.
fn is_found(case: Case, flaw: Flaw, expected: &[Harm]) {
    let case = case.with(flaw);
    let report = search(&case);
    let Some((harm, way)) = report.harm else {
        panic!("{flaw:?} is not found in {} states of {}", report.states, case.name);
    };
    println!("{flaw:?} in {}: {harm:?} after {} states, by\n{way}", case.name, report.states);
    assert!(expected.contains(&harm), "{flaw:?} in {} does {harm:?}, and not {expected:?}", case.name);
}

fn class(class: SafetyClass) -> Case {
    Case::of(class)
}

#[test]
fn f38_w1_quiet_time_is_proof_is_found() {
    is_found(class(SafetyClass::C), Flaw::QuietTimeIsProof, &[Harm::PaidTwice]);
}

#[test]
fn f38_w2_not_found_is_proof_is_found() {
    is_found(class(SafetyClass::C), Flaw::NotFoundIsProof, &[Harm::PaidTwice]);
}

#[test]
fn f38_w3_no_mark_is_found() {
    for one in [SafetyClass::A, SafetyClass::B, SafetyClass::C, SafetyClass::D] {
        is_found(class(one), Flaw::NoMark, &[Harm::SaidUnpaidAndPaid, Harm::PaidTwice]);
    }
}

#[test]
fn f38_w4_timeout_is_failed_is_found() {
    for one in [SafetyClass::A, SafetyClass::B, SafetyClass::C, SafetyClass::D] {
        is_found(class(one), Flaw::TimeoutIsFailed, &[Harm::SaidUnpaidAndPaid]);
    }
}

#[test]
fn f38_w5_giving_up_is_failed_is_found() {
    for one in [SafetyClass::B, SafetyClass::C, SafetyClass::D] {
        is_found(class(one), Flaw::GivingUpIsFailed, &[Harm::SaidUnpaidAndPaid]);
    }
    is_found(class(SafetyClass::A).with_hints(), Flaw::GivingUpIsFailed, &[Harm::SaidUnpaidAndPaid]);
}

#[test]
fn f38_w6_new_key_per_try_is_found() {
    for one in [SafetyClass::A, SafetyClass::B] {
        is_found(class(one), Flaw::NewKeyPerTry, &[Harm::PaidTwice]);
    }
}

#[test]
fn f38_w7_key_age_ignored_is_found() {
    is_found(class(SafetyClass::B), Flaw::KeyAgeIgnored, &[Harm::PaidTwice]);
}

#[test]
fn f38_w8_no_fence_is_found() {
    for one in [SafetyClass::C, SafetyClass::D] {
        is_found(class(one), Flaw::NoFence, &[Harm::PaidTwice]);
    }
}

#[test]
fn f38_w9_last_writer_wins_is_found() {
    // What shows it is a word that comes after the success, and is older or says less.
    for one in [SafetyClass::A, SafetyClass::C, SafetyClass::D] {
        is_found(class(one), Flaw::LastWriterWins, &[Harm::SuccessLost]);
    }
}

#[test]
fn f38_a_late_word_that_nobody_schedules_is_found() {
    is_found(class(SafetyClass::D), Flaw::LateWordIsNotScheduled, &[Harm::Forgotten]);
}

#[test]
fn f38_a_forgotten_submission_that_is_not_counted_is_found() {
    let restored = class(SafetyClass::B).with_restored_backup();
    is_found(restored, Flaw::ForgottenSubmissionIsNotCounted, &[Harm::SaidUnpaidAndPaid]);
}
