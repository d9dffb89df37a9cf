//! The certification authorities that connections to the outside trust: those of Mozilla's list, built in, so that
//! billpay also starts where the host has no certificates.

use reqwest::Certificate;

/// Each of them.
pub fn authorities() -> reqwest::Result<Vec<Certificate>> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| Certificate::from_der(der)).collect()
}
