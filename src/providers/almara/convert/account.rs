//! Accounts: what one owes, whether it exists, and the bill numbers that Almara keeps.
//!
//! Almara writes "not known" in four ways: null, "", -1 and, since 2026, 0. Zero is a sum only where the answer also
//! names the account's holder.

use jiff::civil::Date;

use super::{currency, holder, told, told_scalar};
use crate::domain::money::{CurrencyCode, Money};
use crate::ports::provider::{AccountAnswer, BillNumberAnswer, ProviderError};
use crate::providers::almara::wire::{BillMessage, KeptNumber, SavedNumber, Scalar};
use crate::providers::http::trouble;

/// The characters of `2021-10-18`.
const DATE_LENGTH: usize = 10;

/// Reads the answer to types 1 and 3. An account is confirmed where its holder is named or it is called active: that
/// the request was accepted says nothing about the account.
pub(in crate::providers::almara) fn account(
    message: BillMessage,
    our_reference: &str,
    ours: CurrencyCode,
) -> Result<AccountAnswer, ProviderError> {
    if told(message.originator_conversation_id.as_deref()).is_some_and(|reference| reference != our_reference) {
        return Err(ProviderError::Unknown(trouble("answer is about another request")));
    }
    let customer_name = holder(message.account_customer_name.as_deref(), message.customer_name.as_deref());
    let active = active(message.active.as_ref());
    let currency = currency(message.currency.as_deref(), ours);
    let owed = currency.and_then(|currency| owed(message.due_amount.as_ref(), currency));
    Ok(AccountAnswer {
        amount_due: owed.filter(|owed| owed.is_positive() || customer_name.is_some()),
        due_date: due_date(message.due_date.as_ref()),
        verified: customer_name.is_some() || active == Some(true),
        active,
        customer_name,
    })
}

/// Reads the answer to the saving of a bill number.
pub(in crate::providers::almara) fn saved_number(message: SavedNumber, ours: CurrencyCode) -> BillNumberAnswer {
    BillNumberAnswer {
        customer_name: holder(message.account_customer_name.as_deref(), None),
        last_known_balance: owed(message.last_known_balance.as_ref(), ours),
        due_date: due_date(message.due_date.as_ref()),
        verified: message.verified.unwrap_or(false),
        active: None,
        provider_reference: message.system_conversation_id,
    }
}

/// Reads a bill number that was found.
pub(in crate::providers::almara) fn kept_number(
    kept: KeptNumber,
    account_reference: &str,
    ours: CurrencyCode,
) -> Result<BillNumberAnswer, ProviderError> {
    if kept.account_number.as_str() != account_reference {
        return Err(ProviderError::Unknown(trouble("answer is about another account")));
    }
    Ok(BillNumberAnswer {
        customer_name: holder(kept.account_customer_name.as_deref(), kept.customer_name.as_deref()),
        last_known_balance: owed(kept.last_known_balance.as_ref(), ours),
        due_date: due_date(kept.due_date.as_ref()),
        verified: kept.verified.unwrap_or(false),
        active: active(kept.enabled.as_ref()),
        provider_reference: None,
    })
}

/// A sum that is owed; -1 means that it is not known, and no bill is negative.
fn owed(amount: Option<&Scalar>, currency: CurrencyCode) -> Option<Money> {
    Money::parse_lenient(told_scalar(amount)?, currency).filter(|owed| owed.minor() >= 0)
}

/// A day, with or without a time of day; "-1" is none.
fn due_date(text: Option<&Scalar>) -> Option<Date> {
    let text = told_scalar(text)?;
    let (date, time) = text.split_at_checked(DATE_LENGTH)?;
    (time.is_empty() || time.starts_with(['T', ' '])).then(|| date.parse().ok())?
}

fn active(word: Option<&Scalar>) -> Option<bool> {
    match told_scalar(word)?.to_ascii_lowercase().as_str() {
        "true" | "active" => Some(true),
        "false" | "inactive" => Some(false),
        // "Unknown", as every acceptance has it, and whatever else is not documented.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::providers::almara::fixture;
    use crate::providers::almara::wire::{Reply, Shape};
    use crate::providers::json;

    const KES: CurrencyCode = CurrencyCode::KES;
    const OURS: &str = "0b6ce1fd-6c25-4bb6-9b6d-8c1f3ad1a0c7";

    fn scalar(json: &str) -> Option<Scalar> {
        serde_json::from_str(json).expect("JSON")
    }

    fn look_up(body: &[u8]) -> AccountAnswer {
        match Reply::read(body).expect("a documented shape").shape {
            Shape::Message(message) => account(message, OURS, KES).expect("an account"),
            Shape::Failure(_) | Shape::Problem(_) | Shape::FieldList(_) => panic!("an error"),
        }
    }

    #[test]
    fn a_due_date_comes_in_five_forms() {
        let day = Some(date(2021, 10, 18));
        for (json, expected) in [
            ("\"2021-10-18\"", day),
            ("\"2021-10-18T00:00:00\"", day),
            ("\"2021-10-18 00:00:00\"", day),
            ("\"-1\"", None),
            ("null", None),
        ] {
            assert_eq!(due_date(scalar(json).as_ref()), expected, "{json}");
        }
        for json in
            ["-1", "\"\"", "\"2021-10-1\"", "\"2021-10-180\"", "\"2021-13-18\"", "\"18-10-2021\"", "\"äääääää\""]
        {
            assert_eq!(due_date(scalar(json).as_ref()), None, "{json}");
        }
    }

    #[test]
    fn seven_fractional_digits_do_not_disturb_a_day() {
        assert_eq!(due_date(scalar("\"2021-10-18T07:14:53.1362329Z\"").as_ref()), Some(date(2021, 10, 18)));
    }

    #[test]
    fn active_is_a_word_a_truth_value_or_unknown() {
        for (json, expected) in [
            ("\"Unknown\"", None),
            ("\"true\"", Some(true)),
            ("\"Active\"", Some(true)),
            ("true", Some(true)),
            ("\"false\"", Some(false)),
            ("\"Inactive\"", Some(false)),
            ("false", Some(false)),
            ("null", None),
            ("1", None),
        ] {
            assert_eq!(active(scalar(json).as_ref()), expected, "{json}");
        }
    }

    #[test]
    fn minus_one_null_and_a_nameless_zero_are_no_sum() {
        let due = |amount: &str, name: &str| {
            let body = format!(r#"{{"message":{{"dueAmount":{amount},"currency":"KES","{name}":"IRINA"}}}}"#);
            look_up(body.as_bytes()).amount_due.map(Money::minor)
        };
        for name in ["customerName", "accountCustomerName"] {
            assert_eq!(due("-1.0", name), None);
            assert_eq!(due("-1", name), None);
            assert_eq!(due("null", name), None);
            assert_eq!(due("0", name), Some(0));
            assert_eq!(due("231.56", name), Some(23_156));
        }
        assert_eq!(due("0", "remarks"), None);
        assert_eq!(due("0.00", "remarks"), None);
        assert_eq!(due("1", "remarks"), Some(100));
    }

    #[test]
    fn an_acceptance_confirms_no_account() {
        for name in ["pay_accepted", "pay_accepted_older"] {
            let body = String::from_utf8(fixture::answer(name)).expect("text");
            let body = body.replace("originatorConversationId", "anotherId");
            let answer = look_up(body.as_bytes());
            assert!(!answer.verified, "{name}");
            assert_eq!((answer.amount_due, answer.due_date, answer.active), (None, None, None), "{name}");
        }
    }

    #[test]
    fn a_named_account_is_verified() {
        let answer = look_up(&fixture::answer("account_found"));
        assert!(answer.verified);
        assert_eq!(answer.customer_name.as_deref(), Some("IRINA MUTHONI"));
        assert_eq!(answer.amount_due, Some(Money::from_minor(231_050, KES)));
        assert_eq!((answer.due_date, answer.active), (Some(date(2026, 5, 1)), Some(true)));
    }

    #[test]
    fn a_saved_bill_number_is_read() {
        let Ok(Shape::Message(message)) = Reply::read(&fixture::answer("bill_number")).map(|reply| reply.shape) else {
            panic!("no message")
        };
        let answer = saved_number(message, KES);
        assert_eq!(answer.customer_name.as_deref(), Some("LTD EXECUTIVE CONCEPTS"));
        assert_eq!(answer.last_known_balance, Some(Money::from_minor(23_156, KES)));
        assert_eq!(answer.due_date, Some(date(2020, 7, 3)));
        assert!(answer.verified && answer.provider_reference.is_some());
    }

    #[test]
    fn a_kept_bill_number_is_read_in_the_form_of_2021() {
        let kept = || json::read::<KeptNumber>(&fixture::answer("bill_number_found")).expect("a number");
        let answer = kept_number(kept(), "1111777", KES).expect("the account that was asked for");
        assert_eq!((answer.active, answer.verified), (Some(true), true));
        assert_eq!(answer.due_date, Some(date(2021, 10, 18)));
        assert!(matches!(kept_number(kept(), "another", KES), Err(ProviderError::Unknown(_))));
    }
}
