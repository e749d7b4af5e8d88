//! Which parts of a policy cannot be answered when the modules of a program are unknown.

use super::effective;
use crate::keys::DEPENDENCIES;
use crate::policy::Custom;
use crate::policy::condition::{Condition, Operator};
use crate::rules::prelude::*;
use crate::{glob, majors};
use gospect_record::{Binary, ModuleList, StandIn};

/// Rules that need more than paths whatever their options are, and what they need. `denied-module` and `module-below-floor` are
/// checked entry by entry.
const NEEDS: [(&str, &str); 8] = [
    ("missing-sum", "checksums"),
    ("module-sum-conflict", "checksums"),
    ("replaced-module", "replacements"),
    ("local-replace", "replacements"),
    ("unversioned-dependency", "versions"),
    ("unversioned-main", "the version of the main module"),
    ("mixed-dependencies", "versions"),
    ("module-not-linked", "the list of modules"),
];

/// The parts of the policy that cannot be answered for this program. `rows` are its stand-ins.
pub fn unanswered(ctx: &Ctx, rows: &[StandIn<'_>]) -> Vec<String> {
    let paths = ModulePaths::of(ctx.binary, rows);
    let mut parts = denied_modules(ctx, &paths);
    for floor in entries(ctx, "module-below-floor", "minimum") {
        let path = floor.rsplit_once('@').map(|(path, _)| path);
        if path.is_some_and(|path| paths.may_be_there(path)) {
            parts.push(format!("module-below-floor `{floor}`"));
        }
    }
    if paths.list != ModuleList::Recorded {
        let needed = NEEDS.iter().filter(|(id, _)| is_asked(ctx, id));
        parts.extend(needed.map(|(id, what)| format!("{id} ({what})")));
    }
    for (custom, level) in ctx.policy.custom.iter().zip(ctx.custom_levels) {
        if level.is_some() {
            parts.extend(custom_rule(custom, &paths));
        }
    }
    parts
}

/// Whether the policy sets a rule that is on.
fn is_asked(ctx: &Ctx, id: &str) -> bool {
    let row = ctx.other(id).map(|(row, _)| row);
    row.is_some_and(|row| row.is_set && row.level.is_some())
}

/// The entries of a list option of a rule that the policy sets.
fn entries<'a>(ctx: &Ctx<'a>, id: &str, option: &str) -> Vec<&'a str> {
    match ctx.other(id).filter(|_| is_asked(ctx, id)) {
        Some((row, rule)) => rule.options(row).list(option),
        None => Vec::new(),
    }
}

/// The entries of `denied-module` that cannot be answered.
fn denied_modules(ctx: &Ctx, paths: &ModulePaths<'_>) -> Vec<String> {
    let mut parts = Vec::new();
    for entry in entries(ctx, "denied-module", "deny") {
        let is_unanswered = match entry.rsplit_once('@') {
            Some((path, version)) => {
                paths.may_be_there(path)
                    || (!glob::is_literal(path) && paths.is_lost(path, Some(version)))
            }
            None => paths.is_open(entry),
        };
        if is_unanswered {
            parts.push(format!("denied-module `{entry}`"));
        }
    }
    let row = ctx.other("denied-module").map(|(row, _)| row);
    let has_allow = row.is_some_and(|row| row.options.iter().any(|(name, _)| *name == "allow"));
    if is_asked(ctx, "denied-module") && has_allow {
        let allow = entries(ctx, "denied-module", "allow");
        let may_be = |row: &StandIn<'_>| {
            !majors::all_match(&allow, row)
                && allow.iter().any(|pattern| majors::may_match(pattern, row))
        };
        if paths.may_be_any() || paths.has_open(may_be) {
            parts.push("denied-module `allow`".to_owned());
        }
    }
    parts
}

/// The keys of a custom rule that cannot be answered.
fn custom_rule(custom: &Custom, paths: &ModulePaths<'_>) -> Vec<String> {
    let asks = |key: &str, operator: Operator, values: &[String]| {
        let any = |is_unanswered: &dyn Fn(&str) -> bool| values.iter().any(|v| is_unanswered(v));
        match key.strip_prefix("modules.") {
            Some(path) if operator.is_unary() => paths.is_open(path),
            Some(path) => paths.may_be_there(path),
            None if key == DEPENDENCIES && operator == Operator::Contains => {
                paths.may_be_any() || any(&|text| paths.may_contain(text))
            }
            None if key == DEPENDENCIES => !paths.has_names || any(&|path| paths.is_open(path)),
            None => {
                key.starts_with("build_info.Deps")
                    || key == "build_info.Main.Version"
                    || key == "build_info.Main.Sum"
            }
        }
    };
    let keys = conditions(&custom.when, &asks).into_iter();
    keys.map(|key| format!("{} (`{key}`)", custom.id)).collect()
}

/// What is known about the module paths of a program.
struct ModulePaths<'a> {
    binary: &'a Binary,
    list: ModuleList,
    /// Whether package names are known. Without them any path may be linked in.
    has_names: bool,
    /// Stand-ins for modules other than the main one.
    others: Vec<&'a StandIn<'a>>,
}

impl<'a> ModulePaths<'a> {
    fn of(binary: &'a Binary, rows: &'a [StandIn<'a>]) -> Self {
        let list = binary.module_list();
        Self {
            binary,
            list,
            has_names: list == ModuleList::Recorded || binary.has_package_names(),
            others: rows.iter().filter(|row| !row.is_own).collect(),
        }
    }

    /// Whether any path may be linked in.
    fn may_be_any(&self) -> bool {
        !self.has_names || self.list == ModuleList::Cut
    }

    /// Whether the modules are unknown, and this holds for one of the stand-ins.
    fn has_open(&self, holds: impl Fn(&StandIn<'_>) -> bool) -> bool {
        majors::are_open(self.list) && self.others.iter().any(|row| holds(row))
    }

    /// Whether a matching path is certainly linked in.
    fn is_shown(&self, pattern: &str) -> bool {
        let mut paths = self.others.iter().flat_map(|row| row.module_paths());
        paths.any(|path| glob::matches(pattern, path))
    }

    /// Whether a matching module may be missing from a damaged list.
    fn is_lost(&self, pattern: &str, version: Option<&str>) -> bool {
        let info = self.binary.build_info.iter();
        let mut modules = info.flat_map(|info| &info.deps).map(effective);
        let is = |have: &str| version.is_none_or(|version| glob::matches(version, have));
        self.list == ModuleList::Cut
            && !modules.any(|module| glob::matches(pattern, &module.path) && is(&module.version))
    }

    /// Whether a path is neither certainly linked in nor certainly absent.
    fn is_open(&self, pattern: &str) -> bool {
        !self.has_names
            || (!self.is_shown(pattern)
                && (self.is_lost(pattern, None)
                    || self.has_open(|row| majors::may_match(pattern, row))))
    }

    fn may_be_there(&self, pattern: &str) -> bool {
        self.is_open(pattern) || self.is_shown(pattern)
    }

    /// Whether an unknown path may contain a text that no known path contains.
    fn may_contain(&self, text: &str) -> bool {
        let mut paths = self.others.iter().flat_map(|row| row.module_paths());
        !paths.any(|path| path.contains(text))
            && self.has_open(|row| majors::may_contain(text, row))
    }
}

/// Keys of a condition that only build info can answer.
fn conditions<'c>(
    when: &'c Condition,
    asks: &dyn Fn(&str, Operator, &[String]) -> bool,
) -> Vec<&'c str> {
    match when {
        Condition::All(list) | Condition::Any(list) => {
            list.iter().flat_map(|c| conditions(c, asks)).collect()
        }
        Condition::Not(c) => conditions(c, asks),
        Condition::Test {
            key,
            operator,
            values,
        } => asks(key, *operator, values)
            .then_some(key.as_str())
            .into_iter()
            .collect(),
    }
}
