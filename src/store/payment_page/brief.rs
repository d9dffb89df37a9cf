//! Pages of payments of which only those cells are read that lists usually ask for.
//!
//! Most of a payment's cells are seldom asked for, and receiving and reading them is much of what a page costs. The
//! columns here are a fixed set, so that few statements stand for all documents; which fields may be told from them is
//! flagged beside the fields (`graphql::plain`). The rest of a payment and of its bill number is left blank, so that the
//! fields are written by the same writers as those of a whole one. A payment with blanks must not be taken for a whole
//! one, saved or decided upon: it is given to a writer that returns bytes, and ends there.

use std::sync::LazyLock;

use jiff::Timestamp;
use sea_orm::QueryResult;
use uuid::Uuid;

use entity::{bill_number, payment};

use super::listed;
use super::statement::{Columns, Wanted};
use crate::domain::bill_number::BillNumber;
use crate::domain::ids::Id;
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::{DeliverySpeed, Payer, Payment};
use crate::store::cells::Cells;
use crate::store::convert::{date, word};
use crate::store::owner::Owner;
use crate::store::payments::PaymentFilter;
use crate::store::time::timestamp;
use crate::store::{Store, StoreError};

pub(super) static PAYMENT_COLUMNS: LazyLock<String> = LazyLock::new(|| listed("payments", &PAYMENT));
pub(super) static BILL_NUMBER_COLUMNS: LazyLock<String> = LazyLock::new(|| listed("bill_numbers", &BILL_NUMBER));

/// The bill numbers that the payments of a page name, each under its id; None: none that the owner may see.
pub type NamedBillNumbers = Vec<(Uuid, Option<BillNumber>)>;

impl Store {
    /// What `write` makes of a page of payments, newest first, and of their bill numbers, which are there where they are
    /// wanted and the owner may see them. Only what stands in the lists of columns below was read.
    pub async fn write_brief_payments(
        &self,
        owner: &Owner,
        filter: &PaymentFilter,
        page: PageRequest,
        bill_numbers: bool,
        write: impl FnOnce(Page<Payment>, NamedBillNumbers) -> Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let wanted = Wanted { columns: Columns::Brief, bill_numbers, owner, filter, page };
        let rows = self.page_rows(wanted).await?;
        let (payments, numbers) = read(&rows, owner, bill_numbers)?;
        Ok(write(page.cut(payments), numbers))
    }
}

fn read(
    rows: &[QueryResult],
    owner: &Owner,
    bill_numbers: bool,
) -> Result<(Vec<Payment>, NamedBillNumbers), StoreError> {
    let mut payments = Vec::with_capacity(rows.len());
    let mut numbers = Vec::with_capacity(if bill_numbers { rows.len() } else { 0 });
    let mut currencies = Currencies::default();
    for (place, row) in rows.iter().enumerate() {
        let mut cells = if place == 0 { Cells::try_new(row)? } else { Cells::like_the_first(row)? };
        let payment = brief_payment(&mut cells, owner, &mut currencies)?;
        if bill_numbers {
            let number = brief_bill_number(&mut cells, owner, &mut currencies)?;
            numbers.extend(payment.bill_number_id.map(|id| (id.uuid(), number)));
        }
        payments.push(payment);
    }
    Ok((payments, numbers))
}

/// The last currency that was read: on a page it is seldom another, and to find one takes longer than to compare.
#[derive(Default)]
struct Currencies(Option<CurrencyCode>);

impl Currencies {
    fn money(&mut self, minor: i64, currency: &str) -> Result<Money, StoreError> {
        let code = match self.0 {
            Some(last) if last.as_str() == currency => last,
            Some(_) | None => word(currency, "a currency")?,
        };
        self.0 = Some(code);
        Ok(Money::from_minor(minor, code))
    }
}

/// In the order of [`brief_payment`].
const PAYMENT: [payment::Column; 13] = [
    payment::Column::Id,
    payment::Column::Provider,
    payment::Column::BillerId,
    payment::Column::AccountReference,
    payment::Column::BillNumberId,
    payment::Column::AmountMinor,
    payment::Column::Currency,
    payment::Column::Status,
    payment::Column::Version,
    payment::Column::Description,
    payment::Column::ProcessDate,
    payment::Column::CreatedAt,
    payment::Column::UpdatedAt,
];

/// In the order of [`brief_bill_number`].
const BILL_NUMBER: [bill_number::Column; 7] = [
    bill_number::Column::Id,
    bill_number::Column::BillerId,
    bill_number::Column::AccountReference,
    bill_number::Column::CustomerName,
    bill_number::Column::BalanceMinor,
    bill_number::Column::BalanceCurrency,
    bill_number::Column::DueDate,
];

/// First what was read, then the blanks.
fn brief_payment(cells: &mut Cells<'_>, owner: &Owner, currencies: &mut Currencies) -> Result<Payment, StoreError> {
    use payment::Column;
    Ok(Payment {
        id: Id::from_uuid(cells.take(Column::Id)?),
        provider: word(cells.take(Column::Provider)?, "a provider")?,
        biller_id: Id::from_uuid(cells.take(Column::BillerId)?),
        account_reference: cells.take(Column::AccountReference)?,
        bill_number_id: cells.take::<Option<Uuid>>(Column::BillNumberId)?.map(Id::from_uuid),
        amount: currencies.money(cells.take(Column::AmountMinor)?, cells.take(Column::Currency)?)?,
        status: word(cells.take(Column::Status)?, "a status")?,
        version: cells.take(Column::Version)?,
        description: cells.take(Column::Description)?,
        process_date: date(cells.take(Column::ProcessDate)?)?,
        created_at: timestamp(cells.take(Column::CreatedAt)?)?,
        updated_at: timestamp(cells.take(Column::UpdatedAt)?)?,
        tenant: owner.tenant.clone(),
        customer: None,
        idempotency_key: None,
        submission_id: Id::from_uuid(Uuid::nil()),
        second_reference: None,
        account_holder_name: None,
        bulk_payment_id: None,
        review: None,
        payer: Payer::default(),
        funding_account_id: None,
        delivery_speed: DeliverySpeed::Standard,
        due_date: None,
        callback_url: None,
        save_bill_number: false,
        our_reference: None,
        provider_reference: None,
        biller_reference: None,
        provider_status: None,
        confirmation_number: None,
        funding_amount: None,
        exchange_rate: None,
        disbursement: None,
        new_bill: false,
        failure: None,
        created_by: String::new(),
    })
}

/// None where the payment names none, or none that may be seen.
fn brief_bill_number(
    cells: &mut Cells<'_>,
    owner: &Owner,
    currencies: &mut Currencies,
) -> Result<Option<BillNumber>, StoreError> {
    use bill_number::Column;
    let Some(id) = cells.take::<Option<Uuid>>(Column::Id)? else { return Ok(None) };
    Ok(Some(BillNumber {
        id: Id::from_uuid(id),
        biller_id: Id::from_uuid(cells.take(Column::BillerId)?),
        account_reference: cells.take(Column::AccountReference)?,
        customer_name: cells.take(Column::CustomerName)?,
        last_known_balance: balance(cells, currencies)?,
        due_date: cells.take::<Option<&str>>(Column::DueDate)?.map(date).transpose()?,
        tenant: owner.tenant.clone(),
        customer: None,
        phone_number: None,
        description: None,
        balance_as_of: None,
        verified: false,
        account_active: None,
        remind_due_date: false,
        saved_with_provider: false,
        provider_reference: None,
        version: 0,
        created_at: Timestamp::UNIX_EPOCH,
        removed_at: None,
    }))
}

fn balance(cells: &mut Cells<'_>, currencies: &mut Currencies) -> Result<Option<Money>, StoreError> {
    use bill_number::Column;
    let minor: Option<i64> = cells.take(Column::BalanceMinor)?;
    let currency: Option<&str> = cells.take(Column::BalanceCurrency)?;
    minor.zip(currency).map(|(minor, currency)| currencies.money(minor, currency)).transpose()
}
