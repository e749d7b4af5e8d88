//! What a rule can read about its subject.

use super::Rule;
use crate::assumed::{Assumed, Judge};
use crate::baseline::Baseline;
use crate::date::Date;
use crate::finding::Level;
use crate::fix::{Build, BuildChange, Plan};
use crate::fleet::Fleet;
use crate::keys::KeyedRecord;
use crate::known::GoRelease;
use crate::options::Options;
use crate::policy::{Effective, Expectation, Policy, Waiver};
use gospect_deploy::{Deployment, Toolchain};
use gospect_record::{Binary, ImageRecord, ModuleList};
use gospect_verify::sums::Sum;
use gospect_vuln as vuln;
use std::cell::{OnceCell, RefCell};

/// What a rule can read about one program.
pub struct Ctx<'a> {
    /// The record.
    pub binary: &'a Binary,
    /// The image that holds it, if its record came before.
    pub image: Option<&'a ImageRecord>,
    /// The day for dates of support.
    pub today: Date,
    /// Its known vulnerabilities; `None`: there is no database.
    pub vulnerabilities: Option<&'a vuln::Program>,
    /// Whether a list says which vulnerabilities are exploited.
    pub knows_exploited: bool,
    /// Its checksums, compared with those of go.sum files; `None`: no files were given.
    pub sums: Option<&'a [Sum]>,
    /// Options of the running rule.
    pub options: Options<'a>,
    /// The release that built it, if its version names one.
    pub release: Option<GoRelease>,
    /// The baseline, to compare with an earlier state.
    pub baseline: Option<&'a Baseline>,
    /// The values that every program must have.
    pub expect: &'a [Expectation],
    /// All rules.
    pub rules: &'a [Rule],
    /// The settings of all rules for this program, in the same order.
    pub effective: &'a [Effective],
    /// The levels of the custom rules of the policy, in its order; `None`: off.
    pub custom_levels: &'a [Option<Level>],
    /// The policy.
    pub policy: &'a Policy,
    /// The record, readable by key.
    pub record: &'a KeyedRecord<'a>,
    /// Id of the running rule.
    pub rule: &'static str,
    /// The changes that the findings about this program want.
    pub plan: &'a RefCell<Plan>,
    /// Code of the running rule.
    pub code: &'static str,
    /// The waivers for the path of the program. Changes that a waived finding wants are left out of the advice of others.
    pub waived: &'a OnceCell<Vec<&'a Waiver>>,
}

impl<'a> Ctx<'a> {
    /// The recorded value of a build setting.
    pub fn setting(&self, key: &str) -> Option<&'a str> {
        self.binary.build_info.as_ref()?.setting(key)
    }

    /// The Go release, for use in messages.
    pub fn version(&self) -> &'a str {
        let version = self.binary.go_version.as_deref();
        version.unwrap_or("this Go release")
    }

    /// Whether it was built in GOPATH mode; then there is no go.mod to mention.
    pub fn is_gopath(&self) -> bool {
        self.binary.module_list() == ModuleList::Gopath
    }

    /// Whether Bazel built it; then the `go` command cannot.
    pub fn is_bazel(&self) -> bool {
        self.binary.module_list() == ModuleList::Bazel
    }

    /// `os/arch`; an unknown part is `?`.
    pub fn port(&self) -> String {
        self.binary.port_text()
    }

    /// Whether a later layer hides it in the final image, so that nothing can start it.
    pub fn hidden(&self) -> bool {
        self.binary.location.visible == Some(false)
    }

    /// The command that builds this program again with `changes`, for help texts. It repeats recorded settings, and includes
    /// what the other findings about the program want.
    pub fn go_build(&self, changes: &[BuildChange]) -> String {
        let is_asked = self.ask(self.rule, self.code, changes);
        let mut plan = self.plan.borrow_mut();
        if is_asked {
            let command = plan.command(self.binary);
            plan.advise(&command, self.named(changes));
            return command;
        }
        // The finding is waived, so its changes are not added to the shared plan.
        let mut own = plan.clone();
        for change in changes {
            own.ask(self.rule, change);
        }
        let command = own.command(self.binary);
        plan.advise(&command, self.named(changes));
        command
    }

    /// The changes that advice names by flags and variables of the `go` command; none where Bazel builds.
    fn named<'c>(&self, changes: &'c [BuildChange]) -> &'c [BuildChange] {
        match self.is_bazel() {
            true => &[],
            false => changes,
        }
    }

    /// Asks the next build for the changes that a rule wants; false: a waiver covers its finding, so the build leaves them out.
    pub(crate) fn ask(&self, rule: &str, code: &str, changes: &[BuildChange]) -> bool {
        let waived = self.waived.get_or_init(|| {
            let all = self.policy.waivers.iter();
            let in_force = all.filter(|w| w.expires.is_none_or(|day| day >= self.today));
            in_force.filter(|w| w.is_at(&self.binary.path)).collect()
        });
        let is_waived = waived.iter().any(|w| w.names(rule, code));
        let mut plan = self.plan.borrow_mut();
        for change in changes.iter().filter(|_| !is_waived) {
            plan.ask(rule, change);
        }
        !is_waived
    }

    /// The build of this program with everything that was asked for.
    pub(crate) fn build(&self, changes: &[BuildChange]) -> Build {
        let mut plan = self.plan.borrow_mut();
        Build {
            command: plan.command(self.binary),
            part: plan.parts(self.named(changes)),
            agreement: None,
        }
    }

    /// The settings of the rule with this id, and the rule.
    pub fn other(&self, id: &str) -> Option<(&'a Effective, &'a Rule)> {
        let mut rules = self.effective.iter().zip(self.rules);
        rules.find(|(_, rule)| rule.meta.id == id)
    }

    /// The minor release that builds the program next: its own, or that of the toolchain that findings want.
    pub fn next_minor(&self) -> Option<u32> {
        let plan = self.plan.borrow();
        let wanted = plan.toolchain().and_then(GoRelease::parse);
        self.release
            .into_iter()
            .chain(wanted)
            .map(|r| r.minor)
            .max()
    }

    /// The minor release to propose for the `go` line of the main module: `minor` or later.
    pub fn go_line(&self, minor: u32) -> u32 {
        self.plan.borrow_mut().go_line(minor)
    }
}

/// What a rule can read about one image.
pub struct ImageCtx<'a> {
    /// The record.
    pub image: &'a ImageRecord,
    /// Options of the running rule.
    pub options: Options<'a>,
    /// Its Go programs.
    pub binaries: &'a [InImage],
}

/// A program of an image, as image rules need it.
#[derive(Clone, Debug, Default)]
pub struct InImage {
    /// Path in the image.
    pub path: String,
    /// Whether ENTRYPOINT or CMD starts it.
    pub started: bool,
    /// Whether no later layer hides it.
    pub visible: bool,
    /// Import path.
    pub main_package: Option<String>,
}

/// What a rule can read about one deployment file.
pub struct FileCtx<'a> {
    /// The file.
    pub file: &'a Deployment,
    /// The Go release that the user names, if any.
    pub assumed: &'a Assumed,
    /// Options of the running rule.
    pub options: Options<'a>,
}

impl FileCtx<'_> {
    /// The release by which to judge something that the program reads (`runs`), or else the `go` command; `go` is what the file
    /// says about the toolchain.
    pub(super) fn judge(&self, runs: bool, go: Option<&Toolchain>) -> Judge {
        self.assumed.judge(runs, go.or(self.file.around.as_ref()))
    }
}

/// What a rule can read about the whole run.
pub struct RunCtx<'a> {
    /// Options of the running rule.
    pub options: Options<'a>,
    /// The programs, with a short row for each.
    pub fleet: &'a Fleet,
    /// The day of the audit.
    pub today: Date,
    /// The vulnerability database that was used.
    pub database: Option<&'a vuln::Source>,
}
