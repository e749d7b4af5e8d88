//! Lines of a policy file in advice. They hold names from files, so that what is copied means the name and nothing else.

use super::print::quote;
use crate::glob;

/// The setting that makes a rule allow these names, between backquotes: `` `RULE = { allow = ["NAME"] }` ``.
pub(crate) fn allow_line<S: AsRef<str>>(rule: &str, names: &[S]) -> String {
    let names = names.iter().map(|name| {
        let text = quote(&glob::literal(name.as_ref()));
        // A backquote would end the advice.
        text.replace('`', "\\u0060")
    });
    let names: Vec<String> = names.collect();
    format!("`{rule} = {{ allow = [{}] }}`", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::allow_line;
    use crate::policy::Policy;
    use crate::rules::registry::RULES;

    #[test]
    fn the_line_reads_back_as_the_name_whatever_it_holds() {
        for name in [
            "github.com/x/y",
            "Red Hat 1.22.5-1.el9",
            "a\"] }\n[[custom]]",
            "/opt/a[1]*{x}?/run",
            "back\\slash",
            "tick`tock",
            "tab\tand\u{1b}escape",
            "ünïcode",
        ] {
            let advice = allow_line("vendor-toolchain", &[name, "other"]);
            let line = advice.strip_prefix('`').and_then(|a| a.strip_suffix('`'));
            let line = line.unwrap();
            assert!(!line.contains(['`', '\n']), "{line}");
            let policy = Policy::load(&format!("[rules]\n{line}\n"), "p.toml").unwrap();
            let rows = policy.effective(&[]);
            let rule = RULES.iter().zip(&rows);
            let (rule, row) = rule
                .clone()
                .find(|(rule, _)| rule.meta.id == "vendor-toolchain")
                .unwrap();
            let options = rule.options(row);
            assert!(options.allows(name), "{line}");
            assert!(!options.allows("elsewhere"), "{line}");
        }
    }
}
