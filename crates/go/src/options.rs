//! What a caller asks for.

use gospect_bytes::{Budget, Limits};
use gospect_record::Binary;
pub use gospect_record::Level;
use gospect_record::functions::Question;
use std::collections::BTreeSet;
use std::fmt;

/// How to inspect a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// How much to find out.
    pub level: Level,
    /// Make every effort even when nothing looks like Go; set for files that a user named.
    pub named: bool,
    /// Bounds.
    pub limits: Limits,
    /// List the packages of the function table even if the build info lists modules.
    pub packages: bool,
    /// Find out what each package can do ([`LinkedPackage::capabilities`](gospect_record::LinkedPackage::capabilities)); needs
    /// `packages`, and reads all code.
    pub capabilities: bool,
    /// Name all linked functions too ([`Binary::functions`](gospect_record::Binary::functions)).
    pub symbols: bool,
    /// With [`Self::symbols`], about which functions of each program the caller asks: the names of others may be left out.
    pub asked: Option<Asked<'o>>,
    /// Value of `GODEBUG` to assume at run time.
    pub godebug: Option<&'o str>,
    /// Memory shared with inspections of other files.
    pub budget: Option<&'o Budget>,
    /// Runs the reading of very large records, which is passed to it as a function to be called once: the caller may give it a
    /// thread of its own. One such file is read at a time, if there is a [`Self::budget`].
    pub run_large: Option<RunLarge>,
    /// Digests to take of each program.
    pub digests: Digests,
    /// What to look for in the code of each program ([`Binary::call_chains`](gospect_record::Binary::call_chains)); needs all facts.
    pub wanted: Option<Wanted<'o>>,
}

/// Says to which functions and packages of a program chains of calls are wanted, from its record with all other facts.
#[derive(Clone, Copy)]
pub struct Wanted<'o>(pub &'o NamesWanted);

/// See [`Wanted`].
pub type NamesWanted = dyn Fn(&Binary) -> BTreeSet<String> + Send + Sync;

impl fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wanted")
    }
}

/// Says about which functions of a program the caller asks, from its record with all other facts and the list of its packages.
#[derive(Clone, Copy)]
pub struct Asked<'o>(pub &'o Questions);

/// See [`Asked`].
pub type Questions = dyn Fn(&Binary) -> Question + Send + Sync;

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

/// See [`Options::run_large`].
pub type RunLarge = fn(&mut (dyn FnMut() + Send));

/// Digests to take of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digests {
    /// None.
    #[default]
    None,
    /// That of the executable ([`Binary::sha256`](gospect_record::Binary::sha256)).
    Program,
    /// Also those of its parts ([`Binary::parts`](gospect_record::Binary::parts)).
    Parts,
}
