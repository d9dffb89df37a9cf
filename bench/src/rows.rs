//! The rows of a payment that was made and settled, as text for COPY: what billpay itself would have written.
//!
//! Everything follows from the payment's number, so that the tables agree without being looked up.

use std::fmt::Write;

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// How many billers are paid in turn.
pub const BILLERS: usize = 4;
/// Events a payment: made, being sent, settled.
pub const EVENTS: u64 = 3;
/// So many payments share a bill number.
const PAYMENTS_A_NUMBER: u64 = 10;
/// Microseconds between two payments.
const STEP: i64 = 1000;
/// Ids of different tables differ in their last part.
const SUBMISSION: u64 = 1 << 60;
const NUMBER: u64 = 2 << 60;

/// How a table's rows are written.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The table.
    pub name: &'static str,
    /// Its columns that are written.
    pub columns: &'static str,
    /// Appends the row, or the rows, of a payment.
    pub write: fn(&Book, u64, &mut String),
}

/// The bill numbers, of which there are fewer.
pub const BILL_NUMBERS: Table = Table {
    name: "bill_numbers",
    columns: "id, tenant_id, biller_id, account_reference, customer_name, phone_number, balance_minor, \
              balance_currency, balance_as_of, due_date, verified, account_active, remind_due_date, \
              saved_with_provider, version, created_at",
    write: bill_number,
};

/// What is written for each payment.
pub const OF_PAYMENTS: [Table; 4] = [
    Table {
        name: "submissions",
        columns: "id, tenant_id, provider, subject, provider_key, key_first_used_at, request_bytes, fence, \
                  attempt_count, submits, last_submit_at, last_submit_verdict, look_ups, look_up_requests, \
                  look_up_requests_met, run_at, not_after, review_at, fault_count",
        write: submission,
    },
    Table {
        name: "payments",
        columns: "id, tenant_id, idempotency_key, request_hash, submission_id, provider, biller_id, \
                  account_reference, bill_number_id, bill_ref, amount_minor, currency, status, version, payer_name, \
                  payer_phone, description, delivery_speed, process_date, save_bill_number, new_bill, created_by, \
                  created_at, updated_at",
        write: payment,
    },
    Table { name: "allocations", columns: "payment_id, no, amount_minor, currency", write: allocation },
    Table {
        name: "events",
        columns: "tenant_id, sequence, subject_kind, subject_id, subject_version, status, kind, actor, at",
        write: events,
    },
];

/// What all rows have in common.
#[derive(Debug)]
pub struct Book {
    tenant: String,
    billers: Vec<Uuid>,
    payments: u64,
    /// When the first payment was made.
    begin: i64,
}

impl Book {
    /// Payments of a tenant to some billers; the newest was made a minute ago.
    pub fn new(tenant: &str, billers: &[Uuid], payments: u64) -> Self {
        let span = i64::try_from(payments).unwrap_or(i64::MAX / STEP).saturating_mul(STEP);
        let begin = Timestamp::now().as_microsecond() - 60_000_000 - span;
        Self { tenant: tenant.to_owned(), billers: billers.to_vec(), payments, begin }
    }

    /// How many bill numbers there are.
    pub fn bill_numbers(&self) -> u64 {
        self.payments.div_ceil(PAYMENTS_A_NUMBER)
    }

    fn made_at(&self, number: u64) -> i64 {
        self.begin + i64::try_from(number).unwrap_or_default() * STEP
    }

    fn biller(&self, number: u64) -> Uuid {
        let place = usize::try_from(of_number(number)).unwrap_or_default() % self.billers.len();
        self.billers[place]
    }

    /// Sortable by time of making, as billpay's own ids.
    fn id(&self, kind: u64, number: u64) -> Uuid {
        let millis = u64::try_from(self.made_at(number) / 1000).unwrap_or_default();
        let mut rest = [0; 10];
        rest[2..].copy_from_slice(&(kind | number).to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }

    fn number_id(&self, number: u64) -> Uuid {
        self.id(NUMBER, of_number(number) * PAYMENTS_A_NUMBER)
    }
}

/// The bill number that a payment is for.
fn of_number(number: u64) -> u64 {
    number / PAYMENTS_A_NUMBER
}

fn amount(number: u64) -> u64 {
    1000 + number % 90_000
}

fn line(out: &mut String, row: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = out.write_fmt(row);
    out.push('\n');
}

fn bill_number(book: &Book, number: u64, out: &mut String) {
    let first = number * PAYMENTS_A_NUMBER;
    let (id, tenant, biller, at) = (book.number_id(first), &book.tenant, book.biller(first), book.made_at(first));
    line(
        out,
        format_args!(
            "{id}\t{tenant}\t{biller}\t{}\tCustomer {number}\t+966506966507\t{}\tSAR\t{at}\t2099-12-31\tt\tt\tf\tf\t1\t{at}",
            account(first),
            amount(first),
        ),
    );
}

fn account(number: u64) -> String {
    format!("12{:015}", of_number(number))
}

fn submission(book: &Book, number: u64, out: &mut String) {
    let (id, tenant, at) = (book.id(SUBMISSION, number), &book.tenant, book.made_at(number));
    let key = id.hyphenated();
    let later = at + 86_400_000_000;
    line(
        out,
        format_args!(
            "{id}\t{tenant}\tclick\tPAYMENTS\t{key}\t{at}\t\\\\x7b7d\t1\t1\t1\t{at}\tSUCCEEDED\t0\t0\t0\t{at}\t{later}\t{later}\t0"
        ),
    );
}

fn payment(book: &Book, number: u64, out: &mut String) {
    let (id, submission) = (book.id(0, number), book.id(SUBMISSION, number));
    let (tenant, biller, bill_number) = (&book.tenant, book.biller(number), book.number_id(number));
    let (at, amount, account) = (book.made_at(number), amount(number), account(number));
    line(
        out,
        format_args!(
            "{id}\t{tenant}\tseed-{number}\t{number:064x}\t{submission}\tclick\t{biller}\t{account}\t{bill_number}\t\t\
             {amount}\tSAR\tSUCCEEDED\t3\tPayer {number}\t+966506966507\tInvoice {number}\tSTANDARD\t2026-01-01\tf\tf\t\
             bench\t{at}\t{}",
            at + 200_000,
        ),
    );
}

fn allocation(book: &Book, number: u64, out: &mut String) {
    line(out, format_args!("{}\t1\t{}\tSAR", book.id(0, number), amount(number)));
}

fn events(book: &Book, number: u64, out: &mut String) {
    let (id, tenant, at) = (book.id(0, number), &book.tenant, book.made_at(number));
    let told = [
        ("READY", "PAYMENT_CREATED", "bench"),
        ("SUBMITTING", "PAYMENT_SUBMITTING", "billpay"),
        ("SUCCEEDED", "PAYMENT_SUCCEEDED", "click"),
    ];
    for (version, (status, kind, actor)) in (1_u64..).zip(told) {
        let sequence = number * EVENTS + version;
        line(out, format_args!("{tenant}\t{sequence}\tPAYMENT\t{id}\t{version}\t{status}\t{kind}\t{actor}\t{at}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        Book::new("bench", &[Uuid::nil(); BILLERS], 100)
    }

    #[test]
    fn every_row_has_a_value_for_every_column() {
        let book = book();
        for table in OF_PAYMENTS.into_iter().chain([BILL_NUMBERS]) {
            let mut text = String::new();
            (table.write)(&book, 7, &mut text);
            let columns = table.columns.split(',').count();
            assert!(text.lines().all(|row| row.split('\t').count() == columns), "{}: {text}", table.name);
        }
    }

    #[test]
    fn later_payments_have_greater_ids_and_share_a_bill_number_by_tens() {
        let book = book();
        assert!((0..99).all(|number| book.id(0, number) < book.id(0, number + 1)));
        assert_eq!(book.number_id(10), book.number_id(19));
        assert_ne!(book.number_id(19), book.number_id(20));
    }
}
