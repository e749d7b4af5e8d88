//! Options of a scan.

use super::{Counters, Member};
use crate::bytes::{Budget, Limits};
use crate::go::{self, Level};
use crate::record::Binary;
use crate::record::functions::Question;
use crate::source::walk::Rules;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Which programs get a list of their packages although their records list modules. All others have one anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListPackages {
    /// None.
    #[default]
    Never,
    /// Those in files that a target names.
    OfNamed,
    /// All.
    OfAll,
}

/// Options of a scan.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many facts are read of each binary.
    pub level: Level,
    /// All limits.
    pub limits: Limits,
    /// Rules of the walk.
    pub rules: Rules,
    /// Whether [`Rules::exclude`] also leaves out what is in archives and images.
    pub exclude_contents: bool,
    /// Of these targets only the named programs are wanted.
    pub members: Vec<Member>,
    /// Threads; 0 means one for each processor. At most one for each 4 MiB of `memory`, because each has its own buffers.
    pub jobs: usize,
    /// Compute SHA-256 of each executable.
    pub hash: bool,
    /// Which programs get a list of their packages although their records list modules.
    pub packages: ListPackages,
    /// Find out what each listed package can do.
    pub capabilities: bool,
    /// Name all linked functions of each program, and read the changelog of its package.
    pub symbols: bool,
    /// With `symbols`, about which functions of each program is asked: the names of others may be left out.
    pub asked: Option<AskedFunctions>,
    /// Also compute SHA-256 of each part of each executable, for comparing two of them.
    pub parts: bool,
    /// Environment assumed at run time.
    pub environment: Vec<(String, String)>,
    /// Look inside archives and images that a walk meets.
    pub archives: bool,
    /// Bytes of memory for the run.
    pub memory: u64,
    /// Only scan images for this platform.
    #[cfg(feature = "archives")]
    pub platform: Option<crate::source::image::Platform>,
    /// Also hash uncompressed layers and compare them with the image's configuration.
    pub verify_diffid: bool,
    /// Use plain HTTP for registries on the loopback.
    pub insecure_http: bool,
    /// To which functions and packages of each program chains of calls are wanted.
    pub wanted: Option<WantedChains>,
    /// Results of layers that are kept between runs.
    #[cfg(feature = "archives")]
    pub cache: Option<Arc<crate::source::cache::Cache>>,
    /// A program that is copied out of its archive or image; then nothing else is looked at. See [`copy`](super::copy).
    #[cfg(feature = "archives")]
    pub copying: Option<Arc<super::Copying>>,
    /// Counts that can be read while the scan runs.
    pub progress: Option<Arc<Counters>>,
}

/// Says about which functions of a program is asked, see [`go::Asked`].
#[derive(Clone)]
pub struct AskedFunctions(Arc<go::Questions>);

impl AskedFunctions {
    /// Asks this function about each program.
    pub fn by(question: impl Fn(&Binary) -> Question + Send + Sync + 'static) -> Self {
        Self(Arc::new(question))
    }
}

impl fmt::Debug for AskedFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskedFunctions")
    }
}

/// Says to which functions and packages of a program chains of calls are wanted, see [`go::Wanted`].
#[derive(Clone)]
pub struct WantedChains(Arc<go::NamesWanted>);

impl WantedChains {
    /// Asks this function about each program.
    pub fn by(names: impl Fn(&Binary) -> BTreeSet<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(names))
    }
}

impl fmt::Debug for WantedChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WantedChains")
    }
}

impl Default for Options {
    /// Full facts, including archives; excludes only files too small to be Go; one thread for each processor.
    fn default() -> Self {
        Self {
            level: Level::Full,
            limits: Limits::default(),
            rules: Rules::default(),
            exclude_contents: true,
            members: Vec::new(),
            jobs: 0,
            hash: false,
            packages: ListPackages::Never,
            capabilities: false,
            symbols: false,
            asked: None,
            parts: false,
            environment: Vec::new(),
            archives: true,
            memory: crate::bytes::MEMORY,
            #[cfg(feature = "archives")]
            platform: None,
            verify_diffid: false,
            insecure_http: false,
            wanted: None,
            #[cfg(feature = "archives")]
            cache: None,
            #[cfg(feature = "archives")]
            copying: None,
            progress: None,
        }
    }
}

/// Memory counted for each thread: its buffers, and what the allocator keeps for it.
const THREAD: u64 = 4 << 20;

impl Options {
    /// Threads for which there is memory; 0 means one for each processor.
    pub(crate) fn threads(&self) -> usize {
        let most = usize::try_from((self.memory / THREAD).max(1)).unwrap_or(usize::MAX);
        match self.jobs {
            // No machine has more processors, so the system need not be asked.
            0 if most >= 128 => 0,
            0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(most)),
            jobs => jobs.min(most),
        }
    }
}

/// Version of this program, of which results are kept.
#[cfg(feature = "archives")]
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(feature = "archives")]
impl Options {
    /// All that the facts of a program in a container depend on besides its bytes, as text.
    pub(crate) fn facts_key(&self) -> String {
        // Every option is named, so that a new one is not forgotten here.
        let Self {
            level,
            limits,
            rules,
            // Applied when results are delivered, also to those that were kept.
            exclude_contents: _,
            members: _,
            jobs: _,
            hash,
            packages,
            capabilities,
            symbols,
            // All functions are named in what is kept.
            asked: _,
            parts,
            environment,
            archives,
            memory,
            // Chooses images, not what is in a layer.
            platform: _,
            verify_diffid,
            insecure_http: _,
            // Nothing is kept of such a scan.
            wanted: _,
            copying: _,
            cache: _,
            progress: _,
        } = self;
        let godebug = environment.iter().rev().find(|e| e.0 == "GODEBUG");
        format!(
            "{VERSION} {} {level:?} {limits:?} {} {hash} {packages:?} {capabilities} {symbols} {parts} {godebug:?} {archives} {memory} {verify_diffid}",
            super::FACTS,
            rules.min_size,
        )
    }
}

/// Options of the Go reader for a file. The text of a record becomes many times as much memory, and one thread at a time unpacks.
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
        packages: match options.packages {
            ListPackages::Never => false,
            ListPackages::OfNamed => named,
            ListPackages::OfAll => true,
        },
        capabilities: options.capabilities,
        symbols: options.symbols,
        asked: options.asked.as_ref().map(|asked| go::Asked(&*asked.0)),
        godebug: godebug.map(|e| e.1.as_str()),
        level: options.level,
        named,
        limits,
        budget: Some(budget),
        run_large: Some(on_own_thread),
        wanted: options.wanted.as_ref().map(|wanted| go::Wanted(&*wanted.0)),
        digests: match (options.hash, options.parts) {
            (_, true) => go::Digests::Parts,
            (true, false) => go::Digests::Program,
            (false, false) => go::Digests::None,
        },
    }
}

/// Runs work on a thread that ends with it: the allocator keeps freed memory for each thread.
fn on_own_thread(work: &mut (dyn FnMut() + Send)) {
    let is_done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, &mut *work);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(())) => true,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => false,
        }
    });
    if !is_done {
        work();
    }
}
