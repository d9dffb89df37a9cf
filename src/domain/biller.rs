//! Billers: who is owed, and what must be told to pay them.

use super::amount_rule::AmountRule;
use super::disbursement::DisbursementMethod;
use super::ids::BillerId;
use super::money::CurrencyCode;
use super::payment::DeliverySpeed;
use super::payment::status::words;
use super::provider::{Capability, ProviderCode};
use std::fmt;
use std::str::FromStr;

words! {
    /// What kind of biller.
    BillerCategory {
        /// Power.
        Electricity = "ELECTRICITY",
        /// Water and sewerage.
        Water = "WATER",
        /// Mobile and fixed lines.
        Telecom = "TELECOM",
        /// Internet access.
        Internet = "INTERNET",
        /// Pay television.
        Television = "TELEVISION",
        /// Taxes, fees and public services.
        Government = "GOVERNMENT",
        /// Health and social insurance.
        Insurance = "INSURANCE",
        /// Schools and universities.
        Education = "EDUCATION",
        /// A company's supplier.
        Vendor = "VENDOR",
        /// Anything else; `categoryName` says what.
        Other = "OTHER",
    }
}

words! {
    /// An input of createPayment that a biller may need.
    InputName {
        /// The number that identifies the payer with the biller.
        AccountReference = "ACCOUNT_REFERENCE",
        /// A second number, where the biller has one.
        SecondReference = "SECOND_REFERENCE",
        /// The payer's name.
        PayerName = "PAYER_NAME",
        /// The payer's phone number.
        PayerPhone = "PAYER_PHONE",
        /// What the payment is for.
        Description = "DESCRIPTION",
        /// When the bill is due.
        DueDate = "DUE_DATE",
        /// When to pay.
        ProcessDate = "PROCESS_DATE",
        /// Where the money comes from.
        FundingAccount = "FUNDING_ACCOUNT",
    }
}

impl InputName {
    /// Where this input stands in createPayment's input.
    pub const fn path(self) -> &'static [&'static str] {
        match self {
            Self::AccountReference => &["input", "target", "account", "accountReference"],
            Self::SecondReference => &["input", "target", "account", "secondReference"],
            Self::PayerName => &["input", "payer", "name"],
            Self::PayerPhone => &["input", "payer", "phoneNumber"],
            Self::Description => &["input", "description"],
            Self::DueDate => &["input", "dueDate"],
            Self::ProcessDate => &["input", "processDate"],
            Self::FundingAccount => &["input", "fundingAccountId"],
        }
    }
}

/// Whether an input must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// createPayment refuses without it.
    Required,
    /// It is passed on where it is told.
    Optional,
    /// It is not passed on.
    Unused,
}

/// What an app must ask the payer for, one input each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputRule {
    /// Which input.
    pub input: InputName,
    /// Whether it must be told.
    pub need: Need,
    /// What to write beside the field.
    pub label: &'static str,
    /// A regular expression that the whole value matches.
    pub pattern: Option<&'static str>,
    /// The fewest characters.
    pub min_length: Option<usize>,
    /// The most characters.
    pub max_length: Option<usize>,
    /// A value that is good.
    pub example: Option<&'static str>,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputFault {
    /// It is required and absent.
    Missing,
    /// It is shorter, longer, or made of other characters than the rule says.
    Malformed,
}

/// The most characters of a text of which no rule says how long it may be.
pub const LONGEST_TEXT: usize = 500;

impl InputRule {
    /// A rule with no limits but [`LONGEST_TEXT`].
    pub const fn new(input: InputName, need: Need, label: &'static str) -> Self {
        Self { input, need, label, pattern: None, min_length: None, max_length: None, example: None }
    }

    /// The most characters that are taken.
    pub fn longest(&self) -> usize {
        self.max_length.unwrap_or(LONGEST_TEXT)
    }

    /// Checks a value, or its absence.
    pub fn check(&self, value: Option<&str>) -> Result<(), InputFault> {
        let Some(value) = value else {
            return if self.need == Need::Required { Err(InputFault::Missing) } else { Ok(()) };
        };
        if value.trim().is_empty() && self.need == Need::Required {
            return Err(InputFault::Missing);
        }
        let length = value.chars().count();
        let fits = self.min_length.is_none_or(|least| length >= least)
            && length <= self.longest()
            && !value.chars().any(char::is_control);
        if fits { Ok(()) } else { Err(InputFault::Malformed) }
    }
}

/// An organisation that is owed money, as its provider's catalogue names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Biller {
    /// Its id.
    pub id: BillerId,
    /// Through whom it is paid.
    pub provider: ProviderCode,
    /// What the provider calls it: opaque, sent back as it came.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub category: BillerCategory,
    /// Its kind in the provider's words.
    pub category_name: String,
    /// Where it is: ISO 3166-1 alpha-2.
    pub country: String,
    /// What it takes.
    pub currency: CurrencyCode,
    /// How much it takes.
    pub amount_rule: AmountRule,
    /// Its IANA time zone, in which its days begin and end.
    pub time_zone: String,
    /// How the money reaches it, where its provider tells.
    pub disbursement_method: Option<DisbursementMethod>,
    /// Whether several of its bills can be one payment.
    pub combines: bool,
    /// Whether it can be paid now. A biller that its provider no longer lists stays, inactive.
    pub active: bool,
}

/// The traits that a provider gives to all its billers alike.
#[derive(Clone, Copy, Debug)]
pub struct BillerTraits {
    /// What can be done through this biller.
    pub capabilities: &'static [Capability],
    /// What must be told.
    pub inputs: &'static [InputRule],
    /// How fast its payments can be.
    pub delivery_speeds: &'static [DeliverySpeed],
    /// Whether it lists its bills, so that they are looked up without an account and paid up to what is due.
    pub lists_bills: bool,
    /// Whether a payment can make the bill that it pays.
    pub makes_bills: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_longer_than_its_rule_says_and_none_is_without_bound() {
        let free = InputRule::new(InputName::SecondReference, Need::Unused, "Second number");
        let short = InputRule { max_length: Some(3), ..free };
        for (rule, longest) in [(free, LONGEST_TEXT), (short, 3)] {
            assert_eq!(rule.check(Some(&"é".repeat(longest))), Ok(()));
            assert_eq!(rule.check(Some(&"é".repeat(longest + 1))), Err(InputFault::Malformed));
        }
        assert_eq!(free.check(Some("a\u{0}")), Err(InputFault::Malformed));
    }
}
