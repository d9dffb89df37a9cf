//! Texts read into the types that settings have.
//!
//! Each function reads one kind of value and, where it can't, says what is wrong and what to write instead. None
//! repeats the text that it was given: it may be a secret in the wrong place.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use iso_currency::Currency;
use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::layers::Written;
use super::secret::Secret;
use crate::domain::requester::TenantId;

/// Why a text is not a value of its setting.
pub(super) struct Wrong {
    pub(super) problem: String,
    pub(super) remedy: String,
}

impl Wrong {
    fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

/// Where the database is.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// `sqlite:`, a file on the local disk.
    Sqlite(String),
    /// `postgres:`, a server; the URL may hold a password.
    Postgres(Secret),
}

impl DatabaseUrl {
    /// The URL itself, to connect with.
    pub fn expose(&self) -> &str {
        match self {
            Self::Sqlite(url) => url,
            Self::Postgres(url) => url.expose(),
        }
    }
}

/// An origin as browsers send it: scheme, host and port, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin as it stands in an `Origin` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A country by its two letters of ISO 3166.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountryCode(String);

impl CountryCode {
    /// The two capital letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn text(written: &Written) -> Result<String, Wrong> {
    if written.bare {
        return Err(Wrong::new("is a bare number or truth value, whose spelling is lost", "write it in quotes"));
    }
    Ok(written.text.clone())
}

pub(super) fn secret(written: &Written) -> Result<Secret, Wrong> {
    text(written).map(Secret::new)
}

/// A secret of at least so many bytes.
pub(super) fn secret_of(least_bytes: usize) -> impl FnOnce(&Written) -> Result<Secret, Wrong> {
    move |written| {
        let text = text(written)?;
        if text.len() < least_bytes {
            let problem = format!("has {} bytes and needs at least {least_bytes}", text.len());
            return Err(Wrong::new(problem, "make one with `openssl rand -hex 32`"));
        }
        Ok(Secret::new(text))
    }
}

/// A whole number that fits its type; the types of the settings rule zero out.
pub(super) fn number<T: FromStr>(written: &Written) -> Result<T, Wrong> {
    written.text.parse().map_err(|_| Wrong::new("is no whole number above 0, or is too large", "write digits only"))
}

/// A whole number for which 0 has a meaning.
pub(super) fn count<T: FromStr>(written: &Written) -> Result<T, Wrong> {
    written.text.parse().map_err(|_| Wrong::new("is no whole number, or is too large", "write digits only; 0 is off"))
}

/// A part of a whole, from 0 to 1.
pub(super) fn ratio(written: &Written) -> Result<f64, Wrong> {
    let parsed: Option<f64> = written.text.parse().ok();
    parsed
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| Wrong::new("is no number from 0 to 1", "write it like \"0.1\""))
}

pub(super) fn flag(written: &Written) -> Result<bool, Wrong> {
    match written.text.as_str() {
        "true" | "on" => Ok(true),
        "false" | "off" => Ok(false),
        _ => Err(Wrong::new("is neither on nor off", "write true, on, false or off")),
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl FnOnce(&Written) -> Result<T, Wrong> {
    move |written| {
        let known = words.iter().find(|(word, _)| *word == written.text);
        known.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            Wrong::new("is a word that is not known", format!("write {}", words.join(" or ")))
        })
    }
}

pub(super) fn duration(written: &Written) -> Result<Duration, Wrong> {
    let parsed: Option<SignedDuration> = written.text.parse().ok();
    parsed
        .and_then(|signed| Duration::try_from(signed).ok())
        .ok_or_else(|| Wrong::new("is no duration", "write a number and its unit: 8s, 1m 30s, 24h"))
}

pub(super) fn positive_duration(written: &Written) -> Result<Duration, Wrong> {
    let duration = duration(written)?;
    if duration.is_zero() {
        return Err(Wrong::new("is no time at all", "write more than 0s"));
    }
    Ok(duration)
}

pub(super) fn address(written: &Written) -> Result<SocketAddr, Wrong> {
    written.text.parse().map_err(|_| Wrong::new("is no address and port", "write it like 127.0.0.1:8080 or [::]:8080"))
}

pub(super) fn path(written: &Written) -> Result<PathBuf, Wrong> {
    text(written).map(PathBuf::from)
}

pub(super) fn database_url(written: &Written) -> Result<DatabaseUrl, Wrong> {
    let text = text(written)?;
    match text.split_once(':') {
        Some(("sqlite", _)) => Ok(DatabaseUrl::Sqlite(text)),
        Some(("postgres" | "postgresql", _)) if Url::parse(&text).is_ok() => {
            Ok(DatabaseUrl::Postgres(Secret::new(text)))
        }
        Some(_) | None => Err(Wrong::new(
            "is no URL of a database that billpay knows",
            "write sqlite://FILE?mode=rwc or postgres://USER:PASSWORD@HOST/NAME",
        )),
    }
}

/// An address on the web that secrets may be sent to: https, or http to this very host.
pub(super) fn web_url(written: &Written) -> Result<Url, Wrong> {
    let url = any_web_url(written)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(Wrong::new("is plain http to another host", "use https; http is for loopback only"));
    }
    Ok(url)
}

/// An address on the web that paths are added to.
pub(super) fn base_url(written: &Written) -> Result<Url, Wrong> {
    without_query(web_url(written)?)
}

/// The same for a collector of traces, which hold no secret: it may be spoken to by plain http.
pub(super) fn collector_url(written: &Written) -> Result<Url, Wrong> {
    without_query(any_web_url(written)?)
}

fn any_web_url(written: &Written) -> Result<Url, Wrong> {
    let url = Url::parse(&written.text).map_err(|_| not_a_web_url())?;
    let bare = url.has_host() && url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let fits = bare && matches!(url.scheme(), "http" | "https");
    fits.then_some(url).ok_or_else(not_a_web_url)
}

fn without_query(url: Url) -> Result<Url, Wrong> {
    match url.query() {
        None => Ok(url),
        Some(_) => Err(Wrong::new("has a query", "write the part before the path that the API documents")),
    }
}

pub(super) fn origins(written: &Written) -> Result<Vec<Origin>, Wrong> {
    let origins: Option<Vec<_>> = words(&written.text).map(origin).collect();
    origins.ok_or_else(|| {
        Wrong::new(
            "holds something that is no origin",
            "write origins with commas: https://a.example, https://b.example",
        )
    })
}

pub(super) fn days(written: &Written) -> Result<Vec<u16>, Wrong> {
    let days: Result<Vec<u16>, _> = words(&written.text).map(str::parse).collect();
    days.map_err(|_| Wrong::new("holds something that is no number of days", "write numbers with commas: 3,0"))
}

pub(super) fn tenant(written: &Written) -> Result<TenantId, Wrong> {
    TenantId::try_new(&text(written)?).map_err(|error| Wrong::new("is no tenant", error.to_string()))
}

pub(super) fn country(written: &Written) -> Result<CountryCode, Wrong> {
    let fits = written.text.len() == 2 && written.text.bytes().all(|byte| byte.is_ascii_uppercase());
    fits.then(|| CountryCode(written.text.clone()))
        .ok_or_else(|| Wrong::new("is no country of ISO 3166", "write two capital letters: KE"))
}

pub(super) fn currency(written: &Written) -> Result<Currency, Wrong> {
    Currency::from_code(&written.text)
        .ok_or_else(|| Wrong::new("is no currency of ISO 4217", "write three capital letters: KES"))
}

pub(super) fn log_filter(written: &Written) -> Result<String, Wrong> {
    let directives = text(written)?;
    match EnvFilter::try_new(&directives) {
        Ok(_) => Ok(directives),
        Err(_) => Err(Wrong::new("is no filter", "write directives like info,billpay=debug")),
    }
}

fn not_a_web_url() -> Wrong {
    Wrong::new(
        "is no http or https URL with a host and without user, password and fragment",
        "write it like https://api.example.com",
    )
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

fn origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    bare.then(|| Origin(url.origin().ascii_serialization()))
}
