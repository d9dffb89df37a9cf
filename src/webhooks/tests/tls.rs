//! What is thought of a receiver's certificate.

use std::sync::Arc;

use reqwest::Certificate;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{InTurn, LIMITS, OK, World, authority, request, url};
use crate::authorities::authorities;
use crate::ports::webhook_sender::{WebhookAnswer, WebhookSender, WebhookTrouble};
use crate::webhooks::Sender;
use crate::webhooks::receiver::{Receiver, read_request};

const KEY: &[u8] = include_bytes!("../../../tests/fixtures/tls/key.pem");
const GOOD: &[u8] = include_bytes!("../../../tests/fixtures/tls/good.pem");
const EXPIRED: &[u8] = include_bytes!("../../../tests/fixtures/tls/expired.pem");
const OTHER_NAME: &[u8] = include_bytes!("../../../tests/fixtures/tls/other_name.pem");
const SELF_SIGNED: &[u8] = include_bytes!("../../../tests/fixtures/tls/self_signed.pem");

fn acceptor(certificate: &[u8]) -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_slice(certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}

/// Answers one request over TLS, if the caller makes one.
async fn serve(certificate: &[u8], stream: TcpStream) {
    let Ok(mut stream) = acceptor(certificate).accept(stream).await else { return };
    read_request(&mut stream).await;
    stream.write_all(OK).await.expect("the caller waits");
    stream.shutdown().await.expect("the caller waits");
}

/// A sender that trusts these, and to whom every name leads to the receiver.
fn sender_to(receiver: &Receiver, roots: Vec<Certificate>) -> Sender {
    let world = World { resolver: InTurn::new(vec![receiver.address]), roots, limits: LIMITS };
    Sender::with(true, None, world).expect("a sender")
}

async fn sent_by(roots: Vec<Certificate>, certificate: &'static [u8]) -> WebhookAnswer {
    let receiver = Receiver::bind().await;
    let sender = sender_to(&receiver, roots);
    let serving = tokio::spawn(async move { serve(certificate, receiver.accept().await).await });
    let answer = sender.send(request(&url("https://receiver.example.com/hook"))).await;
    serving.await.expect("a receiver");
    answer
}

async fn sent(certificate: &'static [u8]) -> WebhookAnswer {
    sent_by(vec![authority()], certificate).await
}

#[tokio::test]
async fn s10_a_certificate_that_is_trusted_is_sent_to() {
    assert_eq!(sent(GOOD).await, WebhookAnswer::Delivered { status: 200 });
}

#[tokio::test]
async fn s10_a_certificate_that_is_not_trusted_is_not_sent_to() {
    for (certificate, what) in [(EXPIRED, "expired"), (OTHER_NAME, "another name"), (SELF_SIGNED, "self-signed")] {
        assert_eq!(sent(certificate).await, WebhookAnswer::Failed(WebhookTrouble::Tls), "{what}");
    }
}

#[tokio::test]
async fn s10_an_authority_that_is_not_bundled_is_not_trusted() {
    let roots = authorities().expect("authorities");
    assert_eq!(sent_by(roots, GOOD).await, WebhookAnswer::Failed(WebhookTrouble::Tls));
}

#[tokio::test]
async fn s10_a_receiver_without_tls_is_not_sent_to() {
    let receiver = Receiver::bind().await;
    let sender = sender_to(&receiver, vec![authority()]);
    let call = request(&url("https://receiver.example.com/hook"));
    let (answer, ()) = tokio::join!(sender.send(call), async {
        let mut stream = receiver.accept().await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("the caller waits");
    });
    assert_eq!(answer, WebhookAnswer::Failed(WebhookTrouble::Tls));
}
