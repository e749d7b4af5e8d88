//! What of archives and images is delivered: not what `--exclude` matches, and of `FILE!NAME` only the program of this name. It
//! is decided when results are delivered, so that results in a cache serve every selection.

use super::Event;
use crate::knowledge::meant;
use crate::record::{Location, Reach, Reason, Unexamined};
use crate::source::walk::Tally;
use globset::GlobSet;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// One program of a target, by its name inside: `bin/app` of `app.tar.gz!bin/app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The target that holds it, as [`Location::target`] has it.
    pub target: String,
    /// Its name inside, with `!` between the names of nested containers.
    pub name: String,
}

/// Names that are remembered of a target, for what to say about a name that it does not have.
const NAMES: usize = 1000;
/// Names that are listed of a target.
const LISTED: usize = 5;

/// Leaves out results, and counts the files that it leaves out.
pub(super) struct Selection<'s> {
    globs: Option<&'s GlobSet>,
    tally: &'s Tally,
    members: &'s [Member],
    /// Which members were there.
    is_there: Vec<bool>,
    /// Names of other programs, by target.
    others: BTreeMap<String, Vec<String>>,
    /// Files of programs that were left out, and their names.
    files: HashSet<FileKey>,
    names: HashSet<Name>,
    /// Names of what was not examined and left out.
    unexamined: HashSet<Name>,
}

/// What the names of one file have in common: hard links are one file.
#[derive(PartialEq, Eq, Hash)]
struct FileKey {
    holder: Name,
    size: u64,
    build: Option<String>,
}

/// Where something is: the file, the image and layer, the names inside.
#[derive(PartialEq, Eq, Hash)]
struct Name {
    file: Option<String>,
    image: Option<String>,
    layer: Option<u32>,
    entry: Vec<String>,
}

impl Name {
    fn of(location: &Location, entry: &[String]) -> Self {
        Self {
            file: location.file.clone(),
            image: location.image.as_ref().map(|image| image.reference.clone()),
            layer: location.layer.as_ref().map(|layer| layer.index),
            entry: entry.iter().map(|name| plain(name).to_owned()).collect(),
        }
    }
}

impl<'s> Selection<'s> {
    pub(super) fn new(globs: Option<&'s GlobSet>, members: &'s [Member], tally: &'s Tally) -> Self {
        Self {
            globs,
            tally,
            members,
            is_there: vec![false; members.len()],
            others: BTreeMap::new(),
            files: HashSet::new(),
            names: HashSet::new(),
            unexamined: HashSet::new(),
        }
    }

    /// Whether a result is left out.
    pub(super) fn leaves_out(&mut self, event: &Event) -> bool {
        if self.globs.is_none() && self.members.is_empty() {
            return false;
        }
        match event {
            Event::Program(program) => {
                let location = &program.place.location;
                if self.selects(location, true) && !self.excludes(&program.place.path, location) {
                    return false;
                }
                let around = location
                    .entry
                    .split_last()
                    .map_or(&[][..], |(_, around)| around);
                self.names.insert(Name::of(location, &location.entry));
                self.files.insert(FileKey {
                    holder: Name::of(location, around),
                    size: program.record.size,
                    build: program.record.executable.build_id.clone(),
                });
                true
            }
            Event::Unexamined { thing, .. } => {
                let location = &thing.location;
                // A problem of the whole container may be why a program is not found.
                let is_wanted = location.entry.is_empty() || self.selects(location, false);
                let is_left_out = !is_wanted || self.excludes(&thing.path, location);
                if is_left_out {
                    self.unexamined.insert(Name::of(location, &location.entry));
                }
                is_left_out
            }
            Event::Image(_) | Event::NotGo { .. } => false,
        }
    }

    /// Whether a place is that of a wanted program, or in a target of which everything is wanted. Notes which programs are there.
    fn selects(&mut self, location: &Location, is_program: bool) -> bool {
        let mut is_limited = false;
        for (member, is_there) in self.members.iter().zip(&mut self.is_there) {
            if member.target != location.target {
                continue;
            }
            is_limited = true;
            if is_named(location, &member.name) {
                *is_there |= is_program;
                return true;
            }
        }
        if is_limited && is_program {
            let names = self.others.entry(location.target.clone()).or_default();
            if names.len() < NAMES {
                names.push(location.entry.join("!"));
            }
        }
        !is_limited
    }

    /// Whether a pattern matches the path as printed, or inside a container a name, a path or a directory above it.
    fn excludes(&self, path: &str, location: &Location) -> bool {
        let Some(globs) = self.globs else {
            return false;
        };
        let matches = |path: &Path| self.tally.excludes(globs, path);
        let in_container = |entry: &String| {
            let entry = Path::new(plain(entry));
            let mut parts = entry
                .ancestors()
                .filter(|part| !part.as_os_str().is_empty());
            parts.any(|part| {
                let name = part.file_name();
                matches(part)
                    || matches(&Path::new("/").join(part))
                    || name.is_some_and(|name| matches(Path::new(name)))
            })
        };
        // The walk has left out what is in no container.
        !location.entry.is_empty()
            && (matches(Path::new(path)) || location.entry.iter().any(in_container))
    }

    /// A line for each wanted program that was not there.
    pub(super) fn missing(&self) -> Vec<Unexamined> {
        let members = self.members.iter().zip(&self.is_there);
        let missing = members.filter(|(_, is_there)| !**is_there);
        missing
            .map(|(member, _)| Unexamined {
                path: format!("{}!{}", member.target, member.name),
                location: Location {
                    target: member.target.clone(),
                    ..Location::default()
                },
                reason: Reason::Unreadable.into(),
                detail: self.why_missing(member),
            })
            .collect()
    }

    fn why_missing(&self, member: &Member) -> String {
        let names = self
            .others
            .get(&member.target)
            .map_or(&[][..], Vec::as_slice);
        if names.is_empty() {
            return "no Go program is in it".to_owned();
        }
        let near = meant(&member.name, names.iter().map(String::as_str));
        let ending = names
            .iter()
            .find(|name| name.ends_with(&format!("/{}", member.name)));
        if let Some(near) = ending.map(String::as_str).or(near) {
            return format!(
                "no Go program in it has this name; did you mean `{}!{near}`?",
                member.target
            );
        }
        let listed = names.iter().take(LISTED).map(String::as_str);
        let listed: Vec<&str> = listed.collect();
        let more = match names.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "no Go program in it has this name; it has {}{more}",
            listed.join(", ")
        )
    }

    /// The counts without the files that were left out, so that they add up.
    pub(super) fn without(&self, reach: Reach) -> Reach {
        let programs = self.files.len() as u64;
        // A program of which a part is missing is also listed as not examined.
        let others = self.unexamined.difference(&self.names).count() as u64;
        let left_out = programs.saturating_add(others);
        Reach {
            files: reach.files.saturating_sub(left_out),
            go_files: reach.go_files.map(|files| files.saturating_sub(programs)),
            ..reach
        }
    }
}

/// Whether a place has this name in its target, however the container writes its beginning: `./bin/app`, `/bin/app`.
fn is_named(location: &Location, name: &str) -> bool {
    let names = name.split('!').map(plain);
    location.entry.iter().map(|entry| plain(entry)).eq(names)
}

fn plain(entry: &str) -> &str {
    entry.trim_start_matches("./").trim_start_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_the_entry_however_it_begins() {
        let location = |entry: &[&str]| Location {
            entry: entry.iter().map(|name| (*name).to_owned()).collect(),
            ..Location::default()
        };
        for (entry, name, is) in [
            (&["./bin/app"][..], "bin/app", true),
            (&["bin/app"], "/bin/app", true),
            (&["a.tar", "./bin/app"], "a.tar!bin/app", true),
            (&["a.tar", "bin/app"], "bin/app", false),
            (&["bin/app"], "app", false),
            (&[], "app", false),
        ] {
            assert_eq!(is_named(&location(entry), name), is, "{entry:?} {name}");
        }
    }
}
