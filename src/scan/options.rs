//! How to scan.

use super::Counters;
use crate::bytes::{Budget, Limits};
use crate::go::{self, Level};
use crate::source::walk::Rules;
use std::sync::Arc;

/// How to scan.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much to find out about each binary.
    pub level: Level,
    /// Bounds on everything.
    pub limits: Limits,
    /// What a walk passes over.
    pub rules: Rules,
    /// Threads; 0: one for each processor. Never more than one for each 4 MiB of `memory`: each has buffers of its own.
    pub jobs: usize,
    /// Compute SHA-256 of each executable.
    pub hash: bool,
    /// List the packages of the function table of named files also where their records list modules.
    pub packages: bool,
    /// Name all linked functions of each program, and list its packages.
    pub symbols: bool,
    /// Compute SHA-256 of each part of each executable too, for who compares two of them.
    pub parts: bool,
    /// Environment assumed at run time.
    pub environment: Vec<(String, String)>,
    /// Look inside archives and images that a walk meets.
    pub archives: bool,
    /// Bytes of memory for what is kept of containers.
    pub memory: u64,
    /// Only images of this platform.
    #[cfg(feature = "archives")]
    pub platform: Option<crate::source::image::Platform>,
    /// Hash uncompressed layers too, and compare them with the image's configuration.
    pub verify_diffid: bool,
    /// Talk plain HTTP to registries on the loopback.
    pub insecure_http: bool,
    /// Counts to watch while the scan runs; `None`: nobody watches.
    pub progress: Option<Arc<Counters>>,
}

impl Default for Options {
    /// Full facts, archives included, nothing excluded but files too small to be Go, one thread for each processor.
    fn default() -> Self {
        Self {
            level: Level::Full,
            limits: Limits::default(),
            rules: Rules::default(),
            jobs: 0,
            hash: false,
            packages: false,
            symbols: false,
            parts: false,
            environment: Vec::new(),
            archives: true,
            memory: crate::bytes::MEMORY,
            #[cfg(feature = "archives")]
            platform: None,
            verify_diffid: false,
            insecure_http: false,
            progress: None,
        }
    }
}

/// Memory that a thread is counted with: its buffers, and what the allocator keeps for it.
const THREAD: u64 = 4 << 20;

impl Options {
    /// Threads that the memory bears; 0: one for each processor.
    pub(crate) fn threads(&self) -> usize {
        let most = usize::try_from((self.memory / THREAD).max(1)).unwrap_or(usize::MAX);
        match self.jobs {
            // More processors than this are not worth asking the system.
            0 if most >= 128 => 0,
            0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(most)),
            jobs => jobs.min(most),
        }
    }
}

/// The options of the Go reader for a file. Text of a record becomes many times as much memory, and unpacking is done by
/// one thread at a time.
pub(crate) fn reader_options<'o>(
    options: &'o Options,
    budget: &'o Budget,
    named: bool,
) -> go::Options<'o> {
    let godebug = options.environment.iter().rev().find(|e| e.0 == "GODEBUG");
    let mut limits = options.limits;
    limits.unpacked = limits.unpacked.min(options.memory);
    limits.build_info = limits.build_info.min(options.memory / 32);
    go::Options {
        packages: options.packages && named,
        symbols: options.symbols,
        godebug: godebug.map(|e| e.1.as_str()),
        level: options.level,
        named,
        limits,
        budget: Some(budget),
        refuse_large: false,
        parts: options.parts,
    }
}
