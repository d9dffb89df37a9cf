//! A page of payments, each with its bill number where that is wanted: the statement that is sent most.
//!
//! One statement brings both, so that no second one waits for the first. Its columns are written once and read by their
//! places ([`Cells`]); its limit is a literal (see [`super::page`]). Whose rows are seen is decided by the same
//! conditions as everywhere, those of the bill numbers standing in the join: a bill number that the owner may not see is
//! absent, like one that is not there.
//!
//! Of a page that asks for little, few columns are read ([`brief`]), under the same conditions and in the same order.

mod brief;
mod statement;

use std::sync::LazyLock;

use sea_orm::{IdenStatic, QueryResult};

use entity::{bill_number, payment};

use super::bill_numbers::bill_number as read_bill_number;
use super::cells::Cells;
use super::convert::payment as read_payment;
use super::owner::Owner;
use super::payments::PaymentFilter;
use super::{Store, StoreError};
use crate::domain::bill_number::BillNumber;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::Payment;
pub use brief::NamedBillNumbers;
use statement::{Columns, Wanted};

static PAYMENT_COLUMNS: LazyLock<String> = LazyLock::new(|| listed("payments", &PAYMENT));
static BILL_NUMBER_COLUMNS: LazyLock<String> = LazyLock::new(|| listed("bill_numbers", &BILL_NUMBER));

impl Store {
    /// A page of payments, newest first.
    pub async fn payments(
        &self,
        owner: &Owner,
        filter: &PaymentFilter,
        page: PageRequest,
    ) -> Result<Page<Payment>, StoreError> {
        let wanted = Wanted { columns: Columns::Whole, bill_numbers: false, owner, filter, page };
        let rows = self.page_rows(wanted).await?;
        let found = rows.iter().map(|row| read_payment(payment_row(&mut Cells::try_new(row)?)?));
        Ok(page.cut(found.collect::<Result<Vec<_>, StoreError>>()?))
    }

    /// A page of payments, newest first, each with the bill number that it names, where the owner may see that.
    pub async fn payments_with_bill_numbers(
        &self,
        owner: &Owner,
        filter: &PaymentFilter,
        page: PageRequest,
    ) -> Result<Page<(Payment, Option<BillNumber>)>, StoreError> {
        let wanted = Wanted { columns: Columns::Whole, bill_numbers: true, owner, filter, page };
        let rows = self.page_rows(wanted).await?;
        Ok(page.cut(rows.iter().map(both).collect::<Result<Vec<_>, StoreError>>()?))
    }

    async fn page_rows(&self, wanted: Wanted<'_>) -> Result<Vec<QueryResult>, StoreError> {
        let statement = wanted.statement(self.reader.get_database_backend());
        Ok(self.query_often(statement).await?)
    }
}

fn listed(table: &str, columns: &[impl IdenStatic]) -> String {
    let columns: Vec<_> = columns.iter().map(|column| format!("\"{table}\".\"{}\"", column.as_str())).collect();
    columns.join(", ")
}

fn both(row: &QueryResult) -> Result<(Payment, Option<BillNumber>), StoreError> {
    let mut cells = Cells::try_new(row)?;
    let payment = read_payment(payment_row(&mut cells)?)?;
    Ok((payment, bill_number_row(&mut cells)?.map(read_bill_number).transpose()?))
}

/// What a payment is read from: all but what only changes look at, in the order of [`payment_row`].
const PAYMENT: [payment::Column; 41] = [
    payment::Column::Id,
    payment::Column::TenantId,
    payment::Column::Customer,
    payment::Column::IdempotencyKey,
    payment::Column::SubmissionId,
    payment::Column::Provider,
    payment::Column::BillerId,
    payment::Column::AccountReference,
    payment::Column::SecondReference,
    payment::Column::AccountHolderName,
    payment::Column::BillNumberId,
    payment::Column::BulkPaymentId,
    payment::Column::AmountMinor,
    payment::Column::Currency,
    payment::Column::Status,
    payment::Column::Version,
    payment::Column::ReviewReason,
    payment::Column::ReviewSince,
    payment::Column::PayerName,
    payment::Column::PayerPhone,
    payment::Column::Description,
    payment::Column::FundingAccountId,
    payment::Column::DeliverySpeed,
    payment::Column::ProcessDate,
    payment::Column::DueDate,
    payment::Column::CallbackUrl,
    payment::Column::SaveBillNumber,
    payment::Column::OurReference,
    payment::Column::ProviderReference,
    payment::Column::BillerReference,
    payment::Column::ProviderStatus,
    payment::Column::ConfirmationNumber,
    payment::Column::FundingAmountMinor,
    payment::Column::FundingCurrency,
    payment::Column::ExchangeRate,
    payment::Column::Disbursement,
    payment::Column::NewBill,
    payment::Column::Failure,
    payment::Column::CreatedBy,
    payment::Column::CreatedAt,
    payment::Column::UpdatedAt,
];

/// In the order of [`bill_number_row`].
const BILL_NUMBER: [bill_number::Column; 20] = [
    bill_number::Column::Id,
    bill_number::Column::TenantId,
    bill_number::Column::Customer,
    bill_number::Column::BillerId,
    bill_number::Column::AccountReference,
    bill_number::Column::CustomerName,
    bill_number::Column::PhoneNumber,
    bill_number::Column::Description,
    bill_number::Column::BalanceMinor,
    bill_number::Column::BalanceCurrency,
    bill_number::Column::BalanceAsOf,
    bill_number::Column::DueDate,
    bill_number::Column::Verified,
    bill_number::Column::AccountActive,
    bill_number::Column::RemindDueDate,
    bill_number::Column::SavedWithProvider,
    bill_number::Column::ProviderReference,
    bill_number::Column::Version,
    bill_number::Column::CreatedAt,
    bill_number::Column::RemovedAt,
];

fn payment_row(cells: &mut Cells<'_>) -> Result<payment::Model, StoreError> {
    use payment::Column;
    Ok(payment::Model {
        id: cells.take(Column::Id)?,
        tenant_id: cells.take(Column::TenantId)?,
        customer: cells.take(Column::Customer)?,
        idempotency_key: cells.take(Column::IdempotencyKey)?,
        request_hash: String::new(),
        submission_id: cells.take(Column::SubmissionId)?,
        provider: cells.take(Column::Provider)?,
        biller_id: cells.take(Column::BillerId)?,
        account_reference: cells.take(Column::AccountReference)?,
        second_reference: cells.take(Column::SecondReference)?,
        account_holder_name: cells.take(Column::AccountHolderName)?,
        bill_number_id: cells.take(Column::BillNumberId)?,
        bulk_payment_id: cells.take(Column::BulkPaymentId)?,
        bill_ref: String::new(),
        amount_minor: cells.take(Column::AmountMinor)?,
        currency: cells.take(Column::Currency)?,
        status: cells.take(Column::Status)?,
        version: cells.take(Column::Version)?,
        review_reason: cells.take(Column::ReviewReason)?,
        review_since: cells.take(Column::ReviewSince)?,
        payer_name: cells.take(Column::PayerName)?,
        payer_phone: cells.take(Column::PayerPhone)?,
        description: cells.take(Column::Description)?,
        funding_account_id: cells.take(Column::FundingAccountId)?,
        delivery_speed: cells.take(Column::DeliverySpeed)?,
        process_date: cells.take(Column::ProcessDate)?,
        due_date: cells.take(Column::DueDate)?,
        callback_url: cells.take(Column::CallbackUrl)?,
        save_bill_number: cells.take(Column::SaveBillNumber)?,
        our_reference: cells.take(Column::OurReference)?,
        provider_reference: cells.take(Column::ProviderReference)?,
        biller_reference: cells.take(Column::BillerReference)?,
        provider_status: cells.take(Column::ProviderStatus)?,
        confirmation_number: cells.take(Column::ConfirmationNumber)?,
        funding_amount_minor: cells.take(Column::FundingAmountMinor)?,
        funding_currency: cells.take(Column::FundingCurrency)?,
        exchange_rate: cells.take(Column::ExchangeRate)?,
        disbursement: cells.take(Column::Disbursement)?,
        new_bill: cells.take(Column::NewBill)?,
        failure: cells.take(Column::Failure)?,
        created_by: cells.take(Column::CreatedBy)?,
        created_at: cells.take(Column::CreatedAt)?,
        updated_at: cells.take(Column::UpdatedAt)?,
    })
}

/// None where the payment names none, or none that may be seen.
fn bill_number_row(cells: &mut Cells<'_>) -> Result<Option<bill_number::Model>, StoreError> {
    use bill_number::Column;
    let Some(id) = cells.take(Column::Id)? else { return Ok(None) };
    Ok(Some(bill_number::Model {
        id,
        tenant_id: cells.take(Column::TenantId)?,
        customer: cells.take(Column::Customer)?,
        biller_id: cells.take(Column::BillerId)?,
        account_reference: cells.take(Column::AccountReference)?,
        customer_name: cells.take(Column::CustomerName)?,
        phone_number: cells.take(Column::PhoneNumber)?,
        description: cells.take(Column::Description)?,
        balance_minor: cells.take(Column::BalanceMinor)?,
        balance_currency: cells.take(Column::BalanceCurrency)?,
        balance_as_of: cells.take(Column::BalanceAsOf)?,
        due_date: cells.take(Column::DueDate)?,
        verified: cells.take(Column::Verified)?,
        account_active: cells.take(Column::AccountActive)?,
        remind_due_date: cells.take(Column::RemindDueDate)?,
        saved_with_provider: cells.take(Column::SavedWithProvider)?,
        provider_reference: cells.take(Column::ProviderReference)?,
        version: cells.take(Column::Version)?,
        created_at: cells.take(Column::CreatedAt)?,
        removed_at: cells.take(Column::RemovedAt)?,
    }))
}
