//! What the demo prints: what happens, a line for each step that was checked, and their sum.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::time::Duration;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";

/// Something that was expected, and whether it came about.
pub(super) struct Step {
    expected: String,
    /// What came instead, where it did not.
    instead: Option<String>,
}

impl Step {
    /// `seen` is told where the step did not hold.
    pub(super) fn new(expected: impl Into<String>, held: bool, seen: impl Display) -> Self {
        Self { expected: expected.into(), instead: (!held).then(|| seen.to_string()) }
    }
}

/// The printed tour, and how it went so far.
pub(super) struct Report {
    steps: u32,
    held: u32,
    in_colour: bool,
}

impl Report {
    /// In colour where a person looks on, unless NO_COLOR asks for none.
    pub(super) fn on_stdout() -> Self {
        let in_colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { steps: 0, held: 0, in_colour }
    }

    /// Begins a chapter.
    pub(super) fn chapter(&self, title: &str) {
        println!();
        println!("{}", self.painted(BOLD, title));
    }

    /// Tells something.
    pub(super) fn say(&self, text: &str) {
        println!("  {text}");
    }

    /// Tells one change of a payment, and how long after its beginning it came.
    pub(super) fn change(&self, after: Duration, status: &str, words: &str) {
        let time = format!("{:>5.1} s", after.as_secs_f32());
        println!("  {}  {}  {words}", self.painted(DIM, &time), self.painted(BOLD, &format!("{status:<10}")));
    }

    /// Tells how a step came out, and counts it.
    pub(super) fn step(&mut self, step: Step) {
        self.steps += 1;
        match step.instead {
            None => {
                self.held += 1;
                println!("  {} {}", self.painted(GREEN, "held:"), step.expected);
            }
            Some(instead) => {
                println!("  {} {}; seen: {instead}", self.painted(RED, "DID NOT HOLD:"), step.expected);
            }
        }
    }

    /// Tells the sum; true where every step held.
    pub(super) fn sum_up(&self) -> bool {
        let all = self.held == self.steps;
        println!();
        let sum = format!("{} of {} steps held", self.held, self.steps);
        println!("{}", self.painted(if all { GREEN } else { RED }, &sum));
        all
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.in_colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
