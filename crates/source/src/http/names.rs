//! Addresses of hosts, each looked up once a minute.
//!
//! The HTTP library looks a name up for every request, also for one on a connection that is open. Many small requests at once then wait for the name server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an address is used.
const LIFETIME: Duration = Duration::from_secs(60);

/// The addresses of one host, and when they were looked up. Whoever looks them up holds the lock, so that others wait for the same answer.
type Known = Arc<Mutex<Option<(Instant, Vec<SocketAddr>)>>>;

/// Looks names up and keeps the answers.
#[derive(Debug, Default)]
pub(super) struct Names<R = DefaultResolver> {
    resolver: R,
    /// By scheme, host and port.
    known: Mutex<HashMap<String, Known>>,
}

impl<R: Resolver> Resolver for Names<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let scheme = uri.scheme_str().unwrap_or_default();
        let host = uri.authority().map(|authority| authority.as_str());
        let host = format!("{scheme}://{}", host.unwrap_or_default());
        let known = {
            let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(host).or_default())
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((time, addresses)) = &*known
            && time.elapsed() < LIFETIME
        {
            let mut kept = self.empty();
            addresses.iter().for_each(|address| kept.push(*address));
            return Ok(kept);
        }
        let found = self.resolver.resolve(uri, config, timeout)?;
        *known = Some((Instant::now(), found.to_vec()));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU16, Ordering};
    use ureq::Timeout;
    use ureq::unversioned::transport::time;

    /// Answers with its number of the question as port, and does not find the first one.
    #[derive(Debug, Default)]
    struct Counting(AtomicU16);

    impl Resolver for Counting {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            if number == 0 {
                return Err(ureq::Error::HostNotFound);
            }
            let mut addresses = self.empty();
            addresses.push(SocketAddr::from(([127, 0, 0, 1], number)));
            Ok(addresses)
        }
    }

    #[test]
    fn each_host_is_looked_up_once_and_failures_again() {
        let names = Names::<Counting>::default();
        let ask = |address: &str| {
            let timeout = NextTimeout {
                after: time::Duration::NotHappening,
                reason: Timeout::Resolve,
                ..NextTimeout::default()
            };
            let uri: Uri = address.parse().unwrap();
            let found = names.resolve(&uri, &Config::default(), timeout).ok()?;
            Some(found.to_vec().first()?.port())
        };
        assert_eq!(ask("https://a.test/1"), None);
        assert_eq!(ask("https://a.test/1"), Some(1));
        assert_eq!(ask("https://a.test/2"), Some(1));
        assert_eq!(ask("https://b.test/1"), Some(2));
        assert_eq!(ask("https://a.test:444/1"), Some(3));
        assert_eq!(ask("http://a.test/1"), Some(4));
        assert_eq!(ask("https://a.test/3"), Some(1));
    }
}
