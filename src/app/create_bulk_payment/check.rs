//! The checks of a bulk's input: every fault of every bill is told at once, before anything is written.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{BulkItem, CreateBulkPayment, being_paid};
use crate::app::{App, AppError};
use crate::domain::amount_rule::{AmountFault, AmountRule};
use crate::domain::bill::Bill;
use crate::domain::biller::Biller;
use crate::domain::bulk_payment::MOST_ITEMS;
use crate::domain::ids::{BillId, BillerId, FundingAccountId};
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::provider::{Capability, ProviderCode};
use crate::domain::refusal::{Detail, ErrorCode, Refusal};
use crate::domain::requester::Requester;
use crate::domain::schedule::{DayError, Window, window};
use crate::store::{Owner, StoreError};

/// A bulk that can be made.
pub(super) struct Checked {
    /// Through whom.
    pub(super) provider: ProviderCode,
    /// Its bills, in their order.
    pub(super) items: Vec<CheckedItem>,
    /// What they come to.
    pub(super) total: Money,
    /// Where the money comes from.
    pub(super) funding_account: Option<FundingAccountId>,
    /// When it was checked.
    pub(super) now: Timestamp,
    /// Not to be sent before.
    pub(super) run_at: Timestamp,
    /// Not to be sent after.
    pub(super) not_after: Timestamp,
    /// When its day begins, whoever holds it until then.
    pub(super) day_begins: Timestamp,
}

/// One bill that can be paid.
#[derive(Clone)]
pub(super) struct CheckedItem {
    /// Where it stands in the input.
    pub(super) place: usize,
    /// The bill.
    pub(super) bill: Bill,
    /// Who is owed.
    pub(super) biller: Arc<Biller>,
    /// How much is paid.
    pub(super) amount: Money,
    /// The day to pay, in the biller's time zone.
    pub(super) process_date: Date,
}

/// When a bulk may be sent, as far as the days of its billers say.
struct Days {
    now: Timestamp,
    begins: Timestamp,
    ends: Timestamp,
    of_billers: HashMap<BillerId, Window>,
}

impl App {
    /// Checks everything that can be known without asking the provider.
    pub(super) async fn check_bulk(
        &self,
        requester: &Requester,
        input: &CreateBulkPayment,
    ) -> Result<Checked, AppError> {
        if !(1..=MOST_ITEMS).contains(&input.items.len()) {
            let message = format!("a bulk payment pays 1 to {MOST_ITEMS} bills");
            return Err(Refusal::input(&["input", "items"], message).into());
        }
        let owner = Owner::of(requester);
        let now = self.clock.now();
        let mut faults = Vec::new();
        let bills = self.named_bills(&owner, &input.items, &mut faults).await?;
        let mut items = self.check_items(&input.items, bills, &mut faults);
        let provider = self.check_provider(&items, &mut faults);
        let total = check_total(&items, &mut faults);
        let funded = items.first().map(|item| item.biller.clone());
        let funding_account = funded
            .and_then(|biller| self.check_funding_account(&biller, input.funding_account_id.as_deref(), &mut faults));
        let days = self.check_days(input.process_date, &items, now, &mut faults);
        self.check_claims(&owner, &items, &mut faults).await?;
        let (Some(provider), Some(total), Some(days), true) = (provider, total, days, faults.is_empty()) else {
            return Err(AppError::Refused(faults));
        };
        for item in &mut items {
            if let Some(window) = days.of_billers.get(&item.biller.id) {
                item.process_date = window.process_date;
            }
        }
        let holds = self.provider(provider).is_some_and(|held| held.capabilities().contains(&Capability::Schedule));
        Ok(Checked {
            provider,
            items,
            total,
            funding_account,
            now,
            // What the provider holds until its day is sent at once.
            run_at: if holds { now } else { days.begins },
            not_after: days.ends,
            day_begins: days.begins,
        })
    }

    /// The bills that the items name, each with its place; those that do not exist or are named twice are faults.
    async fn named_bills(
        &self,
        owner: &Owner,
        items: &[BulkItem],
        faults: &mut Vec<Refusal>,
    ) -> Result<Vec<(usize, Bill)>, StoreError> {
        let ids: Vec<Option<BillId>> = items.iter().map(|item| item.bill_id.parse().ok()).collect();
        let uuids: Vec<Uuid> = ids.iter().flatten().map(|id| id.uuid()).collect();
        let found = self.store.bills_by_id(owner, &uuids).await?;
        let mut seen = BTreeSet::new();
        let mut named = Vec::with_capacity(items.len());
        for (place, id) in ids.into_iter().enumerate() {
            match id.and_then(|id| found.get(&id.uuid())) {
                None => faults.push(within(place, None, Refusal::not_found(&["billId"], "bill"))),
                Some(bill) if !seen.insert(bill.id) => {
                    let refusal = Refusal::input(&["billId"], "this bill is named twice");
                    faults.push(within(place, Some(bill.id), refusal));
                }
                Some(bill) => named.push((place, bill.clone())),
            }
        }
        Ok(named)
    }

    /// The bills that can be paid with the amounts that are asked for.
    fn check_items(
        &self,
        items: &[BulkItem],
        bills: Vec<(usize, Bill)>,
        faults: &mut Vec<Refusal>,
    ) -> Vec<CheckedItem> {
        let mut checked = Vec::with_capacity(bills.len());
        for (place, bill) in bills {
            let id = bill.id;
            match self.check_item(place, bill, &items[place]) {
                Ok(item) => checked.push(item),
                Err(refusal) => faults.push(within(place, Some(id), refusal)),
            }
        }
        checked
    }

    fn check_item(&self, place: usize, bill: Bill, item: &BulkItem) -> Result<CheckedItem, Refusal> {
        let not_payable = |message: &str| Refusal::new(ErrorCode::BillNotPayable, message).at(&["billId"]);
        let snapshot = self.catalogue.snapshot();
        let biller = snapshot.get(bill.biller_id).filter(|biller| biller.active).cloned();
        let biller = biller.filter(|biller| self.provider(biller.provider).is_some());
        let biller = biller.ok_or_else(|| not_payable("its biller cannot be paid at present"))?;
        if !bill.is_payable() {
            return Err(not_payable("nothing is owed on it any more; look it up again if that is wrong"));
        }
        let amount = check_amount(item, bill.amount_rule(biller.amount_rule))?;
        // The day is set as soon as it is known that there is one.
        Ok(CheckedItem { place, bill, biller, amount, process_date: Date::ZERO })
    }

    /// The provider through which all of them are paid, in one call.
    fn check_provider(&self, items: &[CheckedItem], faults: &mut Vec<Refusal>) -> Option<ProviderCode> {
        let code = items.first()?.biller.provider;
        for item in items.iter().filter(|item| item.biller.provider != code) {
            let message = format!("a bulk is paid through one provider: this bill is not paid through {}", code.name());
            faults.push(within(item.place, Some(item.bill.id), Refusal::input(&["billId"], message)));
        }
        let pays_bulks = self.provider(code).is_some_and(|known| known.capabilities().contains(&Capability::Bulk));
        if !pays_bulks {
            let message = format!("{} pays one bill at a time", code.name());
            faults.push(Refusal::lacks(Capability::Bulk, message).at(&["input", "items"]));
        }
        faults.extend(self.require_trust(code).err().map(|refusal| refusal.at(&["input", "items"])));
        Some(code)
    }

    fn check_days(
        &self,
        wanted: Option<Date>,
        items: &[CheckedItem],
        now: Timestamp,
        faults: &mut Vec<Refusal>,
    ) -> Option<Days> {
        let mut days = Days { now, begins: now, ends: Timestamp::MAX, of_billers: HashMap::new() };
        for item in items {
            if let Err(error) = days.add(wanted, &item.biller, self.policy.not_after) {
                let refusal = Refusal::new(ErrorCode::ProcessDateNotAllowed, error.to_string());
                faults.push(refusal.at(&["input", "processDate"]));
                return None;
            }
        }
        Some(days)
    }

    /// Which of the bills another payment is about to pay.
    pub(super) async fn check_claims(
        &self,
        owner: &Owner,
        items: &[CheckedItem],
        faults: &mut Vec<Refusal>,
    ) -> Result<(), StoreError> {
        let bills: Vec<Bill> = items.iter().map(|item| item.bill.clone()).collect();
        let claimed = self.store.claimed_bills(&bills).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        let holders: Vec<Uuid> = claimed.values().map(|holder| holder.uuid()).collect();
        let visible = self.store.payments_by_id(owner, &holders).await?;
        for item in items {
            if let Some(&holder) = claimed.get(&item.bill.id) {
                let seen = visible.contains_key(&holder.uuid()).then_some(holder);
                let refusal = being_paid().at(&["billId"]).with(Detail::BeingPaid(seen));
                faults.push(within(item.place, Some(item.bill.id), refusal));
            }
        }
        Ok(())
    }
}

impl Days {
    /// Takes in the day of one more biller.
    fn add(&mut self, wanted: Option<Date>, biller: &Biller, patience: std::time::Duration) -> Result<(), DayError> {
        if self.of_billers.contains_key(&biller.id) {
            return Ok(());
        }
        let window = window(self.now, wanted, &biller.time_zone, patience)?;
        self.begins = self.begins.max(window.run_at);
        self.ends = self.ends.min(window.not_after);
        self.of_billers.insert(biller.id, window);
        Ok(())
    }
}

/// The amount of one item, where its bill takes it.
fn check_amount(item: &BulkItem, rule: AmountRule) -> Result<Money, Refusal> {
    let currency: CurrencyCode = item.currency.parse().map_err(|error: crate::domain::money::UnknownCurrency| {
        Refusal::input(&["amount", "currency"], error.to_string())
    })?;
    let amount = Money::parse(&item.amount, currency)
        .map_err(|error| Refusal::input(&["amount", "amount"], error.to_string()))?;
    match rule.check(amount) {
        Ok(()) => Ok(amount),
        Err(AmountFault::NotPositive) => {
            Err(Refusal::input(&["amount", "amount"], "the amount must be more than nothing"))
        }
        Err(AmountFault::Currency) => {
            let message = format!("this bill is in {}", rule.currency);
            let refusal = Refusal::new(ErrorCode::CurrencyMismatch, message).at(&["amount", "currency"]);
            Err(refusal.with(Detail::Allowed(rule)))
        }
        Err(AmountFault::Outside) => {
            let message = "this amount is not taken for the bill; `allowed` tells which is";
            let refusal = Refusal::new(ErrorCode::AmountNotAllowed, message).at(&["amount", "amount"]);
            Err(refusal.with(Detail::Allowed(rule)))
        }
    }
}

/// What the items come to, where they are in one currency.
fn check_total(items: &[CheckedItem], faults: &mut Vec<Refusal>) -> Option<Money> {
    let currency = items.first()?.amount.currency();
    let mut sum = Some(0_i64);
    for item in items {
        if item.amount.currency() != currency {
            let message = format!("a bulk is in one currency, and this one is in {currency}");
            let refusal = Refusal::new(ErrorCode::CurrencyMismatch, message).at(&["amount", "currency"]);
            faults.push(within(item.place, Some(item.bill.id), refusal));
        }
        sum = sum.and_then(|sum| sum.checked_add(item.amount.minor()));
    }
    if sum.is_none() {
        faults.push(Refusal::input(&["input", "items"], "the total is too large"));
    }
    sum.map(|sum| Money::from_minor(sum, currency))
}

/// A refusal of one item: its path, which is told within the item, becomes that in the input, and its bill is named.
fn within(place: usize, bill: Option<BillId>, refusal: Refusal) -> Refusal {
    let mut path = vec!["input".to_owned(), "items".to_owned(), place.to_string()];
    path.extend(refusal.path);
    let message = match bill {
        Some(id) => format!("{id}: {}", refusal.message),
        None => refusal.message,
    };
    Refusal { code: refusal.code, message, path, detail: refusal.detail }
}
