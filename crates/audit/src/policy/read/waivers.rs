//! `[[waivers]]`: which findings are accepted, why and until when.

use super::{Reader, did_you_mean};
use crate::date::Date;
use crate::glob;
use crate::policy::model::Waiver;
use crate::rules::registry::RULES;
use gospect_knowledge::nearest;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Most custom rules to compare with the glob of a waiver when the policy is read.
const CUSTOM_LIMIT: usize = 200;

impl Reader<'_> {
    pub(super) fn waiver(&mut self, t: &DeTable, span: &Range<usize>) -> Option<Waiver> {
        self.only(
            t,
            "a waiver",
            &[
                "rule",
                "path",
                "vulnerability",
                "module",
                "reason",
                "expires",
            ],
        );
        let rule = self.required(t, "rule", "a waiver", span);
        let reason = self.required(t, "reason", "a waiver", span);
        if let (Some(node), Some(rule)) = (t.get("rule"), &rule) {
            self.waived_rule(rule, &node.span());
        }
        if let (Some(node), Some("")) = (t.get("reason"), reason.as_deref().map(str::trim)) {
            self.wrong(
                node.span(),
                "a waiver needs a reason".into(),
                "say why, for whoever reads this next".into(),
                None,
            );
        }
        let path = t.get("path").and_then(|n| {
            let p = self.string(n)?;
            self.glob("glob", &p, &n.span());
            Some(glob::without_dot(&p).to_owned())
        });
        let vulnerability = t.get("vulnerability").and_then(|n| self.string(n));
        let module = t.get("module").and_then(|n| {
            let module = self.string(n)?;
            self.glob("glob", &module, &n.span());
            Some(module)
        });
        let expires = t.get("expires").and_then(|n| {
            let text = match n.get_ref() {
                DeValue::Datetime(d) => d.to_string(),
                DeValue::String(s) => s.to_string(),
                _ => String::new(),
            };
            let date = Date::parse(&text);
            if date.is_none() {
                self.wrong(
                    n.span(),
                    "`expires` is not a day".into(),
                    "not a day".into(),
                    Some("write it as 2026-12-31".into()),
                );
            }
            date
        });
        Some(Waiver {
            rule: rule?,
            path: path.unwrap_or_else(|| "**".into()),
            vulnerability,
            module,
            reason: reason?,
            expires,
            at: self.at(span),
        })
    }

    /// Checks that the id, code or glob of a waiver names a rule.
    fn waived_rule(&mut self, rule: &str, span: &Range<usize>) {
        let known = RULES
            .iter()
            .any(|r| r.meta.code == rule || glob::matches(rule, r.meta.id))
            || self.custom_ids.contains(rule)
            || self
                .custom_ids
                .iter()
                .take(CUSTOM_LIMIT)
                .any(|id| glob::matches(rule, id));
        if known || !self.is_listed() {
            return;
        }
        let ids = RULES
            .iter()
            .map(|r| r.meta.id)
            .chain(self.custom_ids.iter().map(String::as_str));
        let help = nearest(rule, ids).map(did_you_mean);
        self.wrong(
            span.clone(),
            format!("there is no rule `{rule}`"),
            "unknown rule".into(),
            help,
        );
    }
}
