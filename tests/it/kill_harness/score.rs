//! A row of the score card, as Markdown, to be kept in docs/reliability.md.

use std::fmt;

/// The figures of one run, or of several of the same kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Score {
    /// The faults of the design that it is about.
    pub(super) rows: String,
    pub(super) title: String,
    /// With SEED it makes the same choices again.
    pub(super) seed: u64,
    pub(super) strikes: u32,
    pub(super) bought: usize,
    pub(super) doubles: usize,
    pub(super) lost: usize,
    pub(super) wrong_final: usize,
    pub(super) open: usize,
    /// What belongs to no provider.
    pub(super) other: usize,
    pub(super) in_review: usize,
    /// Shortest first.
    pub(super) settle_times_ms: Vec<i64>,
}

/// The head of the score card.
pub(super) const HEAD: &str = "\
| faults | run | seed | strikes | bought | doubles | lost | wrong final | open | others | in review | settled, p50 | p99 |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, title, seed, strikes, bought, doubles, lost, wrong_final, open, other, .. } = self;
        let Self { in_review, settle_times_ms, .. } = self;
        write!(f, "| {rows} | {title} | {seed} | {strikes} | {bought} ")?;
        write!(f, "| {doubles} | {lost} | {wrong_final} | {open} | {other} ")?;
        let share = share(*in_review, *bought);
        let (half, most) = (percentile(settle_times_ms, 50), percentile(settle_times_ms, 99));
        write!(f, "| {in_review} ({share}) | {half} | {most} |")
    }
}

/// So many in a hundred, with one decimal.
pub(super) fn share(part: usize, whole: usize) -> String {
    let per_mille = (part * 1_000).checked_div(whole).unwrap_or_default();
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

/// The time below which so many in a hundred stay, of times that are sorted.
pub(super) fn percentile(times_ms: &[i64], percent: usize) -> String {
    let place = (times_ms.len() * percent).div_ceil(100).saturating_sub(1);
    times_ms.get(place).map_or_else(|| "-".to_owned(), |time| format!("{time} ms"))
}
