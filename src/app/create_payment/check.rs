//! The checks of a payment's input: every fault is told at once, each with its place, before anything is written.

use jiff::Timestamp;

use super::CreatePayment;
use super::target::Resolved;
use crate::app::App;
use crate::domain::amount_rule::AmountFault;
use crate::domain::biller::{Biller, InputFault, InputName, InputRule, LONGEST_TEXT};
use crate::domain::money::{CurrencyCode, Money};
use crate::domain::phone::PhoneNumber;
use crate::domain::provider::Capability;
use crate::domain::refusal::{Detail, ErrorCode, Refusal};
use crate::domain::schedule::{DayError, Window, window};

/// Where the description of a bill stands that is made by paying it.
const NEW_BILL_DESCRIPTION: &[&str] = &["input", "target", "newBill", "description"];

impl App {
    pub(super) fn check_day(
        &self,
        input: &CreatePayment,
        biller: &Biller,
        now: Timestamp,
        faults: &mut Vec<Refusal>,
    ) -> Option<Window> {
        match window(now, input.process_date, &biller.time_zone, self.policy.not_after) {
            Ok(window) => Some(window),
            Err(error @ (DayError::Past | DayError::TooFar | DayError::TimeZone)) => {
                let refusal = Refusal::new(ErrorCode::ProcessDateNotAllowed, error.to_string());
                faults.push(refusal.at(&["input", "processDate"]));
                None
            }
        }
    }

    pub(super) fn check_inputs(&self, input: &CreatePayment, resolved: &Resolved, faults: &mut Vec<Refusal>) {
        let Some(provider) = self.provider(resolved.biller.provider) else { return };
        let traits = provider.biller_traits(&resolved.biller);
        // What stands for the payment's own description where it has none.
        let of_new_bill = resolved.new_bill.as_ref().filter(|_| input.description.is_none());
        for rule in traits.inputs {
            let due = input.due_date.map(|date| date.to_string());
            let day = input.process_date.map(|date| date.to_string());
            let value = match rule.input {
                InputName::AccountReference => resolved.account_reference.as_deref(),
                InputName::SecondReference => resolved.second_reference.as_deref(),
                InputName::PayerName => input.payer_name.as_deref(),
                InputName::PayerPhone => input.payer_phone.as_deref(),
                InputName::Description => {
                    input.description.as_deref().or_else(|| of_new_bill.and_then(|description| description.as_deref()))
                }
                InputName::DueDate => due.as_deref(),
                InputName::ProcessDate => day.as_deref(),
                InputName::FundingAccount => input.funding_account_id.as_deref(),
            };
            if rule.input == InputName::FundingAccount {
                // Checked against the accounts that there are.
                continue;
            }
            let path = if rule.input == InputName::AccountReference {
                resolved.account_path
            } else if rule.input == InputName::Description && of_new_bill.is_some() {
                NEW_BILL_DESCRIPTION
            } else {
                rule.input.path()
            };
            match rule.check(value) {
                Ok(()) => {}
                Err(InputFault::Missing) => {
                    faults.push(Refusal::input(path, format!("{} is required by this biller", rule.label)));
                }
                Err(InputFault::Malformed) => faults.push(Refusal::input(path, malformed(rule))),
            }
        }
        if !traits.delivery_speeds.contains(&input.delivery_speed) {
            let offered = traits.delivery_speeds.iter().map(|speed| speed.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("payments to this biller can be delivered at: {offered}");
            faults.push(Refusal::lacks(Capability::Faster, message).at(&["input", "deliverySpeed"]));
        }
        if input.save_bill_number && resolved.account_reference.is_none() {
            faults.push(Refusal::input(&["input", "saveBillNumber"], "there is no account reference to save"));
        }
    }
}

fn malformed(rule: &InputRule) -> String {
    let (least, most) = (rule.min_length.unwrap_or(0), rule.longest());
    match rule.example {
        Some(example) => format!("{} has {least} to {most} printable characters, such as {example}", rule.label),
        None => format!("{} has {least} to {most} printable characters", rule.label),
    }
}

/// The amount, where the biller takes it.
pub(super) fn amount(input: &CreatePayment, resolved: &Resolved, faults: &mut Vec<Refusal>) -> Option<Money> {
    let currency: CurrencyCode = match input.currency.parse() {
        Ok(currency) => currency,
        Err(error @ crate::domain::money::UnknownCurrency) => {
            faults.push(Refusal::input(&["input", "amount", "currency"], error.to_string()));
            return None;
        }
    };
    let amount = match Money::parse(&input.amount, currency) {
        Ok(amount) => amount,
        Err(error) => {
            faults.push(Refusal::input(&["input", "amount", "amount"], error.to_string()));
            return None;
        }
    };
    let rule = resolved.amount_rule;
    match rule.check(amount) {
        Ok(()) => Some(amount),
        Err(AmountFault::NotPositive) => {
            faults.push(Refusal::input(&["input", "amount", "amount"], "the amount must be more than nothing"));
            None
        }
        Err(AmountFault::Currency) => {
            let message = format!("this biller takes {}", rule.currency);
            let refusal = Refusal::new(ErrorCode::CurrencyMismatch, message).at(&["input", "amount", "currency"]);
            faults.push(refusal.with(Detail::Allowed(rule)));
            None
        }
        Err(AmountFault::Outside) => {
            let message = "the biller does not take this amount; `allowed` tells which it takes";
            let refusal = Refusal::new(ErrorCode::AmountNotAllowed, message).at(&["input", "amount", "amount"]);
            faults.push(refusal.with(Detail::Allowed(rule)));
            None
        }
    }
}

/// The texts that no biller's rules speak of.
pub(super) fn words(input: &CreatePayment, faults: &mut Vec<Refusal>) {
    let told = faults.iter().any(|fault| fault.path == ["input", "description"]);
    if !told && input.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT || has_control(text))
    {
        let message = format!("a description has at most {LONGEST_TEXT} printable characters");
        faults.push(Refusal::input(&["input", "description"], message));
    }
    if input.payer_phone.as_ref().is_some_and(|number| number.parse::<PhoneNumber>().is_err()) {
        let message = crate::domain::phone::InvalidPhoneNumber.to_string();
        faults.push(Refusal::input(&["input", "payer", "phoneNumber"], message));
    }
}

/// Whether a text holds what no database and no provider takes.
fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}
