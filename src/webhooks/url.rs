//! The form of a URL that webhooks may go to.
//!
//! The text is parsed once, by the very parser whose result is sent to, so that there is no second opinion of what its
//! host is: decimal, octal, short and full-width spellings of an address have become the address by the time that it
//! is judged. A connector connects to an address without asking any resolver, so addresses are judged here; names are
//! judged here only where they can never be public, and by what they lead to when they are connected to.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_public;
use crate::domain::webhook_url::{LONGEST_WEBHOOK_URL, UrlRefused};

const PORTS: [u16; 2] = [443, 8443];
/// Names that are never public, with all below them: RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`.
const LOCAL_NAMES: [&str; 4] = ["localhost", "local", "home.arpa", "internal"];

/// What a URL is judged by.
#[derive(Clone, Debug)]
pub(super) struct UrlRules {
    allow_private: bool,
    own_host: Option<String>,
}

impl UrlRules {
    /// The rules; `own` is where we are reached ourselves.
    pub(super) fn new(allow_private: bool, own: Option<&Url>) -> Self {
        Self { allow_private, own_host: own.and_then(host_of).map(str::to_owned) }
    }

    /// The URL that a text is, if webhooks may go there.
    pub(super) fn parse(&self, text: &str) -> Result<Url, UrlRefused> {
        if text.len() > LONGEST_WEBHOOK_URL {
            return Err(UrlRefused::TooLong);
        }
        // The parser drops tabs and line ends and takes a backslash for a slash; other programs do not.
        if text.chars().any(|letter| letter.is_control() || letter.is_whitespace() || letter == '\\') {
            return Err(UrlRefused::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| UrlRefused::NotAUrl)?;
        self.check(&url).map(|()| url)
    }

    /// Whether webhooks may go to a URL.
    pub(super) fn check(&self, url: &Url) -> Result<(), UrlRefused> {
        let is_http = self.allow_private && url.scheme() == "http";
        if url.scheme() != "https" && !is_http {
            return Err(UrlRefused::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlRefused::HasUser);
        }
        if url.fragment().is_some() {
            return Err(UrlRefused::HasFragment);
        }
        if url.as_str().len() > LONGEST_WEBHOOK_URL {
            return Err(UrlRefused::TooLong);
        }
        self.check_host(url)
    }

    fn check_host(&self, url: &Url) -> Result<(), UrlRefused> {
        let host = url.host().ok_or(UrlRefused::NotAUrl)?;
        if self.allow_private {
            return Ok(());
        }
        if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
            return Err(UrlRefused::PortNotAllowed);
        }
        let can_be_public = match host {
            Host::Domain(name) => !is_local(name),
            Host::Ipv4(address) => is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => is_public(IpAddr::V6(address)),
        };
        if !can_be_public {
            return Err(UrlRefused::PrivateAddress);
        }
        if self.own_host.as_deref() == host_of(url) {
            return Err(UrlRefused::OwnHost);
        }
        Ok(())
    }
}

/// The host, without the dot with which a whole name may end.
fn host_of(url: &Url) -> Option<&str> {
    url.host_str().map(|host| host.strip_suffix('.').unwrap_or(host))
}

/// Whether a name has a meaning on our own network alone. A name of one label is looked up below our own domain.
fn is_local(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_below =
        |parent: &&str| name.strip_suffix(*parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || LOCAL_NAMES.iter().any(is_below)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> UrlRules {
        let own = Url::parse("https://pay.example.com/base").expect("a URL");
        UrlRules::new(false, Some(&own))
    }

    fn trial() -> UrlRules {
        let own = Url::parse("http://127.0.0.1:8080").expect("a URL");
        UrlRules::new(true, Some(&own))
    }

    fn refusal(text: &str) -> Option<UrlRefused> {
        rules().parse(text).err()
    }

    #[test]
    fn s1_an_address_is_known_however_it_is_spelt() {
        let spelt = [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0x7F.1",
            "0177.0.0.1",
            "017700000001",
            "127.1",
            "127.0.1",
            "0",
            "１２７.０.０.１",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "127.0.0.1.",
            "[::ffff:7f00:1]",
            "[::ffff:127.0.0.1]",
            "[0:0:0:0:0:0:0:1]",
            "[::1]",
            "[::]",
            "169.254.169.254",
            "0xa9fea9fe",
            "[fd00:ec2::254]",
        ];
        for host in spelt {
            assert_eq!(refusal(&format!("https://{host}/x")), Some(UrlRefused::PrivateAddress), "{host}");
            let parsed = Url::parse(&format!("https://{host}/x")).expect("a URL");
            assert_eq!(rules().check(&parsed), Err(UrlRefused::PrivateAddress), "{host}, once it is parsed");
        }
    }

    #[test]
    fn s1_a_public_address_may_be_a_host() {
        for host in ["8.8.8.8", "[2606:4700::1111]"] {
            assert_eq!(refusal(&format!("https://{host}/x")), None, "{host}");
        }
    }

    #[test]
    fn s7_only_https_goes_out() {
        for url in
            ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "data:,x"]
        {
            assert_eq!(refusal(url), Some(UrlRefused::NotHttps), "{url}");
        }
        for url in ["", "example.com", "/x", "https://", "https://[::1", "https://a b.example.com/"] {
            assert_eq!(refusal(url), Some(UrlRefused::NotAUrl), "{url}");
        }
    }

    #[test]
    fn s7_only_two_ports_go_out() {
        for port in [22, 25, 80, 6379, 8080, 65_535] {
            assert_eq!(refusal(&format!("https://example.com:{port}/")), Some(UrlRefused::PortNotAllowed), "{port}");
        }
        for port in PORTS {
            assert_eq!(refusal(&format!("https://example.com:{port}/")), None, "{port}");
        }
    }

    #[test]
    fn s7_a_url_has_neither_user_nor_fragment() {
        for url in ["https://u@example.com/", "https://u:p@example.com/", "https://:p@example.com/"] {
            assert_eq!(refusal(url), Some(UrlRefused::HasUser), "{url}");
        }
        for url in ["https://example.com/#x", "https://example.com#@10.0.0.1/", "https://example.com/#"] {
            assert_eq!(refusal(url), Some(UrlRefused::HasFragment), "{url}");
        }
    }

    #[test]
    fn s7_what_programs_read_differently_is_refused() {
        for url in [
            "https://exa\tmple.com/",
            "https://example.com\n/",
            " https://example.com/",
            "https://example.com\\@10.0.0.1/",
        ] {
            assert_eq!(refusal(url), Some(UrlRefused::NotAUrl), "{url:?}");
        }
    }

    #[test]
    fn s7_our_own_host_and_local_names_are_refused() {
        for url in ["https://pay.example.com/", "https://PAY.example.com.:8443/x", "https://ｐay.example.com/"] {
            assert_eq!(refusal(url), Some(UrlRefused::OwnHost), "{url}");
        }
        let names =
            ["localhost", "localhost.", "a.localhost", "printer.local", "router.home.arpa", "metadata.google.internal"];
        for name in names.into_iter().chain(["redis", "redis."]) {
            assert_eq!(refusal(&format!("https://{name}/")), Some(UrlRefused::PrivateAddress), "{name}");
        }
        for name in ["notlocal.example.com", "mylocalhost.example", "xpay.example.com"] {
            assert_eq!(refusal(&format!("https://{name}/")), None, "{name}");
        }
    }

    #[test]
    fn s7_a_look_alike_shows_what_it_is() {
        let url = rules().parse("https://pаy.example.com/").expect("another name, with a Cyrillic letter");
        assert!(url.as_str().starts_with("https://xn--"), "{url}");
    }

    #[test]
    fn a_url_has_a_longest_length() {
        let sized = |size: usize| format!("https://example.com/{}", "a".repeat(size - "https://example.com/".len()));
        assert_eq!(refusal(&sized(LONGEST_WEBHOOK_URL)), None);
        assert_eq!(refusal(&sized(LONGEST_WEBHOOK_URL + 1)), Some(UrlRefused::TooLong));
        // Each of these letters is two bytes here and six on the way.
        assert_eq!(refusal(&format!("https://example.com/{}", "é".repeat(500))), Some(UrlRefused::TooLong));
    }

    #[test]
    fn local_trials_may_go_anywhere_by_http_but_with_no_user() {
        for url in ["http://127.0.0.1:9000/x", "https://localhost:1/", "http://[::1]/", "http://127.0.0.1:8080/own"] {
            assert_eq!(trial().parse(url).err(), None, "{url}");
        }
        assert_eq!(trial().parse("http://u@127.0.0.1/").err(), Some(UrlRefused::HasUser));
        assert_eq!(trial().parse("file:///etc/passwd").err(), Some(UrlRefused::NotHttps));
    }

    fn any_host() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<u32>().prop_map(|bits| format!("{bits}")),
            any::<u32>().prop_map(|bits| format!("0x{bits:x}")),
            any::<u32>().prop_map(|bits| format!("0{bits:o}")),
            any::<[u8; 4]>().prop_map(|[a, b, c, d]| format!("{a}.0{b:o}.0x{c:x}.{d}")),
            any::<[u16; 2]>().prop_map(|[a, b]| format!("{}.{b}", a % 256)),
            any::<u128>().prop_map(|bits| format!("[{}]", std::net::Ipv6Addr::from_bits(bits))),
            any::<u32>().prop_map(|bits| format!("[{}]", std::net::Ipv4Addr::from_bits(bits).to_ipv6_mapped())),
            "[0-9a-fx.:%\\[\\]①⑦．。]{1,24}",
            ".{1,24}",
        ]
    }

    proptest! {
        #[test]
        fn s1_no_text_that_is_a_closed_address_passes(host in any_host(), end in "(:443|:8443)?[/?]?.{0,8}") {
            if let Ok(url) = rules().parse(&format!("https://{host}{end}")) {
                let text = url.host_str().expect("a host").trim_matches(['[', ']']).to_owned();
                if let Ok(address) = text.parse::<IpAddr>() {
                    prop_assert!(is_public(address), "{url}");
                }
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(PORTS.contains(&url.port_or_known_default().expect("a port")));
                // What is kept as text is the same URL when it is read again.
                prop_assert_eq!(rules().parse(url.as_str()), Ok(url));
            }
        }
    }
}
