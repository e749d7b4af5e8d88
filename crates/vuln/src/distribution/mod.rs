//! Lists in which distributions say which version of a package fixes a vulnerability, given by the user.
//!
//! A distribution fixes programs without changing the version of their modules, so only its own list tells whether the installed package has the fix. What a list says is shown
//! with the finding and takes nothing back: a list is about a package as a whole, and nothing in the program proves it.

mod lists;
mod order;
mod osv;
mod rows;

pub use lists::FixListError;
pub use rows::TooManyRows;

use gospect_record::{Owner, PackageKind};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

/// Longest list, expanded: that of Debian has 70 MB.
pub const LARGEST: u64 = 256 << 20;

/// What a list says about a vulnerability and the installed package. Ordered: `NoFix` is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixStatus {
    /// The package was never affected, or its installed version is older than the fault.
    NotAffected,
    /// The installed version has the fix.
    Fixed,
    /// A newer version of the package has the fix.
    UpdateAvailable,
    /// No version of the package has a fix.
    NoFix,
}

/// What the list of a distribution says about a vulnerability of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistributionFix {
    /// What the installed version is.
    pub status: FixStatus,
    /// The source package, as the list names it.
    pub package: String,
    /// The distribution with its release, such as `debian 12`.
    pub distribution: String,
    /// The installed version of the source package.
    pub installed: String,
    /// The version of the source package that has the fix; `None`: no version has it, or it is not affected.
    pub fixed: Option<String>,
    /// The list that was read.
    pub source: String,
}

/// `debian 12 fixes it in acme 1.0-2+deb12u2, and 1.0-2+deb12u1 is installed (data.json)`.
impl fmt::Display for DistributionFix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            package,
            distribution,
            installed,
            source,
            ..
        } = self;
        let fixed = match &self.fixed {
            Some(fixed) => format!("{package} {fixed}"),
            None => format!("an older {package}"),
        };
        match self.status {
            FixStatus::Fixed => write!(
                f,
                "{distribution} fixed it in {fixed}, and {installed} is installed"
            ),
            FixStatus::UpdateAvailable => write!(
                f,
                "{distribution} fixes it in {fixed}, but {installed} is installed: update the package"
            ),
            FixStatus::NoFix => write!(f, "{distribution} has no fix of {package} {installed}"),
            FixStatus::NotAffected => {
                write!(
                    f,
                    "{distribution} says that {package} {installed} is not affected"
                )
            }
        }?;
        write!(f, " ({source})")
    }
}

/// A release of a distribution; rolling ones have no version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Release {
    distribution: &'static Distribution,
    version: Option<String>,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.distribution.id)?;
        match &self.version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

/// How the releases of a distribution are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Naming {
    /// By the whole `VERSION_ID`.
    Whole,
    /// By its first two numbers, and `edge`, whose `VERSION_ID` is that of a release to come: `3.21_alpha20240923`.
    TwoNumbers,
    /// There is one release.
    Rolling,
}

/// A distribution whose lists are read.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Distribution {
    /// `ID` of os-release.
    id: &'static str,
    /// Its name in the ecosystems of OSV (<https://ossf.github.io/osv-schema/#defined-ecosystems>).
    ecosystem: &'static str,
    kind: PackageKind,
    naming: Naming,
}

const fn distribution(
    id: &'static str,
    ecosystem: &'static str,
    kind: PackageKind,
    naming: Naming,
) -> Distribution {
    Distribution {
        id,
        ecosystem,
        kind,
        naming,
    }
}

static DISTRIBUTIONS: [Distribution; 5] = [
    distribution("debian", "Debian", PackageKind::Deb, Naming::Whole),
    distribution("ubuntu", "Ubuntu", PackageKind::Deb, Naming::Whole),
    distribution("alpine", "Alpine", PackageKind::Apk, Naming::TwoNumbers),
    distribution("wolfi", "Wolfi", PackageKind::Apk, Naming::Rolling),
    distribution(
        "chainguard",
        "Chainguard",
        PackageKind::Apk,
        Naming::Rolling,
    ),
];

impl Distribution {
    fn of_id(id: &str) -> Option<&'static Self> {
        DISTRIBUTIONS.iter().find(|one| one.id == id)
    }

    fn compare(&self, a: &str, b: &str) -> Option<Ordering> {
        match self.kind {
            PackageKind::Apk => order::apk(a, b),
            _ => order::dpkg(a, b),
        }
    }

    /// The release with this `VERSION_ID`; `None`: the lists do not tell it from others.
    fn release(&'static self, version_id: Option<&str>) -> Option<Release> {
        let version = match self.naming {
            Naming::Rolling => None,
            Naming::Whole => Some(version_id?.to_owned()),
            Naming::TwoNumbers => Some(two_numbers(version_id?)?),
        };
        Some(Release {
            distribution: self,
            version,
        })
    }
}

/// `3.20` of `3.20.3` and `v3.20`; `edge` of `edge` and `3.21_alpha20240923`.
fn two_numbers(version: &str) -> Option<String> {
    if version == "edge" || version.contains("_alpha") {
        return Some("edge".to_owned());
    }
    let version = version.strip_prefix('v').unwrap_or(version);
    let mut numbers = version.split('.');
    Some(format!("{}.{}", numbers.next()?, numbers.next()?))
}

/// The affected versions of a package, from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    /// First affected version; `None`: every version before the end.
    from: Option<String>,
    until: Until,
    /// The number of the list.
    list: usize,
}

/// The end of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Until {
    /// First version with the fix.
    Fixed(String),
    /// Last affected version.
    Last(String),
    /// No version ends it.
    Open,
}

/// The spans of each vulnerability of each source package.
type Packages = HashMap<String, HashMap<String, Vec<Span>>>;

/// All lists together.
#[derive(Clone, Debug, Default)]
pub struct DistributionFixes {
    /// The names of the lists.
    lists: Vec<String>,
    releases: HashMap<Release, Packages>,
    rows: usize,
}

impl DistributionFixes {
    /// Whether no list was read.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Reads one list, which may be gzipped: the secdb of Alpine, Wolfi or Chainguard, the JSON of Debian's security tracker, or OSV documents of
    /// these distributions and Ubuntu. `name` is its name in reports. Only the vulnerabilities that `is_wanted` names are kept.
    ///
    /// # Errors
    /// [`FixListError`] says what is wrong with it; then none of it is used.
    pub fn read(
        &mut self,
        bytes: &[u8],
        name: &str,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> Result<(), FixListError> {
        let rows = lists::read(bytes, is_wanted)?;
        self.rows = self.rows.saturating_add(rows.len());
        if self.rows > rows::MOST {
            return Err(TooManyRows.into());
        }
        let list = self.lists.len();
        self.lists.push(name.to_owned());
        for row in rows {
            let packages = self.releases.entry(row.release).or_default();
            let vulnerabilities = packages.entry(row.package).or_default();
            let spans = vulnerabilities.entry(row.vulnerability).or_default();
            spans.push(Span {
                from: row.from,
                until: row.until,
                list,
            });
        }
        Ok(())
    }

    /// What the lists say about a vulnerability with any of these IDs and the package that owns a program; `None`: nothing.
    pub fn of<'i>(
        &self,
        owner: &Owner,
        ids: impl IntoIterator<Item = &'i str>,
    ) -> Option<DistributionFix> {
        let distribution = Distribution::of_id(owner.distribution.as_deref()?)?;
        if owner.kind != distribution.kind {
            return None;
        }
        let release = distribution.release(owner.release.as_deref())?;
        let packages = self.releases.get(&release)?;
        let (package, installed) = match &owner.source {
            Some(source) => {
                let version = source.version.as_ref().unwrap_or(&owner.version);
                (&source.name, version)
            }
            None => (&owner.name, &owner.version),
        };
        let vulnerabilities = packages.get(package)?;
        let spans: Vec<&Span> = ids
            .into_iter()
            .filter_map(|id| vulnerabilities.get(id))
            .flatten()
            .collect();
        let answer = judge(distribution, installed, &spans)?;
        Some(DistributionFix {
            status: answer.status,
            package: package.clone(),
            distribution: release.to_string(),
            installed: installed.clone(),
            fixed: answer.fixed.map(str::to_owned),
            source: self.lists.get(answer.list)?.clone(),
        })
    }
}

/// What one or more spans say about the installed version.
struct Answer<'s> {
    status: FixStatus,
    fixed: Option<&'s str>,
    /// The number of the list.
    list: usize,
}

/// What the spans say about a version: if any of them has it, it is affected. `None`: they say nothing, or nothing that can be compared.
fn judge<'s>(
    distribution: &Distribution,
    installed: &str,
    spans: &[&'s Span],
) -> Option<Answer<'s>> {
    let mut worst: Option<Answer> = None;
    for span in spans {
        let order = |version: &str| distribution.compare(installed, version);
        let is_before = match &span.from {
            Some(from) => order(from)?.is_lt(),
            None => false,
        };
        let (status, fixed) = match &span.until {
            // Version 0 is before every version: the package was never affected.
            Until::Fixed(fixed) if fixed == "0" => (FixStatus::NotAffected, None),
            _ if is_before => (FixStatus::NotAffected, None),
            Until::Fixed(fixed) => match order(fixed)?.is_lt() {
                true => (FixStatus::UpdateAvailable, Some(fixed.as_str())),
                false => (FixStatus::Fixed, Some(fixed.as_str())),
            },
            Until::Last(last) => match order(last)?.is_le() {
                true => (FixStatus::NoFix, None),
                false => (FixStatus::Fixed, None),
            },
            Until::Open => (FixStatus::NoFix, None),
        };
        let answer = Answer {
            status,
            fixed,
            list: span.list,
        };
        worst = Some(match worst {
            Some(worst) if !is_worse(distribution, &answer, &worst) => worst,
            _ => answer,
        });
    }
    worst
}

/// Whether an answer is worse than another. Of two that name a fix, the later version counts: it has all parts of the fix.
fn is_worse(distribution: &Distribution, answer: &Answer, other: &Answer) -> bool {
    let by_version = || match (answer.fixed, other.fixed) {
        (Some(a), Some(b)) => distribution.compare(a, b).unwrap_or(Ordering::Equal),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    let by_status = answer.status.cmp(&other.status);
    by_status.then_with(by_version).is_gt()
}

#[cfg(test)]
mod tests;
