//! A receiver on loopback for the tests: takes one connection, reads one request, and answers as it is told.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// A port that is listened on.
pub(super) struct Receiver {
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl Receiver {
    pub(super) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        Self { listener, address }
    }

    pub(super) fn url(&self) -> Url {
        format!("http://{}/hook", self.address).parse().expect("a URL")
    }

    /// Waits for one caller.
    pub(super) async fn accept(&self) -> TcpStream {
        self.listener.accept().await.expect("a caller").0
    }

    /// Answers one request with these bytes and hangs up. What was asked.
    pub(super) fn answer(self, answer: &[u8]) -> JoinHandle<String> {
        let answer = answer.to_vec();
        tokio::spawn(async move {
            let mut stream = self.accept().await;
            let request = read_request(&mut stream).await;
            // The caller may hang up first.
            let _ = stream.write_all(&answer).await;
            request
        })
    }

    /// Begins an answer and goes on with it for ever, or until the caller hangs up. How many bytes it took.
    pub(super) fn flood(self, head: &[u8], more: Vec<u8>) -> JoinHandle<usize> {
        let head = head.to_vec();
        tokio::spawn(async move {
            let mut stream = self.accept().await;
            read_request(&mut stream).await;
            let mut taken = 0;
            let mut next = &head;
            while stream.write_all(next).await.is_ok() {
                taken += next.len();
                next = &more;
            }
            taken
        })
    }

    /// Writes this much of an answer and no more until the caller hangs up.
    pub(super) fn stall(self, part: &[u8]) -> JoinHandle<()> {
        let part = part.to_vec();
        tokio::spawn(async move {
            let mut stream = self.accept().await;
            read_request(&mut stream).await;
            stream.write_all(&part).await.expect("the caller waits");
            // Either way, the caller is gone.
            let _ = stream.read(&mut [0]).await;
        })
    }

    /// Writes the same bytes again and again, with a pause between, until the caller hangs up.
    pub(super) fn drip(self, head: &[u8], drop: &'static [u8], pause: Duration) -> JoinHandle<()> {
        let head = head.to_vec();
        tokio::spawn(async move {
            let mut stream = self.accept().await;
            read_request(&mut stream).await;
            let mut is_open = stream.write_all(&head).await.is_ok();
            while is_open {
                tokio::time::sleep(pause).await;
                is_open = stream.write_all(drop).await.is_ok();
            }
        })
    }

    /// Whether nobody has called so far: callers come in their order, so the first is then our own.
    pub(super) async fn saw_nobody(&self) -> bool {
        let own = TcpStream::connect(self.address).await.expect("a connection");
        let (_, first) = self.listener.accept().await.expect("a caller");
        first == own.local_addr().expect("connected")
    }
}

/// The head and the body of a request.
pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let read = stream.read_buf(&mut request).await.expect("a request");
        assert!(read > 0, "the request broke off");
    }
    String::from_utf8(request).expect("text")
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().expect("a length"))
}
