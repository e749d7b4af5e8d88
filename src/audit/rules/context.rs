//! What a rule sees of its subject.

use super::Rule;
use crate::audit::assumed::{Assumed, Judge};
use crate::audit::baseline::Baseline;
use crate::audit::date::Date;
use crate::audit::fix::{Change, Plan};
use crate::audit::fleet::Fleet;
use crate::audit::keys::Record;
use crate::audit::known::Release;
use crate::audit::options::Options;
use crate::audit::policy::{Effective, Expectation, Policy, Waiver};
use crate::deploy::{Deployment, Toolchain};
use crate::record::{Binary, ImageRecord, ModuleList};
use std::cell::{OnceCell, RefCell};

/// What a rule sees of one binary.
pub struct Ctx<'a> {
    /// The record.
    pub binary: &'a Binary,
    /// The image it is in, when its record came before.
    pub image: Option<&'a ImageRecord>,
    /// The day to judge by.
    pub today: Date,
    /// Options of the rule that looks.
    pub options: Options<'a>,
    /// The release that built it, when its version is one.
    pub release: Option<Release>,
    /// What was there at an earlier time.
    pub baseline: Option<&'a Baseline>,
    /// What every binary must say.
    pub expect: &'a [Expectation],
    /// Every rule, and what holds for it here.
    pub rules: &'a [Rule],
    /// What holds for every rule here, in the same order.
    pub effective: &'a [Effective],
    /// The policy.
    pub policy: &'a Policy,
    /// The record by key.
    pub record: &'a Record<'a>,
    /// Id of the rule that looks.
    pub rule: &'static str,
    /// What the findings about this binary ask for.
    pub plan: &'a RefCell<Plan>,
    /// Code of the rule that looks.
    pub code: &'static str,
    /// Waivers in force at the path of the binary. What a waived finding asks for does not count for the advice of others.
    pub waived: &'a OnceCell<Vec<&'a Waiver>>,
}

impl<'a> Ctx<'a> {
    /// The recorded value of a build setting.
    pub fn setting(&self, key: &str) -> Option<&'a str> {
        self.binary.build_info.as_ref()?.setting(key)
    }

    /// The Go release, for messages.
    pub fn version(&self) -> &'a str {
        let version = self.binary.go_version.as_deref();
        version.unwrap_or("this Go release")
    }

    /// Built in GOPATH mode, where there is no go.mod that a text may speak of.
    pub fn is_gopath(&self) -> bool {
        self.binary.module_list() == ModuleList::Gopath
    }

    /// Built by Bazel, which the `go` command knows nothing of.
    pub fn is_bazel(&self) -> bool {
        self.binary.module_list() == ModuleList::Bazel
    }

    /// `os/arch`; an unknown part is `?`.
    pub fn port(&self) -> String {
        self.binary.port_text()
    }

    /// True when a lower layer's copy is hidden in the final image: nothing can start it.
    pub fn hidden(&self) -> bool {
        self.binary.location.visible == Some(false)
    }

    /// The command that builds this program again with `changes`, for help texts: recorded settings are repeated, and what other findings
    /// about it ask for is there too.
    pub fn go_build(&self, changes: &[Change]) -> String {
        let mut plan = self.plan.borrow_mut();
        let waived = self.waived.get_or_init(|| {
            let all = self.policy.waivers.iter();
            let in_force = all.filter(|w| w.expires.is_none_or(|day| day >= self.today));
            in_force.filter(|w| w.is_at(&self.binary.path)).collect()
        });
        if !waived.iter().any(|w| w.names(self.rule, self.code)) {
            for change in changes {
                plan.ask(self.rule, change);
            }
            return plan.command(self.binary);
        }
        // Waived: what this finding asks for is its own business.
        let mut own = plan.clone();
        for change in changes {
            own.ask(self.rule, change);
        }
        own.command(self.binary)
    }

    /// What holds here for the rule with that id.
    pub fn other(&self, id: &str) -> Option<(&'a Effective, &'a Rule)> {
        let mut rules = self.effective.iter().zip(self.rules);
        rules.find(|(_, rule)| rule.meta.id == id)
    }

    /// The minor to propose for the `go` line of the main module, at least `minor`.
    pub fn go_line(&self, minor: u32) -> u32 {
        self.plan.borrow_mut().go_line(minor)
    }
}

/// What a rule sees of one image.
pub struct ImageCtx<'a> {
    /// The record.
    pub image: &'a ImageRecord,
    /// Options of the rule that looks.
    pub options: Options<'a>,
    /// Its Go binaries: path in the image, whether ENTRYPOINT or CMD starts it, whether it is visible, main package.
    pub binaries: &'a [InImage],
}

/// What image rules need to know of a binary.
#[derive(Clone, Debug, Default)]
pub struct InImage {
    /// Path in the image.
    pub path: String,
    /// ENTRYPOINT or CMD starts it.
    pub started: bool,
    /// Not hidden by a later layer.
    pub visible: bool,
    /// Import path.
    pub main_package: Option<String>,
}

/// What a rule sees of one deployment file.
pub struct FileCtx<'a> {
    /// The file.
    pub file: &'a Deployment,
    /// The Go release that the user names, if any.
    pub assumed: &'a Assumed,
    /// Options of the rule that looks.
    pub options: Options<'a>,
}

impl FileCtx<'_> {
    /// The release for something that is read by the program (`runs`) or by the `go` command; `go` is what the file says
    /// of the place.
    pub(super) fn judge(&self, runs: bool, go: Option<&Toolchain>) -> Judge {
        self.assumed.judge(runs, go.or(self.file.around.as_ref()))
    }
}

/// What a rule sees of the whole run.
pub struct RunCtx<'a> {
    /// Options of the rule that looks.
    pub options: Options<'a>,
    /// One short row a binary.
    pub fleet: &'a Fleet,
}
