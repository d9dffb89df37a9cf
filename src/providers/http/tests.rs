//! What calls come to, against servers of one connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

const LIMIT: Duration = Duration::from_secs(4);
/// For what is to take too long.
const SHORT: Duration = Duration::from_millis(500);
/// `{}` as gzip packs it.
const PACKED: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";

/// A server for one connection: reads once, writes `answer`, hangs up. Its URL.
async fn server(answer: Vec<u8>) -> Url {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        let mut stream = asked(&listener).await;
        // The caller may hang up first, as it does on an answer that is too large.
        let _ = stream.write_all(&answer).await;
    });
    url
}

/// A server for one connection: reads once, writes `head`, then `drip` every little while until the caller hangs up.
async fn dripping(head: &'static str, drip: &'static str) -> (Url, JoinHandle<()>) {
    let (listener, url) = listen().await;
    let served = tokio::spawn(async move {
        let mut stream = asked(&listener).await;
        let mut next = head;
        while stream.write_all(next.as_bytes()).await.is_ok() {
            next = drip;
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    (url, served)
}

async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, url(&format!("http://{address}/")))
}

/// A connection on which something was asked, without a wish for an answer that is packed.
async fn asked(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.expect("a caller");
    let mut request = [0; 4096];
    let read = stream.read(&mut request).await.expect("a request");
    assert!(read > 0, "the caller says something first");
    let request = String::from_utf8_lossy(&request[..read]).to_ascii_lowercase();
    assert!(!request.contains("accept-encoding"), "{request}");
    stream
}

async fn call(url: &Url) -> Result<Answer, ProviderError> {
    call_within(url, LIMIT).await
}

async fn call_within(url: &Url, limit: Duration) -> Result<Answer, ProviderError> {
    let http = Http::try_new().expect("a client");
    http.call(http.post(url).body("x"), limit).await
}

async fn fault(url: &Url) -> ProviderError {
    call(url).await.err().expect("a fault")
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

#[tokio::test]
async fn f5_without_a_connection_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let closed = listener.local_addr().expect("bound");
    drop(listener);
    let refused = fault(&url(&format!("http://{closed}/"))).await;
    assert_eq!(refused, ProviderError::NotSent(trouble("connect failed")));
}

/// No name under `invalid` is ever given out. Where nobody answers for it at all the connection's own limit ends it, so
/// that the call's must be longer.
#[tokio::test]
async fn f5_without_an_address_nothing_was_sent() {
    let outcome = call_within(&url("http://nobody.invalid/"), 3 * CONNECT_LIMIT).await;
    assert_eq!(outcome.err(), Some(ProviderError::NotSent(trouble("connect failed"))));
}

#[tokio::test]
async fn f5_without_tls_nothing_was_sent() {
    let mut plain = server(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await;
    plain.set_scheme("https").expect("a scheme");
    assert_eq!(fault(&plain).await, ProviderError::NotSent(trouble("connect failed")));
}

#[tokio::test]
async fn f4_what_may_have_arrived_is_unknown() {
    let faults = [
        (b"".to_vec(), "connection broke off"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec(), "answer broke off"),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n".to_vec(), "server error"),
    ];
    for (answer, what) in faults {
        let fault = fault(&server(answer).await).await;
        assert!(matches!(&fault, ProviderError::Unknown(trouble) if trouble.what == what), "{fault:?}");
    }
}

#[tokio::test]
async fn a1_an_answer_is_read_up_to_its_limit() {
    let sized = |size: usize| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n");
        [head.into_bytes(), vec![b' '; size]].concat()
    };
    let largest = call(&server(sized(LARGEST_ANSWER)).await).await.expect("an answer");
    assert_eq!(largest.body.len(), LARGEST_ANSWER);
    let larger = fault(&server(sized(LARGEST_ANSWER + 1)).await).await;
    assert_eq!(larger, ProviderError::Unknown(trouble_at(200, "answer too large")));
}

#[tokio::test]
async fn a1_a_packed_answer_is_not_unpacked() {
    for packing in ["gzip", "deflate", "br", "zstd"] {
        let length = PACKED.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {packing}\r\ncontent-length: {length}\r\n\r\n");
        let answer = call(&server([head.as_bytes(), PACKED].concat()).await).await.expect("an answer");
        assert_eq!(answer.body, PACKED, "{packing}");
    }
}

#[tokio::test]
async fn a1_an_answer_that_drips_is_unknown() {
    for (head, drip, fault) in [
        ("HTTP/1.1 200 OK\r\n", "x-a: b\r\n", trouble("no answer in time")),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", "a", trouble_at(200, "answer broke off")),
    ] {
        let (url, served) = dripping(head, drip).await;
        let answer = timeout(LIMIT, call_within(&url, SHORT)).await.expect("each byte gains no time");
        assert_eq!(answer.err(), Some(ProviderError::Unknown(fault)), "{head:?}");
        timeout(LIMIT, served).await.expect("the caller hung up").expect("a server");
    }
}

#[tokio::test]
async fn s5_redirects_are_not_followed() {
    let answer = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let answer = call(&server(answer.to_vec()).await).await.expect("an answer");
    assert_eq!(answer.status, 307);
}

#[test]
fn a_path_stands_behind_the_base_urls_own() {
    for base in ["http://127.0.0.1:9000/almara", "http://127.0.0.1:9000/almara/"] {
        assert_eq!(join(&url(base), "/v1/x").as_str(), "http://127.0.0.1:9000/almara/v1/x");
    }
    assert_eq!(join(&url("https://api.example.com"), "/v1/x").as_str(), "https://api.example.com/v1/x");
}

#[test]
fn only_this_host_is_loopback() {
    for here in ["http://127.0.0.1:1/x", "http://localhost/", "http://[::1]/"] {
        assert!(is_loopback(&url(here)), "{here}");
    }
    for elsewhere in ["https://api.example.com/", "https://10.0.0.1/", "https://localhost.example.com/"] {
        assert!(!is_loopback(&url(elsewhere)), "{elsewhere}");
    }
}
