//! Functions that were inlined without leaving an instruction, as one that only gives back a function literal does. Their names are in no table;
//! what tells of them is the literal, by its name and by the source file of its code (Go 1.17 to 1.26).

mod files;
mod folders;
mod literal;
mod literals;

use crate::tables::Tables;
use crate::tables::pclntab::Layout;
use files::Files;
pub use folders::Folders;
use gospect_record::functions::Hidden;
use gospect_record::{BuildInfo, Functions};
use literal::{Named, Word, last_of};
pub use literals::Literals;
use std::collections::{HashMap, HashSet};

/// Most functions to note of which the package is not known.
const UNPLACED_LIMIT: usize = 1 << 20;

/// The releases whose literals do not name inlined functions.
const NAMELESS: std::ops::RangeInclusive<u32> = 16..=20;

/// Whether the literals of a release tell of inlined functions by their files alone.
pub fn are_nameless(minor: Option<u32>) -> bool {
    minor.is_none_or(|minor| NAMELESS.contains(&minor))
}

/// Why some functions are missing, without it being known which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingFunctions {
    /// The package in the name of a literal, and the folder of its source, whose package is not known.
    #[error(
        "a function literal of {package} is from the source folder {folder}, whose package is not known"
    )]
    Folder {
        /// As an import path.
        package: String,
        /// As the function table has it.
        folder: String,
    },
    /// There are more than are kept.
    #[error("there are too many function literals")]
    TooMany,
}

/// What a program is read from besides its literals.
pub struct Source<'p, 'i> {
    pub tables: &'p Tables<'i>,
    pub minor: Option<u32>,
    pub info: Option<&'p BuildInfo>,
}

/// The functions of a program, to which the names of a package are added by a function when they are needed.
pub struct Known<'f> {
    pub functions: &'f mut Functions,
    pub add: &'f mut dyn FnMut(&mut Functions, &str),
}

impl Known<'_> {
    /// The functions, with those of a package.
    fn with(&mut self, package: &str) -> &Functions {
        (self.add)(self.functions, package);
        self.functions
    }
}

/// The functions that the function literals of a program are from.
///
/// # Errors
/// They show that functions are missing, and not which.
pub fn read(
    source: &Source<'_, '_>,
    literals: &mut Literals<'_>,
    known: &mut Known<'_>,
) -> Result<Hidden, MissingFunctions> {
    let mut hidden = Hidden::default();
    let table = source.tables.pclntab();
    if table.is_none_or(|table| table.layout == Layout::Go12) {
        return Ok(hidden);
    }
    settle(literals, known);
    if literals.found().is_empty() {
        return Ok(hidden);
    }
    let files = Files::read(source.tables, source.minor, source.info, literals);
    for candidate in literals.found() {
        let Some(Some(owner)) = literals.owners.get(candidate.spelling) else {
            continue;
        };
        let (package, folder) = files.source(candidate, owner);
        let groups = candidate.literal.inlined(candidate.is_function);
        let Some((innermost, others)) = groups.split_last() else {
            match package {
                Some(package) if package == owner.path => {}
                Some(package) => {
                    hidden.placed.entry(package.clone()).or_default();
                    hidden.unnamed.insert(package);
                }
                // Without a folder it is in no code.
                None => {
                    if let Some(folder) = folder {
                        return Err(MissingFunctions::Folder {
                            package: owner.path.clone(),
                            folder: folder.to_owned(),
                        });
                    }
                }
            }
            continue;
        };
        place(&mut hidden, known, package, innermost);
        others.iter().for_each(|group| may_be(&mut hidden, group));
        if hidden.unplaced.len() > UNPLACED_LIMIT {
            return Err(MissingFunctions::TooMany);
        }
    }
    Ok(hidden)
}

/// Finds out whether the words in front of literals are functions, where they may be types too.
fn settle(literals: &mut Literals<'_>, known: &mut Known<'_>) {
    let mut packages: Vec<&str> = Vec::new();
    let mut last = None;
    for candidate in literals.found() {
        if Some(candidate.spelling) != last && candidate.literal.doubtful_front().is_some() {
            last = Some(candidate.spelling);
            let owner = literals.owners.get(candidate.spelling);
            packages.extend(owner.and_then(Option::as_ref).map(|owner| &*owner.path));
        }
    }
    for package in &packages {
        known.with(package);
    }
    let mut plain: HashMap<&str, HashSet<&[u8]>> = HashMap::new();
    for package in packages {
        plain
            .entry(package)
            .or_insert_with(|| plain_functions(known.functions, package));
    }
    literals.settle(|package, name| {
        let names = plain.get(package);
        names.is_some_and(|names| names.contains(name.as_bytes()))
    });
}

/// The functions of a package that are no methods: names without a dot, type arguments left out.
fn plain_functions<'n>(functions: &'n Functions, package: &str) -> HashSet<&'n [u8]> {
    let names = functions.raw_names(package);
    let plain = names.filter_map(|own| match memchr::memchr3(b'.', b'[', b'(', own) {
        None => Some(own),
        Some(at) if own.get(at) == Some(&b'[') && own.ends_with(b"]") => own.get(..at),
        Some(_) => None,
    });
    plain.collect()
}

/// Adds the function whose source has a literal to its package.
fn place(hidden: &mut Hidden, known: &mut Known<'_>, package: Option<String>, group: &[Word]) {
    let Some(package) = package else {
        may_be(hidden, group);
        return;
    };
    let before = group.len().checked_sub(2).and_then(|at| group.get(at));
    let is_type = before.is_some_and(|word| {
        let functions = known.with(&package);
        functions.has_methods_of(&package, &word.text)
    });
    let Some((last, rest)) = last_of(group, is_type) else {
        return;
    };
    let names = hidden.placed.entry(package.clone()).or_default();
    match last {
        Named::Method { receiver, name } => {
            names.insert(format!("{receiver}.{name}"));
        }
        Named::Function { before: None, name } => {
            names.insert(name.to_owned());
        }
        // A function of the package is no type, so that the literal is of the function behind it.
        Named::Function {
            before: Some(before),
            name,
        } if known.functions.contains(&package, before) => {
            names.insert(name.to_owned());
        }
        Named::Function { .. } => {
            may_be(hidden, group);
            return;
        }
    }
    may_be(hidden, rest);
}

/// Notes all functions that words may name whose package is not known.
fn may_be(hidden: &mut Hidden, words: &[Word]) {
    let mut before: Option<&Word> = None;
    for word in words {
        if let Some(before) = before {
            hidden
                .unplaced
                .insert(format!("{}.{}", before.text, word.text));
        }
        let is_method = before.is_some_and(|before| before.is_pointer);
        if !word.is_pointer && !is_method {
            hidden.unplaced.insert(word.text.clone());
        }
        before = Some(word);
    }
}
