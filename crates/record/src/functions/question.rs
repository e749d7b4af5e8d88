//! What a caller asks about the functions of a program.

use std::collections::{BTreeMap, BTreeSet};

/// Functions and packages of a program about which a caller asks, so that the names of others need not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Functions by the path of their package in the program. Where none are named, it is asked whether the package is linked.
    pub functions: BTreeMap<String, BTreeSet<String>>,
    /// Whether it is asked which packages of some modules are linked, whatever they are called.
    pub all_packages: bool,
}

impl Question {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && !self.all_packages
    }
}
