//! The rules of the log and of what the servers say of themselves: rules 5 and 6 of the checker.

use super::audit::Harm;
use super::books::{Books, STRANDED};
use super::payments;
use super::rows::EventRow;

/// The statuses of payments of which something is still to be found out.
const OPEN: [&str; 5] = ["SCHEDULED", "READY", "SUBMITTING", "UNKNOWN", "PENDING"];

/// An object that the log tells of.
struct Subject<'a> {
    id: &'a str,
    version: u64,
    status: &'a str,
}

/// The log and the versions of each object have no gaps and agree, nothing is stranded, and no server panicked.
pub(super) fn faults(books: &Books) -> Vec<(Harm, String)> {
    let mut found = Vec::new();
    found.extend(gap(books).map(|sentence| (Harm::Gap, sentence)));
    let reopened = reopened_lives(books).map(|sentence| (Harm::Reopened, sentence));
    found.extend(reopened);
    found.extend(disagreements(books).into_iter().map(|sentence| (Harm::Journal, sentence)));
    found
}

/// The numbers of the log are whole, whatever its head is.
fn gap(books: &Books) -> Option<String> {
    let sequences = books.events.iter().map(|event| event.sequence.parse::<u64>().ok());
    let last = books.events.len() as u64;
    let place = sequences.zip((1..=last).map(Some)).position(|(found, wanted)| found != wanted)?;
    Some(format!("the {last} events of the log are not 1 to {last}: {:?}", books.events[place]))
}

fn disagreements(books: &Books) -> Vec<String> {
    let mut found = Vec::new();
    let last = books.events.last().map_or("0", |event| event.sequence.as_str());
    if last != books.head.to_string() {
        found.push(format!("the log ends at {last}, and its head is {}", books.head));
    }
    let (lives, subjects) = (books.lives(), subjects(books));
    found.extend(subjects.iter().filter_map(|subject| broken_life(subject, lives.get(subject.id))));
    // A bill number has events, and no status.
    let with_status = lives.values().filter(|life| life.iter().any(|event| event.status().is_some())).count();
    if with_status != subjects.len() {
        found.push(format!("{with_status} objects have events, {} are listed", subjects.len()));
    }
    if books.stranded.as_deref() != Some("0") {
        found.push(format!("{STRANDED} is {:?}", books.stranded));
    }
    if books.panics > 0 {
        found.push(format!("the servers panicked {} times", books.panics));
    }
    found
}

fn reopened_lives(books: &Books) -> impl Iterator<Item = String> {
    books.lives().into_iter().filter_map(|(id, life)| reopened(id, &life))
}

/// What is settled is not open again: no later evidence knows less.
fn reopened(id: &str, life: &[&EventRow]) -> Option<String> {
    let statuses: Vec<_> = life.iter().filter_map(|event| event.payment_status()).collect();
    let place = statuses.windows(2).position(|pair| payments::is_final(pair[0]) && OPEN.contains(&pair[1]))?;
    Some(format!("{id} was {} and then {}", statuses[place], statuses[place + 1]))
}

fn subjects(books: &Books) -> Vec<Subject<'_>> {
    let subject = |id, version, status| Subject { id, version, status };
    let payments = books.payments.iter().map(|row| subject(row.id.as_str(), row.version, row.status.as_str()));
    let bulks = books.bulks.iter().map(|row| subject(row.id.as_str(), row.version, row.status.as_str()));
    let numbers = books.numbers.iter().map(|row| subject(row.id.as_str(), row.version, row.status.as_str()));
    let collections = books.collections.iter().map(|row| subject(row.id.as_str(), row.version, row.status.as_str()));
    payments.chain(bulks).chain(numbers).chain(collections).collect()
}

fn broken_life(subject: &Subject<'_>, life: Option<&Vec<&EventRow>>) -> Option<String> {
    let life = life.map(Vec::as_slice).unwrap_or_default();
    let versions_are_whole = life.iter().map(|event| event.version).eq((1..=subject.version).map(Some));
    let ends_as_told = life.last().is_some_and(|event| event.status() == Some(subject.status));
    let Subject { id, version, status } = subject;
    (!versions_are_whole || !ends_as_told)
        .then(|| format!("the events of {id} do not lead to version {version}, {status}: {life:?}"))
}
