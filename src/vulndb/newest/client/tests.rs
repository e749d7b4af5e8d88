use super::super::{MAX_MODULES, NewestGoMods};
use super::*;
use crate::proxy::testing::{Log, Server, patience, reply, settings};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

const GO_MOD: &str = "module example.com/m0\nretract v0.9.0 // Loses data.\n";

/// A proxy that has `example.com/m0` v1.0.0 and a checksum database with its sum, and what is told about it.
fn ask(go_mod: &str, change: impl Fn(&mut Settings)) -> (Option<Newest>, String) {
    let mut log = Log::of(3);
    log.records[0] = format!(
        "example.com/m0 v1.0.0 h1:zip=\nexample.com/m0 v1.0.0/go.mod {}\n",
        of_go_mod(GO_MOD.as_bytes())
    );
    let key = log.key();
    let files = HashMap::from([
        ("/example.com/m0/@v/list", "v1.0.0\n".to_owned()),
        ("/example.com/m0/@v/v1.0.0.mod", go_mod.to_owned()),
        ("/example.com/m7/@v/list", "v1.0.0\n".to_owned()),
        ("/example.com/m7/@v/v1.0.0.mod", go_mod.to_owned()),
    ]);
    let server = Server::start(move |request| match files.get(request.path.as_str()) {
        Some(text) => reply(200, text.as_bytes()),
        None => log.answer(&request.path),
    });
    let mut settings = settings(&server, &key);
    change(&mut settings);
    let module = match settings.gonosumdb.as_str() {
        "unlisted" => "example.com/m7",
        _ => "example.com/m0",
    };
    let client = Client::with(Place::Proxies, settings, None, patience()).unwrap();
    let mut newest = NewestGoMods {
        client,
        answers: HashMap::new(),
        problem: None,
    };
    newest.ask([module]);
    let found = newest.of(module).map(|found| (*found).clone());
    let problem = newest.problem().map(ToString::to_string);
    (found, problem.unwrap_or_default())
}

#[test]
fn go_mod_files_of_proxies_are_held_against_the_checksum_database() {
    let (found, problem) = ask(GO_MOD, |_| ());
    let found = found.unwrap();
    assert_eq!((found.unchecked, problem.as_str()), (None, ""));
    assert_eq!(found.go_mod.retracted("v0.9.0"), Some("Loses data."));

    let (found, problem) = ask("module example.com/m0\n", |_| ());
    assert_eq!(found, None, "nothing of a changed file is used");
    let why = "the go.mod file of example.com/m0@v1.0.0 has the sum h1:";
    assert!(
        problem.contains(why) && problem.contains("sum.test has h1:"),
        "{problem}"
    );

    let (found, problem) = ask(GO_MOD, |settings| {
        settings.gonosumdb = "unlisted".to_owned()
    });
    assert_eq!(found, None, "{problem}");
    assert!(!problem.is_empty());
}

#[test]
fn what_was_not_checked_says_why() {
    for (name, why) in [
        ("GOSUMDB", "GOSUMDB=off"),
        ("GONOSUMDB", "GONOSUMDB or GOPRIVATE"),
    ] {
        let (found, problem) = ask("module example.com/m0\n", |settings| match name {
            "GOSUMDB" => settings.gosumdb = "off".to_owned(),
            _ => settings.gonosumdb = "example.com/*".to_owned(),
        });
        assert_eq!(found.unwrap().unchecked.as_deref(), Some(why));
        assert_eq!(problem, "");
    }
}

#[test]
fn modules_beyond_the_bound_are_not_asked_about() {
    let server = Server::start(|_| reply(404, b""));
    let settings = settings(&server, "off");
    let known = (0..MAX_MODULES).map(|number| (format!("example.com/k{number}"), None));
    let mut newest = NewestGoMods {
        client: Client::with(Place::Proxies, settings, None, patience()).unwrap(),
        answers: known.collect(),
        problem: None,
    };
    newest.ask(["example.com/m"]);
    assert!(newest.of("example.com/m").is_none() && newest.problem().is_none());
    assert!(server.requests().is_empty());
    newest.answers.remove("example.com/k0");
    newest.ask(["example.com/m"]);
    assert!(!server.requests().is_empty());
}

#[test]
fn after_some_failures_nothing_is_asked_any_more() {
    let server = Server::start(|_| reply(500, b""));
    let settings = settings(&server, "off");
    let mut client = Client::with(Place::Proxies, settings, None, patience()).unwrap();
    let modules: Vec<String> = (0..60).map(|n| format!("example.com/m{n}")).collect();
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let answers = client.newest(&modules);
    assert!(answers.len() == modules.len() && answers.iter().all(Result::is_err));
    let asked = server.requests();
    let is_late = |path: &str| path.contains("m24/") || path.contains("m59/");
    assert!(asked.iter().any(|request| request.path.contains("m4/")));
    assert!(!asked.iter().any(|request| is_late(&request.path)));
}

#[test]
fn several_modules_are_asked_about_at_once() {
    let arrived = Mutex::new(0);
    let (two, limit) = (Condvar::new(), Duration::from_secs(20));
    // Answers only when two requests are there.
    let server = Server::start(move |_| {
        let mut arrived = arrived.lock().unwrap();
        *arrived += 1;
        two.notify_all();
        let waited = two.wait_timeout_while(arrived, limit, |arrived| *arrived < 2);
        match waited.unwrap().1.timed_out() {
            false => reply(404, b""),
            true => reply(500, b""),
        }
    });
    let settings = settings(&server, "off");
    let mut client = Client::with(Place::Proxies, settings, None, patience()).unwrap();
    for answer in client.newest(&["example.com/m1", "example.com/m2"]) {
        let why = answer.unwrap_err().to_string();
        assert!(why.contains("no module proxy has it"), "{why}");
    }
}
