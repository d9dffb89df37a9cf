//! The server under test, with all that it talks to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use billpay::config::{Secret, Settings};
use billpay::domain::requester::{CustomerId, Scopes, TenantId};
use billpay::http::playground::Playground;
use billpay::http::token::{TokenClaims, mint};
use billpay::ports::clock::Clock;
use billpay::sandbox::{ALMARA_CLIENT_ID, ALMARA_CLIENT_SECRET, CLICK_EMAIL, CLICK_PASSWORD, Options, Sandbox};
use billpay::sandbox::{
    BILL_DEV_KEY, BILL_DEVICE, BILL_ORGANIZATION_ID, BILL_PASSWORD, BILL_REMEMBER_ME_ID, BILL_USERNAME,
    BILL_WEBHOOK_SECURITY_KEY, CLICKPESA_API_KEY, CLICKPESA_CHECKSUM_KEY, CLICKPESA_CLIENT_ID,
};
use billpay::startup::{Server, StartOptions};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::client::{Client, http_client};
use super::database::{Db, TestDatabase, scalar};
use super::proxy::Proxy;
use super::text;

/// The key of the tests' tokens.
pub const SECRET: &str = "a secret of the tests, 32 bytes or more";
/// The tenant that most tests act for.
pub const TENANT: &str = "acme";
/// The tenant whose tokens may hold the scope `operator`.
pub const OPERATORS: &str = "ops";
/// Every scope that a tenant's own administrator has.
pub const ALL: &str = "billers:read bills:read bills:write payments:read payments:write \
    control_numbers:read control_numbers:write admin";
/// What an app has that pays for a tenant's customers.
pub const USER: &str = "billers:read bills:read bills:write payments:read payments:write";
/// What an app has that makes control numbers.
pub const COLLECTOR: &str = "control_numbers:read control_numbers:write";

/// Providers that are off unless a test wants them, each with the variable that switches it on and its settings.
const ON_DEMAND: [(&str, &str, ProviderSettings); 3] = [
    ("BILLPAY_TEST_CLICK", "click", click_settings),
    ("BILLPAY_TEST_BILL", "bill", bill_settings),
    ("BILLPAY_TEST_CLICKPESA", "clickpesa", clickpesa_settings),
];
/// Those of them that send where their dashboard says, not where a payment does.
const WITH_WEBHOOKS: [(&str, &str); 2] = [("BILLPAY_TEST_BILL", "bill"), ("BILLPAY_TEST_CLICKPESA", "clickpesa")];
/// The value of such a switch for a provider that billpay calls through the test's proxy.
const PROXIED: &str = "proxied";

/// The settings of a provider, below its section, for the address of the sandbox.
type ProviderSettings = fn(SocketAddr) -> Vec<(&'static str, String)>;

/// How long "later" is in the sandbox.
const LATER: Duration = Duration::from_millis(300);
/// How long the sandbox holds a call that it never answers; longer than a call may take.
const HANG: Duration = Duration::from_secs(20);
const TOKEN_LIFE: Duration = Duration::from_secs(3600);
/// How often another port is tried where one was taken between the look and the start.
const MOST_STARTS: u32 = 10;

/// A server, its sandbox, its database and its clock. Clones are the same server.
#[derive(Clone)]
pub struct TestApp {
    inner: Arc<Inner>,
}

struct Inner {
    address: SocketAddr,
    sandbox: SocketAddr,
    clock: Clock,
    http: reqwest::Client,
    database: TestDatabase,
    backstage: DatabaseConnection,
    variables: BTreeMap<String, String>,
    servers: Mutex<Vec<Server>>,
    simulator: JoinHandle<()>,
    proxy: Option<Proxy>,
}

impl TestApp {
    /// Starts a server on a database of its own. `settings` are named as in the environment and win.
    pub async fn start(db: Db, settings: &[(&str, &str)]) -> Self {
        Self::start_with(db, settings, false).await
    }

    /// The same, with the playground and a token in it.
    pub async fn start_with_playground(db: Db) -> Self {
        Self::start_with(db, &[], true).await
    }

    async fn start_with(db: Db, settings: &[(&str, &str)], playground: bool) -> Self {
        log_where_wanted();
        let database = TestDatabase::create(db).await;
        let clock = Clock::default();
        let (sandbox, simulator) = start_sandbox(&clock).await;
        let mut variables = usual_settings(&database.url, sandbox);
        let is_proxied = settings.iter().any(|(_, value)| *value == PROXIED);
        let proxy = if is_proxied { Some(Proxy::start(sandbox).await) } else { None };
        for (switch, provider, its_settings) in ON_DEMAND {
            if settings.contains(&(switch, "on")) {
                variables.extend(named(provider, its_settings(sandbox)));
            }
            if let Some(proxy) = proxy.as_ref().filter(|_| settings.contains(&(switch, PROXIED))) {
                variables.extend(named(provider, its_settings(proxy.address())));
            }
        }
        variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let server = start_server(&variables, &clock, playground).await;
        let http = http_client();
        for (switch, provider) in WITH_WEBHOOKS {
            if variables.contains_key(switch) {
                let url = format!("http://{}/callbacks/{provider}", server.address);
                send_webhooks_to(&http, sandbox, provider, &url).await;
            }
        }
        Self {
            inner: Arc::new(Inner {
                address: server.address,
                sandbox,
                http,
                backstage: database.connect().await,
                database,
                variables,
                servers: Mutex::new(vec![server]),
                simulator,
                proxy,
                clock,
            }),
        }
    }

    /// Starts another server on the same database; it stops with the first.
    pub async fn start_peer(&self) -> SocketAddr {
        let server = start_server(&self.inner.variables, &self.inner.clock, false).await;
        let address = server.address;
        self.inner.servers.lock().await.push(server);
        address
    }

    /// Stops all servers and throws the database away.
    pub async fn stop(&self) {
        for server in self.inner.servers.lock().await.drain(..) {
            server.stop().await;
        }
        self.inner.proxy.iter().for_each(Proxy::stop);
        self.inner.simulator.abort();
        self.inner.database.remove().await;
    }

    /// The clock of the server.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The proxy before the provider of which a setting says `proxied`.
    pub fn proxy(&self) -> &Proxy {
        self.inner.proxy.as_ref().expect("a provider that is proxied")
    }

    /// The settings that the server was started with, as in the environment.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.inner.variables
    }

    /// The HTTP client, for what is no GraphQL.
    pub fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// The URL of a path of the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.inner.address)
    }

    /// A token of a tenant.
    pub fn token(&self, tenant: &str, scopes: &str) -> String {
        token(&self.inner.clock, tenant, scopes, None)
    }

    /// A token that speaks for one customer of a tenant.
    pub fn token_for_customer(&self, tenant: &str, customer: &str, scopes: &str) -> String {
        token(&self.inner.clock, tenant, scopes, Some(customer))
    }

    /// A client with a token of a tenant.
    pub fn client(&self, tenant: &str, scopes: &str) -> Client {
        self.client_with(&self.token(tenant, scopes))
    }

    /// A client with this token.
    pub fn client_with(&self, token: &str) -> Client {
        self.client_at(self.inner.address, token)
    }

    /// A client of another server on the same database.
    pub fn client_at(&self, address: SocketAddr, token: &str) -> Client {
        Client::new(self.inner.http.clone(), address, token.to_owned())
    }

    /// A client with all scopes of the usual tenant.
    pub fn admin(&self) -> Client {
        self.client(TENANT, ALL)
    }

    /// The money that moved in the sandbox, oldest first.
    pub async fn effects(&self) -> Vec<Value> {
        self.effects_with("almara").await
    }

    /// The money that moved at one provider.
    pub async fn effects_with(&self, provider: &str) -> Vec<Value> {
        let url = format!("http://{}/{provider}/_sandbox/effects", self.inner.sandbox);
        let answer = self.inner.http.get(url).send().await.expect("the sandbox answers");
        answer.json().await.expect("a list of effects")
    }

    /// Does something in the sandbox that no provider offers; answers the status and the body.
    pub async fn play(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}/{path}", self.inner.sandbox);
        let answer = self.inner.http.post(url).json(body).send().await.expect("the sandbox answers");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// What the sandbox knows at one of its own paths.
    pub async fn sandbox(&self, path: &str) -> Value {
        let url = format!("http://{}/{path}", self.inner.sandbox);
        let answer = self.inner.http.get(url).send().await.expect("the sandbox answers");
        answer.json().await.expect("JSON")
    }

    /// From now on a provider's webhooks go there.
    pub async fn send_webhooks_to(&self, provider: &str, url: &str) {
        send_webhooks_to(&self.inner.http, self.inner.sandbox, provider, url).await;
    }

    /// The money that moved for one payment.
    pub async fn effects_of(&self, payment: &Value) -> Vec<Value> {
        let ours = text(payment, "/ourReference");
        self.effects().await.into_iter().filter(|effect| text(effect, "/key") == ours).collect()
    }

    /// The body of `/metrics`.
    pub async fn metrics(&self) -> String {
        let answer = self.inner.http.get(self.url("/metrics")).send().await.expect("an answer");
        answer.text().await.expect("a text")
    }

    /// What a provider that sends `body` is answered.
    pub async fn callback(&self, provider: &str, body: impl Into<reqwest::Body>) -> u16 {
        let request = self.inner.http.post(self.url(&format!("/callbacks/{provider}")));
        let request = request.header("content-type", "application/json").body(body);
        request.send().await.expect("an answer").status().as_u16()
    }

    /// The whole number that a statement finds in the server's database.
    pub async fn scalar(&self, sql: &str) -> i64 {
        scalar(&self.inner.backstage, sql).await
    }

    /// Changes the server's database behind its back.
    pub async fn execute(&self, sql: &str) {
        let done = self.inner.backstage.execute_unprepared(sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// A token, good from now on the given clock for an hour.
fn token(clock: &Clock, tenant: &str, scopes: &str, customer: Option<&str>) -> String {
    let tenant = TenantId::try_new(tenant).expect("a tenant");
    let customer = customer.map(|customer| CustomerId::try_new(customer).expect("a customer"));
    let claims = TokenClaims {
        subject: "tester",
        tenant: &tenant,
        customer: customer.as_ref(),
        scopes: Scopes::parse(scopes),
        issuer: "billpay",
        audience: "billpay",
    };
    mint(&Secret::new(SECRET), &claims, clock.now(), TOKEN_LIFE)
}

async fn start_sandbox(clock: &Clock) -> (SocketAddr, JoinHandle<()>) {
    let options = Options { later: LATER, hang: HANG, clock: clock.clone(), ..Options::default() };
    let sandbox = Sandbox::try_new(options).expect("a sandbox");
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(async move {
        axum::serve(listener, sandbox.router()).await.expect("the sandbox serves");
    });
    (address, serving)
}

/// Settings under which a test need not wait longer than it must.
fn usual_settings(database: &str, sandbox: SocketAddr) -> BTreeMap<String, String> {
    let almara = format!("http://{sandbox}/almara");
    let token_url = format!("{almara}/v1/oauth/token");
    let settings = [
        ("BILLPAY_DATABASE__URL", database),
        ("BILLPAY_DATABASE__MAX_CONNECTIONS", "6"),
        ("BILLPAY_AUTH__HS256_SECRET", SECRET),
        ("BILLPAY_AUTH__OPERATOR_TENANT", OPERATORS),
        ("BILLPAY_WAIT_LIMIT", "5s"),
        ("BILLPAY_HTTP__DRAIN", "0s"),
        ("BILLPAY_WORKER__POLL_INTERVAL", "100ms"),
        ("BILLPAY_WORKER__LEASE", "8s"),
        ("BILLPAY_WORKER__CALL_TIMEOUT", "2s"),
        ("BILLPAY_PROVIDERS__ALMARA__BASE_URL", almara.as_str()),
        ("BILLPAY_PROVIDERS__ALMARA__TOKEN_URL", token_url.as_str()),
        ("BILLPAY_PROVIDERS__ALMARA__TOKEN_FORM", "json"),
        ("BILLPAY_PROVIDERS__ALMARA__CLIENT_ID", ALMARA_CLIENT_ID),
        ("BILLPAY_PROVIDERS__ALMARA__CLIENT_SECRET", ALMARA_CLIENT_SECRET),
        ("BILLPAY_PROVIDERS__ALMARA__ENVIRONMENT", "TEST"),
    ];
    settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// A provider's settings as in the environment.
fn named(provider: &str, settings: Vec<(&'static str, String)>) -> impl Iterator<Item = (String, String)> {
    let section = format!("BILLPAY_PROVIDERS__{}__", provider.to_uppercase());
    settings.into_iter().map(move |(name, value)| (format!("{section}{name}"), value))
}

fn click_settings(sandbox: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("BASE_URL", format!("http://{sandbox}/click")),
        ("EMAIL", CLICK_EMAIL.to_owned()),
        ("PASSWORD", CLICK_PASSWORD.to_owned()),
    ]
}

/// With the device that BILL trusts.
fn bill_settings(sandbox: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("BASE_URL", format!("http://{sandbox}/bill/connect")),
        ("DEV_KEY", BILL_DEV_KEY.to_owned()),
        ("USERNAME", BILL_USERNAME.to_owned()),
        ("PASSWORD", BILL_PASSWORD.to_owned()),
        ("ORGANIZATION_ID", BILL_ORGANIZATION_ID.to_owned()),
        ("REMEMBER_ME_ID", BILL_REMEMBER_ME_ID.to_owned()),
        ("DEVICE", BILL_DEVICE.to_owned()),
        ("WEBHOOK_SECURITY_KEY", BILL_WEBHOOK_SECURITY_KEY.to_owned()),
    ]
}

/// With the checksum, so that webhooks are believed.
fn clickpesa_settings(sandbox: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("BASE_URL", format!("http://{sandbox}/clickpesa/third-parties")),
        ("CLIENT_ID", CLICKPESA_CLIENT_ID.to_owned()),
        ("API_KEY", CLICKPESA_API_KEY.to_owned()),
        ("CHECKSUM_KEY", CLICKPESA_CHECKSUM_KEY.to_owned()),
    ]
}

/// Tells a simulator where billpay hears it, which is known only once the server is bound.
async fn send_webhooks_to(http: &reqwest::Client, sandbox: SocketAddr, provider: &str, url: &str) {
    let request = http.put(format!("http://{sandbox}/{provider}/_sandbox/webhook")).json(&json!({ "url": url }));
    let answer = request.send().await.expect("the sandbox answers");
    assert!(answer.status().is_success(), "{provider}: {}", answer.status());
}

/// Starts a server on a free port, which its public address must name before it is bound.
async fn start_server(variables: &BTreeMap<String, String>, clock: &Clock, playground: bool) -> Server {
    let mut failure = None;
    for _ in 0..MOST_STARTS {
        let address = free_address();
        let mut variables = variables.clone();
        variables.insert("BILLPAY_LISTEN".to_owned(), address.to_string());
        variables.insert("BILLPAY_PUBLIC_URL".to_owned(), format!("http://{address}"));
        let settings = Settings::load(None, variables.into_iter()).unwrap_or_else(|faults| panic!("{faults}"));
        let playground = playground
            .then(|| Playground { token: Some(token(clock, TENANT, ALL, None)), tenant: Some(TENANT.to_owned()) });
        match Server::start(&settings, StartOptions { clock: clock.clone(), playground }).await {
            Ok(server) => return server,
            Err(error) => failure = Some(error),
        }
    }
    panic!("the server does not start: {failure:?}");
}

/// An address that was free a moment ago.
pub fn free_address() -> SocketAddr {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address")
}

/// What the servers of a test say of errors is shown where somebody looks for a fault (`BILLPAY_TEST_LOG`).
fn log_where_wanted() {
    if std::env::var_os("BILLPAY_TEST_LOG").is_some() {
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr);
        // Another test of this process was faster.
        let _ = log.try_init();
    }
}
