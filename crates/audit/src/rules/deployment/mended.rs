//! Advice for a part of a GODEBUG string that Go does not read: the right form, judged as if it were already written.

use super::effective_in;
use crate::assumed::newest;
use crate::known;
use crate::rules::debug_settings::malformed;
use crate::rules::prelude::FileCtx;
use gospect_deploy::Variable;
use gospect_knowledge::GoVersion;
use gospect_record::{EffectiveSetting, GodebugStatus};

/// What to do about the text of a malformed part of the variable.
pub(super) fn advice(ctx: &FileCtx, variable: &Variable, text: &str) -> String {
    let (label, pairs) = (&variable.label, pairs_of(text));
    if pairs.is_empty() {
        return format!("write KEY=VALUE, or take `{text}` out of {label}");
    }
    let mut useful = Vec::new();
    let mut reasons = Vec::new();
    for pair in pairs {
        match useless(ctx, variable, pair) {
            Some(why) => reasons.push(format!("`{pair}` {why}")),
            None => useful.push(pair),
        }
    }
    if useful.is_empty() {
        return format!(
            "take `{text}` out of {label}: written right, {}",
            reasons.join(", ")
        );
    }
    let mut advice = format!("write `{}` in its place", useful.join(","));
    if !reasons.is_empty() {
        let reasons = reasons.join(", ");
        advice = format!("{advice}, and leave out the rest: written right, {reasons}");
    }
    let minor = ctx
        .judge(variable.reader.runs(), variable.go.as_ref())
        .minor();
    let weak = useful.iter().filter(|pair| {
        let weakens = |(key, value)| known::weakens(key, value, minor).is_some();
        pair.split_once('=').is_some_and(weakens)
    });
    let weak: Vec<String> = weak.map(|pair| format!("`{pair}`")).collect();
    match weak.is_empty() {
        true => advice,
        false => format!("{advice}; but {} weakens security", weak.join(", ")),
    }
}

/// The settings that the text has without blanks, semicolons and quotes; none if any part is still no setting.
fn pairs_of(text: &str) -> Vec<&str> {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '"' | '\''));
    let pairs: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    match pairs.iter().any(|pair| malformed(pair)) {
        true => Vec::new(),
        false => pairs,
    }
}

/// Why a setting must not be written, if it stops the program or does nothing.
fn useless(ctx: &FileCtx, variable: &Variable, pair: &str) -> Option<String> {
    let key = pair.split('=').next()?;
    let status_in = |version: &GoVersion| {
        let settings = effective_in(ctx, variable, version, pair);
        let same = |setting: &EffectiveSetting| setting.key == key;
        let setting = settings.into_iter().find(same);
        let status = setting.and_then(|setting| setting.status.known());
        status.unwrap_or(GodebugStatus::Ok)
    };
    let judge = ctx.judge(variable.reader.runs(), variable.go.as_ref());
    let (status, name) = (status_in(&judge.version), judge.name());
    match status {
        GodebugStatus::Ok => None,
        GodebugStatus::Fatal => Some(format!("would stop a program of {name} at start")),
        // A later release may know it.
        _ if judge.at_least && status_in(&newest()) != status => None,
        _ => Some(format!("does nothing in {name}")),
    }
}
