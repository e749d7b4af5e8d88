//! Look-ups that are fetched over several connections: each file once, and verified as before.

use super::testing::{Kept, Log, NAME, Server, patience, reply, settings};
use super::{Proxies, ProxyError, Settings, Sums};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The checksum database of these settings.
fn checked_sums<'p>(settings: &'p Settings, proxies: &'p Proxies, store: &'p Kept) -> Sums<'p> {
    let sums = Sums::with(settings, proxies, store, patience());
    sums.unwrap().unwrap()
}

fn versions(numbers: std::ops::Range<usize>) -> Vec<(String, String)> {
    numbers
        .map(|n| (format!("example.com/m{n}"), "v1.0.0".to_owned()))
        .collect()
}

#[test]
fn each_file_is_asked_for_once_over_a_few_connections() {
    let log = Log::of(600);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (served, counts) = (log.clone(), (Arc::clone(&now), Arc::clone(&most)));
    let server = Server::start(move |request| {
        let open = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
        counts.1.fetch_max(open, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        let answer = served.answer(&request.path);
        counts.0.fetch_sub(1, Ordering::SeqCst);
        answer
    });
    let settings = settings(&server, &log.key());
    let proxies = Proxies::with(&settings, &patience()).unwrap();
    let store = Kept::default();
    let mut sums = checked_sums(&settings, &proxies, &store);
    let wanted = versions(100..140);
    sums.fetch_ahead(&wanted);
    for (module, version) in &wanted {
        let found = sums.lookup(module, version).unwrap();
        assert_eq!(
            found[0].1,
            format!("h1:{}=", &module["example.com/m".len()..])
        );
    }
    let mut paths: HashMap<String, usize> = HashMap::new();
    for request in server.requests() {
        *paths.entry(request.path).or_default() += 1;
    }
    assert!(paths.values().all(|count| *count == 1), "{paths:?}");
    let look_ups = paths.keys().filter(|path| path.contains("/lookup/"));
    assert_eq!(look_ups.count(), 40);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=6).contains(&most), "{most} connections at once");

    // A second run asks for nothing that is kept.
    let before = server.requests().len();
    let mut again = checked_sums(&settings, &proxies, &store);
    again.fetch_ahead(&wanted);
    for (module, version) in &wanted {
        again.lookup(module, version).unwrap();
    }
    let more: Vec<String> = server.requests()[before..]
        .iter()
        .map(|request| request.path.clone())
        .filter(|path| path.contains("/lookup/"))
        .collect();
    assert!(more.is_empty(), "{more:?}");
}

#[test]
fn an_answer_fetched_ahead_is_verified_like_any_other() {
    let log = Log::of(40);
    let served = log.clone();
    let server = Server::start(move |request| {
        let mut answer = served.answer(&request.path);
        if request.path.contains("lookup/example.com/m7@") {
            let text = String::from_utf8(answer.body).unwrap();
            answer.body = text.replace("h1:7=", "h1:8=").into_bytes();
        }
        answer
    });
    let settings = settings(&server, &log.key());
    let proxies = Proxies::with(&settings, &patience()).unwrap();
    let store = Kept::default();
    let mut sums = checked_sums(&settings, &proxies, &store);
    sums.fetch_ahead(&versions(0..20));
    assert!(sums.lookup("example.com/m6", "v1.0.0").is_ok());
    let lie = sums.lookup("example.com/m7", "v1.0.0").unwrap_err();
    assert!(matches!(lie, ProxyError::Security(_)), "{lie}");
    let kept = store.0.lock().unwrap();
    assert!(!kept.contains_key(&format!("{NAME}/lookup/example.com/m7@v1.0.0")));
}

#[test]
fn a_failing_server_is_not_asked_for_everything() {
    let log = Log::of(4);
    let server = Server::start(move |request| match request.path.ends_with("/supported") {
        true => reply(200, b""),
        false => reply(403, b""),
    });
    let settings = settings(&server, &log.key());
    let proxies = Proxies::with(&settings, &patience()).unwrap();
    let store = Kept::default();
    let mut sums = checked_sums(&settings, &proxies, &store);
    sums.fetch_ahead(&versions(0..100));
    let asked = server.requests().len();
    assert!(asked <= 20, "{asked}");
}
