//! A wire to PostgreSQL that is cut at the marks of plain payments: by turns before a mark arrives, after it was done
//! and before anybody is told, and just after it was sent. All else passes.
//!
//! A mark is known by a name in its JSON, which its statement's text has without quotes; the payments that are marked
//! are read from it, so that a test knows what became of each mark.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;
use uuid::Uuid;

const MOST_BYTES: usize = 64 * 1024;
const MARK: &[u8] = b"\"lease_needs\":";
const PAYMENT: &[u8] = b"\"subject_id\":\"";
/// How long the text of an id is.
const ID: usize = 36;

/// What becomes of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It never arrives.
    Before,
    /// It is done, and nobody is told.
    Done,
    /// It is sent, and the connection is gone at once: it may be done.
    Sent,
}

impl Cut {
    /// One that was sent is still at work when the next connection is made; so a mark that never arrives comes then.
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::Done, Self::Sent];
}

/// The wire. It is cut for good where it is dropped.
pub(super) struct Cutter {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

struct Shared {
    far: SocketAddr,
    to_come: Mutex<VecDeque<Cut>>,
    cuts: Mutex<Vec<(Uuid, Cut)>>,
}

impl Cutter {
    /// Lays one to the PostgreSQL of this URL, on which so many marks are cut.
    pub(super) async fn lay(url: &str, count: usize) -> Self {
        let far = Url::parse(url).expect("a URL").socket_addrs(|| Some(5432)).expect("an address");
        let far = *far.first().expect("an address");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let to_come = Mutex::new(Cut::ALL.into_iter().cycle().take(count).collect());
        let shared = Arc::new(Shared { far, to_come, cuts: Mutex::default() });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { address, shared, listening }
    }

    /// The same database, by this wire.
    pub(super) fn url(&self, url: &str) -> String {
        let mut url = Url::parse(url).expect("a URL");
        url.set_ip_host(self.address.ip()).expect("a URL with a host");
        url.set_port(Some(self.address.port())).expect("a URL with a port");
        url.to_string()
    }

    /// How many marks are still to be cut.
    pub(super) fn left(&self) -> usize {
        lock(&self.shared.to_come).len()
    }

    /// Whose marks were cut, and how.
    pub(super) fn cuts(&self) -> Vec<(Uuid, Cut)> {
        lock(&self.shared.cuts).clone()
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    /// What becomes of these bytes, where they are a mark.
    fn cut(&self, bytes: &[u8]) -> Option<Cut> {
        places(bytes, MARK).next()?;
        let cut = lock(&self.to_come).pop_front()?;
        let marked = places(bytes, PAYMENT).map(|place| id_at(bytes, place + PAYMENT.len()));
        lock(&self.cuts).extend(marked.map(|payment| (payment, cut)));
        Some(cut)
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        connections.spawn(carry(near, Arc::clone(&shared)));
    }
}

/// Carries one connection until an end closes it or it is cut.
async fn carry(near: TcpStream, shared: Arc<Shared>) {
    let Ok(far) = TcpStream::connect(shared.far).await else { return };
    // Whoever waits for an answer would wait longer otherwise.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let (mut asked, mut answered) = (vec![0; MOST_BYTES], vec![0; MOST_BYTES]);
    let mut is_untold = false;
    loop {
        tokio::select! {
            read = near_in.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let cut = shared.cut(&asked[..length]);
                if cut == Some(Cut::Before) || far_out.write_all(&asked[..length]).await.is_err() {
                    return;
                }
                match cut {
                    Some(Cut::Sent) => return,
                    Some(Cut::Done) => is_untold = true,
                    Some(Cut::Before) | None => {}
                }
            }
            read = far_in.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if is_untold || near_out.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn places<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(wanted.len()).enumerate().filter(move |(_, window)| *window == wanted).map(|(place, _)| place)
}

fn id_at(bytes: &[u8], place: usize) -> Uuid {
    let text = bytes.get(place..place + ID).and_then(|text| std::str::from_utf8(text).ok());
    text.and_then(|text| text.parse().ok()).expect("a payment's id in a mark")
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_mark_is_found_and_whose_it_is() {
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let to_come = Mutex::new(VecDeque::from([Cut::Done]));
    let shared = Shared { far: SocketAddr::from(([127, 0, 0, 1], 1)), to_come, cuts: Mutex::default() };
    assert_eq!(shared.cut(b"P WITH asked AS (SELECT lease_needs bigint, subject_id uuid)"), None);
    assert_eq!(shared.cut(br#"B[{"subject_id":"00000000-0000-0000-0000-000000000001","evidence_id":"x"}]"#), None);
    let marks = format!(r#"B[{{"subject_id":"{one}","lease_needs":1}},{{"subject_id":"{other}","lease_needs":1}}]"#);
    assert_eq!(shared.cut(marks.as_bytes()), Some(Cut::Done));
    assert_eq!(*lock(&shared.cuts), [(one, Cut::Done), (other, Cut::Done)]);
    assert_eq!(shared.cut(marks.as_bytes()), None, "no more are to be cut");
}
