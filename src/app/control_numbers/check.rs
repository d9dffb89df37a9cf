//! The checks of a control number's input: every fault is told at once, each with its place, before anything is written.
//!
//! Source of the limits: ClickPesa's page, the one provider that makes control numbers. It collects in TZS; a reference
//! has at most 20 letters and digits, a description at most 500 characters; a number of a customer needs a name and a
//! phone number of 12 digits or an e-mail address, and an order has no customer (the page says so of the bulk call; we
//! hold to it in the single one too). The lengths of a name and of an e-mail address are our choice.

use super::{CreateControlNumber, NewCustomer, UpdateControlNumber};
use crate::app::App;
use crate::domain::control_number::terms::Terms;
use crate::domain::control_number::{ControlNumber, ControlNumberKind, Customer};
use crate::domain::ids::ProviderId;
use crate::domain::money::{CurrencyCode, DecimalText, Money};
use crate::domain::phone::PhoneNumber;
use crate::domain::provider::{Capability, ProviderCode};
use crate::domain::refusal::{ErrorCode, Refusal};
use crate::ports::provider::ControlNumberChange;
use crate::store::StoreError;

/// What is collected in.
const CURRENCY: &str = "TZS";
const LONGEST_REFERENCE: usize = 20;
const LONGEST_DESCRIPTION: usize = 500;
const LONGEST_NAME: usize = 200;
const LONGEST_EMAIL: usize = 254;
/// The digits of a phone number, with its country's code.
const PHONE_DIGITS: usize = 12;

/// A wish that can be carried out.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) provider: ProviderCode,
    pub(super) kind: ControlNumberKind,
    pub(super) terms: Terms,
    pub(super) reference: Option<String>,
    pub(super) description: Option<String>,
    pub(super) customer: Option<Customer>,
}

/// Where the faults of one input are told, and those that were found.
struct Faults<'a> {
    base: &'a [&'a str],
    found: Vec<Refusal>,
}

impl Faults<'_> {
    fn add(&mut self, names: &[&str], code: ErrorCode, message: impl Into<String>) {
        self.found.push(Refusal::new(code, message).at(&[self.base, names].concat()));
    }

    fn input(&mut self, names: &[&str], message: impl Into<String>) {
        self.add(names, ErrorCode::BadUserInput, message);
    }
}

/// The currency of everything that is collected.
pub(in crate::app) fn currency() -> Result<CurrencyCode, StoreError> {
    CURRENCY.parse().map_err(|_| StoreError::Unreadable("a currency"))
}

impl App {
    /// Checks a wish; `base` is where its inputs stand.
    pub(super) fn check_number(&self, input: &CreateControlNumber, base: &[&str]) -> Result<Checked, Vec<Refusal>> {
        let mut faults = Faults { base, found: Vec::new() };
        let provider = self.numbering_provider(input.provider_id.as_deref(), &mut faults);
        let amount = money(input.amount.as_ref(), "amount", &mut faults);
        let max_amount = money(input.max_amount.as_ref(), "maxAmount", &mut faults);
        let terms = terms(Terms { mode: input.mode, amount, max_amount }, input, &mut faults);
        let reference = input.reference.clone();
        if reference.as_deref().is_some_and(|reference| !is_reference(reference)) {
            let message = format!("a reference has 1 to {LONGEST_REFERENCE} letters and digits (A-Z, a-z, 0-9)");
            faults.input(&["reference"], message);
        }
        description(input.description.as_deref(), &mut faults);
        let customer = customer(input.kind, input.customer.as_ref(), &mut faults);
        match (provider, terms) {
            (Some(provider), Some(terms)) if faults.found.is_empty() => Ok(Checked {
                provider,
                kind: input.kind,
                terms,
                reference,
                description: input.description.clone(),
                customer,
            }),
            (_, _) => Err(faults.found),
        }
    }

    fn numbering_provider(&self, id: Option<&str>, faults: &mut Faults<'_>) -> Option<ProviderCode> {
        let able = |code: &ProviderCode| {
            self.provider(*code).is_some_and(|found| found.capabilities().contains(&Capability::ControlNumber))
        };
        let path: &[&str] = &["providerId"];
        let Some(id) = id else {
            let mut able = self.providers.keys().copied().filter(able);
            return match (able.next(), able.next()) {
                (Some(only), None) => Some(only),
                (Some(_), Some(_)) => {
                    faults.input(path, "several providers make control numbers; say which");
                    None
                }
                (None, _) => {
                    let message = "no provider that is switched on makes control numbers";
                    faults
                        .found
                        .push(Refusal::lacks(Capability::ControlNumber, message).at(&[faults.base, path].concat()));
                    None
                }
            };
        };
        let id = id.parse::<ProviderId>().ok();
        let Some(code) = self.providers.keys().copied().find(|code| Some(code.id()) == id) else {
            faults.found.push(Refusal::not_found(&[faults.base, path].concat(), "provider"));
            return None;
        };
        if able(&code) {
            return Some(code);
        }
        let message = format!("{} does not make control numbers", code.name());
        faults.found.push(Refusal::lacks(Capability::ControlNumber, message).at(&[faults.base, path].concat()));
        None
    }
}

/// Checks a change against the number as it is; the mode that goes with a first amount is filled in.
pub(super) fn change(known: &ControlNumber, input: &UpdateControlNumber) -> Result<ControlNumberChange, Vec<Refusal>> {
    let mut faults = Faults { base: &["input"], found: Vec::new() };
    let amount = money(input.amount.as_ref(), "amount", &mut faults);
    let max_amount = money(input.max_amount.as_ref(), "maxAmount", &mut faults);
    description(input.description.as_deref(), &mut faults);
    let nothing = input.amount.is_none()
        && input.max_amount.is_none()
        && input.mode.is_none()
        && input.description.is_none()
        && input.active.is_none();
    if nothing {
        faults.input(
            &[],
            "say what is to be changed: an amount, a mode, a maximum, a description or whether it is active",
        );
    }
    let mut mode = input.mode;
    if faults.found.is_empty() {
        let wanted = Terms::try_new(mode.or(known.mode), amount.or(known.amount), max_amount.or(known.max_amount));
        match wanted {
            // The provider's default would take any amount.
            Ok(wanted) if amount.is_some() && known.mode.is_none() => mode = wanted.mode,
            Ok(_) => {}
            Err(found) => found.iter().for_each(|fault| faults.input(fault.input(), fault.to_string())),
        }
    }
    if !faults.found.is_empty() {
        return Err(faults.found);
    }
    Ok(ControlNumberChange { amount, mode, max_amount, description: input.description.clone(), active: input.active })
}

fn terms(wanted: Terms, input: &CreateControlNumber, faults: &mut Faults<'_>) -> Option<Terms> {
    // What could not be read was told already; what hangs on it is not.
    let unread = (input.amount.is_some() && wanted.amount.is_none())
        || (input.max_amount.is_some() && wanted.max_amount.is_none());
    if unread {
        return None;
    }
    match Terms::try_new(wanted.mode, wanted.amount, wanted.max_amount) {
        Ok(terms) => Some(terms),
        Err(found) => {
            found.iter().for_each(|fault| faults.input(fault.input(), fault.to_string()));
            None
        }
    }
}

fn money(input: Option<&(DecimalText, String)>, name: &str, faults: &mut Faults<'_>) -> Option<Money> {
    let (decimal, code) = input?;
    let currency: CurrencyCode = match code.parse() {
        Ok(currency) => currency,
        Err(error @ crate::domain::money::UnknownCurrency) => {
            faults.input(&[name, "currency"], error.to_string());
            return None;
        }
    };
    if currency.as_str() != CURRENCY {
        let message = format!("control numbers collect in {CURRENCY}");
        faults.add(&[name, "currency"], ErrorCode::CurrencyMismatch, message);
        return None;
    }
    match Money::parse(decimal, currency) {
        Ok(amount) => Some(amount),
        Err(error) => {
            faults.input(&[name, "amount"], error.to_string());
            None
        }
    }
}

fn description(text: Option<&str>, faults: &mut Faults<'_>) {
    if text.is_some_and(|text| !is_text(text, LONGEST_DESCRIPTION)) {
        let message = format!("a description has at most {LONGEST_DESCRIPTION} printable characters");
        faults.input(&["description"], message);
    }
}

fn customer(kind: ControlNumberKind, input: Option<&NewCustomer>, faults: &mut Faults<'_>) -> Option<Customer> {
    match (kind, input) {
        (ControlNumberKind::Order, None) => None,
        (ControlNumberKind::Order, Some(_)) => {
            faults.input(&["customer"], "a customer goes with a number of kind CUSTOMER; an ORDER has none");
            None
        }
        (ControlNumberKind::Customer, None) => {
            faults.input(&["customer"], "a number of kind CUSTOMER needs its customer");
            None
        }
        (ControlNumberKind::Customer, Some(customer)) => {
            check_customer(customer, faults);
            Some(Customer {
                name: Some(customer.name.clone()),
                phone_number: customer.phone_number.clone(),
                email: customer.email.clone(),
            })
        }
    }
}

fn check_customer(customer: &NewCustomer, faults: &mut Faults<'_>) {
    if customer.name.trim().is_empty() || !is_text(&customer.name, LONGEST_NAME) {
        let message = format!("a name has 1 to {LONGEST_NAME} printable characters");
        faults.input(&["customer", "name"], message);
    }
    if customer.phone_number.is_none() && customer.email.is_none() {
        faults.input(&["customer"], "a customer needs a phone number or an e-mail address");
    }
    if let Some(phone) = &customer.phone_number {
        if phone.parse::<PhoneNumber>().is_err() {
            let message = crate::domain::phone::InvalidPhoneNumber.to_string();
            faults.input(&["customer", "phoneNumber"], message);
        } else if phone.len() != PHONE_DIGITS + 1 {
            let message = "the provider takes phone numbers of 12 digits, such as +255712345678";
            faults.input(&["customer", "phoneNumber"], message);
        }
    }
    if customer.email.as_deref().is_some_and(|email| !is_email(email)) {
        faults.input(&["customer", "email"], "not an e-mail address");
    }
}

fn is_reference(text: &str) -> bool {
    // Where a number stands in a path, `all` names something else.
    let is_free = !text.eq_ignore_ascii_case("all");
    is_free && (1..=LONGEST_REFERENCE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_text(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.chars().any(char::is_control)
}

/// Only the form: whether it can be reached is for the provider to find out.
fn is_email(text: &str) -> bool {
    let plain = text.len() <= LONGEST_EMAIL && !text.chars().any(|one| one.is_control() || one.is_whitespace());
    let parts = text.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    plain && parts && text.matches('@').count() == 1 && !text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_letters_and_digits() {
        for good in ["A", "CUSTOMJH121", "55042914871931", &"9".repeat(20)] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", "A-1", "é", "A B", &"9".repeat(21)] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_has_the_form_of_one() {
        for good in ["a@b.tz", "jane.doe+x@mail.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@b.tz", "a@b", "a b@c.tz", "a@@b.tz", "a@b.tz.", "a@b.tz\n"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn every_fault_of_a_customer_is_told_with_its_place() {
        let customer = NewCustomer { name: " ".to_owned(), phone_number: Some("+14155552671".to_owned()), email: None };
        let mut faults = Faults { base: &["input", "items", "3"], found: Vec::new() };
        check_customer(&customer, &mut faults);
        let paths: Vec<_> = faults.found.iter().map(|fault| fault.path.join(".")).collect();
        assert_eq!(paths, ["input.items.3.customer.name", "input.items.3.customer.phoneNumber"]);
    }

    #[test]
    fn only_what_is_collected_in_is_taken() {
        let mut faults = Faults { base: &["input"], found: Vec::new() };
        let input = |amount: &str, currency: &str| -> (DecimalText, String) {
            (amount.parse().expect("a decimal"), currency.to_owned())
        };
        assert!(money(Some(&input("10.50", "TZS")), "amount", &mut faults).is_some());
        assert!(faults.found.is_empty());
        assert_eq!(money(Some(&input("10.505", "TZS")), "amount", &mut faults), None);
        assert_eq!(money(Some(&input("10", "KES")), "amount", &mut faults), None);
        let codes: Vec<_> = faults.found.iter().map(|fault| fault.code).collect();
        assert_eq!(codes, [ErrorCode::BadUserInput, ErrorCode::CurrencyMismatch]);
    }
}
