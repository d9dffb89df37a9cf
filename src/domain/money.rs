//! Money: a whole number of a currency's minor units. No float comes near it.
//!
//! Text becomes money in two steps, because two parties answer for them: [`DecimalText`] is the *form* (what a GraphQL
//! `Decimal` may look like at all), [`Money::parse`] the *meaning* (a known currency, its number of digits, a range).

use std::fmt;
use std::str::FromStr;

use iso_currency::Currency;

/// A currency that is in use, by its ISO 4217 code. Its number of minor digits comes from the standard's table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CurrencyCode(Currency);

/// An unknown or historic currency, or a code that is not written in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the code of a currency in use (ISO 4217, three capitals, such as KES)")]
pub struct UnknownCurrency;

impl CurrencyCode {
    /// Kenyan shilling.
    pub const KES: Self = Self(Currency::KES);

    /// The three capitals.
    pub fn as_str(self) -> &'static str {
        self.0.code()
    }

    /// How many digits stand behind the point: 2 for KES, 0 for JPY, 3 for KWD.
    pub fn digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for CurrencyCode {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        let spendable = |currency: &Currency| {
            currency.exponent().is_some()
                && currency.is_superseded().is_none()
                && !currency.is_special()
                && !currency.is_fund()
        };
        Currency::from_code(code).filter(spendable).map(Self).ok_or(UnknownCurrency)
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A decimal number as text: an optional minus, digits, at most one point with digits on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DecimalText(String);

/// A text that is not written as a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number: an optional minus, digits, and at most one point between digits")]
pub struct NotDecimal;

impl DecimalText {
    const LONGEST: usize = 40;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` has the form; the same test as [`FromStr`], without making anything.
    pub fn is_valid(text: &str) -> bool {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        text.len() <= Self::LONGEST && digits(whole) && digits(fraction)
    }
}

impl FromStr for DecimalText {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        if Self::is_valid(text) { Ok(Self(text.to_owned())) } else { Err(NotDecimal) }
    }
}

impl fmt::Display for DecimalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount in a currency. Any sign: what must be positive says so where it is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: CurrencyCode,
}

/// Why a decimal is no amount of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// More digits behind the point than the currency has.
    #[error("{currency} has {digits} digits behind the point")]
    TooManyDigits {
        /// The currency.
        currency: CurrencyCode,
        /// Its digits.
        digits: u32,
    },
    /// Beyond 2⁶³ minor units.
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// An amount in minor units.
    pub const fn from_minor(minor: i64, currency: CurrencyCode) -> Self {
        Self { minor, currency }
    }

    /// Reads `"15"` or `"15.00"` as an amount of `currency`; fewer digits than it has are filled up, more are refused,
    /// even zeros.
    pub fn parse(decimal: &DecimalText, currency: CurrencyCode) -> Result<Self, MoneyError> {
        let digits = currency.digits();
        let (negative, unsigned) = match decimal.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, decimal.0.as_str()),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if fraction.len() > digits as usize {
            return Err(MoneyError::TooManyDigits { currency, digits });
        }
        let padding = digits as usize - fraction.len();
        let text = format!("{whole}{fraction}{}", "0".repeat(padding));
        let minor: i64 = text.parse().map_err(|_| MoneyError::TooLarge)?;
        Ok(Self { minor: if negative { -minor } else { minor }, currency })
    }

    /// As [`Money::parse`], but more digits are good as long as they are zeros: providers write `15.0000`.
    pub fn parse_lenient(text: &str, currency: CurrencyCode) -> Option<Self> {
        let trimmed = match text.split_once('.') {
            Some((whole, fraction)) => {
                let fraction = fraction.trim_end_matches('0');
                if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
            }
            None => text.to_owned(),
        };
        Self::parse(&trimmed.parse().ok()?, currency).ok()
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> CurrencyCode {
        self.currency
    }

    /// Whether it is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The same currency, another amount.
    #[must_use]
    pub const fn with_minor(self, minor: i64) -> Self {
        Self { minor, currency: self.currency }
    }

    /// The amount as [`Money::decimal`] writes it.
    pub fn decimal_text(self) -> DecimalText {
        DecimalText(self.decimal())
    }

    /// The amount with exactly the currency's digits, without the currency: `15.00`.
    pub fn decimal(self) -> String {
        let digits = self.currency.digits() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let text = format!("{:0>width$}", self.minor.unsigned_abs(), width = digits + 1);
        let (whole, fraction) = text.split_at(text.len() - digits);
        if digits == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Writes the amount as [`Money::decimal`] does, without making a text of it first.
    pub fn write_decimal(self, out: &mut Vec<u8>) {
        // From the last digit to the first. 64 bits have 20 of them, and no currency as many behind the point.
        let mut reversed = [b'0'; 32];
        let (digits, mut rest, mut length) = (self.currency.digits() as usize, self.minor.unsigned_abs(), 0);
        while rest > 0 || length <= digits {
            reversed[length] = b'0' + (rest % 10) as u8;
            rest /= 10;
            length += 1;
        }
        out.extend((self.minor < 0).then_some(b'-'));
        for place in (0..length).rev() {
            out.push(reversed[place]);
            if place == digits && digits > 0 {
                out.push(b'.');
            }
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str, currency: &str) -> Result<Money, String> {
        let decimal: DecimalText = text.parse().map_err(|error: NotDecimal| error.to_string())?;
        let currency: CurrencyCode = currency.parse().map_err(|error: UnknownCurrency| error.to_string())?;
        Money::parse(&decimal, currency).map_err(|error| error.to_string())
    }

    #[test]
    fn fewer_digits_are_filled_and_more_are_refused() {
        assert_eq!(money("15", "KES").map(Money::decimal), Ok("15.00".to_owned()));
        assert_eq!(money("15.5", "KES").map(Money::decimal), Ok("15.50".to_owned()));
        assert_eq!(money("15", "JPY").map(Money::decimal), Ok("15".to_owned()));
        assert_eq!(money("-0.05", "KES").map(Money::decimal), Ok("-0.05".to_owned()));
        assert!(money("10.005", "KES").is_err());
        assert!(money("10.000", "KES").is_err());
        assert!(money("1.0", "JPY").is_err());
        assert!(money("92233720368547758.08", "KES").is_err());
    }

    #[test]
    fn m1_what_is_not_a_decimal_is_refused_by_its_form() {
        let bad = [
            "", " 1", "1 ", "+1", "1e3", "1.", ".5", "NaN", "inf", "1,000", "١٢", "0x10", "--1", "1.2.3", "1_000", "-",
        ];
        for text in bad {
            assert!(!DecimalText::is_valid(text), "{text:?}");
        }
    }

    #[test]
    fn m2_unknown_historic_and_lower_case_currencies_are_refused() {
        for code in ["kes", "XXZ", "DEM", "KE", "", "XAU", "XXX"] {
            assert_eq!(code.parse::<CurrencyCode>(), Err(UnknownCurrency), "{code}");
        }
        for code in ["KES", "USD", "SAR", "TZS", "JPY", "KWD"] {
            assert!(code.parse::<CurrencyCode>().is_ok(), "{code}");
        }
    }

    #[test]
    fn providers_may_write_more_zeros() {
        assert_eq!(
            Money::parse_lenient("220.0000", CurrencyCode::KES),
            Some(Money::from_minor(22_000, CurrencyCode::KES))
        );
        assert_eq!(Money::parse_lenient("220", CurrencyCode::KES), Some(Money::from_minor(22_000, CurrencyCode::KES)));
        assert_eq!(Money::parse_lenient("220.001", CurrencyCode::KES), None);
        assert_eq!(Money::parse_lenient("2.2e2", CurrencyCode::KES), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in (i64::MIN + 1)..=i64::MAX, code in prop::sample::select(vec!["KES", "JPY", "KWD"])) {
            let written = Money::from_minor(minor, code.parse().unwrap());
            prop_assert_eq!(money(&written.decimal(), code), Ok(written));
            let mut directly = Vec::new();
            written.write_decimal(&mut directly);
            prop_assert_eq!(String::from_utf8(directly), Ok(written.decimal()));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".*") {
            let _ = money(&text, "KES");
            let _ = Money::parse_lenient(&text, CurrencyCode::KES);
        }
    }
}
