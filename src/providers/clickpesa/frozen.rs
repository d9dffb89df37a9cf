//! The frozen form of a request for control numbers: the path in the first line, then the body as it is sent.
//!
//! The answer to several numbers names them by their references and by their places only, so both are read back from
//! the body.

use super::wire::{Endpoint, Reference, References};
use crate::ports::provider::FrozenRequest;
use crate::providers::json;

/// A frozen request, read back.
pub(super) struct Frozen {
    pub endpoint: Endpoint,
    pub body: Vec<u8>,
    /// Our references, in the order of the request.
    pub references: Vec<String>,
}

impl Frozen {
    pub(super) fn write(endpoint: Endpoint, body: &[u8]) -> FrozenRequest {
        FrozenRequest([endpoint.path().as_bytes(), b"\n", body].concat())
    }

    /// None for bytes that [`Frozen::write`] did not make.
    pub(super) fn read(request: &FrozenRequest) -> Option<Self> {
        let end = request.0.iter().position(|&byte| byte == b'\n')?;
        let (path, body) = (&request.0[..end], &request.0[end + 1..]);
        let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path().as_bytes() == path)?;
        let references = if endpoint.is_batch() {
            json::read::<References>(body).ok()?.control_numbers
        } else {
            vec![json::read::<Reference>(body).ok()?]
        };
        let references = references.into_iter().map(|reference| reference.bill_reference).collect();
        Some(Self { endpoint, body: body.to_vec(), references })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::clickpesa::fixture;

    fn read(endpoint: Endpoint, body: &str) -> Option<Frozen> {
        Frozen::read(&Frozen::write(endpoint, body.as_bytes()))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let body = fixture::request("create_order").to_string();
        let frozen = read(Endpoint::Order, &body).expect("a request");
        assert_eq!((frozen.endpoint, frozen.body), (Endpoint::Order, body.into_bytes()));
        assert_eq!(frozen.references, ["CUSTOMJH121"]);
        let batch = fixture::request("create_orders").to_string();
        let frozen = read(Endpoint::Orders, &batch).expect("a request");
        assert_eq!(frozen.references, ["55042914871931", "CUSTOMJH121"]);
    }

    #[test]
    fn other_bytes_are_not_read() {
        for bytes in ["", "\n", "{}", "/payments/all\n{}", "/billpay/create-order-control-number{}"] {
            assert!(Frozen::read(&FrozenRequest(bytes.as_bytes().to_vec())).is_none(), "{bytes}");
        }
        assert!(read(Endpoint::Order, "{}").is_none());
        assert!(read(Endpoint::Orders, r#"{"billReference":"A"}"#).is_none());
    }
}
