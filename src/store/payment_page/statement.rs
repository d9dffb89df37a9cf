//! The statement that reads a page of payments.
//!
//! Where all payments of a tenant are listed, PostgreSQL is not shown the values ([`hidden`]). For a tenant with many
//! payments it would otherwise plan anew at each execution, since knowing the tenant promises a cheaper plan: one that
//! runs back through everybody's payments until it has met enough of this tenant's. With values that it cannot see, the
//! plan by the index of the tenant is made once and kept. A filtered list shows its values: there they decide which
//! index is the right one.
//!
//! The statement of a whole list is therefore one of few texts, and only its values differ: a text is built when it is
//! first needed and kept ([`TEXTS`]). A test builds each of them anew and compares.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, Value};
use sea_orm::{ColumnTrait, Condition, DbBackend, Statement};

use entity::{bill_number, payment};

use super::{BILL_NUMBER_COLUMNS, PAYMENT_COLUMNS, brief};
use crate::domain::page::{From, PageRequest};
use crate::store::owner::Owner;
use crate::store::page::{between, literal_limit};
use crate::store::payments::{PaymentFilter, matching};

/// Which of the tables' columns are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Columns {
    /// All that a payment, or a bill number, is read from.
    Whole,
    /// What lists usually ask for.
    Brief,
}

impl Columns {
    fn of_payments(self) -> &'static str {
        match self {
            Self::Whole => PAYMENT_COLUMNS.as_str(),
            Self::Brief => brief::PAYMENT_COLUMNS.as_str(),
        }
    }

    fn of_bill_numbers(self) -> &'static str {
        match self {
            Self::Whole => BILL_NUMBER_COLUMNS.as_str(),
            Self::Brief => brief::BILL_NUMBER_COLUMNS.as_str(),
        }
    }
}

/// A page that is to be read.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) columns: Columns,
    /// Whether the bill numbers that the payments name come with them, where the owner may see them.
    pub(super) bill_numbers: bool,
    pub(super) owner: &'a Owner,
    pub(super) filter: &'a PaymentFilter,
    pub(super) page: PageRequest,
}

/// What the text of a whole list's statement depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    is_postgres: bool,
    columns: Columns,
    bill_numbers: bool,
    from_end: bool,
    after: bool,
    before: bool,
    limit: &'static str,
}

/// As many as there are shapes: a few hundred at most.
static TEXTS: LazyLock<RwLock<HashMap<Shape, Arc<str>>>> = LazyLock::new(RwLock::default);

impl Wanted<'_> {
    /// The statement that reads it.
    pub(super) fn statement(self, backend: DbBackend) -> Statement {
        if !self.is_whole_list() {
            return self.build(backend);
        }
        let shape = self.shape(backend);
        let known = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&shape).cloned();
        if let Some(text) = known {
            return Statement::from_sql_and_values(backend, text.as_ref(), self.values());
        }
        let built = self.build(backend);
        TEXTS.write().unwrap_or_else(PoisonError::into_inner).insert(shape, built.sql.as_str().into());
        built
    }

    /// Whether no payment of the tenant is left out.
    fn is_whole_list(self) -> bool {
        *self.filter == PaymentFilter::default() && self.owner.customer.is_none()
    }

    fn shape(self, backend: DbBackend) -> Shape {
        let PageRequest { limit, from, after, before } = self.page;
        Shape {
            is_postgres: backend == DbBackend::Postgres,
            columns: self.columns,
            bill_numbers: self.bill_numbers,
            from_end: from == From::End,
            after: after.is_some(),
            before: before.is_some(),
            limit: literal_limit(limit),
        }
    }

    /// The values of a whole list, in the order in which its text names them: the join stands before the condition.
    fn values(self) -> Vec<Value> {
        let tenant = || -> Value { self.owner.tenant.as_str().into() };
        let mut values = Vec::with_capacity(4);
        if self.bill_numbers {
            values.push(tenant());
        }
        values.push(tenant());
        values.extend(self.page.after.map(Into::<Value>::into));
        values.extend(self.page.before.map(Into::<Value>::into));
        values
    }

    fn build(self, backend: DbBackend) -> Statement {
        let mut statement = backend.build(&self.select());
        statement.sql.push_str(literal_limit(self.page.limit));
        statement
    }

    fn select(self) -> SelectStatement {
        let order = match self.page.from {
            From::Start => Order::Desc,
            From::End => Order::Asc,
        };
        let mut select = Query::select();
        select
            .expr(Expr::cust(self.columns.of_payments()))
            .from(payment::Entity)
            .cond_where(self.condition())
            .order_by(payment::Column::Id.as_column_ref(), order);
        if self.bill_numbers {
            select
                .expr(Expr::cust(self.columns.of_bill_numbers()))
                .left_join(bill_number::Entity, self.bill_number_condition());
        }
        select
    }

    /// Which bill number is a payment's: the one that it names, where the owner may see that.
    fn bill_number_condition(self) -> Condition {
        let named =
            Expr::col(bill_number::Column::Id.as_column_ref()).equals(payment::Column::BillNumberId.as_column_ref());
        self.owner.condition(bill_number::Column::TenantId, bill_number::Column::Customer).add(named)
    }

    fn condition(self) -> Condition {
        let Self { owner, filter, page, columns: _, bill_numbers: _ } = self;
        if !self.is_whole_list() {
            return Condition::all().add(matching(owner, filter)).add_option(some_between(page));
        }
        let (tenant, id) = (payment::Column::TenantId.as_column_ref(), payment::Column::Id.as_column_ref());
        Condition::all()
            .add(Expr::col(tenant).eq(hidden(owner.tenant.as_str())))
            .add_option(page.after.map(|after| Expr::col(id.clone()).lt(hidden(after))))
            .add_option(page.before.map(|before| Expr::col(id.clone()).gt(hidden(before))))
    }
}

/// The ids between which a page lies, where it names any.
fn some_between(page: PageRequest) -> Option<Condition> {
    Some(between(payment::Column::Id, page)).filter(|ids| !ids.is_empty())
}

/// A value that the planner learns when it has planned.
fn hidden(value: impl Into<Value>) -> Expr {
    Query::select().expr(Expr::val(value)).to_owned().into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::page::LONGEST_PAGE;
    use crate::domain::requester::TenantId;

    fn owner(tenant: &str) -> Owner {
        Owner { tenant: TenantId::try_new(tenant).expect("a tenant"), customer: None }
    }

    /// Every kind of page, in several sizes.
    fn pages() -> Vec<PageRequest> {
        let ids = |number| [None, Some(Uuid::from_u128(number))];
        let mut pages = Vec::new();
        for from in [From::Start, From::End] {
            for (after, before) in ids(1).into_iter().flat_map(|after| ids(2).map(|before| (after, before))) {
                pages.extend([0, 1, 5, 20, LONGEST_PAGE].map(|limit| PageRequest { limit, from, after, before }));
            }
        }
        pages
    }

    #[test]
    fn a_statement_from_a_known_text_is_the_one_that_would_be_built() {
        let filter = PaymentFilter::default();
        for tenant in ["acme", "globex"] {
            let owner = owner(tenant);
            for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
                for columns in [Columns::Whole, Columns::Brief] {
                    for (page, bill_numbers) in pages().into_iter().flat_map(|page| [(page, false), (page, true)]) {
                        let wanted = Wanted { columns, bill_numbers, owner: &owner, filter: &filter, page };
                        let built = wanted.build(backend);
                        assert_eq!(wanted.statement(backend), built, "{page:?}");
                        assert_eq!(wanted.statement(backend), built, "{page:?}, the second time");
                    }
                }
            }
        }
    }

    #[test]
    fn a_list_that_leaves_payments_out_is_built_with_its_own_conditions() {
        let (owner, page) = (owner("acme"), PageRequest::first(20));
        let filter = PaymentFilter { customer: Some("c1".to_owned()), ..PaymentFilter::default() };
        let wanted = Wanted { columns: Columns::Brief, bill_numbers: false, owner: &owner, filter: &filter, page };
        let whole = Wanted { filter: &PaymentFilter::default(), ..wanted }.statement(DbBackend::Postgres);
        assert_ne!(wanted.statement(DbBackend::Postgres).sql, whole.sql);
    }
}
