//! A gate before the sandbox: open, all passes; shut, connections are refused, as by a host on which nobody listens.
//! The port stays the gate's own in either case, so that nobody else is spoken to meanwhile.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// More than ever wait to be taken.
const WAITING: u32 = 1_024;

/// The gate. It is shut for good where it is dropped.
pub(super) struct Gate {
    address: SocketAddr,
    /// Where it leads; whoever comes before that is known waits.
    leads_to: watch::Sender<Option<SocketAddr>>,
    state: State,
}

enum State {
    Open(JoinHandle<()>),
    /// Bound, and not listening: whoever comes is refused.
    Shut(TcpSocket),
    /// Between the two.
    Moving,
}

impl Gate {
    /// An open one that leads nowhere yet.
    pub(super) async fn raise() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let leads_to = watch::Sender::new(None);
        let state = State::Open(tokio::spawn(let_through(listener, leads_to.subscribe())));
        Self { address, leads_to, state }
    }

    /// Its near end.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it leads there.
    pub(super) fn lead_to(&self, far: SocketAddr) {
        self.leads_to.send_replace(Some(far));
    }

    /// Cuts every connection, and refuses those that come.
    pub(super) async fn shut(&mut self) {
        if let State::Open(serving) = std::mem::replace(&mut self.state, State::Moving) {
            serving.abort();
            // It was told to end: how it ended says nothing.
            let _ = serving.await;
        }
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("a socket");
        socket.bind(self.address).expect("its own port");
        self.state = State::Shut(socket);
    }

    /// Lets all through again.
    pub(super) fn open(&mut self) {
        let State::Shut(socket) = std::mem::replace(&mut self.state, State::Moving) else { panic!("it is not shut") };
        let listener = socket.listen(WAITING).expect("its own port");
        self.state = State::Open(tokio::spawn(let_through(listener, self.leads_to.subscribe())));
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let State::Open(serving) = &self.state {
            serving.abort();
        }
    }
}

/// Its end cuts all connections.
async fn let_through(listener: TcpListener, leads_to: watch::Receiver<Option<SocketAddr>>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        connections.spawn(carry(near, leads_to.clone()));
        // What has ended is forgotten.
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(mut near: TcpStream, mut leads_to: watch::Receiver<Option<SocketAddr>>) {
    let far = leads_to.wait_for(Option::is_some).await.ok().and_then(|far| *far);
    let Some(far) = far else { return };
    let Ok(mut far) = TcpStream::connect(far).await else { return };
    // Whoever waits for an answer would wait longer otherwise.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    // Whoever goes away first ends it.
    let _ = copy_bidirectional(&mut near, &mut far).await;
}

#[tokio::test]
async fn a_gate_that_is_shut_refuses_and_lets_through_again() {
    let far = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let mut gate = Gate::raise().await;
    gate.lead_to(far.local_addr().expect("an address"));
    for _ in 0..2 {
        let near = TcpStream::connect(gate.address()).await.expect("it is open");
        let (carried, _) = far.accept().await.expect("carried");
        gate.shut().await;
        let refused = TcpStream::connect(gate.address()).await.expect_err("it is shut");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        drop((near, carried));
        gate.open();
    }
}
