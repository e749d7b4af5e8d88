//! What a rule says of itself: names, levels, options, page.

use crate::audit::finding::Level;
use crate::audit::options::OptionSpec;

/// What a rule is.
#[derive(Debug)]
pub struct Meta {
    /// Stable, `GS` and three digits.
    pub code: &'static str,
    /// Kebab-case; names what is found, not the cure.
    pub id: &'static str,
    /// One line, lower case, no full stop.
    pub summary: &'static str,
    /// Level in each built-in profile.
    pub levels: Levels,
    /// What a policy can set.
    pub options: &'static [OptionSpec],
    /// First gospect release that has it.
    pub since: &'static str,
    /// The page that `explain` shows, a file beside the rule: Markdown below `HEADINGS`. What is said of options comes from `options`.
    pub page: &'static str,
}

/// The headings of a page, in order.
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

/// Groups of rules, in the order of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Which Go built it.
    Toolchain,
    /// Where Go was, and what paths leaked.
    Goroot,
    /// GOEXPERIMENT.
    Experiments,
    /// GODEBUG and the environment.
    Godebug,
    /// Flags and settings of the build.
    Settings,
    /// Main module, dependencies, version control.
    Source,
    /// Whether the record can be believed.
    Integrity,
    /// How it is linked.
    Linkage,
    /// Whether it will run in its image.
    Image,
    /// Whether all that should be there is.
    Completeness,
    /// Whether the binaries of a run agree.
    Fleet,
    /// What Dockerfiles, Compose files, manifests, units and scripts say: rules of `gospect lint`.
    Deployment,
    /// The policy itself.
    Policy,
}

impl Family {
    /// Heading in the documentation and word in the JSON.
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
            Family::Deployment => "deployment",
            Family::Policy => "policy",
        }
    }
}

/// Level in each built-in profile; `None` is off.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    /// Without any configuration: few and true.
    pub default: Option<Level>,
    /// Files about to be published.
    pub release: Option<Level>,
    /// Container images.
    pub container: Option<Level>,
    /// Programs that must use the FIPS 140 module.
    pub fips: Option<Level>,
}

/// Levels in the order default, release, container, fips.
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

/// Short names for the tables of levels.
pub const OFF: Option<Level> = None;
/// See [`Level::Note`].
pub const NOTE: Option<Level> = Some(Level::Note);
/// See [`Level::Warning`].
pub const WARN: Option<Level> = Some(Level::Warning);
/// See [`Level::Error`].
pub const ERROR: Option<Level> = Some(Level::Error);
