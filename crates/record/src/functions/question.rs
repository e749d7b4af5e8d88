//! What a caller asks about the functions of a program.

use std::collections::{BTreeMap, BTreeSet};

/// Functions and packages of a program about which a caller asks, so that the names of others need not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Functions by the path of their package in the program. Where none are named, it is asked whether the package is linked.
    pub functions: BTreeMap<String, BTreeSet<String>>,
    /// Modules, by the path that their packages have in the program, of which it is asked what packages are linked.
    pub modules: BTreeSet<String>,
    /// Whether that is asked of all modules.
    pub all_packages: bool,
}

impl Question {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.modules.is_empty() && !self.all_packages
    }
}
