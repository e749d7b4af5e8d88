//! Splits and joins URLs, as far as servers use them.

/// Scheme, host and port.
pub fn origin(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| after + at);
    &url[..end]
}

/// Host and port.
pub fn host_of(url: &str) -> &str {
    let origin = origin(url);
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

/// The address that a `Location` header means (RFC 3986 section 5.2, as far as servers use it).
pub fn join(base: &str, location: &str) -> Option<String> {
    if location.is_empty() {
        return None;
    }
    if location.contains("://") {
        return Some(location.to_owned());
    }
    let origin = origin(base);
    if let Some(rest) = location.strip_prefix("//") {
        let scheme = origin.split_once("://")?.0;
        return Some(format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(format!("{origin}{location}"));
    }
    let path = base.split(['?', '#']).next()?;
    let dir = path.rsplit_once('/')?.0;
    Some(format!("{dir}/{location}"))
}

/// Whether a host (with or without port) is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(h, _)| h),
    };
    bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_joined() {
        assert_eq!(origin("https://a.b:1/c?d"), "https://a.b:1");
        assert_eq!(host_of("https://user:secret@a.b/c"), "a.b");
        assert_eq!(
            join("https://a/b/c?x", "/d").as_deref(),
            Some("https://a/d")
        );
        assert_eq!(
            join("https://a/b/c?x", "d").as_deref(),
            Some("https://a/b/d")
        );
        assert_eq!(join("https://a/b", "//c/d").as_deref(), Some("https://c/d"));
        assert_eq!(join("https://a/b", "http://c").as_deref(), Some("http://c"));
        assert_eq!(join("https://a/b", ""), None);
    }

    #[test]
    fn knows_this_machine() {
        for host in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:80",
            "127.9.9.9",
            "[::1]:5000",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example.com",
            "10.0.0.1:5000",
            "[::2]:1",
            "127.0.0.1.example.com",
            "example.com:127",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
