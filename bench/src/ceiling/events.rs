//! The log, read once for all who follow it: a hint of PostgreSQL, one statement, one text, and a copy of it for each.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use deadpool_postgres::Pool;
use tokio::sync::{Mutex, broadcast, mpsc};
use tokio_postgres::{AsyncMessage, NoTls, Row};

use super::json;
use crate::failed::{Failed, Outcome};

/// Messages that a slow follower may be behind.
const CAPACITY: usize = 65_536;
/// Where billpay's processes tell each other how far a tenant's log goes.
const CHANNEL: &str = "billpay_events";
const SQL: &str = "SELECT e.sequence, e.kind, e.at, e.subject_version, e.status, p.id, p.status \
    FROM events e JOIN payments p ON p.id = e.subject_id \
    WHERE e.tenant_id = $1 AND e.sequence > $2 AND e.subject_kind = 'PAYMENT' ORDER BY e.sequence LIMIT 1000";

/// Who follows which tenant's log.
pub(super) struct Events {
    pool: Pool,
    followed: Mutex<HashMap<String, Followed>>,
}

struct Followed {
    sender: broadcast::Sender<Utf8Bytes>,
    /// The last sequence that was told.
    last: i64,
}

impl Events {
    /// Listens on a connection of its own.
    pub(super) async fn start(database: &str, pool: Pool) -> Outcome<Arc<Self>> {
        let (client, mut connection) = tokio_postgres::connect(database, NoTls).await?;
        let (hints, mut heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                match std::future::poll_fn(|context| connection.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(hint))) => {
                        let tenant = hint.payload().split_once(' ').map(|(_, tenant)| tenant.to_owned());
                        // Nobody hears any more when the process ends.
                        let _ = tenant.map(|tenant| hints.send(tenant));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return eprintln!("ceiling: {error}"),
                    None => return,
                }
            }
        });
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        let events = Arc::new(Self { pool, followed: Mutex::default() });
        let told = events.clone();
        tokio::spawn(async move {
            // The listening connection lives as long as its client.
            let _client = client;
            while let Some(tenant) = heard.recv().await {
                if let Err(error) = told.tell(&tenant).await {
                    eprintln!("ceiling: {error}");
                }
            }
        });
        Ok(events)
    }

    /// Follows a tenant's log from now on.
    pub(super) async fn follow(&self, tenant: &str) -> Outcome<broadcast::Receiver<Utf8Bytes>> {
        let mut followed = self.followed.lock().await;
        if let Some(known) = followed.get(tenant) {
            return Ok(known.sender.subscribe());
        }
        let client = self.pool.get().await?;
        let row = client.query_opt("SELECT sequence FROM event_heads WHERE tenant_id = $1", &[&tenant]).await?;
        let last = row.map_or(0, |row| row.get(0));
        let (sender, receiver) = broadcast::channel(CAPACITY);
        followed.insert(tenant.to_owned(), Followed { sender, last });
        Ok(receiver)
    }

    async fn tell(&self, tenant: &str) -> Outcome<()> {
        let mut followed = self.followed.lock().await;
        let Some(known) = followed.get_mut(tenant) else { return Ok(()) };
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(SQL).await?;
        loop {
            let rows = client.query(&statement, &[&tenant, &known.last]).await?;
            let Some(newest) = rows.last() else { return Ok(()) };
            known.last = newest.try_get(0).map_err(Failed::from)?;
            for row in &rows {
                // Who has gone is no longer told.
                let _ = known.sender.send(message(row).into());
            }
        }
    }
}

/// The whole message of the protocol: everybody here calls the operation `1`.
fn message(row: &Row) -> String {
    let mut out = String::with_capacity(320);
    out.push_str(r#"{"type":"next","id":"1","payload":{"data":{"paymentsUpdated":{"sequence":""#);
    let _ = write!(out, r#"{}","type":"#, row.get::<_, i64>(0));
    json::text(&mut out, row.get(1));
    out.push_str(r#","at":"#);
    json::moment(&mut out, row.get(2));
    let _ = write!(out, r#","version":{},"status":"#, row.get::<_, i32>(3));
    json::maybe(&mut out, row.get(4));
    out.push_str(r#","payment":{"id":"#);
    json::id(&mut out, "pay", row.get(5));
    out.push_str(r#","status":"#);
    json::text(&mut out, row.get(6));
    out.push_str("}}}}}");
    out
}
