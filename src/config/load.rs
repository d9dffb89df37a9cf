//! Settings read from their three layers.
//!
//! Every section reads all of its parts before it gives up, so [`Settings::load`] answers with the settings or with
//! every fault in them, never with the first fault alone.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::fault::{Fault, Faults};
use super::layers::{FILE_VARIABLE, Layers, PREFIX};
use super::reader::Reader;
use super::value;
use super::{
    AuthSettings, DatabaseSettings, DatabaseUrl, EgressSettings, GraphqlSettings, HttpSettings, LEASE_MARGIN,
    LimitSettings, LogFormat, LogSettings, ProviderSettings, ReminderSettings, Settings, TelemetrySettings,
    WorkerSettings,
};

/// Every setting with its default and a comment.
const DEFAULTS: &str = include_str!("../../config.default.toml");
/// What encrypts needs as many bytes as its cipher's key.
const LEAST_SECRETS_KEY_BYTES: usize = 32;
/// One process's connections to PostgreSQL: one is kept to listen, and the schema is brought up to date through two.
const LEAST_POSTGRES_CONNECTIONS: u32 = 3;
const LOG_FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

impl Settings {
    /// Reads the defaults, then the file at `path` (or the one that BILLPAY_CONFIG names), then `environment`.
    pub fn load(path: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, Faults> {
        let variables: BTreeMap<_, _> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
        let mut layers = Layers::of_defaults(DEFAULTS);
        if let Some(path) = path.map(Path::to_owned).or_else(|| named_file(&variables)) {
            layers.lay_file(&path);
        }
        layers.lay_environment(&variables);
        let mut reader = Reader::new(layers);
        let settings = Self::read(&mut reader);
        reader.finish(settings)
    }

    /// Whether any token could be verified; without that `serve` does not start.
    pub fn require_auth(&self) -> Result<(), Faults> {
        if self.auth.hs256_secret.is_some() || self.auth.key_set.is_some() {
            return Ok(());
        }
        Err(Faults::new(vec![Fault::new(
            "auth.hs256_secret, auth.jwks_url, auth.jwks_file",
            "none of them is set, so no token could be verified",
            "set BILLPAY_AUTH__HS256_SECRET (32 bytes or more), BILLPAY_AUTH__JWKS_URL or BILLPAY_AUTH__JWKS_FILE",
        )]))
    }

    fn read(reader: &mut Reader) -> Option<Self> {
        let listen = reader.required("listen", value::address);
        let public_url = reader.optional("public_url", value::base_url);
        let secrets_key = reader.optional("secrets_key", value::secret_of(LEAST_SECRETS_KEY_BYTES));
        let wait_limit = reader.required("wait_limit", value::duration);
        let playground = reader.optional("playground", value::flag);
        let database = DatabaseSettings::read(reader);
        let auth = AuthSettings::read(reader);
        let graphql = GraphqlSettings::read(reader);
        let limits = LimitSettings::read(reader);
        let http = HttpSettings::read(reader);
        let worker = WorkerSettings::read(reader);
        let reminders = ReminderSettings::read(reader);
        let egress = EgressSettings::read(reader);
        let log = LogSettings::read(reader);
        let telemetry = TelemetrySettings::read(reader);
        let providers = ProviderSettings::read(reader);
        Some(Self {
            listen: listen?,
            public_url: public_url?,
            secrets_key: secrets_key?,
            wait_limit: wait_limit?,
            playground: playground?,
            database: database?,
            auth: auth?,
            graphql: graphql?,
            limits: limits?,
            http: http?,
            worker: worker?,
            reminders: reminders?,
            egress: egress?,
            log: log?,
            telemetry: telemetry?,
            providers: providers?,
        })
    }
}

/// The file that the environment names, where no argument does.
fn named_file(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    variables.get(FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

impl DatabaseSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let url = reader.required("database.url", value::database_url);
        let max_connections: Option<NonZeroU32> = reader.required("database.max_connections", value::number);
        if let (Some(DatabaseUrl::Postgres(_)), Some(most)) = (&url, max_connections)
            && most.get() < LEAST_POSTGRES_CONNECTIONS
        {
            let remedy = format!(
                "give it {LEAST_POSTGRES_CONNECTIONS} or more: one listens, and two bring the schema up to date"
            );
            reader.note("database.max_connections", "is too few for PostgreSQL", remedy);
        }
        let min_free_bytes = reader.required("database.min_free_bytes", value::count);
        Some(Self { url: url?, max_connections: max_connections?, min_free_bytes: min_free_bytes? })
    }
}

impl GraphqlSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let introspection = reader.required("graphql.introspection", value::flag);
        let max_depth = reader.required("graphql.max_depth", value::number);
        let max_complexity = reader.required("graphql.max_complexity", value::number);
        let max_tokens = reader.required("graphql.max_tokens", value::number);
        let max_characters = reader.required("graphql.max_characters", value::number);
        let max_aliases = reader.required("graphql.max_aliases", value::number);
        let max_directives = reader.required("graphql.max_directives", value::number);
        let max_root_mutation_fields = reader.required("graphql.max_root_mutation_fields", value::number);
        let timeout = reader.required("graphql.timeout", value::positive_duration);
        let documents = reader.optional("graphql.documents", value::path);
        let only_documents = reader.required("graphql.only_documents", value::flag);
        let persisted_queries = reader.required("graphql.persisted_queries", value::count);
        if matches!((&documents, only_documents), (Some(None), Some(true))) {
            let remedy = "name their file in graphql.documents";
            reader.note("graphql.only_documents", "is on without any documents", remedy);
        }
        Some(Self {
            introspection: introspection?,
            max_depth: max_depth?,
            max_complexity: max_complexity?,
            max_tokens: max_tokens?,
            max_characters: max_characters?,
            max_aliases: max_aliases?,
            max_directives: max_directives?,
            max_root_mutation_fields: max_root_mutation_fields?,
            timeout: timeout?,
            documents: documents?,
            only_documents: only_documents?,
            persisted_queries: persisted_queries?,
        })
    }
}

impl HttpSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let allowed_origins = reader.optional("http.allowed_origins", value::origins);
        let max_connections_per_ip = reader.required("http.max_connections_per_ip", value::number);
        let max_body = reader.required("http.max_body", value::number);
        let max_operations_per_socket = reader.required("http.max_operations_per_socket", value::number);
        let drain = reader.required("http.drain", value::duration);
        Some(Self {
            allowed_origins: allowed_origins?.unwrap_or_default(),
            max_connections_per_ip: max_connections_per_ip?,
            max_body: max_body?,
            max_operations_per_socket: max_operations_per_socket?,
            drain: drain?,
        })
    }
}

impl WorkerSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let enabled = reader.required("worker.enabled", value::flag);
        let concurrency = reader.required("worker.concurrency", value::number);
        let max_backlog = reader.required("worker.max_backlog", value::number);
        let lease = reader.required("worker.lease", value::positive_duration);
        let call_timeout = reader.required("worker.call_timeout", value::positive_duration);
        let poll_interval = reader.required("worker.poll_interval", value::positive_duration);
        let collect_interval = reader.required("worker.collect_interval", value::positive_duration);
        let not_after = reader.required("worker.not_after", value::positive_duration);
        let review_after = reader.required("worker.review_after", value::positive_duration);
        let settings = Self {
            enabled: enabled?,
            concurrency: concurrency?,
            max_backlog: max_backlog?,
            lease: lease?,
            call_timeout: call_timeout?,
            poll_interval: poll_interval?,
            collect_interval: collect_interval?,
            not_after: not_after?,
            review_after: review_after?,
        };
        if !settings.lease_outlives_call() {
            reader.note(
                "worker.lease",
                "does not exceed worker.call_timeout by more than 5s, so a call could outlive its lease",
                "lengthen the lease or shorten the timeout",
            );
        }
        Some(settings)
    }

    fn lease_outlives_call(&self) -> bool {
        self.lease > self.call_timeout.saturating_add(LEASE_MARGIN)
    }
}

impl ReminderSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        Some(Self { days: reader.required("reminders.days", value::days)? })
    }
}

impl EgressSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let allow_private_webhooks = reader.required("egress.allow_private_webhooks", value::flag)?;
        Some(Self { allow_private_webhooks })
    }
}

impl LogSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let format = reader.required("log.format", value::one_of(&LOG_FORMATS));
        let filter = reader.required("log.filter", value::log_filter);
        Some(Self { format: format?, filter: filter? })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;
    use crate::config::Origin;

    const SECRET: &str = "0123456789012345678901234567890123456789";

    fn load(variables: &[(&str, &str)]) -> Result<Settings, Faults> {
        load_with(None, variables)
    }

    fn load_with(path: Option<&Path>, variables: &[(&str, &str)]) -> Result<Settings, Faults> {
        Settings::load(path, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn file(toml: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(toml.as_bytes()).expect("written");
        file
    }

    fn faults(loaded: Result<Settings, Faults>) -> Vec<String> {
        loaded.expect_err("faults").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_defaults_stand_alone() {
        let settings = load(&[]).expect("good defaults");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.database.url.expose(), "sqlite://billpay.db?mode=rwc");
        assert_eq!(settings.wait_limit, Duration::from_secs(8));
        assert_eq!(settings.auth.longest_life, Duration::from_secs(24 * 60 * 60));
        assert_eq!(settings.reminders.days, [3, 0]);
        assert_eq!(settings.http.max_body.get(), 256 * 1024);
        assert_eq!(settings.http.drain, Duration::from_secs(2));
        assert_eq!(settings.playground, None);
        assert!(settings.worker.enabled && settings.graphql.introspection);
        assert!(settings.providers.almara.is_none() && settings.auth.hs256_secret.is_none());
    }

    #[test]
    fn a_file_overrules_the_defaults_and_the_environment_the_file() {
        let file =
            file("wait_limit = \"3s\"\n[auth]\nissuer = \"file\"\naudience = \"file\"\n[worker]\nconcurrency = 4\n");
        let settings = load_with(Some(file.path()), &[("BILLPAY_AUTH__ISSUER", "environment")]).expect("settings");
        assert_eq!(settings.wait_limit, Duration::from_secs(3));
        assert_eq!((settings.auth.issuer.as_str(), settings.auth.audience.as_str()), ("environment", "file"));
        assert_eq!(settings.worker.concurrency.get(), 4);
    }

    #[test]
    fn the_environment_may_name_the_file_and_an_argument_overrules_it() {
        let (named, given) = (file("[auth]\nissuer = \"named\"\n"), file("[auth]\nissuer = \"given\"\n"));
        let variable = [("BILLPAY_CONFIG", named.path().to_str().expect("a path in UTF-8"))];
        assert_eq!(load(&variable).expect("settings").auth.issuer, "named");
        assert_eq!(load_with(Some(given.path()), &variable).expect("settings").auth.issuer, "given");
    }

    #[test]
    fn an_empty_value_is_not_set() {
        let settings = load(&[("BILLPAY_LISTEN", ""), ("BILLPAY_PUBLIC_URL", "")]).expect("settings");
        assert_eq!(settings.listen.port(), 8080);
        assert!(settings.public_url.is_none());
    }

    #[test]
    fn a_secret_of_digits_stays_text() {
        let zeros = "00000000000000000000000000000000000000001e5";
        let settings = load(&[("BILLPAY_AUTH__HS256_SECRET", zeros)]).expect("settings");
        assert_eq!(settings.auth.hs256_secret.expect("a secret").expose(), zeros);
    }

    #[test]
    fn a_bare_number_in_a_file_is_no_secret() {
        let file =
            file("[providers.click]\nbase_url = \"https://click.example\"\nemail = \"a@b.c\"\npassword = 0x10\n");
        let told = faults(load_with(Some(file.path()), &[]));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("providers.click.password (BILLPAY_PROVIDERS__CLICK__PASSWORD)"), "{told:?}");
        assert!(told[0].contains("in quotes"), "{told:?}");
    }

    #[test]
    fn all_faults_are_told_at_once_by_name() {
        let told = faults(load(&[
            ("BILLPAY_LISTEN", "here"),
            ("BILLPAY_AUTH__HS256_SECRET", "short"),
            ("BILLPAY_WAIT_LIMIT", "-1s"),
            ("BILLPAY_SECRETS_KEY", "short"),
            ("BILLPAY_PROVIDERS__ALMARA__BASE_URL", "http://almara.example"),
            ("BILLPAY_WORKER__LEASE", "20s"),
            ("BILLPAY_TYPO", "1"),
        ]));
        for name in [
            "BILLPAY_LISTEN",
            "BILLPAY_AUTH__HS256_SECRET",
            "BILLPAY_WAIT_LIMIT",
            "BILLPAY_SECRETS_KEY",
            "BILLPAY_PROVIDERS__ALMARA__BASE_URL",
            "BILLPAY_PROVIDERS__ALMARA__TOKEN_URL",
            "BILLPAY_PROVIDERS__ALMARA__CLIENT_ID",
            "BILLPAY_PROVIDERS__ALMARA__CLIENT_SECRET",
            "BILLPAY_PUBLIC_URL",
            "BILLPAY_WORKER__LEASE",
            "BILLPAY_TYPO",
        ] {
            assert_eq!(told.iter().filter(|fault| fault.contains(name)).count(), 1, "{name}: {told:?}");
        }
        assert_eq!(told.len(), 11, "{told:?}");
    }

    #[test]
    fn unknown_settings_are_faults_wherever_they_stand() {
        let file = file("[auth]\nisuer = \"x\"\n");
        let told = faults(load_with(Some(file.path()), &[("BILLPAY_AUTH__SECRET", SECRET)]));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("auth.isuer") && told[1].starts_with("BILLPAY_AUTH__SECRET"), "{told:?}");
        assert!(!told[1].contains(SECRET));
    }

    #[test]
    fn variables_that_are_no_settings_are_passed_over() {
        let others = [("BILLPAY_TEST_DATABASE", "x"), ("BILLPAY_CRASH_AT", "mark"), ("BILLPAYER", "x"), ("PATH", "x")];
        assert!(load(&others).is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_parsed_is_not_quoted() {
        let file = file("[auth]\nhs256_secret = hunter2hunter2\n");
        let told = faults(load_with(Some(file.path()), &[]));
        assert!(told.len() == 1 && !told[0].contains("hunter2"), "{told:?}");
        let told = faults(load_with(Some(Path::new("/nowhere/billpay.toml")), &[]));
        assert!(told.len() == 1 && told[0].starts_with("/nowhere/billpay.toml"), "{told:?}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let settings = load(&[
            ("BILLPAY_AUTH__HS256_SECRET", "hunter2-0123456789012345678901234567"),
            ("BILLPAY_SECRETS_KEY", "hunter2-0123456789012345678901234567"),
            ("BILLPAY_DATABASE__URL", "postgres://billpay:hunter2@localhost/billpay"),
            ("BILLPAY_PROVIDERS__CLICKPESA__BASE_URL", "https://api.example/third-parties"),
            ("BILLPAY_PROVIDERS__CLICKPESA__CLIENT_ID", "client"),
            ("BILLPAY_PROVIDERS__CLICKPESA__API_KEY", "hunter2"),
            ("BILLPAY_PROVIDERS__CLICKPESA__CHECKSUM_KEY", "hunter2"),
        ])
        .expect("settings");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && shown.contains("[redacted]"), "{shown}");
        assert!(settings.database.url.expose().contains("hunter2"));
    }

    #[test]
    fn postgres_needs_three_connections_and_sqlite_one() {
        let with = |url, most| load(&[("BILLPAY_DATABASE__URL", url), ("BILLPAY_DATABASE__MAX_CONNECTIONS", most)]);
        let (postgres, sqlite) = ("postgres://127.0.0.1/billpay", "sqlite://billpay.db");
        for few in ["1", "2"] {
            let told = faults(with(postgres, few));
            assert!(
                told.len() == 1 && told[0].contains("MAX_CONNECTIONS") && told[0].contains("3 or more"),
                "{told:?}"
            );
        }
        assert!(with(postgres, "3").is_ok() && with(sqlite, "1").is_ok());
    }

    #[test]
    fn plain_http_is_for_loopback() {
        let click = |base_url| {
            load(&[
                ("BILLPAY_PROVIDERS__CLICK__BASE_URL", base_url),
                ("BILLPAY_PROVIDERS__CLICK__EMAIL", "a@b.c"),
                ("BILLPAY_PROVIDERS__CLICK__PASSWORD", "p"),
            ])
        };
        for good in
            ["https://click.example", "http://127.0.0.1:9000/click", "http://localhost:9000", "http://[::1]:9000"]
        {
            assert!(click(good).is_ok(), "{good}");
        }
        for bad in [
            "http://click.example",
            "ftp://click.example",
            "https://u:p@click.example",
            "https://",
            "click",
            "https://c.example/?a=1",
        ] {
            assert_eq!(faults(click(bad)).len(), 1, "{bad}");
        }
    }

    #[test]
    fn bills_device_is_whole_or_absent() {
        let told = faults(load(&[
            ("BILLPAY_PROVIDERS__BILL__BASE_URL", "https://bill.example/connect"),
            ("BILLPAY_PROVIDERS__BILL__DEV_KEY", "k"),
            ("BILLPAY_PROVIDERS__BILL__USERNAME", "u"),
            ("BILLPAY_PROVIDERS__BILL__PASSWORD", "p"),
            ("BILLPAY_PROVIDERS__BILL__ORGANIZATION_ID", "o"),
            ("BILLPAY_PROVIDERS__BILL__DEVICE", "d"),
        ]));
        assert!(told.len() == 1 && told[0].contains("REMEMBER_ME_ID"), "{told:?}");
    }

    #[test]
    fn switches_and_lists_are_read() {
        let settings = load(&[
            ("BILLPAY_PLAYGROUND", "on"),
            ("BILLPAY_WORKER__ENABLED", "off"),
            ("BILLPAY_HTTP__ALLOWED_ORIGINS", "https://a.example, http://localhost:5173"),
            ("BILLPAY_REMINDERS__DAYS", "7, 1"),
        ])
        .expect("settings");
        assert_eq!(settings.playground, Some(true));
        assert!(!settings.worker.enabled);
        let origins: Vec<_> = settings.http.allowed_origins.iter().map(Origin::as_str).collect();
        assert_eq!(origins, ["https://a.example", "http://localhost:5173"]);
        assert_eq!(settings.reminders.days, [7, 1]);
        assert_eq!(faults(load(&[("BILLPAY_HTTP__ALLOWED_ORIGINS", "*")])).len(), 1);
    }

    #[test]
    fn zero_switches_a_limit_off() {
        let limits = load(&[]).expect("settings").limits;
        assert_eq!(limits.tenant_creates_per_minute.map(u32::from), Some(6_000));
        assert_eq!(limits.callbacks_per_minute.map(u32::from), Some(6_000));
        let off = [("BILLPAY_LIMITS__TENANT_POINTS_PER_MINUTE", "0"), ("BILLPAY_GRAPHQL__PERSISTED_QUERIES", "0")];
        let settings = load(&off).expect("settings");
        assert_eq!((settings.limits.tenant_points_per_minute, settings.graphql.persisted_queries), (None, 0));
        let off = load(&[("BILLPAY_LIMITS__CALLBACKS_PER_MINUTE", "0")]).expect("settings");
        assert_eq!(off.limits.callbacks_per_minute, None);
        assert_eq!(faults(load(&[("BILLPAY_LIMITS__TENANT_CREATES_PER_MINUTE", "-1")])).len(), 1);
    }

    #[test]
    fn traces_are_off_until_a_collector_is_named() {
        let telemetry = load(&[]).expect("settings").telemetry;
        assert!(telemetry.otlp_endpoint.is_none());
        assert_eq!((telemetry.service_name.as_str(), telemetry.sample_ratio), ("billpay", 1.0));
        for good in ["http://collector:4318", "https://collector.example/otlp"] {
            let settings = load(&[("BILLPAY_TELEMETRY__OTLP_ENDPOINT", good)]).expect("settings");
            assert!(settings.telemetry.otlp_endpoint.is_some(), "{good}");
        }
        for bad in ["collector:4318", "http://u:p@collector:4318", "grpc://collector", "http://collector/?a=1"] {
            assert_eq!(faults(load(&[("BILLPAY_TELEMETRY__OTLP_ENDPOINT", bad)])).len(), 1, "{bad}");
        }
        for (ratio, is_good) in
            [("0", true), ("0.01", true), ("1", true), ("1.1", false), ("-1", false), ("NaN", false)]
        {
            assert_eq!(load(&[("BILLPAY_TELEMETRY__SAMPLE_RATIO", ratio)]).is_ok(), is_good, "{ratio}");
        }
    }

    #[test]
    fn only_documents_needs_documents() {
        let only = ("BILLPAY_GRAPHQL__ONLY_DOCUMENTS", "on");
        let told = faults(load(&[only]));
        assert!(told.len() == 1 && told[0].contains("graphql.documents"), "{told:?}");
        let settings = load(&[only, ("BILLPAY_GRAPHQL__DOCUMENTS", "persisted-documents.json")]).expect("settings");
        assert!(settings.graphql.only_documents && settings.graphql.documents.is_some());
    }

    #[test]
    fn serving_needs_a_way_to_verify_tokens() {
        let told = load(&[]).expect("settings").require_auth().expect_err("a fault").to_string();
        assert!(told.contains("BILLPAY_AUTH__HS256_SECRET") && told.contains("BILLPAY_AUTH__JWKS_URL"), "{told}");
        for (name, value) in [
            ("BILLPAY_AUTH__HS256_SECRET", SECRET),
            ("BILLPAY_AUTH__JWKS_URL", "https://issuer.example/keys"),
            ("BILLPAY_AUTH__JWKS_FILE", "keys.json"),
        ] {
            assert!(load(&[(name, value)]).expect("settings").require_auth().is_ok(), "{name}");
        }
    }

    #[test]
    fn j6_a_weak_secret_is_refused() {
        let strong = "x".repeat(32);
        assert!(load(&[("BILLPAY_AUTH__HS256_SECRET", strong.as_str())]).is_ok());
        assert!(load(&[("BILLPAY_AUTH__HS256_SECRET", &strong[1..])]).is_err());
    }
}
