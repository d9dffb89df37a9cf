//! One thing that somebody buys: the mutation, its key and its input.
//!
//! No two are alike to a provider that takes no reference: what is paid through Click, and each part of a bulk, has an
//! account or an amount of its own, so that a second effect of the same kind is a payment that was made twice.

use billpay::domain::provider::ProviderCode;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::goods::Goods;
use super::ware::{UNHEARD_AMOUNTS, Ware};

/// From here on no amount is special at Click and in BILL's bulk payments.
const OWN_AMOUNTS_FROM: u32 = 20;
const MOST_BULK_BILLS: usize = 5;

/// What is asked for with the same key until it is told.
pub(super) struct Purchase {
    pub(super) provider: ProviderCode,
    pub(super) mutation: Mutation,
    pub(super) key: String,
    pub(super) input: Value,
    /// What the payer pays to a control number.
    pub(super) pays: Option<String>,
}

/// By which mutation it is asked for.
#[derive(Clone, Copy)]
pub(super) enum Mutation {
    Payment,
    BulkPayment,
    ControlNumber,
}

/// Who buys, and how.
pub(super) struct Shopper<'a> {
    pub(super) goods: &'a Goods,
    pub(super) rng: &'a mut StdRng,
    pub(super) key: String,
    /// An account of the buyer's own.
    pub(super) account: String,
    /// Whether the sandbox is to do something special.
    pub(super) is_magic: bool,
    /// What exactly, where that is not left to chance.
    pub(super) special: Option<&'static str>,
}

impl Shopper<'_> {
    /// Thinks of something to buy.
    pub(super) fn choose(mut self, ware: Ware) -> Purchase {
        let (mutation, mut input, pays) = match ware {
            Ware::ClickPayment => (Mutation::Payment, self.click_payment(), None),
            Ware::AlmaraPayment => (Mutation::Payment, self.almara_payment(), None),
            Ware::BillPayment => (Mutation::Payment, self.bill_payment(), None),
            Ware::BillBulk => (Mutation::BulkPayment, self.bill_bulk(), None),
            Ware::ControlNumber => {
                let amount = self.control_number_amount();
                let wanted = self.control_number(&amount);
                (Mutation::ControlNumber, wanted, Some(amount))
            }
        };
        input["idempotencyKey"] = json!(self.key);
        Purchase { provider: ware.provider(), mutation, key: self.key, input, pays }
    }

    fn click_payment(&mut self) -> Value {
        let account = self.magic(Ware::ClickPayment).map_or_else(|| self.account.clone(), str::to_owned);
        json!({
            "target": { "account": { "billerId": self.goods.click_biller, "accountReference": account } },
            "amount": { "amount": self.goods.own_amount(OWN_AMOUNTS_FROM), "currency": "SAR" },
            "evenIfBeingPaid": self.is_magic,
            "wait": self.wait(),
        })
    }

    /// Special accounts are paid by many at once; the others have one payer each, who claims them.
    fn almara_payment(&mut self) -> Value {
        let account = self.magic(Ware::AlmaraPayment).map_or_else(|| self.account.clone(), str::to_owned);
        // No amount that the sandbox treats specially.
        let amount = format!("{}.00", self.rng.random_range(100..1_000_u32));
        json!({
            "target": { "account": { "billerId": self.goods.almara_biller, "accountReference": account } },
            "amount": { "amount": amount, "currency": "KES" },
            "payer": { "name": "Irina Muthoni", "phoneNumber": "+254710000000" },
            "evenIfBeingPaid": self.is_magic,
            "wait": self.wait(),
        })
    }

    /// Parts so small that each fits many times into any bill.
    fn bill_payment(&mut self) -> Value {
        let ordinary = self.rng.random_range(100..1_000_u32);
        let ordinary = format!("{}.{:02}", ordinary / 100, ordinary % 100);
        let amount = self.magic(Ware::BillPayment).map_or(ordinary, str::to_owned);
        let bill = &self.goods.single_bills[self.rng.random_range(0..self.goods.single_bills.len())];
        json!({
            "target": { "billId": bill },
            "amount": { "amount": amount, "currency": "USD" },
            "fundingAccountId": self.goods.bank_account,
            "evenIfBeingPaid": true,
            "wait": self.wait(),
        })
    }

    /// A special amount is for bills that nobody had before, so that none has the same amount twice.
    fn bill_bulk(&mut self) -> Value {
        let bills = self.goods.bulk_bills(self.rng.random_range(2..=MOST_BULK_BILLS));
        let special = self.magic(Ware::BillBulk).filter(|_| bills.are_fresh);
        let place = self.rng.random_range(0..bills.ids.len());
        let item = |(index, bill): (usize, &String)| {
            let ordinary = || self.goods.own_part(OWN_AMOUNTS_FROM);
            let amount = special.filter(|_| index == place).map_or_else(ordinary, str::to_owned);
            json!({ "billId": bill, "amount": { "amount": amount, "currency": "USD" } })
        };
        let items: Vec<_> = bills.ids.iter().enumerate().map(item).collect();
        json!({ "items": items, "fundingAccountId": self.goods.bank_account })
    }

    fn control_number_amount(&mut self) -> String {
        if self.is_magic && self.special.is_none() && self.rng.random_ratio(1, 8) {
            return UNHEARD_AMOUNTS[self.rng.random_range(0..UNHEARD_AMOUNTS.len())].to_owned();
        }
        let ordinary = self.rng.random_range(2_000..9_000_u32).to_string();
        self.magic(Ware::ControlNumber).map_or(ordinary, str::to_owned)
    }

    /// For one payment of exactly this amount. Every other caller brings a reference, which becomes the number.
    fn control_number(&mut self, amount: &str) -> Value {
        let mut input = json!({ "amount": { "amount": amount, "currency": "TZS" } });
        if self.rng.random_ratio(1, 2) {
            input["reference"] = json!(format!("R{}", self.account));
        }
        input
    }

    fn magic(&mut self, ware: Ware) -> Option<&'static str> {
        if self.special.is_some() {
            return self.special;
        }
        let values = ware.magic();
        self.is_magic.then(|| values[self.rng.random_range(0..values.len())])
    }

    fn wait(&mut self) -> &'static str {
        if self.rng.random_ratio(1, 2) { "RECORDED" } else { "SUBMITTED" }
    }
}
