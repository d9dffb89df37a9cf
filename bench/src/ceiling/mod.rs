//! The ceiling: the same work as billpay's by hand, as the scale of what is possible.
//!
//! axum, tokio-postgres with prepared statements, and JSON that is written as text: no GraphQL, no ORM, no rule that is
//! not needed for the answer. It verifies the same tokens, reads and writes the same tables, commits as durably, and
//! gives the same answers. It is no product: it knows one currency, and refuses nothing politely.

mod auth;
mod click;
mod create;
mod events;
mod json;
mod pay;
mod read;
pub mod sqlite;
mod subscribe;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio::net::TcpListener;
use tokio_postgres::NoTls;

use self::auth::Authenticator;
use self::click::Click;
use self::create::Billers;
use self::events::Events;
use crate::failed::{Failed, Outcome};

/// As many as billpay has by default.
const CONNECTIONS: usize = 16;

/// How it is started.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// The URL of billpay's database.
    #[arg(long)]
    database: String,
    /// Where the simulated provider is.
    #[arg(long)]
    provider: SocketAddr,
}

/// What the handlers share.
#[derive(Clone)]
struct Ceiling {
    pool: Pool,
    authenticator: Arc<Authenticator>,
    billers: Arc<Billers>,
    click: Arc<Click>,
    events: Arc<Events>,
}

/// Why there is no good answer.
enum Refused {
    Token,
    Input,
    Fault(Failed),
}

impl<E: Into<Failed>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED.into_response(),
            Self::Input => StatusCode::BAD_REQUEST.into_response(),
            Self::Fault(failed) => {
                eprintln!("ceiling: {failed}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Serves until the process is ended. The secret of the tokens comes from BENCH_SECRET.
pub async fn serve(arguments: Arguments) -> Outcome<()> {
    let secret = std::env::var("BENCH_SECRET").map_err(|_| Failed::new("BENCH_SECRET is not set"))?;
    let config: tokio_postgres::Config = arguments.database.parse()?;
    let fast = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let pool = Pool::builder(Manager::from_config(config, NoTls, fast)).max_size(CONNECTIONS).build()?;
    let ceiling = Ceiling {
        authenticator: Arc::new(Authenticator::new(&secret)),
        billers: Arc::new(Billers::load(&pool).await?),
        click: Arc::new(Click::new(arguments.provider)),
        events: Events::start(&arguments.database, pool.clone()).await?,
        pool,
    };
    let routes = Router::new()
        .route("/readyz", get(|| async { "ready\n" }))
        .route("/typename", post(typename))
        .route("/read", post(read::page))
        .route("/create", post(create::create))
        .route("/pay", post(pay::pay))
        .route("/graphql", get(subscribe::upgrade))
        .with_state(ceiling);
    let listener = TcpListener::bind(arguments.listen).await?.tap_io(|stream| {
        // A stream that cannot be told is only slower.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn typename(State(ceiling): State<Ceiling>, headers: HeaderMap, _: Bytes) -> Result<Response, Refused> {
    ceiling.authenticator.of_headers(&headers)?;
    Ok(answer(r#"{"data":{"__typename":"Query"}}"#.to_owned()))
}

/// A text of JSON as an answer.
fn answer(json: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
