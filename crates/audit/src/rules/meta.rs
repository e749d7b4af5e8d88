//! The description of a rule: names, levels, options, page.

use crate::finding::Level;
use crate::options::OptionSpec;

/// The description of a rule.
#[derive(Debug)]
pub struct Meta {
    /// Stable code: `GS` and three digits.
    pub code: &'static str,
    /// Id in kebab-case; names what is found, not the cure.
    pub id: &'static str,
    /// One line, lower case, no full stop.
    pub summary: &'static str,
    /// Its level in each built-in profile.
    pub levels: Levels,
    /// The options that a policy can set.
    pub options: &'static [OptionSpec],
    /// The first gospect release with the rule; for a new rule the version in `Cargo.toml`, which is the release that is being prepared.
    pub since: &'static str,
    /// The page that `explain` shows, from a file beside the rule: Markdown with `HEADINGS`. The part on options is made from
    /// `options`.
    pub page: &'static str,
}

/// The headings of a page, in their order.
pub const HEADINGS: [&str; 4] = ["What", "Why", "Example", "Fix"];

impl Meta {
    /// The part of the page below one of `HEADINGS`.
    pub fn section(&self, heading: &str) -> &'static str {
        let mut sections = self.page.split("## ").map(str::trim);
        sections
            .find_map(|text| Some(text.strip_prefix(heading)?.trim_start()))
            .unwrap_or_default()
    }
}

/// Families of rules, in the order of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// The Go release that built it.
    Toolchain,
    /// GOROOT and leaked paths of the build host.
    Goroot,
    /// GOEXPERIMENT.
    Experiments,
    /// GODEBUG and the environment.
    Godebug,
    /// Flags and settings of the build.
    Settings,
    /// Main module, dependencies, version control.
    Source,
    /// Whether the build info can be trusted.
    Integrity,
    /// How it is linked.
    Linkage,
    /// Whether it will run in its image.
    Image,
    /// Whether everything that should be there is there.
    Completeness,
    /// Whether the programs of a run agree.
    Fleet,
    /// Known vulnerabilities in linked code.
    Vulnerabilities,
    /// What packages can do.
    Capabilities,
    /// Dockerfiles, Compose files, manifests, units and scripts: the rules of `gospect lint`.
    Deployment,
    /// The policy itself.
    Policy,
}

impl Family {
    /// The heading in the documentation, and the word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Family::Toolchain => "toolchain",
            Family::Goroot => "goroot",
            Family::Experiments => "experiments",
            Family::Godebug => "godebug",
            Family::Settings => "settings",
            Family::Source => "source",
            Family::Integrity => "integrity",
            Family::Linkage => "linkage",
            Family::Image => "image",
            Family::Completeness => "completeness",
            Family::Fleet => "fleet",
            Family::Vulnerabilities => "vulnerabilities",
            Family::Capabilities => "capabilities",
            Family::Deployment => "deployment",
            Family::Policy => "policy",
        }
    }
}

/// The level in each built-in profile; `None` is off.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    /// Without configuration: few findings, all of them true.
    pub default: Option<Level>,
    /// For files about to be published.
    pub release: Option<Level>,
    /// For container images.
    pub container: Option<Level>,
    /// For programs that must use the FIPS 140 module.
    pub fips: Option<Level>,
}

/// The levels in the order default, release, container, fips.
pub const fn levels(
    default: Option<Level>,
    release: Option<Level>,
    container: Option<Level>,
    fips: Option<Level>,
) -> Levels {
    Levels {
        default,
        release,
        container,
        fips,
    }
}

/// Off; short names for the tables of levels.
pub const OFF: Option<Level> = None;
/// See [`Level::Note`].
pub const NOTE: Option<Level> = Some(Level::Note);
/// See [`Level::Warning`].
pub const WARN: Option<Level> = Some(Level::Warning);
/// See [`Level::Error`].
pub const ERROR: Option<Level> = Some(Level::Error);
