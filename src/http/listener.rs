//! The listener: takes connections, so many at once from one address.
//!
//! One more than that is closed at once, before anything is read from it. A client that takes nothing of what is
//! written to it is cut off after [`READER_PATIENCE`], whatever the connection carries: an answer, an event stream, a
//! WebSocket. A client that only says nothing more (it has closed its half) is still answered, except where the answer
//! has no end of its own ([`Counted::endless`]).

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::stall::Stall;

/// How long a client may take nothing of what is written to it.
pub const READER_PATIENCE: Duration = Duration::from_secs(30);
/// What the system is asked to keep for a reader (Linux keeps twice that, its own needs included). It calls a socket
/// writable only when a third of that is free: of the megabytes that it would keep by itself, a slow reader might not
/// take so much in time; and a thousand who read nothing would hold gigabytes.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// A TCP listener with a limit per address.
#[derive(Debug)]
pub struct CappedListener {
    inner: TcpListener,
    open: Counts,
    most_per_address: usize,
}

/// A connection that is counted as long as it is open.
#[derive(Debug)]
pub struct Counted {
    stream: TcpStream,
    address: IpAddr,
    open: Counts,
    heard: Arc<AtomicU64>,
    endless: Arc<AtomicBool>,
    stall: Stall,
}

impl CappedListener {
    /// Puts a limit on a listener.
    pub fn new(inner: TcpListener, most_per_address: usize) -> Self {
        Self { inner, open: Counts::default(), most_per_address }
    }

    fn admit(&self, stream: TcpStream, address: IpAddr) -> Option<Counted> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most_per_address {
            return None;
        }
        *count += 1;
        Some(Counted {
            stream,
            address,
            open: self.open.clone(),
            heard: Arc::default(),
            endless: Arc::default(),
            stall: Stall::new(READER_PATIENCE),
        })
    }
}

impl Counted {
    /// How often something was read from it, counted on for as long as it is read.
    pub fn heard(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.heard)
    }

    /// To be set while what is written has no end of its own. Then a client that has closed its half has gone: nothing
    /// else would tell before a write fails, and there may be none for long.
    pub fn endless(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.endless)
    }

    /// Waits so long for the reader instead of [`READER_PATIENCE`].
    pub fn wait_for_reader(&mut self, patience: Duration) {
        self.stall = Stall::new(patience);
    }

    /// What comes of a write: while nothing goes through, the wait for the reader runs.
    fn settle(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stall.end();
            return written;
        }
        ready!(self.stall.poll(cx));
        // The system would keep what it holds for this client, and offer it for minutes, once the connection is closed.
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Fails where the client has closed its half, or the connection is broken; else the task is woken when that happens.
    fn poll_presence(&self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut byte = [0; 1];
        match self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Ready(Err(error)) => Err(error),
            // With another request behind this one, the heartbeats find out.
            Poll::Ready(Ok(_)) | Poll::Pending => Ok(()),
        }
    }
}

impl Listener for CappedListener {
    type Io = Counted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Counted, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.inner).await;
            // Small answers are not to wait for more.
            let _ = stream.set_nodelay(true);
            let _ = set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES);
            match self.admit(stream, address.ip()) {
                Some(counted) => return (counted, address),
                None => tracing::warn!("a connection was closed: too many are open from its address"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.settle(cx, written)
    }

    /// The system's socket has nothing to flush, so this never waits. hyper asks for it whenever it has looked at a
    /// connection.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.endless.load(Ordering::Relaxed) {
            self.poll_presence(cx)?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.settle(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn a3_one_more_than_the_limit_is_closed_until_another_goes() {
        let inner = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = inner.local_addr().expect("an address");
        let mut listener = CappedListener::new(inner, 1);
        let _first = TcpStream::connect(address).await.expect("connected");
        let (held, _) = listener.accept().await;
        let mut second = TcpStream::connect(address).await.expect("connected");
        let accepting = tokio::spawn(async move { listener.accept().await });
        assert_eq!(second.read(&mut [0; 1]).await.expect("closed"), 0);
        drop(held);
        let _third = TcpStream::connect(address).await.expect("connected");
        accepting.await.expect("accepted");
    }
}
