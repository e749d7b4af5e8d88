//! Whether the build info can be trusted.

pub mod contradicted_claim;
pub mod fips_checksum_invalid;
pub mod hidden_build_info;
pub mod missing_build_info;
pub mod module_not_linked;
pub mod package_not_recorded;
pub mod packed_executable;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Integrity;

use super::prelude::{Ctx, Report};
use gospect_record::Linked;

/// Reports all names of a list from the function table in one finding, except those that the option `allow` matches. `say`
/// makes the message from their number and a plural `s`. Without functions nothing is known.
fn of_functions(
    ctx: &Ctx,
    key: &str,
    list: fn(&Linked) -> &[String],
    say: impl Fn(usize, &str) -> String,
) -> Option<Report> {
    let linked = ctx.binary.linked.as_ref().filter(|l| l.functions > 0)?;
    let names: Vec<&String> = list(linked)
        .iter()
        .filter(|n| !ctx.options.allows(n))
        .collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let first = Report::new(say(names.len(), plural));
    (!names.is_empty()).then(|| {
        names.iter().fold(first, |report, name| {
            report.see(key, name.as_str()).salient(name.as_str())
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Linked;

    /// A rule reports the names of its list, without those that are allowed, and nothing if there are no functions.
    pub(super) fn check_list(rule: &str, list: fn(&mut Linked) -> &mut Vec<String>) {
        let found = |functions: u64, policy: &str| {
            let binary = binary(|b| {
                let mut linked = Linked {
                    functions,
                    ..Linked::default()
                };
                *list(&mut linked) = vec!["example.com/a".into(), "example.com/b".into()];
                b.linked = Some(linked);
            });
            let setup = Setup {
                profile: "release",
                policy,
                rule,
                ..Setup::default()
            };
            setup.judge(&binary)
        };
        let all = found(100, "");
        assert_eq!((all.len(), all[0].evidence.len()), (1, 2));
        assert!(found(0, "").is_empty());
        let allowed = format!("[rules]\n{rule} = {{ allow = [\"example.com/*\"] }}");
        assert!(found(100, &allowed).is_empty());
    }
}
