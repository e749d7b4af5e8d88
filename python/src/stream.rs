//! A command whose output is read while it runs.

use crate::_native::failure_name;
use gospect::cli::{Ended, run_captured};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Most pieces of output that wait to be read. Then the command waits, so that a slow reader costs no memory.
const WAITING: usize = 16;

/// Output that is kept in memory.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    /// What was written so far.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *lock(&self.0))
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Output that goes to the reader piece by piece.
struct Pieces(SyncSender<Vec<u8>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            let sent = self.0.send(bytes.to_vec());
            // The reader is gone: the command stops, as it does when a pipe is closed.
            sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A running command. Iterating gives its output in pieces that end where a line ends; `close`, or dropping it, stops the command.
#[pyclass(frozen)]
pub struct Stream {
    pieces: Mutex<Option<Receiver<Vec<u8>>>>,
    command: Mutex<Option<JoinHandle<Ended>>>,
}

#[pymethods]
impl Stream {
    #[new]
    fn new(arguments: Vec<OsString>) -> PyResult<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let command = std::thread::Builder::new()
            .name("gospect".to_owned())
            .spawn(move || run_captured(arguments, Box::new(Pieces(sender))))
            .map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self {
            pieces: Mutex::new(Some(receiver)),
            command: Mutex::new(Some(command)),
        })
    }

    fn __iter__(stream: Bound<'_, Self>) -> Bound<'_, Self> {
        stream
    }

    fn __next__<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let piece = py.detach(|| lock(&self.pieces).as_ref()?.recv().ok());
        piece.map(|bytes| PyBytes::new(py, &bytes))
    }

    /// Stops the command if it still runs, and waits for it: exit code, messages, and the kind of failure or `None`. The second time: `None`.
    fn close(&self, py: Python<'_>) -> Option<(u8, Vec<String>, Option<&'static str>)> {
        let ended = py.detach(|| {
            lock(&self.pieces).take();
            let command = lock(&self.command).take()?;
            Some(command.join())
        })?;
        match ended {
            Ok(ended) => Some((ended.code, ended.messages, ended.failure.map(failure_name))),
            Err(_) => Some((
                2,
                vec!["gospect: internal error".to_owned()],
                Some("system"),
            )),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
