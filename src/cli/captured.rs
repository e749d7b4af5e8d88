//! Runs a command inside another program: returns what the command would print, and does not touch the terminal or the signals of that
//! program.
//!
//! A command prints from the thread that it runs on, so each thread captures for itself, and several commands can run at once.

use super::error::Failure;
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// How a captured command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// The lines for standard error.
    pub messages: Vec<String>,
    /// Why there is no result; `None`: there is one, whatever the exit code says about it.
    pub failure: Option<Failure>,
}

/// Where the thread's command writes instead of the standard streams.
struct Capture {
    output: SharedOutput,
    messages: Vec<String>,
    failure: Option<Failure>,
}

thread_local! {
    static CAPTURE: RefCell<Option<Capture>> = const { RefCell::new(None) };
}

/// A writer that the command may open more than once.
#[derive(Clone)]
struct SharedOutput(Arc<Mutex<Box<dyn Write + Send>>>);

impl Write for SharedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}

/// Runs a command. What it would print on standard output goes to `output`; an error of kind `BrokenPipe` from there stops it, as a closed
/// pipe does. `args` begin with the name of the program.
pub fn run(args: Vec<OsString>, output: Box<dyn Write + Send>) -> Ended {
    let capture = Capture {
        output: SharedOutput(Arc::new(Mutex::new(output))),
        messages: Vec::new(),
        failure: None,
    };
    let outer = CAPTURE.with_borrow_mut(|current| current.replace(capture));
    let code = super::exit_code(args);
    let capture = CAPTURE.with_borrow_mut(|current| std::mem::replace(current, outer));
    let (messages, failure) = capture.map_or_else(Default::default, |c| (c.messages, c.failure));
    Ended {
        code,
        messages,
        failure,
    }
}

/// Whether the command of this thread is captured.
pub fn is_on() -> bool {
    CAPTURE.with_borrow(Option::is_some)
}

/// The writer in place of standard output; `None`: nothing is captured.
pub fn output() -> Option<Box<dyn Write + Send>> {
    CAPTURE.with_borrow(|current| {
        let capture = current.as_ref()?;
        Some(Box::new(capture.output.clone()) as Box<dyn Write + Send>)
    })
}

/// Writes a message for the user to standard error, or to the capture. A failure to print is ignored.
pub fn message(text: String) {
    let printed = CAPTURE.with_borrow_mut(|current| match current {
        Some(capture) => {
            capture.messages.push(text);
            None
        }
        None => Some(text),
    });
    if let Some(text) = printed {
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// Keeps why the command has no result.
pub fn failed(failure: Failure) {
    CAPTURE.with_borrow_mut(|current| {
        if let Some(capture) = current {
            capture.failure = Some(failure);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn run_with(args: &[&str]) -> (Ended, String) {
        let kept = Kept::default();
        let args = ["gospect"].iter().chain(args).map(OsString::from).collect();
        let ended = run(args, Box::new(kept.clone()));
        let bytes = kept.0.lock().unwrap().clone();
        (ended, String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn results_and_messages_come_back() {
        let (ended, text) = run_with(&["scan", "--format", "ndjson", "Cargo.toml"]);
        assert_eq!((ended.code, ended.failure), (0, None));
        assert!(text.starts_with("{\"type\":\"run\""), "{text}");
        assert!(text.lines().last().unwrap().contains("\"type\":\"end\""));
        assert!(
            ended.messages[0].contains("Cargo.toml: not a Go program"),
            "{:?}",
            ended.messages
        );
        assert!(!is_on());
    }

    #[test]
    fn each_kind_of_failure_is_distinguished() {
        for (args, failure) in [
            (&["scan", "--no-such-flag", "x"][..], Failure::Usage),
            (&["scan", "registry:"], Failure::Usage),
            (&["nonsense-command"], Failure::Usage),
            (&["audit", "--policy", "/nonexistent", "x"], Failure::Policy),
            (&["audit", "-D", "no-such-rule", "x"], Failure::Policy),
            (&["vuln", "--db", "/nonexistent", "x"], Failure::Database),
            (&["vuln", "--vex", "/nonexistent", "x"], Failure::Input),
            (&["scan", "-o", "/nonexistent/x", "."], Failure::Output),
        ] {
            let (ended, text) = run_with(args);
            assert_eq!((ended.code, ended.failure), (2, Some(failure)), "{args:?}");
            assert!(text.is_empty() && !ended.messages.is_empty(), "{args:?}");
        }
    }

    #[test]
    fn a_target_that_cannot_be_read_is_no_failure_but_part_of_the_result() {
        let (ended, text) = run_with(&["scan", "--format", "ndjson", "/nonexistent"]);
        assert_eq!((ended.code, ended.failure), (2, None));
        assert!(text.contains("\"type\":\"unexamined\""), "{text}");
    }

    #[test]
    fn help_is_a_result() {
        let (ended, text) = run_with(&["scan", "--help"]);
        assert_eq!((ended.code, ended.failure), (0, None));
        assert!(text.contains("Usage: gospect scan"), "{text}");
    }
}
