//! What an operator may set, as types that can't be wrong.
//!
//! Settings come from `config.default.toml`, then a file, then the environment ([`Settings::load`]); each is read once
//! at start into the type that its use needs, and all [`Faults`] are told together. What is loaded is fit to run with,
//! and its `Debug` shows no secret.

mod auth;
mod fault;
mod layers;
mod limits;
mod load;
mod providers;
mod reader;
mod secret;
mod telemetry;
mod value;

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub use auth::{AuthSettings, KeySetSource};
pub use fault::{Fault, Faults};
pub use limits::LimitSettings;
pub use providers::{
    AlmaraEnvironment, AlmaraSettings, BillSettings, ClickSettings, ClickpesaSettings, ProviderSettings, TokenForm,
    TrustedDevice,
};
pub use secret::Secret;
pub use telemetry::TelemetrySettings;
pub use value::{CountryCode, DatabaseUrl, Origin};

/// The time that a lease must leave after the longest call, for the bookkeeping around it.
pub const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// Every setting.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where providers reach our callbacks.
    pub public_url: Option<Url>,
    /// Encrypts what is stored of providers' sessions, and the secrets that sign webhooks.
    pub secrets_key: Option<Secret>,
    /// The longest that a mutation holds its answer back for the provider.
    pub wait_limit: Duration,
    /// Whether the playground is served; unset, the command decides.
    pub playground: Option<bool>,
    /// `database`.
    pub database: DatabaseSettings,
    /// `auth`.
    pub auth: AuthSettings,
    /// `graphql`.
    pub graphql: GraphqlSettings,
    /// `limits`.
    pub limits: LimitSettings,
    /// `http`.
    pub http: HttpSettings,
    /// `worker`.
    pub worker: WorkerSettings,
    /// `reminders`.
    pub reminders: ReminderSettings,
    /// `egress`.
    pub egress: EgressSettings,
    /// `log`.
    pub log: LogSettings,
    /// `telemetry`.
    pub telemetry: TelemetrySettings,
    /// `providers`.
    pub providers: ProviderSettings,
}

/// Where payments are kept.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Which database.
    pub url: DatabaseUrl,
    /// Connections of one process.
    pub max_connections: NonZeroU32,
    /// Bytes that must be free on the disk of a SQLite file, or nothing new is taken; 0 asks for none.
    pub min_free_bytes: u64,
}

/// The limits of one GraphQL operation.
#[derive(Clone, Debug)]
pub struct GraphqlSettings {
    /// Whether those with a token may ask for the schema.
    pub introspection: bool,
    /// Nesting of fields.
    pub max_depth: NonZeroUsize,
    /// Cost.
    pub max_complexity: NonZeroUsize,
    /// Lexical tokens of the document.
    pub max_tokens: NonZeroUsize,
    /// Characters of the document.
    pub max_characters: NonZeroUsize,
    /// Aliases in the document.
    pub max_aliases: NonZeroUsize,
    /// Directives in the document.
    pub max_directives: NonZeroUsize,
    /// Fields at the root of a mutation.
    pub max_root_mutation_fields: NonZeroUsize,
    /// Time for a query or mutation.
    pub timeout: Duration,
    /// The file of the trusted documents.
    pub documents: Option<PathBuf>,
    /// Whether nothing but those may run; then there is a file of them.
    pub only_documents: bool,
    /// Documents kept for each tenant that has sent them with their hash; 0 keeps none.
    pub persisted_queries: usize,
}

/// The limits of the HTTP server.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Origins whose pages may call.
    pub allowed_origins: Vec<Origin>,
    /// Connections open at once from one address.
    pub max_connections_per_ip: NonZeroUsize,
    /// Bytes of a request's body.
    pub max_body: NonZeroUsize,
    /// Operations running at once on one WebSocket.
    pub max_operations_per_socket: NonZeroUsize,
    /// How long a server that is told to stop goes on answering.
    pub drain: Duration,
}

/// How work in the background is done.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Whether this process does any.
    pub enabled: bool,
    /// Submissions in work at once.
    pub concurrency: NonZeroUsize,
    /// Payments and control numbers that may wait to be sent to one provider, or nothing new is taken for it.
    pub max_backlog: NonZeroU64,
    /// How long a claimed submission stays its worker's; exceeds `call_timeout` by more than [`LEASE_MARGIN`].
    pub lease: Duration,
    /// Time for one call to a provider.
    pub call_timeout: Duration,
    /// How often due work is looked for unasked.
    pub poll_interval: Duration,
    /// How often what was paid to control numbers is read from their providers, beside what their callbacks tell.
    pub collect_interval: Duration,
    /// How long after its creation a payment without a `processDate` may first be submitted.
    pub not_after: Duration,
    /// How long an outcome may stay open before a person is asked.
    pub review_after: Duration,
}

/// When reminders are sent.
#[derive(Clone, Debug)]
pub struct ReminderSettings {
    /// Days before the due date.
    pub days: Vec<u16>,
}

/// What may be called out to.
#[derive(Clone, Debug)]
pub struct EgressSettings {
    /// Whether webhooks may go to private addresses and by plain http.
    pub allow_private_webhooks: bool,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// Directives that tracing's `EnvFilter` was seen to read.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}
