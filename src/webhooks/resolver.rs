//! Names to addresses, for the connector: public ones or none.
//!
//! The filter stands between the look-up and the connection, so what was judged is what is connected to, and a name
//! that changes its answer between two look-ups gains nothing. One address that is not public refuses the name whole:
//! else whoever mixes answers would get a second try at each connection. The connector does not ask for a host that is
//! an address already; `url` judges those.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// Asks another resolver and passes on public addresses alone.
pub(super) struct PublicOnly {
    inner: Arc<dyn Resolve>,
    allow_private: bool,
}

/// Asks the operating system.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemResolver;

/// That a name leads to an address that is not public.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name has an address that is not public")]
pub(super) struct NotPublic;

/// That a name leads nowhere.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name has no address")]
pub(super) struct NoAddress;

type Fault = Box<dyn Error + Send + Sync>;

impl PublicOnly {
    /// What `inner` finds, or all of it where private addresses are allowed.
    pub(super) fn new(inner: Arc<dyn Resolve>, allow_private: bool) -> Self {
        Self { inner, allow_private }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(filter(self.inner.resolve(name), self.allow_private))
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(ask(name))
    }
}

async fn filter(resolving: Resolving, allow_private: bool) -> Result<Addrs, Fault> {
    let addresses: Vec<SocketAddr> = resolving.await?.collect();
    if addresses.is_empty() {
        return Err(Box::new(NoAddress));
    }
    if !allow_private && !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(Box::new(NotPublic));
    }
    Ok(Box::new(addresses.into_iter()))
}

async fn ask(name: Name) -> Result<Addrs, Fault> {
    // The connector puts the port of the URL for none.
    let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NoAddress)?;
    let addresses: Vec<SocketAddr> = found.collect();
    Ok(Box::new(addresses.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each question with the same addresses.
    struct Fixed(Vec<SocketAddr>);

    impl Resolve for Fixed {
        fn resolve(&self, _: Name) -> Resolving {
            let found: Addrs = Box::new(self.0.clone().into_iter());
            Box::pin(std::future::ready(Ok(found)))
        }
    }

    async fn resolved(addresses: &[&str], allow_private: bool) -> Result<Vec<SocketAddr>, Fault> {
        let fixed = addresses.iter().map(|text| SocketAddr::new(text.parse().expect("an address"), 0)).collect();
        let resolver = PublicOnly::new(Arc::new(Fixed(fixed)), allow_private);
        let found = resolver.resolve("receiver.example.com".parse().expect("a name")).await?;
        Ok(found.collect())
    }

    #[tokio::test]
    async fn s3_one_closed_address_refuses_the_name_whole() {
        let closed = [
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "::1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "224.0.0.1",
        ];
        for address in closed {
            for mixed in [vec![address], vec!["8.8.8.8", address], vec![address, "2606:4700::1111"]] {
                let fault = resolved(&mixed, false).await.expect_err("refused");
                assert!(fault.is::<NotPublic>(), "{mixed:?}");
            }
        }
    }

    #[tokio::test]
    async fn public_addresses_are_passed_on_in_their_order() {
        let found = resolved(&["8.8.8.8", "2606:4700::1111", "1.1.1.1"], false).await.expect("addresses");
        let texts: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
        assert_eq!(texts, ["8.8.8.8", "2606:4700::1111", "1.1.1.1"]);
    }

    #[tokio::test]
    async fn a_name_without_an_address_leads_nowhere() {
        let fault = resolved(&[], false).await.expect_err("nothing");
        assert!(fault.is::<NoAddress>());
    }

    #[tokio::test]
    async fn local_trials_may_go_anywhere() {
        assert_eq!(resolved(&["127.0.0.1"], true).await.expect("addresses").len(), 1);
    }

    #[tokio::test]
    async fn the_system_knows_this_host() {
        let resolver = PublicOnly::new(Arc::new(SystemResolver), false);
        let fault = resolver.resolve("localhost".parse().expect("a name")).await.err().expect("refused");
        assert!(fault.is::<NotPublic>());
    }
}
