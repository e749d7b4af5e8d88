//! Chooses among what a registry holds: repositories and tags by name, the newest tags, one platform.

use super::Settings;
use super::catalog::{Catalog, Resolved};
use crate::archive::{ArchiveError, Reason};
use crate::image::manifest::Platform;
use globset::GlobSet;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Connections to one registry at a time, unless more or fewer are asked for.
pub const CONNECTIONS: usize = 4;

/// What is listed: `HOST`, `HOST/NAME`, `HOST/NAME:TAG` or `HOST/NAME@DIGEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Host and port.
    pub host: String,
    /// The only repository; `None`: all of them.
    pub repository: Option<String>,
    /// The only tag, or a digest; `None`: all tags.
    pub tag: Option<String>,
}

impl Place {
    /// Splits the text after `registry:`. The parts are not checked; [`list`] reports a wrong one.
    pub fn parse(text: &str) -> Self {
        let (host, rest) = match text.trim_end_matches('/').split_once('/') {
            Some((host, rest)) => (host, Some(rest)),
            None => (text.trim_end_matches('/'), None),
        };
        let split = rest.map(|rest| match rest.split_once('@') {
            Some((name, digest)) => {
                // The digest already names the image; a tag before it has no effect.
                let name = name.split_once(':').map_or(name, |(name, _)| name);
                (name.to_owned(), Some(digest.to_owned()))
            }
            None => match rest.split_once(':') {
                Some((name, tag)) => (name.to_owned(), Some(tag.to_owned())),
                None => (rest.to_owned(), None),
            },
        });
        let (repository, tag) = match split {
            Some((name, tag)) => (Some(name), tag),
            None => (None, None),
        };
        Self {
            host: host.to_owned(),
            repository,
            tag,
        }
    }
}

/// Patterns over names: those with a colon are for `REPOSITORY:TAG`, the others for repositories with all their tags.
#[derive(Clone, Debug, Default)]
pub struct NamePatterns {
    /// Patterns over repositories.
    pub repositories: Option<GlobSet>,
    /// Patterns over `REPOSITORY:TAG`.
    pub tags: Option<GlobSet>,
}

impl NamePatterns {
    fn is_empty(&self) -> bool {
        self.repositories.is_none() && self.tags.is_none()
    }

    fn match_repository(&self, repository: &str) -> bool {
        let globs = self.repositories.as_ref();
        globs.is_some_and(|globs| globs.is_match(repository))
    }

    fn match_tag(&self, repository: &str, tag: &str) -> bool {
        let name = format!("{repository}:{tag}");
        let globs = self.tags.as_ref();
        self.match_repository(repository) || globs.is_some_and(|globs| globs.is_match(&name))
    }
}

/// What is chosen.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// Only what these match; everything if there are none.
    pub include: NamePatterns,
    /// Nothing that these match.
    pub exclude: NamePatterns,
    /// Only so many tags of each repository, those built last.
    pub newest: Option<usize>,
    /// Only images of this platform, when digests are asked for.
    pub platform: Option<Platform>,
    /// Begin after this repository.
    pub after: Option<String>,
    /// Also find out what each tag leads to.
    pub digests: bool,
    /// Connections to the registry at a time; at least 1.
    pub connections: usize,
}

impl Default for ListOptions {
    /// Everything, by name only.
    fn default() -> Self {
        Self {
            include: NamePatterns::default(),
            exclude: NamePatterns::default(),
            newest: None,
            platform: None,
            after: None,
            digests: false,
            connections: CONNECTIONS,
        }
    }
}

impl ListOptions {
    /// Whether tags of a repository may be chosen: if not, it is not asked for them.
    fn may_choose(&self, repository: &str) -> bool {
        let include = &self.include;
        let included =
            include.is_empty() || include.tags.is_some() || include.match_repository(repository);
        included && !self.exclude.match_repository(repository)
    }

    fn chooses(&self, repository: &str, tag: &str) -> bool {
        let included = self.include.is_empty() || self.include.match_tag(repository, tag);
        included && !self.exclude.match_tag(repository, tag)
    }
}

/// A tag of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The repository.
    pub repository: String,
    /// The tag, or the digest that was named.
    pub tag: String,
    /// What it leads to, when that was asked for.
    pub resolved: Option<Resolved>,
}

impl Listed {
    /// The target that names it: `registry:HOST/NAME:TAG`, with `@DIGEST` when it is known.
    pub fn target(&self, host: &str) -> String {
        let (repository, tag) = (&self.repository, &self.tag);
        match &self.resolved {
            // Digests have a colon, tags have none.
            _ if tag.contains(':') => format!("registry:{host}/{repository}@{tag}"),
            Some(resolved) => format!("registry:{host}/{repository}:{tag}@{}", resolved.digest),
            None => format!("registry:{host}/{repository}:{tag}"),
        }
    }
}

/// A repository or tag that could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotListed {
    /// `HOST/NAME` or `HOST/NAME:TAG`.
    pub name: String,
    /// Why.
    pub error: ArchiveError,
}

/// Lists what is at a place: repositories in the order of the registry, tags by name or, if only the newest are wanted, newest first. Stops when `deliver` returns false.
///
/// # Errors
/// When the registry cannot be reached, has no catalog, or threads cannot be started. A repository that cannot be listed is delivered as such.
pub fn list(
    place: &Place,
    settings: &Settings,
    options: &ListOptions,
    deliver: &mut dyn FnMut(Result<Listed, NotListed>) -> bool,
) -> Result<(), ArchiveError> {
    let catalog = Catalog::open(&place.host, settings)?;
    let Some(repository) = &place.repository else {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(options.connections.max(1))
            .build()
            .map_err(|error| ArchiveError::new(Reason::Unreadable, error.to_string()))?;
        let batch = options.connections.max(1).saturating_mul(4);
        return catalog.repositories(options.after.as_deref(), &mut |names| {
            names.chunks(batch).all(|names| {
                let answers: Vec<_> = threads.install(|| {
                    let names = names.par_iter();
                    names
                        .map(|name| repository_tags(&catalog, name, options))
                        .collect()
                });
                answers.into_iter().flatten().all(&mut *deliver)
            })
        });
    };
    let answers = match &place.tag {
        Some(tag) => one_tag(&catalog, repository, tag, options),
        None => repository_tags(&catalog, repository, options),
    };
    answers.into_iter().all(deliver);
    Ok(())
}

fn not_listed(
    catalog: &Catalog,
    repository: &str,
    tag: Option<&str>,
    error: ArchiveError,
) -> NotListed {
    let tag = tag.map_or(String::new(), |tag| format!(":{tag}"));
    NotListed {
        name: format!("{}/{repository}{tag}", catalog.host()),
        error,
    }
}

/// A tag, and which of its images are missing.
fn one_tag(
    catalog: &Catalog,
    repository: &str,
    tag: &str,
    options: &ListOptions,
) -> Vec<Result<Listed, NotListed>> {
    let mut listed = Listed {
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        resolved: None,
    };
    if !options.digests {
        return vec![Ok(listed)];
    }
    match catalog.resolve(repository, tag, options.platform.as_ref(), false) {
        Ok(resolved) => {
            listed.resolved = Some(resolved);
            with_missing(catalog, listed)
        }
        Err(error) => vec![Err(not_listed(catalog, repository, Some(tag), error))],
    }
}

/// A tag whose images are known, then those that are missing.
fn with_missing(catalog: &Catalog, mut listed: Listed) -> Vec<Result<Listed, NotListed>> {
    let resolved = listed.resolved.as_mut();
    let missing = resolved.map_or(Vec::new(), |resolved| std::mem::take(&mut resolved.missing));
    let (repository, tag) = (listed.repository.clone(), listed.tag.clone());
    let problem = |error| Err(not_listed(catalog, &repository, Some(&tag), error));
    let problems = missing.into_iter().map(problem);
    std::iter::once(Ok(listed)).chain(problems).collect()
}

/// The chosen tags of a repository.
fn repository_tags(
    catalog: &Catalog,
    repository: &str,
    options: &ListOptions,
) -> Vec<Result<Listed, NotListed>> {
    if !options.may_choose(repository) {
        return Vec::new();
    }
    let mut tags = match catalog.tags(repository) {
        Ok(tags) => tags,
        Err(error) => return vec![Err(not_listed(catalog, repository, None, error))],
    };
    tags.retain(|tag| options.chooses(repository, tag));
    // The specification demands an order that not all registries keep.
    tags.sort_unstable();
    tags.dedup();
    // A registry may answer with names that are none, and a list of targets is read line by line.
    let mut problems = Vec::new();
    tags.retain(|tag| match catalog.reference(repository, Some(tag)) {
        Ok(_) => true,
        Err(error) => {
            problems.push(Err(not_listed(catalog, repository, Some(tag), error)));
            false
        }
    });
    let listed = match options.newest {
        Some(most) => newest(catalog, repository, tags, most, options),
        None => {
            let tags = tags.iter();
            tags.flat_map(|tag| one_tag(catalog, repository, tag, options))
                .collect()
        }
    };
    problems.into_iter().chain(listed).collect()
}

/// The tags whose images were built last. Images without a time are the oldest; the names decide between equal times.
fn newest(
    catalog: &Catalog,
    repository: &str,
    tags: Vec<String>,
    most: usize,
    options: &ListOptions,
) -> Vec<Result<Listed, NotListed>> {
    let mut dated = Vec::new();
    let mut problems = Vec::new();
    for tag in tags {
        match catalog.resolve(repository, &tag, options.platform.as_ref(), true) {
            Ok(resolved) => dated.push((tag, resolved)),
            Err(error) => problems.push(Err(not_listed(catalog, repository, Some(&tag), error))),
        }
    }
    dated.sort_by(|(tag, resolved), (other_tag, other)| {
        let time = |resolved: &Resolved| resolved.created.as_deref().and_then(utc);
        let newest_first = time(other).cmp(&time(resolved));
        newest_first.then_with(|| by_numbers(other_tag, tag))
    });
    let chosen = dated.into_iter().take(most).flat_map(|(tag, resolved)| {
        let listed = Listed {
            repository: repository.to_owned(),
            tag,
            resolved: options.digests.then_some(resolved),
        };
        with_missing(catalog, listed)
    });
    problems.into_iter().chain(chosen).collect()
}

/// The time of a text such as `2026-11-30T10:00:00.5+01:00` (RFC 3339, section 5.6) in nanoseconds since the start of a leap cycle, UTC.
fn utc(text: &str) -> Option<i128> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = text.get(19..)?;
    let end = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at_checked(end)?;
    let digits: String = fraction.trim_start_matches('.').chars().take(9).collect();
    let nanoseconds: i64 = format!("{digits:0<9}").parse().ok()?;
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign, zone) => {
            let (hours, minutes) = zone.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1 March of year 0, when the leap cycle begins.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds))
}

/// Compares names with numbers in them as people do: `v1.9` before `v1.10`.
fn by_numbers(left: &str, right: &str) -> Ordering {
    let (mut left_rest, mut right_rest) = (left, right);
    while let (Some(left_part), Some(right_part)) = (first_part(left_rest), first_part(right_rest))
    {
        let is_number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
        let order = match is_number(left_part) && is_number(right_part) {
            true => {
                let left_number = left_part.trim_start_matches('0');
                let right_number = right_part.trim_start_matches('0');
                let by_length = left_number.len().cmp(&right_number.len());
                by_length.then_with(|| left_number.cmp(right_number))
            }
            false => left_part.cmp(right_part),
        };
        if order != Ordering::Equal {
            return order;
        }
        left_rest = left_rest.get(left_part.len()..).unwrap_or_default();
        right_rest = right_rest.get(right_part.len()..).unwrap_or_default();
    }
    let by_length = left_rest.len().cmp(&right_rest.len());
    by_length.then_with(|| left.cmp(right))
}

/// The digits, or the other characters, that a text begins with.
fn first_part(text: &str) -> Option<&str> {
    let first = text.chars().next()?.is_ascii_digit();
    let end = text.find(|c: char| c.is_ascii_digit() != first);
    text.get(..end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_split() {
        for (text, host, repository, tag) in [
            ("h.x", "h.x", None, None),
            ("h.x:5000/", "h.x:5000", None, None),
            ("h.x/a/b", "h.x", Some("a/b"), None),
            ("h.x:1/a:2", "h.x:1", Some("a"), Some("2")),
            ("h.x/a@sha256:1", "h.x", Some("a"), Some("sha256:1")),
            ("h.x/a:t@sha256:1", "h.x", Some("a"), Some("sha256:1")),
        ] {
            let place = Place::parse(text);
            let parts = (
                place.host.as_str(),
                place.repository.as_deref(),
                place.tag.as_deref(),
            );
            assert_eq!(parts, (host, repository, tag), "{text}");
        }
    }

    #[test]
    fn tags_are_ordered_by_their_numbers() {
        let mut tags = ["v1.10", "v1.9", "1.2", "v1.9.1", "latest", "v1.09"];
        tags.sort_by(|a, b| by_numbers(a, b));
        assert_eq!(tags, ["1.2", "latest", "v1.09", "v1.9", "v1.9.1", "v1.10"]);
    }
}
