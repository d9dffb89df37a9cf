//! What somebody does while a server dies over it, made ready before: it goes on until it is done, at whichever server
//! there is.

use std::time::Duration;

use billpay::domain::payment::recall::RecallKind;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::ASK_AGAIN;
use super::left::Mark;
use crate::kill_harness::api::Api;
use crate::kill_harness::traffic::{Errand, Market, Receipts, buy_once};

/// Until when it must be done.
const PATIENCE: Duration = Duration::from_secs(120);
/// For how many days a payment waits that is to be cancelled.
const WAITING_DAYS: i64 = 5;

/// An act, with all that it needs.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Buy(Errand),
    /// To have a payment, which is named, be as somebody wishes.
    Wish(Wish, String),
    /// To keep a bill number of this account, and then to buy.
    Keep {
        account: String,
        errand: Errand,
    },
}

/// What somebody wishes of a payment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    TakenBack(RecallKind),
    /// That it was not paid, as a person says who looked.
    Unpaid,
}

impl Wish {
    /// How it stands when that is done, or cannot be.
    const fn ends(self) -> &'static [&'static str] {
        match self {
            Self::TakenBack(RecallKind::Cancel) => &["CANCELLED", "NEEDS_REVIEW"],
            Self::TakenBack(RecallKind::Void) => &["REVERSED", "NEEDS_REVIEW"],
            Self::Unpaid => &["FAILED"],
        }
    }
}

impl Deed {
    /// By what is found what it left.
    pub(super) fn mark(&self) -> Mark {
        match self {
            Self::Buy(errand) => Mark::Key(errand.key.clone()),
            Self::Wish(Wish::TakenBack(_), payment) => Mark::RecallOf(payment.clone()),
            Self::Wish(Wish::Unpaid, payment) => Mark::DecisionOn(payment.clone()),
            Self::Keep { account, errand: _ } => Mark::Account(account.clone()),
        }
    }

    /// Does it.
    pub(super) async fn carry_out(self, market: Market) -> Receipts {
        let api = market.apis[0].clone();
        match self {
            Self::Buy(errand) => buy_once(market, errand).await,
            Self::Wish(wished, payment) => wish(&api, wished, &payment).await,
            Self::Keep { account, errand } => {
                let biller = market.goods.almara_biller.clone();
                let mut receipts = keep(&api, &biller, &account).await;
                receipts.add(buy_once(market, errand).await);
                receipts
            }
        }
    }
}

/// Wishes it until the payment stands so, or a person is asked. Whether one wish came to anything, its status tells:
/// whoever repeats it while it is on its way gets the payment as it is; after an end that nobody knows it is made once more.
async fn wish(api: &Api, wish: Wish, payment: &str) -> Receipts {
    let mut receipts = Receipts::default();
    let give_up = Instant::now() + PATIENCE;
    loop {
        let _ = match wish {
            Wish::TakenBack(kind) => api.recall(kind, payment).await,
            Wish::Unpaid => api.decide_unpaid(payment).await,
        };
        let status = api.status(payment).await;
        match status {
            Ok(status) if wish.ends().contains(&status.as_str()) => return receipts,
            Ok(status) if Instant::now() >= give_up => {
                receipts.given_up.push(format!("{wish:?} of {payment}, which is {status}"));
                return receipts;
            }
            Err(trouble) if Instant::now() >= give_up => {
                receipts.given_up.push(format!("{wish:?} of {payment}: {trouble}"));
                return receipts;
            }
            Ok(_) | Err(_) => tokio::time::sleep(ASK_AGAIN).await,
        }
    }
}

async fn keep(api: &Api, biller: &str, account: &str) -> Receipts {
    let mut receipts = Receipts::default();
    let give_up = Instant::now() + PATIENCE;
    while let Err(trouble) = api.save_bill_number(biller, account).await {
        if Instant::now() >= give_up {
            receipts.given_up.push(format!("the bill number {account}: {trouble}"));
            return receipts;
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
    receipts
}

/// A day that is not near in any time zone.
#[expect(clippy::disallowed_methods, reason = "the servers of the bench go by the system's clock")]
pub(super) fn waiting_until() -> String {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(WAITING_DAYS.days()).to_string()
}
