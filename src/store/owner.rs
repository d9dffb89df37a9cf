//! Whose rows are seen.

use sea_orm::{ColumnTrait, Condition};

use crate::domain::requester::{CustomerId, Requester, TenantId};

/// Whose objects are seen: a tenant's, or those of one customer of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The tenant.
    pub tenant: TenantId,
    /// Where set, only this customer's objects.
    pub customer: Option<CustomerId>,
}

impl Owner {
    /// What a requester may see.
    pub fn of(requester: &Requester) -> Self {
        Self { tenant: requester.tenant.clone(), customer: requester.customer.clone() }
    }

    /// The customer as the indexes of natural keys hold it. No customer's name is empty.
    pub(super) fn customer_or_empty(&self) -> &str {
        self.customer.as_ref().map_or("", CustomerId::as_str)
    }

    /// The rows that are seen, by a table's columns of the tenant and of the customer.
    pub(super) fn condition<C: ColumnTrait>(&self, tenant: C, customer: C) -> Condition {
        Condition::all()
            .add(tenant.eq(self.tenant.as_str()))
            .add_option(self.customer.as_ref().map(|name| customer.eq(name.as_str())))
    }

    /// The rows that bear exactly this owner: without a customer, those that bear none.
    pub(super) fn exactly<C: ColumnTrait>(&self, tenant: C, customer: C) -> Condition {
        let of_customer = match &self.customer {
            Some(name) => customer.eq(name.as_str()),
            None => customer.is_null(),
        };
        Condition::all().add(tenant.eq(self.tenant.as_str())).add(of_customer)
    }
}
