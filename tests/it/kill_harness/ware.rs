//! What callers buy, and the accounts and amounts with which the sandbox does something special (docs/sandbox.md).
//!
//! Left out is what would only stop the run for a while: answers after which billpay rightly pauses (an hour's limit, a
//! throttled minute, credentials that are refused), payments that are pending for ever, and bodies of 32 MiB. The
//! contract suite has those.

use billpay::domain::provider::ProviderCode;

/// Something to be had from a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ware {
    /// A payment through Click.
    ClickPayment,
    /// A payment through Almara.
    AlmaraPayment,
    /// A part of one bill of BILL's.
    BillPayment,
    /// Parts of several of them, all or none.
    BillBulk,
    /// A control number of ClickPesa's, to be paid as soon as there is one.
    ControlNumber,
}

impl Ware {
    pub(super) const ALL: [Self; 5] =
        [Self::ClickPayment, Self::AlmaraPayment, Self::BillPayment, Self::BillBulk, Self::ControlNumber];

    /// What a thousand callers would want: mostly payments that providers make at once. BILL takes three calls at a
    /// time, and the place of a server that died is free only when its lease has ended. Of its bills for bulks there
    /// are a thousand, and whoever wants one that is being paid is turned away.
    pub(super) const MANY: [Self; 40] = {
        let mut many = [Self::ClickPayment; 40];
        let mut place = 1;
        while place < many.len() {
            many[place] = Self::AlmaraPayment;
            place += 2;
        }
        (many[6], many[26]) = (Self::ControlNumber, Self::ControlNumber);
        (many[10], many[19]) = (Self::BillPayment, Self::BillBulk);
        many
    };

    /// From whom.
    pub(super) const fn provider(self) -> ProviderCode {
        match self {
            Self::ClickPayment => ProviderCode::Click,
            Self::AlmaraPayment => ProviderCode::Almara,
            Self::BillPayment | Self::BillBulk => ProviderCode::Bill,
            Self::ControlNumber => ProviderCode::Clickpesa,
        }
    }

    /// How many in a hundred are special. A bulk is less often, since it is more often in the way of the next.
    pub(super) const fn percent_magic(self) -> u32 {
        match self {
            Self::AlmaraPayment => 60,
            Self::ClickPayment | Self::BillPayment | Self::ControlNumber => 50,
            Self::BillBulk => 30,
        }
    }

    /// The accounts, and at BILL and ClickPesa the amounts, that are special.
    pub(super) const fn magic(self) -> &'static [&'static str] {
        match self {
            Self::ClickPayment => CLICK_ACCOUNTS,
            Self::AlmaraPayment => ALMARA_ACCOUNTS,
            Self::BillPayment => BILL_AMOUNTS,
            Self::BillBulk => BULK_AMOUNTS,
            Self::ControlNumber => CLICKPESA_AMOUNTS,
        }
    }
}

/// Amounts of control numbers of whose money no webhook tells that can be believed: the sweep finds it.
pub(super) const UNHEARD_AMOUNTS: &[&str] = &[
    "1407", // told without a checksum
    "1409", // never told
];

const CLICK_ACCOUNTS: &[&str] = &[
    "1111111", // paid at once
    "3333333", // refused
    "3434343", // refused in Ruby
    "4030403", // forbidden
    "0000000", // refused: unknown account
    "5555555", // timeout before the effect
    "6666666", // timeout after it
    "7777000", // HTTP 500 before the effect
    "7777777", // HTTP 500 after it
    "6161616", // half an answer
    "9999999", // an answer that is not JSON
    "2121212", // a body that no page explains
    "4010401", // a token called expired, the first time
];

const ALMARA_ACCOUNTS: &[&str] = &[
    "1111111", // paid at once
    "2222222", // paid later
    "3333333", // refused
    "0000000", // refused: unknown account
    "4444444", // declined later
    "5555555", // timeout before the effect
    "6666666", // timeout after it
    "7777000", // HTTP 500 before the effect
    "7777777", // HTTP 500 after it
    "6161616", // half an answer
    "9999999", // an answer that is not JSON
    "1212121", // told three times
    "1313131", // an old callback
    "1414141", // another amount
    "1616161", // accepted in an older form
    "1717171", // a status that is not documented
];

const BILL_AMOUNTS: &[&str] = &[
    "13.01", // every status, one after the other
    "13.02", // refused: unknown bill
    "13.03", // refused: inactive account
    "13.05", // timeout before the effect
    "13.06", // timeout after it
    "13.07", // HTTP 500 after the effect
    "13.08", // HTTP 500 before it
    "13.09", // an answer that is not JSON
    "13.10", // half an answer
    "13.12", // a redirect
    "13.14", // the session is over
    "13.15", // too many calls at once
    "13.18", // on hold for a while
    "13.19", // not funded, and not paid
    "13.20", // not funded, and paid all the same
    "13.21", // paid, and returned by the vendor's bank
    "13.22", // paid, and voided by BILL
    "13.24", // a status that is not documented
    "13.25", // another amount
    "13.26", // told three times
    "13.27", // told in the wrong order
    "13.28", // told by a stranger
];

/// As the former, without those that pay another amount than was asked, or a part of the bulk only.
const BULK_AMOUNTS: &[&str] = &[
    "13.01", "13.02", "13.03", "13.05", "13.06", "13.07", "13.08", "13.09", "13.10", "13.12", "13.14", "13.15",
    "13.18", "13.24", "13.26", "13.27", "13.28",
];

const CLICKPESA_AMOUNTS: &[&str] = &[
    "1301", // refused
    "1303", // timeout before the number is made
    "1304", // timeout after it
    "1305", // HTTP 500 before the number is made
    "1306", // HTTP 500 after it
    "1307", // an answer that is not JSON
    "1308", // half an answer
    "1310", // a redirect
    "1312", // a token called expired, the first time
    "1314", // made for another amount
    "1315", // paid by somebody else, soon
    "1401", // the payment fails
    "1402", // on hold for a while
    "1403", // received later
    "1404", // told three times
    "1405", // told late
    "1406", // told by a stranger first
];
