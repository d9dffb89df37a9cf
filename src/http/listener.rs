//! The listener: takes connections, so many at once from one address.
//!
//! One more than that is closed at once, before anything is read from it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

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
        Some(Counted { stream, address, open: self.open.clone(), heard: Arc::default() })
    }
}

impl Counted {
    /// How often something was read from it, counted on for as long as it is read.
    pub fn heard(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.heard)
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
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
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
