//! How fast a payment is delivered: the documented values, and which vendor may have which.

use super::fields::Fields;
use super::rejection::Rejection;
use super::vendor::{PayBy, Vendor};

const FIELD: &str = "requestCheckDeliveryType";

/// How a payment travels to its vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Whether more was asked for than the usual.
    pub faster: bool,
    /// The value of `requestCheckDeliveryType`.
    pub kind: &'static str,
}

impl Delivery {
    pub(super) const USUAL: Self = Self { faster: false, kind: "STANDARD" };

    /// The `processingOptions` of a request, if it has any. What is faster must say how, as the vendor is paid.
    pub(super) fn read(options: Option<Fields<'_>>, vendor: &Vendor) -> Result<Self, Rejection> {
        let Some(options) = options else { return Ok(Self::USUAL) };
        let faster = options.flag("requestPayFaster")?;
        let kind = match options.text(FIELD)? {
            Some(kind) => Some(known(kind).ok_or_else(|| Rejection::invalid(FIELD, kind))?),
            None => None,
        };
        match (faster, kind, vendor.pay_by) {
            (false, None | Some("STANDARD"), _) => Ok(Self::USUAL),
            (true, Some("RTP_DELIVERY"), PayBy::Ach) => Ok(Self { faster, kind: "RTP_DELIVERY" }),
            (true, Some(kind), PayBy::Check) if kind.starts_with("UPS_") => Ok(Self { faster, kind }),
            (true, _, PayBy::Vcard | PayBy::International) => Err(Rejection::invalid("requestPayFaster", "true")),
            (true, None, PayBy::Ach | PayBy::Check) => Err(Rejection::missing(FIELD)),
            (true, Some(kind), PayBy::Ach | PayBy::Check) | (false, Some(kind), _) => {
                Err(Rejection::invalid(FIELD, kind))
            }
        }
    }
}

fn known(kind: &str) -> Option<&'static str> {
    ["STANDARD", "RTP_DELIVERY", "UPS_1DAY", "UPS_2DAY", "UPS_3DAY"].into_iter().find(|known| *known == kind)
}

#[cfg(test)]
mod tests {
    use super::super::{fields, vendor};
    use super::*;

    #[test]
    fn a_faster_payment_travels_as_its_vendor_is_paid() {
        let read = |options: &str, vendor_id: &str| {
            let members = fields::parse(options.as_bytes()).expect("an object");
            let vendor = vendor::find(vendor_id).expect("a vendor");
            Delivery::read(Some(Fields::new(&members)), vendor).ok().map(|delivery| delivery.kind)
        };
        let (ach, check, card) = ("00901SANDBOX00000001", "00901SANDBOX00000003", "00901SANDBOX00000009");
        let rtp = r#"{"requestPayFaster":true,"requestCheckDeliveryType":"RTP_DELIVERY"}"#;
        let ups = r#"{"requestPayFaster":true,"requestCheckDeliveryType":"UPS_1DAY"}"#;
        assert_eq!([ach, check, card].map(|vendor| read(rtp, vendor)), [Some("RTP_DELIVERY"), None, None]);
        assert_eq!([ach, check, card].map(|vendor| read(ups, vendor)), [None, Some("UPS_1DAY"), None]);
        assert_eq!([ach, check, card].map(|vendor| read("{}", vendor)), [Some("STANDARD"); 3]);
        let not_faster = r#"{"requestPayFaster":false,"requestCheckDeliveryType":"UPS_1DAY"}"#;
        assert_eq!(read(not_faster, check), None);
        assert_eq!(read(r#"{"requestPayFaster":true}"#, ach), None);
    }
}
