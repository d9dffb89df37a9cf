//! The catalogue of billers. The provider's own is not public: these are Kenyan services that a person would know.
//!
//! Ids are opaque. One is not a valid UUID, as in the provider's example, and differs from another by one letter.

use axum::Json;
use serde::Serialize;

/// One service, as the catalogue and the status body show it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    pub service_id: &'static str,
    pub service_category: u8,
    pub service_category_description: &'static str,
    pub service_type: u8,
    pub service_type_description: &'static str,
}

/// The type of the service whose payments buy a token for a meter.
pub(super) const KPLC_PREPAID: u8 = 1;

/// What the services are for; each is a category of the provider's.
#[derive(Clone, Copy)]
enum Category {
    Water,
    Electricity,
    Television,
    Telephone,
    Internet,
    Government,
}

impl Category {
    const fn number(self) -> u8 {
        match self {
            Self::Water => 1,
            Self::Electricity => 2, // the only pair that the documents show
            Self::Television => 3,
            Self::Telephone => 4,
            Self::Internet => 5,
            Self::Government => 6,
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Water => "WATER",
            Self::Electricity => "ELECTRICITY",
            Self::Television => "PAY TV",
            Self::Telephone => "POSTPAID TELEPHONE",
            Self::Internet => "INTERNET",
            Self::Government => "GOVERNMENT",
        }
    }
}

static SERVICES: [Service; 20] = [
    service("3c5b1f0e-4828-f111-bc5a-0e7d952d79b7", Category::Electricity, KPLC_PREPAID, "KPLC PREPAID"),
    service("860a26ce-4828-f111-bc5a-0e7d952d79b7", Category::Electricity, 2, "KPLC POSTPAID"),
    service("bc97d2b1-4828-f111-bc5a-0e7d952d79b7", Category::Water, 3, "NAIROBI CITY WATER"),
    service("bc97d2b1-4828-f111-bc5a-0w7d952d79b7", Category::Water, 4, "MOMBASA WATER"),
    service("1f7a90d2-4828-f111-bc5a-0e7d952d79b7", Category::Water, 5, "KISUMU WATER"),
    service("27e4c3a8-4828-f111-bc5a-0e7d952d79b7", Category::Water, 6, "NAKURU WATER"),
    service("2d90b6f4-4828-f111-bc5a-0e7d952d79b7", Category::Water, 7, "ELDORET WATER"),
    service("41c8e75a-4828-f111-bc5a-0e7d952d79b7", Category::Television, 8, "DSTV"),
    service("4a03d9b6-4828-f111-bc5a-0e7d952d79b7", Category::Television, 9, "GOTV"),
    service("52b6f18c-4828-f111-bc5a-0e7d952d79b7", Category::Television, 10, "STARTIMES"),
    service("5e71a240-4828-f111-bc5a-0e7d952d79b7", Category::Internet, 11, "ZUKU"),
    service("63d8c5e2-4828-f111-bc5a-0e7d952d79b7", Category::Telephone, 12, "SAFARICOM POSTPAID"),
    service("6fa24b97-4828-f111-bc5a-0e7d952d79b7", Category::Telephone, 13, "AIRTEL POSTPAID"),
    service("78c0e36d-4828-f111-bc5a-0e7d952d79b7", Category::Telephone, 14, "TELKOM POSTPAID"),
    service("7d15f9b8-4828-f111-bc5a-0e7d952d79b7", Category::Internet, 15, "FAIBA JTL"),
    service("91e60d4a-4828-f111-bc5a-0e7d952d79b7", Category::Government, 16, "SOCIAL HEALTH AUTHORITY (SHA)"),
    service("9a3b72c5-4828-f111-bc5a-0e7d952d79b7", Category::Government, 17, "NSSF"),
    service("a4d8195f-4828-f111-bc5a-0e7d952d79b7", Category::Government, 18, "ECITIZEN"),
    service("af20c6e3-4828-f111-bc5a-0e7d952d79b7", Category::Government, 19, "NAIROBI COUNTY PARKING"),
    service("b57e3d18-4828-f111-bc5a-0e7d952d79b7", Category::Government, 20, "NAIROBI COUNTY RATES"),
];

/// `GET /v1/bill-services`: a bare array.
pub(super) async fn list() -> Json<&'static [Service]> {
    Json(SERVICES.as_slice())
}

/// The service with this id, or, as the older engine has it, with this number as its type.
pub(super) fn find(reference: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| {
        service.service_id.eq_ignore_ascii_case(reference) || service.service_type.to_string() == reference
    })
}

const fn service(id: &'static str, category: Category, number: u8, description: &'static str) -> Service {
    Service {
        service_id: id,
        service_category: category.number(),
        service_category_description: category.description(),
        service_type: number,
        service_type_description: description,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_and_types_are_unique() {
        let ids: HashSet<_> = SERVICES.iter().map(|service| service.service_id).collect();
        let types: HashSet<_> = SERVICES.iter().map(|service| service.service_type).collect();
        assert_eq!((ids.len(), types.len()), (SERVICES.len(), SERVICES.len()));
    }

    #[test]
    fn the_documented_service_has_its_documented_numbers() {
        let service = find("860a26ce-4828-f111-bc5a-0e7d952d79b7").expect("in the catalogue");
        assert_eq!((service.service_category, service.service_type), (2, 2));
        assert_eq!(service.service_type_description, "KPLC POSTPAID");
        assert!(find("nothing").is_none());
    }

    #[test]
    fn one_id_is_not_a_uuid() {
        let odd = SERVICES.iter().filter(|service| uuid::Uuid::parse_str(service.service_id).is_err()).count();
        assert_eq!(odd, 1);
    }
}
