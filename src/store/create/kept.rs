//! The accounts of new payments that are kept as bill numbers.
//!
//! Purpose: payments that keep their accounts cost a batch as many statements as one of them would. Mechanism: what is kept
//! of their accounts already, removed or not, is read and locked by one statement, in the order of ids; what was removed
//! comes back by a second, and what was never kept is written by a third, in the order of natural keys. Each account is
//! named as the index of the natural key holds it: by the column of the customer alone the index would be walked through
//! all accounts of a tenant. Guarantee: it is as if one payment came after the other: who comes first keeps the account,
//! and those behind find it kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use entity::bill_number::{Column, Entity, Model};

use super::super::StoreError;
use super::super::bill_numbers::{bill_number, changed, row};
use super::super::portions::filled_up;
use super::super::work::Work;
use super::NewPayment;
use crate::domain::bill_number::BillNumber;
use crate::domain::event::EventType;
use crate::domain::ids::BillNumberId;
use crate::domain::requester::CustomerId;

/// How many accounts one statement asks for at most: SQLite does not read a condition of a thousand parts.
const MOST_ASKED: usize = 64;

/// The natural key of a bill number, as its index holds it: tenant, customer (empty: none), biller, account.
type NaturalKey<'a> = (&'a str, &'a str, Uuid, &'a str);

/// What is to be written of accounts.
#[derive(Default)]
struct ToWrite<'a> {
    new: BTreeMap<NaturalKey<'a>, Model>,
    back: Vec<Uuid>,
}

impl Work {
    /// Keeps the accounts that these payments keep, unless their owners keep them already; tells which bill number each
    /// payment then has, in its place.
    pub(super) async fn keep_accounts(
        &mut self,
        payments: &[&NewPayment],
    ) -> Result<Vec<Option<BillNumberId>>, StoreError> {
        let wanted: BTreeSet<NaturalKey<'_>> =
            payments.iter().filter_map(|new| new.keeps.as_ref()).map(natural_key).collect();
        let known = self.kept_accounts(wanted).await?;
        let known: HashMap<NaturalKey<'_>, &BillNumber> =
            known.iter().map(|number| (natural_key(number), number)).collect();
        let mut kept: HashMap<NaturalKey<'_>, BillNumberId> = HashMap::new();
        let mut to_write = ToWrite::default();
        let mut numbers = Vec::with_capacity(payments.len());
        for new in payments {
            let Some(number) = &new.keeps else {
                numbers.push(new.payment.bill_number_id);
                continue;
            };
            let key = natural_key(number);
            let id = match (kept.get(&key), known.get(&key)) {
                (Some(id), _) => *id,
                (None, Some(known)) if known.removed_at.is_none() => known.id,
                (None, known) => self.keep_account(number, known.copied(), &new.payment.created_by, &mut to_write),
            };
            kept.insert(key, id);
            numbers.push(Some(id));
        }
        self.write_accounts(to_write).await?;
        Ok(numbers)
    }

    /// Notes what is to be written of an account, the same bill number again if it was removed, and the event of it.
    fn keep_account<'a>(
        &mut self,
        number: &'a BillNumber,
        removed: Option<&BillNumber>,
        actor: &str,
        to_write: &mut ToWrite<'a>,
    ) -> BillNumberId {
        let before = removed.unwrap_or(number);
        let after = BillNumber { version: before.version + 1, removed_at: None, ..before.clone() };
        self.tell(changed(&after, EventType::BillNumberSaved, actor, None));
        match removed {
            Some(_) => to_write.back.push(after.id.uuid()),
            None => drop(to_write.new.insert(natural_key(number), row(&after))),
        }
        after.id
    }

    /// What is kept of these accounts, removed or not, locked until the end of the change.
    async fn kept_accounts(&self, wanted: BTreeSet<NaturalKey<'_>>) -> Result<Vec<BillNumber>, StoreError> {
        let wanted: Vec<NaturalKey<'_>> = wanted.into_iter().collect();
        let mut kept = Vec::new();
        for some in wanted.chunks(MOST_ASKED) {
            let any = filled_up(some.to_vec()).into_iter().map(of_account);
            let any = any.fold(Condition::any(), |any, account| any.add(account));
            let found = Entity::find().filter(any).order_by_asc(Column::Id).lock_exclusive();
            for row in found.all(&self.tx).await? {
                kept.push(bill_number(row)?);
            }
        }
        Ok(kept)
    }

    async fn write_accounts(&self, to_write: ToWrite<'_>) -> Result<(), StoreError> {
        let coming_back = to_write.back.len() as u64;
        if coming_back > 0 {
            let updated = Entity::update_many()
                .filter(Column::Id.is_in(filled_up(to_write.back)))
                .filter(Column::RemovedAt.is_not_null())
                .col_expr(Column::RemovedAt, Expr::value(None::<i64>))
                .col_expr(Column::Version, Expr::col(Column::Version).add(1))
                .exec(&self.tx)
                .await?;
            if updated.rows_affected != coming_back {
                return Err(StoreError::Conflict);
            }
        }
        self.insert_all::<Entity>(to_write.new.into_values().collect()).await
    }
}

fn natural_key(number: &BillNumber) -> NaturalKey<'_> {
    let customer = number.customer.as_ref().map_or("", CustomerId::as_str);
    (number.tenant.as_str(), customer, number.biller_id.uuid(), number.account_reference.as_str())
}

fn of_account((tenant, customer, biller, account): NaturalKey<'_>) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(tenant))
        .add(Expr::cust("coalesce(customer, '')").eq(customer))
        .add(Column::BillerId.eq(biller))
        .add(Column::AccountReference.eq(account))
}
