//! Starting and stopping the server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::catalogue::Catalogue;
use crate::app::engine::{Steps, Ways};
use crate::app::overload::Load;
use crate::app::tail::Tails;
use crate::app::webhooks::TestLimit;
use crate::app::{App, Parts, Policy};
use crate::config::{LEASE_MARGIN, Settings};
use crate::domain::phone::PhoneNumber;
use crate::domain::provider::ProviderCode;
use crate::domain::requester::TenantId;
use crate::graphql;
use crate::graphql::execute::Engine;
use crate::graphql::guard::Limits;
use crate::graphql::library::Library;
use crate::graphql::rates::RateLimits;
use crate::graphql::trusted::{TrustedDocuments, TrustedError};
use crate::http::callback_limit::CallbackLimit;
use crate::http::graphql::{Edge, EdgeLimits};
use crate::http::jwt::Authenticator;
use crate::http::listener::CappedListener;
use crate::http::playground::Playground;
use crate::http::router::router;
use crate::http::serve::{Patience, Stop, serve};
use crate::ports::clock::Clock;
use crate::ports::ids::Ids;
use crate::ports::limits::{CallLimits, Unlimited};
use crate::ports::provider::Provider;
use crate::ports::sessions::{OwnSessions, Sessions};
use crate::providers::almara::{Almara, AlmaraParts};
use crate::providers::bill::{Bill, BillParts};
use crate::providers::click::Click;
use crate::providers::clickpesa::Clickpesa;
use crate::store::{Connect, Purpose, Refused, Seal, Store, StoredLimits, StoredSessions};
use crate::telemetry;
use crate::webhooks::{self, Sender};
use crate::worker::{self, WorkerOptions};

/// How long submissions are held back after a provider refused our credentials.
const MISCONFIGURED_PAUSE: Duration = Duration::from_secs(60);
/// How long a stop waits for open requests.
const CLOSE_PATIENCE: Duration = Duration::from_secs(10);

/// What the start is told beside the settings.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// The clock; tests move it.
    pub clock: Clock,
    /// The playground, where it is served.
    pub playground: Option<Playground>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used, or could forget.
    #[error(transparent)]
    Database(#[from] Refused),
    /// A provider's adapter cannot be made.
    #[error("a provider cannot be set up")]
    Provider(#[from] crate::providers::SetUpError),
    /// Webhooks cannot be sent.
    #[error("webhooks cannot be sent")]
    Webhooks(#[from] webhooks::SetUpError),
    /// The keys of the tokens cannot be used.
    #[error("tokens cannot be verified")]
    Keys(#[from] crate::http::jwt::KeySetError),
    /// The list of trusted documents cannot be used.
    #[error("the trusted documents of graphql.documents cannot be used")]
    Documents(#[from] TrustedError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The billers cannot be read.
    #[error("the billers cannot be read")]
    Store(#[from] crate::store::StoreError),
    /// A path of ours cannot be joined to the public address.
    #[error("BILLPAY_PUBLIC_URL cannot carry a path")]
    PublicUrl,
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it runs on.
    pub app: App,
    engine: Arc<Engine>,
    stop: Stop,
    drain: Duration,
    tasks: TaskTracker,
    serving: JoinHandle<()>,
}

impl Server {
    /// Starts a server by its settings.
    pub async fn start(settings: &Settings, options: StartOptions) -> Result<Self, StartError> {
        // Before anything is counted.
        telemetry::metrics();
        read_aside("schema", graphql::prepare);
        let app = application(settings, &options.clock).await?;
        app.begin_counters();
        app.hold_suspects().await?;
        app.refresh_load().await?;
        let stop = Stop::default();
        let engine = Arc::new(Engine::new(
            graphql::schemas(app.clone(), settings.graphql.introspection),
            limits(settings),
            settings.graphql.timeout,
            library(settings)?,
            rates(settings, &options.clock),
        ));
        let edge = edge(settings, &app, &engine, &options.clock, &stop.shutdown)?;
        let listening = |error| StartError::Listen(settings.listen, error);
        let listener = TcpListener::bind(settings.listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let listener = CappedListener::new(listener, settings.http.max_connections_per_ip.get());
        let callbacks_limit = CallbackLimit::new(settings.limits.callbacks_per_minute, &options.clock);
        let routes = router(app.clone(), edge, callbacks_limit, options.playground, stop.leaving.clone());
        let serving = tokio::spawn(serve(listener, routes, Patience::default(), stop.clone()));
        let tasks = worker::start(&app, worker_options(settings), &stop.shutdown);
        // The plan of the world's phone numbers is read before the first payment needs it, and off the way.
        read_aside("phone-plan", || {
            let _ = PhoneNumber::from_str("+254700000000");
        });
        tracing::info!(%address, "billpay listens");
        Ok(Self { address, app, engine, stop, drain: settings.http.drain, tasks, serving })
    }

    /// Calls itself not ready and has every client go elsewhere with its next request, for as long as balancers need to
    /// hear of that; meanwhile all goes on as ever. Whoever is in a hurry drops this, and stops.
    pub async fn leave(&self) {
        self.stop.leaving.cancel();
        tokio::time::sleep(self.drain).await;
    }

    /// Takes no more requests, claims nothing more, lets every call to a provider come to its end, and stops. What was
    /// not sent stays as it is, and what was is settled: a planned stop leaves nothing unknown.
    pub async fn stop(self) {
        self.stop.shutdown.cancel();
        // Sockets are told to close; who does not hear is cut off.
        if tokio::time::timeout(CLOSE_PATIENCE, self.serving).await.is_err() {
            tracing::warn!("some connections were still open");
        }
        self.engine.drained().await;
        self.tasks.wait().await;
    }
}

/// Reads something that is kept for good, in a thread that ends: the memory which reading took beside it is given back
/// then, where the runtime's own threads would keep it. What is not read here is read by whoever needs it first.
fn read_aside(name: &str, read: impl FnOnce() + Send + 'static) {
    if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(read) {
        tracing::warn!(%error, thread = name, "no thread to read ahead");
    }
}

/// The application by its settings, with the database open and the billers read.
pub async fn application(settings: &Settings, clock: &Clock) -> Result<App, StartError> {
    let store = Store::connect(&Connect {
        url: settings.database.url.expose().to_owned(),
        max_connections: settings.database.max_connections.get(),
        clock: clock.clone(),
    })
    .await?;
    let ids = Ids::from_system(clock.clone());
    let instance = format!("{}-{}", std::process::id(), ids.reference().simple());
    let secrets_key = settings.secrets_key.as_ref().map(|key| key.expose());
    let world = World {
        clock: clock.clone(),
        ids: ids.clone(),
        limits: StoredLimits::new(store.clone(), instance.clone(), settings.worker.lease),
        sessions: match secrets_key {
            Some(key) => Arc::new(StoredSessions::new(store.clone(), key)),
            None => Arc::<OwnSessions>::default(),
        },
    };
    let providers = providers(settings, &world)?;
    for code in providers.keys() {
        store.register_provider(*code).await?;
    }
    let catalogue = Catalogue::default();
    catalogue.refresh(&store).await?;
    let policy = policy(settings);
    let sender = Sender::try_new(settings.egress.allow_private_webhooks, settings.public_url.as_ref())?;
    let steps = Steps::new(settings.worker.concurrency.get(), Arc::clone(store.heads()));
    Ok(App::new(Parts {
        store,
        clock: clock.clone(),
        ids,
        providers,
        catalogue,
        policy,
        instance,
        webhooks: Arc::new(sender),
        seal: secrets_key.map(|key| Seal::new(Purpose::Webhooks, key)),
        test_limit: TestLimit::new(clock),
        tails: Tails::default(),
        load: Load::new(settings.worker.max_backlog.get(), settings.database.min_free_bytes),
        creations: Arc::default(),
        marks: Arc::default(),
        settlements: Arc::default(),
        steps,
        ways: Ways::default(),
        calls: Mutex::default(),
        callbacks: Notify::new(),
        reminder_days: settings.reminders.days.clone(),
    }))
}

fn policy(settings: &Settings) -> Policy {
    Policy {
        wait_limit: settings.wait_limit,
        not_after: settings.worker.not_after,
        review_after: settings.worker.review_after,
        lease: settings.worker.lease,
        call_timeout: settings.worker.call_timeout,
        lease_margin: LEASE_MARGIN,
        collect_interval: settings.worker.collect_interval,
        misconfigured_pause: MISCONFIGURED_PAUSE,
    }
}

/// What the adapters stand on.
#[derive(Clone, Debug)]
pub struct World {
    /// The clock.
    pub clock: Clock,
    /// Where references come from.
    pub ids: Ids,
    /// The limits that providers set.
    pub limits: Arc<dyn CallLimits>,
    /// Sessions with providers.
    pub sessions: Arc<dyn Sessions>,
}

impl World {
    /// A world for a command that makes a call or two, beside any server and without a database.
    pub fn alone() -> Self {
        let clock = Clock::default();
        let ids = Ids::from_system(clock.clone());
        Self { clock, ids, limits: Arc::new(Unlimited), sessions: Arc::<OwnSessions>::default() }
    }
}

/// The adapters of the providers that are switched on.
pub fn providers(settings: &Settings, world: &World) -> Result<BTreeMap<ProviderCode, Arc<dyn Provider>>, StartError> {
    let on = &settings.providers;
    let clock = || world.clock.clone();
    let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
    if let Some(click) = &on.click {
        providers.push(Arc::new(Click::try_new(click, clock())?));
    }
    if let Some(almara) = &on.almara {
        let callback_url = callback_url(settings, ProviderCode::Almara)?;
        let (ids, limits) = (world.ids.clone(), world.limits.clone());
        let parts = AlmaraParts { callback_url, clock: clock(), ids, limits };
        providers.push(Arc::new(Almara::try_new(almara, parts)?));
    }
    if let Some(bill) = &on.bill {
        let parts = BillParts { clock: clock(), limits: world.limits.clone(), sessions: world.sessions.clone() };
        providers.push(Arc::new(Bill::try_new(bill, parts)?));
    }
    if let Some(clickpesa) = &on.clickpesa {
        providers.push(Arc::new(Clickpesa::try_new(clickpesa, clock())?));
    }
    Ok(providers.into_iter().map(|provider| (provider.code(), provider)).collect())
}

fn callback_url(settings: &Settings, provider: ProviderCode) -> Result<Url, StartError> {
    let mut url = settings.public_url.clone().ok_or(StartError::PublicUrl)?;
    url.path_segments_mut()
        .map_err(|()| StartError::PublicUrl)?
        .pop_if_empty()
        .extend(["callbacks", provider.as_str()]);
    Ok(url)
}

fn limits(settings: &Settings) -> Limits {
    let graphql = &settings.graphql;
    Limits {
        max_depth: graphql.max_depth.get(),
        max_complexity: graphql.max_complexity.get(),
        max_tokens: graphql.max_tokens.get(),
        max_characters: graphql.max_characters.get(),
        max_aliases: graphql.max_aliases.get(),
        max_directives: graphql.max_directives.get(),
        max_root_mutation_fields: graphql.max_root_mutation_fields.get(),
        introspection: graphql.introspection,
        ..Limits::default()
    }
}

fn library(settings: &Settings) -> Result<Library, TrustedError> {
    let graphql = &settings.graphql;
    let trusted = match &graphql.documents {
        Some(path) => TrustedDocuments::read(path)?,
        None => TrustedDocuments::default(),
    };
    Ok(Library::new(trusted, graphql.only_documents, graphql.persisted_queries))
}

fn rates(settings: &Settings, clock: &Clock) -> RateLimits {
    let limits = &settings.limits;
    RateLimits::new(limits.tenant_points_per_minute, limits.tenant_creates_per_minute, clock)
}

fn edge(
    settings: &Settings,
    app: &App,
    engine: &Arc<Engine>,
    clock: &Clock,
    shutdown: &CancellationToken,
) -> Result<Edge, StartError> {
    let heads = app.clone();
    Ok(Edge {
        engine: engine.clone(),
        authenticator: Arc::new(Authenticator::try_new(&settings.auth, clock.clone())?),
        allowed_origins: settings.http.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        head_of: Arc::new(move |tenant: TenantId| {
            let app = heads.clone();
            async move { app.store.event_head(&tenant).await.ok() }.boxed()
        }),
        limits: EdgeLimits {
            max_body_bytes: settings.http.max_body.get(),
            max_operations_per_socket: settings.http.max_operations_per_socket.get(),
            ..EdgeLimits::default()
        },
        shutdown: shutdown.clone(),
    })
}

fn worker_options(settings: &Settings) -> WorkerOptions {
    WorkerOptions { enabled: settings.worker.enabled, poll_interval: settings.worker.poll_interval }
}
