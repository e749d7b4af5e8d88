//! Pauses and repeated tries, by a clock that passes only when somebody waits.

use super::pauses::{Clock, Pauses};
use super::{Http, Patience, Plain, RequestError, unreadable};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Line {
    now: Duration,
    waits: Vec<u64>,
}

/// Each wait passes at once, and is noted in seconds.
#[derive(Clone, Default)]
struct FakeClock(Arc<Mutex<Line>>);

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn sleep(&self, duration: Duration) {
        let mut line = self.0.lock().unwrap();
        line.now += duration;
        line.waits.push(duration.as_secs());
    }
}

impl FakeClock {
    /// The waits since the last call.
    fn waits(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().unwrap().waits)
    }
}

fn client(base: &str, pauses: &'static Pauses) -> Http {
    let patience = Patience {
        roots: None,
        pause: Duration::from_secs(1),
        tries: 3,
        ..Patience::default()
    };
    let http = Http::new(base, "host", (Plain::Named, ""), &patience);
    let http = http.unwrap_or_else(|e| panic!("{}", e.detail));
    Http { pauses, ..http }
}

fn clock() -> (FakeClock, &'static Pauses) {
    let clock = FakeClock::default();
    let pauses = Pauses::with(Box::new(clock.clone()));
    (clock, Box::leak(Box::new(pauses)))
}

fn asked(seconds: Option<u64>) -> Result<(), RequestError> {
    let pause = seconds.map(Duration::from_secs);
    Err(RequestError::Temporary(
        unreadable("busy".to_owned()),
        pause,
    ))
}

fn done(http: &Http) -> bool {
    http.repeat(|| Ok(())).is_ok()
}

#[test]
fn a_pause_that_a_host_asks_for_counts_for_all_its_clients() {
    let (clock, pauses) = clock();
    let one = client("http://a.example", pauses);
    let same = client("http://a.example", pauses);
    let other = client("http://b.example", pauses);
    // While the first waits for its next try, the others begin a request.
    let meanwhile = RefCell::new(Vec::new());
    let mut round = 0;
    let result = one.repeat(|| {
        round += 1;
        match round {
            1 => {
                pauses.begin("http://a.example", Duration::from_secs(7));
                assert!(done(&other));
                meanwhile.borrow_mut().push(clock.waits());
                assert!(done(&same));
                meanwhile.borrow_mut().push(clock.waits());
                asked(Some(7))
            }
            _ => Ok(()),
        }
    });
    assert!(result.is_ok());
    assert_eq!(
        meanwhile.into_inner(),
        [vec![], vec![7]],
        "the other host, the same host"
    );
    assert_eq!(clock.waits(), [7], "the client that was asked");
    // Afterwards nobody waits.
    assert!(done(&same) && done(&one) && done(&other));
    assert!(clock.waits().is_empty());
}

#[test]
fn the_answer_that_asks_for_a_pause_begins_it() {
    let (clock, pauses) = clock();
    let one = client("http://a.example", pauses);
    let same = client("http://a.example", pauses);
    // All tries are used up: the next client still keeps the pause.
    assert!(one.repeat(|| asked(Some(4))).is_err());
    assert_eq!(clock.waits(), [4, 4]);
    assert!(done(&same));
    assert_eq!(clock.waits(), [4]);
    // A host cannot ask for hours, and a failure without a pause is one of its own connection.
    assert!(one.repeat(|| asked(Some(86_400))).is_err());
    assert_eq!(clock.waits(), [10, 10]);
    assert!(done(&same));
    assert_eq!(clock.waits(), [10]);
    assert!(one.repeat(|| asked(None)).is_err());
    assert_eq!(clock.waits(), [1, 2]);
    assert!(done(&same));
    assert!(clock.waits().is_empty());
}

/// A host that asks for a pause again and again does not hold a request for ever.
#[test]
fn repeated_requests_for_a_pause_end() {
    struct Nagging(FakeClock, Mutex<Option<&'static Pauses>>);
    impl Clock for Nagging {
        fn now(&self) -> Duration {
            self.0.now()
        }
        fn sleep(&self, duration: Duration) {
            self.0.sleep(duration);
            let pauses = *self.1.lock().unwrap();
            if let Some(pauses) = pauses {
                pauses.begin("http://a.example", Duration::from_secs(3));
            }
        }
    }
    let clock = FakeClock::default();
    let nagging = Arc::new(Nagging(clock.clone(), Mutex::new(None)));
    struct Shared(Arc<Nagging>);
    impl Clock for Shared {
        fn now(&self) -> Duration {
            self.0.now()
        }
        fn sleep(&self, duration: Duration) {
            self.0.sleep(duration);
        }
    }
    let pauses: &'static Pauses = Box::leak(Box::new(Pauses::with(Box::new(Shared(Arc::clone(
        &nagging,
    ))))));
    *nagging.1.lock().unwrap() = Some(pauses);
    pauses.begin("http://a.example", Duration::from_secs(3));
    assert!(done(&client("http://a.example", pauses)));
    assert_eq!(clock.waits(), [3; 5]);
}
