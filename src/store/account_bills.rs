//! The bills of accounts with billers that list none: what a payment of an account needs to know.
//!
//! Purpose: it is asked for each new payment, so it reads two columns, by their places. Mechanism: on PostgreSQL the
//! statement that stores plain payments finds it (`create::at_once`), by the part of a statement that stands here. Else
//! who is alone asks by the natural key of a bill, and several are asked for with one statement, whose text on either
//! database is the same for any number of them. All name the expression that the index holds, `coalesce(customer, '')`: by
//! the column alone the index would be walked through all bills of a tenant. Guarantee: a row is told to whom it bears
//! exactly, tenant and customer, and only where something is owed.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use sea_orm::sea_query::Query;
use sea_orm::{ConnAcquireErr, DbBackend, DbErr, QueryResult, Statement, Value};
use tokio::time::timeout;
use uuid::Uuid;

use entity::bill::{Column, Entity};

use super::bills::{exactly, natural_key, owing};
use super::cells::Cells;
use super::convert::date;
use super::owner::Owner;
use super::{Store, StoreError};
use crate::domain::ids::{BillId, BillerId, Id};

/// How long several are asked for at most, since others wait behind them: longer than a connection is waited for.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// What the bill of an account is read from, in the order of [`account_bill`].
const READ: [Column; 2] = [Column::Id, Column::DueDate];

/// A part of a statement of PostgreSQL, to be joined laterally: as `owed` the bill of what each row of `asked` seeks, if
/// something is owed on it. A row has a `tenant_id`, a `customer` (or none, or an empty one), a `biller_id`, and the
/// account as `sought`; where that is NULL nothing is looked at.
///
/// The account is bounded from below and sorted, not compared: so each look goes by the index of the natural key also
/// while the database does not know yet how many bills a tenant has. That something is owed is `bills::owing` once more.
macro_rules! bill_of_account {
    () => {
        "(
    SELECT next.id, next.due_date FROM (
        SELECT id, customer, account_reference, provider_reference, amount_due_minor, due_date FROM bills
        WHERE bills.tenant_id = asked.tenant_id AND coalesce(bills.customer, '') = coalesce(asked.customer, '')
            AND bills.biller_id = asked.biller_id AND bills.account_reference >= asked.sought
        ORDER BY bills.account_reference, bills.provider_reference LIMIT 1
    ) AS next
    WHERE next.account_reference = asked.sought AND next.provider_reference = ''
        AND (next.customer IS NULL) = (coalesce(asked.customer, '') = '') AND next.amount_due_minor > 0
) AS owed"
    };
}
pub(super) use bill_of_account;

/// The parameters: tenants, customers (empty: none), billers and accounts, each in the place of who asks. It is raw SQL
/// because no builder writes arrays that are read as rows.
const TOGETHER: &str = concat!(
    "\
SELECT owed.id, owed.due_date, asked.place
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[]) WITH ORDINALITY
    AS asked (tenant_id, customer, biller_id, sought, place)
CROSS JOIN LATERAL ",
    bill_of_account!()
);
/// The same on SQLite, which has no arrays and bounds both its parameters and the depth of a condition. The parameter: who
/// ask, as JSON, each a list of tenant, customer (empty: none), biller and account. A cross join keeps the order in which
/// it is written, so that each look goes by the index of the natural key.
const TOGETHER_ON_SQLITE: &str = "\
SELECT bills.id, bills.due_date, asked.key + 1
FROM json_each($1) AS asked CROSS JOIN bills
WHERE bills.tenant_id = asked.value ->> 0 AND coalesce(bills.customer, '') = asked.value ->> 1
    AND bills.biller_id = unhex(asked.value ->> 2, '-') AND bills.account_reference = asked.value ->> 3
    AND bills.provider_reference = '' AND (bills.customer IS NULL) = (asked.value ->> 1 = '')
    AND bills.amount_due_minor > 0";

/// An account with a biller, and whose rows are looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Exactly this owner's: without a customer, those that bear none.
    pub owner: Owner,
    /// The biller.
    pub biller: BillerId,
    /// The payer's number with it.
    pub reference: String,
}

/// Without the number.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("biller", &self.biller).finish_non_exhaustive()
    }
}

/// The bill of an account on which something is owed, as last told, as far as a payment needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountBill {
    /// Its id.
    pub id: BillId,
    /// Until when.
    pub due_date: Option<Date>,
}

impl Store {
    /// The bill of an account with a biller that lists none, if something is owed on it.
    pub async fn bill_of_account(&self, account: &Account) -> Result<Option<AccountBill>, StoreError> {
        let select = Query::select()
            .columns(READ)
            .from(Entity)
            .cond_where(
                exactly(&account.owner).add(natural_key(account.biller, &account.reference, "")).add(owing(true)),
            )
            .to_owned();
        let rows = self.query_often(self.reader.get_database_backend().build(&select)).await?;
        rows.first().map(account_bill).transpose()
    }

    /// The bills of several accounts: each in the place of its account, as if that had been alone.
    pub async fn bills_of_accounts(&self, accounts: &[Account]) -> Vec<Result<Option<AccountBill>, StoreError>> {
        match accounts {
            [] => Vec::new(),
            [one] => vec![in_time(self.bill_of_account(one)).await],
            several => match in_time(self.look_together(several)).await {
                Ok(rows) => in_places(&rows, several.len()),
                Err(error) => several.iter().map(|_| Err(error.clone())).collect(),
            },
        }
    }

    async fn look_together(&self, accounts: &[Account]) -> Result<Vec<QueryResult>, StoreError> {
        let statement = if self.is_postgres() {
            Statement::from_sql_and_values(DbBackend::Postgres, TOGETHER, arrays(accounts))
        } else {
            Statement::from_sql_and_values(DbBackend::Sqlite, TOGETHER_ON_SQLITE, [json(accounts)?])
        };
        self.query_often(statement).await.map_err(StoreError::from)
    }
}

/// Whoever asks for others, too, gives up in time; the connection is closed then, and the next asks on another.
async fn in_time<T>(asking: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let too_late = |_| Err(StoreError::Database(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)));
    timeout(LONGEST_LOOK, asking).await.unwrap_or_else(too_late)
}

fn arrays(accounts: &[Account]) -> [Value; 4] {
    let billers: Vec<Uuid> = accounts.iter().map(|one| one.biller.uuid()).collect();
    [
        texts(accounts, |one| one.owner.tenant.as_str()),
        texts(accounts, |one| one.owner.customer_or_empty()),
        billers.into(),
        texts(accounts, |one| one.reference.as_str()),
    ]
}

fn texts(accounts: &[Account], text: fn(&Account) -> &str) -> Value {
    accounts.iter().map(|one| text(one).to_owned()).collect::<Vec<String>>().into()
}

fn json(accounts: &[Account]) -> Result<Value, StoreError> {
    let asked = accounts.iter().map(|one| {
        (one.owner.tenant.as_str(), one.owner.customer_or_empty(), one.biller.uuid(), one.reference.as_str())
    });
    let asked: Vec<(&str, &str, Uuid, &str)> = asked.collect();
    Ok(serde_json::to_string(&asked).map_err(|_| StoreError::Unreadable("an account"))?.into())
}

/// A row that cannot be read is the fault of its own account. Of one that tells no place nobody knows whose it is.
fn in_places(rows: &[QueryResult], accounts: usize) -> Vec<Result<Option<AccountBill>, StoreError>> {
    let mut found: Vec<_> = (0..accounts).map(|_| Ok(None)).collect();
    for row in rows {
        // The statements count from one.
        let place = row.try_get_by_index::<i64>(READ.len()).ok().and_then(|place| usize::try_from(place - 1).ok());
        match place.filter(|place| *place < accounts) {
            Some(place) => found[place] = account_bill(row).map(Some),
            None => return (0..accounts).map(|_| Err(StoreError::Unreadable("whose bill it is"))).collect(),
        }
    }
    found
}

fn account_bill(row: &QueryResult) -> Result<AccountBill, StoreError> {
    let mut cells = Cells::try_new(row)?;
    let id: Uuid = cells.take(Column::Id)?;
    let until: Option<String> = cells.take(Column::DueDate)?;
    Ok(AccountBill { id: Id::from_uuid(id), due_date: until.as_deref().map(date).transpose()? })
}
