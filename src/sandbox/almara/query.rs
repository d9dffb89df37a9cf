//! Query parameters, read as ASP.NET does: their names in any case, blank as absent.

use std::collections::HashMap;

use super::rejection::Rejection;

/// The parameters of a call.
pub(super) type Parameters = HashMap<String, String>;

/// A parameter, if it is there and not blank.
pub(super) fn optional<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    let (_, value) = parameters.iter().find(|(parameter, _)| parameter.eq_ignore_ascii_case(name))?;
    Some(value.as_str()).filter(|value| !value.trim().is_empty())
}

/// A parameter that the call needs.
pub(super) fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, Rejection> {
    optional(parameters, name).ok_or_else(|| Rejection::missing(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_a_blank_value_is_none() {
        let parameters = Parameters::from([("serviceId".to_owned(), "7".to_owned()), ("x".to_owned(), " ".to_owned())]);
        assert_eq!(required(&parameters, "ServiceId").ok(), Some("7"));
        assert!(required(&parameters, "X").is_err());
        assert_eq!(optional(&parameters, "y"), None);
    }
}
