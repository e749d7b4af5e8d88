use super::LISTED;
use crate::finding::Evidence;
use crate::fleet::{Place, SharedVulnerability};
use crate::rules::prelude::*;
use gospect_bytes::number;
use gospect_vuln as vuln;

pub const META: Meta = Meta {
    code: "GS706",
    id: "vulnerable-fleet",
    summary: "several programs or images have the same known vulnerability",
    levels: levels(NOTE, NOTE, NOTE, NOTE),
    options: &[
        OptionSpec {
            name: "least",
            kind: ValueKind::Number,
            default: D::Text("2"),
            doc: "Fewest images and programs outside of images that make a finding.",
        },
        OptionSpec {
            name: "linked",
            kind: ValueKind::Choice(&["symbol", "package", "module"]),
            default: D::Text("symbol"),
            doc: "How much must be linked: a vulnerable function, a vulnerable package, or no more than the module.",
        },
    ],
    since: "0.2.0",
    page: include_str!("vulnerable_fleet.md"),
};

/// Most names in the sentence.
const NAMED: usize = 4;

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    let least = ctx.options.text("least").and_then(|text| text.parse().ok());
    let least: usize = least.unwrap_or(2);
    let level = ctx.options.text("linked").and_then(vuln::Level::parse);
    let level = level.unwrap_or(vuln::Level::Symbol);
    for shared in ctx.fleet.vulnerabilities(level) {
        if shared.places.len() >= least.max(2) {
            sink.report(report(&shared));
        }
    }
    if ctx.fleet.not_counted > 0 {
        let count = ctx.fleet.not_counted;
        sink.report(
            Report::new(format!(
                "vulnerabilities of {} were not all compared with those of the others",
                number::count(count, "program", "programs")
            ))
            .salient("not compared")
            .unanswered()
            .help("raise `--memory`, or audit directories one by one"),
        );
    }
}

fn report(shared: &SharedVulnerability) -> Report {
    let finding = &shared.first;
    let (id, module) = (&finding.id, &finding.module);
    let cve = finding.cve().map(|cve| format!(" ({cve})"));
    let images = shared.places.iter().filter(|p| p.is_image()).count();
    let programs = shared.places.len() - images;
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let counts = [
        counted(images, "image", "images"),
        counted(programs, "program", "programs"),
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let mut report = Report::new(format!(
        "{id}{} of {module} is in {}: {}",
        cve.unwrap_or_default(),
        counts.join(" and "),
        names(shared)
    ))
    .see(Evidence::VULNERABILITY, id)
    .see(Evidence::MODULE, module)
    .salient(id)
    .salient(module)
    .help(advice(shared));
    for alias in &finding.aliases {
        report = report.see(Evidence::VULNERABILITY, alias);
    }
    for place in shared.places.iter().take(LISTED) {
        let kind = match place {
            Place::Image(..) => "image",
            Place::Program(_) => "program",
        };
        report = report.see(kind, place.name());
    }
    match shared.places.len().checked_sub(LISTED) {
        None | Some(0) => report,
        Some(more) => report.see("and", format!("{more} more")),
    }
}

/// The first places, and the number of the others.
fn names(shared: &SharedVulnerability) -> String {
    let places = shared.places.iter();
    let shown: Vec<&str> = places.take(NAMED).map(Place::name).collect();
    match shared.places.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What ends it in all of them.
fn advice(shared: &SharedVulnerability) -> String {
    let is_of_go = shared.first.is_of_go();
    let mut fixes: Vec<String> = shared.fixes.iter().cloned().collect();
    if is_of_go {
        fixes
            .iter_mut()
            .for_each(|fix| *fix = vuln::release_to_use(fix));
        fixes.dedup();
    }
    match fixes.as_slice() {
        [] | [_] => shared.first.advice(),
        fixes if is_of_go => {
            format!("rebuild with {} or newer", fixes.join(", "))
        }
        fixes => format!(
            "upgrade {} to {} or newer",
            shared.first.module,
            fixes.join(", ")
        ),
    }
}
