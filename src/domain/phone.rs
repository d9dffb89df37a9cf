//! Phone numbers, in E.164 form: `+254710000000`.

use std::fmt;
use std::str::FromStr;

/// A phone number that its country's plan allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// A text that is no phone number in E.164 form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number in E.164 form, such as +254710000000")]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    /// Whether `text` has the form: a plus and 7 to 15 digits.
    pub fn has_form(text: &str) -> bool {
        text.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && !digits.starts_with('0')
        })
    }

    /// The number with its plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    fn from_str(text: &str) -> Result<Self, InvalidPhoneNumber> {
        if !Self::has_form(text) {
            return Err(InvalidPhoneNumber);
        }
        let number = phonenumber::parse(None, text).map_err(|_| InvalidPhoneNumber)?;
        if phonenumber::is_valid(&number) { Ok(Self(text.to_owned())) } else { Err(InvalidPhoneNumber) }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_international_form_is_taken() {
        for good in ["+254710000000", "+966506966507", "+255712345678", "+14155552671"] {
            assert_eq!(good.parse::<PhoneNumber>().map(|number| number.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "254710000000",
            "0710000000",
            "+254 710 000 000",
            "+2547",
            "+0710000000",
            "",
            "+٢٥٤٧١٠٠٠٠٠٠٠",
            "+99912345678",
        ] {
            assert_eq!(bad.parse::<PhoneNumber>(), Err(InvalidPhoneNumber), "{bad}");
        }
    }
}
