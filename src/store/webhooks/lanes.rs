//! Lanes: an endpoint as whoever delivers to it holds it, by lease and fence.
//!
//! Nobody takes one, and nobody moves one, while the database lives another life than the one on record: what a holder
//! knows of the log is of the life in which it read it. Once the new life is on record, every lane begins anew there.

use std::time::Duration;

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};

use entity::webhook_endpoint::{Column, Entity, Model};

use super::super::epoch::SAME_LIFE;
use super::super::time::{micros, now_sql};
use super::super::work::Work;
use super::super::{Store, StoreError};
use super::due::FIRST_IN_LINE;
use super::row::endpoint;
use super::secrets::SealedSecrets;
use crate::crash::Step;
use crate::domain::webhook::{EndpointState, Position, WebhookEndpoint};

/// One tenant is given no more than one part of so many of the room that there is.
const PARTS: u64 = 4;

/// An endpoint that is held.
#[derive(Clone, Debug)]
pub struct Lane {
    /// As it was when it was claimed.
    pub endpoint: WebhookEndpoint,
    /// What signs.
    pub secrets: SealedSecrets,
    /// Good until another claims it or a person changes the endpoint.
    fence: i64,
    /// Another for each claim: a fence that was forgotten comes again.
    owner: String,
}

/// Where a lane stands after a step.
#[derive(Clone, Copy, Debug)]
pub struct LaneStep {
    /// How far the endpoint has been told.
    pub position: Position,
    /// How it does.
    pub state: EndpointState,
    /// Not to be tried before.
    pub next_at: Option<Timestamp>,
    /// For how long from now it is held; none gives it back.
    pub hold: Option<Duration>,
}

/// That anything is sent to an endpoint `e` at all.
const SERVED: &str = "e.removed_at IS NULL AND e.state IN ('ACTIVE', 'FAILING')";

/// That an endpoint `e`, whose tenant's log ends at `h`, has something to send and nobody who does.
fn due(now: &str) -> String {
    format!(
        "{SERVED} AND (e.lease_until IS NULL OR e.lease_until < {now}) AND (\
           (e.kind = 'TENANT' AND (e.next_at IS NULL OR e.next_at <= {now}) \
             AND (e.handled_through < h.sequence OR e.replay_next IS NOT NULL)) \
           OR (e.kind = 'PAYMENT_CALLBACKS' AND (e.handled_through < h.sequence OR e.next_at <= {now})))"
    )
}

impl Store {
    /// Whether any endpoint has something to send. One statement, however many there are; it changes nothing.
    pub async fn webhooks_due(&self) -> Result<bool, StoreError> {
        let backend = self.reader.get_database_backend();
        let due = due(&now_sql(backend, "$1"));
        let sql = format!(
            "SELECT e.fence FROM webhook_endpoints e JOIN event_heads h ON h.tenant_id = e.tenant_id WHERE {due} LIMIT 1"
        );
        let statement = Statement::from_sql_and_values(backend, sql, [self.clock.offset_micros().into()]);
        Ok(self.reader.query_one_raw(statement).await?.is_some())
    }

    /// Claims up to `limit` endpoints that have something to send for `owner`: each gets a new fence and a lease by the
    /// database's clock. A tenant's share is a part of the limit, and what anybody holds of that tenant counts; those
    /// come first whose tenants have the fewest, then those whose last turn is longest ago.
    pub async fn claim_lanes(&self, owner: &str, lease: Duration, limit: u64) -> Result<Vec<Lane>, StoreError> {
        let work = self.begin(Step::Other).await?;
        let backend = work.backend();
        let values = [work.offset().into(), owner.into(), span(lease).into()];
        let statement = Statement::from_sql_and_values(backend, claim_sql(backend, limit), values);
        let rows = Entity::find().from_raw_sql(statement).all(&work.tx).await?;
        let now = work.now();
        work.commit().await?;
        Ok(rows.into_iter().filter_map(|row| readable(row, owner, now)).collect())
    }

    /// Gives a lane back that was claimed so, wherever it stands by now.
    pub async fn release_lane(&self, lane: &Lane) -> Result<(), StoreError> {
        Entity::update_many()
            .filter(Column::Id.eq(lane.endpoint.id.uuid()))
            .filter(Column::LeaseOwner.eq(&lane.owner))
            .col_expr(Column::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(Column::LeaseUntil, Expr::value(Option::<i64>::None))
            .exec(&self.writer)
            .await?;
        self.heads.nudge_deliveries();
        Ok(())
    }

    /// Gives the lane of a tenant's callbacks back, to be taken up again when the next of them comes due.
    pub async fn rest_callbacks(&self, lane: &Lane) -> Result<(), StoreError> {
        let sql = format!(
            "UPDATE webhook_endpoints SET lease_owner = NULL, lease_until = NULL, next_at = \
               (SELECT min(d.next_at) FROM webhook_deliveries d \
                WHERE d.endpoint_id = $1 AND d.state = 'WAITING' AND {FIRST_IN_LINE}) \
             WHERE id = $1 AND fence = $2"
        );
        let values = [lane.endpoint.id.uuid().into(), lane.fence.into()];
        let statement = Statement::from_sql_and_values(self.writer.get_database_backend(), sql, values);
        if self.writer.execute_raw(statement).await?.rows_affected() == 0 {
            self.release_lane(lane).await?;
        }
        Ok(())
    }

    /// How long the oldest event waits that is to be sent and was neither delivered nor given up; nothing where none
    /// does. Endpoints to which nothing is sent at present do not count.
    pub async fn webhook_lag(&self) -> Result<Option<Duration>, StoreError> {
        let sql = format!(
            "SELECT min(late.since) FROM (\
               SELECT v.at AS since FROM webhook_endpoints e JOIN event_heads h ON h.tenant_id = e.tenant_id \
                 JOIN events v ON v.tenant_id = e.tenant_id AND v.sequence = (SELECT min(n.sequence) FROM events n \
                   WHERE n.tenant_id = e.tenant_id AND n.sequence > e.handled_through) WHERE {SERVED} \
               UNION ALL SELECT d.event_at AS since FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
                 WHERE d.state = 'WAITING' AND d.payment_id IS NOT NULL AND {SERVED}) late"
        );
        let row = self.reader.query_one_raw(Statement::from_string(self.reader.get_database_backend(), sql)).await?;
        let since = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
        let late = since.map(|since| micros(self.clock.now()).saturating_sub(since));
        Ok(late.map(|late| Duration::from_micros(u64::try_from(late).unwrap_or_default())))
    }
}

impl Work {
    /// Moves a lane to where it stands after a step. False, and nothing is changed, where another claimed it since, a
    /// person changed the endpoint, or the database began another life.
    pub async fn step_lane(&self, lane: &Lane, step: LaneStep) -> Result<bool, StoreError> {
        let now = now_sql(self.backend(), &self.offset().to_string());
        let (owner, until) = match step.hold {
            Some(hold) => (Some(lane.owner.clone()), Expr::cust(format!("{now} + {}", span(hold)))),
            None => (None, Expr::value(Option::<i64>::None)),
        };
        let replay = step.position.replay;
        let moved = Entity::update_many()
            .filter(Column::Id.eq(lane.endpoint.id.uuid()))
            .filter(Column::Fence.eq(lane.fence))
            .filter(Column::LeaseOwner.eq(&lane.owner))
            .filter(Expr::cust(same_life(self.backend())))
            .col_expr(Column::HandledThrough, Expr::value(step.position.cursor))
            .col_expr(Column::ReplayNext, Expr::value(replay.map(|replay| replay.next)))
            .col_expr(Column::ReplayThrough, Expr::value(replay.map(|replay| replay.through)))
            .col_expr(Column::State, Expr::value(step.state.as_str()))
            .col_expr(Column::NextAt, Expr::value(step.next_at.map(micros)))
            .col_expr(Column::LeaseOwner, Expr::value(owner))
            .col_expr(Column::LeaseUntil, until)
            .exec(&self.tx)
            .await?;
        Ok(moved.rows_affected == 1)
    }

    /// Lets every lane go, in another life of the database, and has none stand behind the end of its log: there it would
    /// pass over all that happens until the log had grown as far.
    pub(in crate::store) async fn begin_lanes_anew(&self) -> Result<(), StoreError> {
        let sql = "UPDATE webhook_endpoints SET lease_owner = NULL, lease_until = NULL, fence = fence + 1, \
             handled_through = least(handled_through, coalesce(\
               (SELECT h.sequence FROM event_heads h WHERE h.tenant_id = webhook_endpoints.tenant_id), 0))";
        self.tx.execute_raw(Statement::from_string(self.backend(), sql)).await?;
        Ok(())
    }
}

/// That the database lives the life on record; SQLite has only one.
const fn same_life(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => SAME_LIFE,
        _ => "TRUE",
    }
}

/// Claims for `$2`, for `$3` microseconds. PostgreSQL counts and ranks no rows that it locks, so they are chosen first;
/// what another took meanwhile is not due any more when it is locked, and is left to it.
fn claim_sql(backend: DbBackend, limit: u64) -> String {
    let now = now_sql(backend, "$1");
    let (due, same_life) = (due(&now), same_life(backend));
    let share = (limit / PARTS).max(1);
    let skip = if backend == DbBackend::Postgres { "FOR UPDATE OF e SKIP LOCKED" } else { "" };
    format!(
        "WITH ranked AS (SELECT e.id, e.served_at, \
             row_number() OVER (PARTITION BY e.tenant_id ORDER BY e.served_at, e.id) \
               + (SELECT count(*) FROM webhook_endpoints o \
                  WHERE o.tenant_id = e.tenant_id AND o.lease_until >= {now}) AS place \
           FROM webhook_endpoints e JOIN event_heads h ON h.tenant_id = e.tenant_id \
           WHERE {same_life} AND {due}), \
         chosen AS MATERIALIZED (SELECT id FROM ranked WHERE place <= {share} ORDER BY place, served_at LIMIT {limit}), \
         due AS MATERIALIZED (SELECT e.id FROM webhook_endpoints e JOIN event_heads h ON h.tenant_id = e.tenant_id \
           WHERE e.id IN (SELECT id FROM chosen) AND {due} {skip}) \
         UPDATE webhook_endpoints SET lease_owner = $2, lease_until = {now} + $3, served_at = {now}, fence = fence + 1 \
         WHERE id IN (SELECT id FROM due) RETURNING *"
    )
}

/// A row that this version cannot read is passed over: it comes due again when its lease ends.
fn readable(row: Model, owner: &str, now: Timestamp) -> Option<Lane> {
    let (id, fence) = (row.id, row.fence);
    let secrets = SealedSecrets::of(&row, now);
    match endpoint(row) {
        Ok(endpoint) => Some(Lane { endpoint, secrets, fence, owner: owner.to_owned() }),
        Err(error) => {
            let id = crate::domain::ids::WebhookEndpointId::from_uuid(id);
            tracing::error!(webhook_endpoint.id = %id, %error, "a webhook endpoint is passed over");
            None
        }
    }
}

fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
