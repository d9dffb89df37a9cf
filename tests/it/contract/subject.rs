//! What the suite must be told of each provider: data, and nothing of how a behaviour is tried.

mod almara;
mod bill;
mod click;
mod clickpesa;

use billpay::domain::amount_rule::AmountRule;
use billpay::domain::biller::{Biller, BillerCategory};
use billpay::domain::ids::BillerId;
use billpay::domain::money::Money;
use billpay::domain::payment::{DeliverySpeed, Payer};
use billpay::domain::provider::ProviderCode;
use billpay::ports::provider::PaymentRequest;
use uuid::Uuid;

use self::almara::Almara;
use self::bill::Bill;
use self::click::Click;
use self::clickpesa::Clickpesa;
use super::bench::Stand;
use super::scripted::{Rule, Whole};
use super::work::Work;

/// What a submission should come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is taken.
    Accepted,
    /// It is definitely refused.
    Refused,
    /// It is never answered, and has no effect.
    TimeoutBefore,
    /// It has its effect, and is never answered.
    TimeoutAfter,
    /// The connection breaks in the middle of the answer.
    BrokenOff,
    /// The answer is a 5xx.
    ServerError,
    /// The answer is no JSON.
    Malformed,
    /// The answer has no end.
    Huge,
    /// The answer leads elsewhere.
    Redirect,
    /// The first one meets a session that has ended.
    ExpiredSession,
    /// It is taken, and shown for a while with a status that no page has.
    UnknownStatus,
    /// It is taken, and the provider tells of it later.
    Told,
    /// Somebody else tells of it.
    Forged,
    /// It is taken, and stays where it can be cancelled.
    Recallable,
    /// Two in one call, both good.
    Bulk,
    /// Two in one call, of which one is bad: the first of payments, the second of control numbers.
    BadBulk,
}

/// What the provider says by its records instead of what it says when all goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// To a question about an account: it exists.
    AccountKnown,
    /// To a question about an account: it does not exist.
    AccountUnknown,
    /// To a submission: it is definitely refused.
    Refused,
    /// To a submission: its reference was used before.
    Duplicate,
    /// To two submissions in one call: one of them is bad.
    BadBulk,
    /// To a question how a submission stands: there is none.
    NoSuchSubmission,
    /// To a question how a submission stands: a word that no page has.
    UnknownWord,
}

/// What is sent to us.
#[derive(Clone, Debug)]
pub struct Sent {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// One provider, as the suite must know it.
pub trait Subject: Send + Sync {
    /// Which one.
    fn code(&self) -> ProviderCode;

    /// Where its base URL is in the sandbox.
    fn home(&self) -> &'static str;

    /// Its name in the sandbox, where callbacks go where its dashboard says and not where a submission does.
    fn dashboard(&self) -> Option<&'static str> {
        None
    }

    /// Its settings, below its section, for this base URL.
    fn settings(&self, stand: Stand, base: &str) -> Vec<(&'static str, String)>;

    /// One of its billers.
    fn biller(&self, stand: Stand) -> Biller;

    /// An account that exists, and one that does not.
    fn accounts(&self) -> (&'static str, &'static str);

    /// Where it is signed in.
    fn signs_in_at(&self) -> &'static str;

    /// Where one payment, or one control number, is submitted.
    fn submits_at(&self) -> &'static str;

    /// What it answers when all goes well.
    fn all_well(&self) -> Vec<Rule>;

    /// What it answers to a submission that it takes.
    fn accepted(&self) -> Whole;

    /// What it answers in a session that has ended.
    fn expired(&self) -> Whole;

    /// What it answers instead; none where it has no such answer.
    fn instead(&self, told: Told) -> Option<Rule>;

    /// What is submitted so that it comes to this; none where the stand has no such scenario.
    fn work(&self, stand: Stand, wish: Wish) -> Option<Work>;

    /// What it sends to us, and what a stranger would; none where it sends nothing.
    fn callbacks(&self) -> Option<(Sent, Sent)>;
}

/// All of them, in the order of the table.
pub fn all() -> [&'static dyn Subject; 4] {
    [&Click, &Almara, &Bill, &Clickpesa]
}

fn biller_of(provider: ProviderCode, code: &str, currency: &str) -> Biller {
    let currency = currency.parse().expect("a currency");
    Biller {
        id: BillerId::from_uuid(Uuid::nil()),
        provider,
        code: code.to_owned(),
        name: "A biller".to_owned(),
        category: BillerCategory::Other,
        category_name: "Other".to_owned(),
        country: "KE".to_owned(),
        currency,
        amount_rule: AmountRule::any(currency),
        time_zone: "UTC".to_owned(),
        disbursement_method: None,
        combines: false,
        active: true,
    }
}

fn money(amount: &str, biller: &Biller) -> Money {
    Money::parse_lenient(amount, biller.currency).expect("an amount")
}

/// A payment of an account.
fn payment(biller: Biller, account: &str, amount: &str) -> PaymentRequest {
    let amount = money(amount, &biller);
    PaymentRequest {
        biller,
        account_reference: account.to_owned(),
        second_reference: None,
        amount,
        payer: Payer { name: Some("IRINA MUTHONI".to_owned()), phone_number: Some("+254710000000".to_owned()) },
        description: None,
        // In the past, so that it is paid today wherever that is.
        process_date: jiff::civil::date(2026, 1, 2),
        due_date: None,
        delivery_speed: DeliverySpeed::Standard,
        save_bill_number: false,
        funding_account: None,
        bills: Vec::new(),
        new_bill: false,
    }
}
