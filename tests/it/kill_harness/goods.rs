//! What can be bought: a biller of Almara's and one of Click's, bills of BILL's vendors, and control numbers.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use billpay::domain::provider::ProviderCode;
use serde_json::{Value, json};

use super::api::Api;

const BILLERS: &str = "query ($provider: ID!) { billers(first: 100, filter: { providerId: $provider }) {
    nodes { id code }
} }";
const FUNDING_ACCOUNTS: &str = "query ($provider: ID!) { fundingAccounts(providerId: $provider) { id kind active } }";
const BILLS: &str = "query ($biller: ID!) { billLookup(billerId: $biller) { bills { id } errors { code } } }";

/// Vendors whose bills are paid one by one, in parts.
const SINGLE_VENDORS: [&str; 2] = ["00901SANDBOX00000005", "00901SANDBOX00000010"];
/// Vendors with sixty bills each, of which the first has several of a bulk combined into one payment; and one with nine
/// hundred, since a bulk that waits for a person holds its bills.
const BULK_VENDORS: [&str; 3] = ["00901SANDBOX00000002", "00901SANDBOX00000014", "00901SANDBOX00000015"];

/// All of it, for all callers.
pub(super) struct Goods {
    pub(super) almara_biller: String,
    pub(super) click_biller: String,
    pub(super) bank_account: String,
    pub(super) single_bills: Vec<String>,
    bulk_bills: Vec<String>,
    next_bulk_bill: AtomicUsize,
    next_hundredths: AtomicU32,
    next_part_hundredths: AtomicU32,
}

/// Bills for one bulk payment.
pub(super) struct BulkBills {
    pub(super) ids: Vec<String>,
    /// Whether nobody had any of them before.
    pub(super) are_fresh: bool,
}

impl Goods {
    /// Looks around in a server that has just been set up.
    pub(super) async fn find(api: &Api) -> Self {
        let mut by_vendor = Vec::new();
        for vendor in BULK_VENDORS {
            by_vendor.push(bills_of(api, vendor).await);
        }
        let mut single_bills = Vec::new();
        for vendor in SINGLE_VENDORS {
            single_bills.extend(bills_of(api, vendor).await);
        }
        Self {
            almara_biller: biller(api, ProviderCode::Almara, None).await,
            click_biller: biller(api, ProviderCode::Click, None).await,
            bank_account: bank_account(api).await,
            single_bills,
            bulk_bills: in_turns(by_vendor),
            next_bulk_bill: AtomicUsize::new(0),
            next_hundredths: AtomicU32::new(0),
            next_part_hundredths: AtomicU32::new(0),
        }
    }

    /// So many bills of which none is named twice; once all were had it begins again with the first.
    pub(super) fn bulk_bills(&self, count: usize) -> BulkBills {
        let first = self.next_bulk_bill.fetch_add(count, Ordering::Relaxed);
        let places = (first..first + count).map(|place| place % self.bulk_bills.len());
        BulkBills {
            ids: places.map(|place| self.bulk_bills[place].clone()).collect(),
            are_fresh: first + count <= self.bulk_bills.len(),
        }
    }

    /// An amount from this whole number on that nobody was told before.
    pub(super) fn own_amount(&self, from: u32) -> String {
        amount(from, &self.next_hundredths)
    }

    /// The same for parts of bills, which are counted apart so that they stay small: each fits several times into a bill.
    pub(super) fn own_part(&self, from: u32) -> String {
        amount(from, &self.next_part_hundredths)
    }
}

fn amount(from: u32, next: &AtomicU32) -> String {
    let hundredths = next.fetch_add(1, Ordering::Relaxed);
    format!("{}.{:02}", from + hundredths / 100, hundredths % 100)
}

/// The first biller of a provider, or the one with this code.
async fn biller(api: &Api, provider: ProviderCode, code: Option<&str>) -> String {
    let variables = json!({ "provider": provider.id().to_string() });
    let find = |data: &Value| {
        let mut billers = data.pointer("/billers/nodes")?.as_array()?.iter();
        let found = billers.find(|biller| code.is_none_or(|code| biller["code"] == code))?;
        found["id"].as_str().map(str::to_owned)
    };
    api.wait_for(BILLERS, &variables, find).await
}

async fn bank_account(api: &Api) -> String {
    let variables = json!({ "provider": ProviderCode::Bill.id().to_string() });
    let find = |data: &Value| {
        let mut accounts = data["fundingAccounts"].as_array()?.iter();
        let is_good = |account: &&Value| account["kind"] == "BANK_ACCOUNT" && account["active"] == true;
        accounts.find(is_good)?["id"].as_str().map(str::to_owned)
    };
    api.wait_for(FUNDING_ACCOUNTS, &variables, find).await
}

async fn bills_of(api: &Api, vendor: &str) -> Vec<String> {
    let biller = biller(api, ProviderCode::Bill, Some(vendor)).await;
    let find = |data: &Value| {
        let bills = data.pointer("/billLookup/bills")?.as_array()?;
        let ids: Option<Vec<String>> = bills.iter().map(|bill| bill["id"].as_str().map(str::to_owned)).collect();
        ids.filter(|ids| !ids.is_empty())
    };
    api.wait_for(BILLS, &json!({ "biller": biller }), find).await
}

/// One of each list after the other, so that neighbours are of different vendors.
fn in_turns(lists: Vec<Vec<String>>) -> Vec<String> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or_default();
    (0..longest).flat_map(|place| lists.iter().filter_map(move |list| list.get(place).cloned())).collect()
}
