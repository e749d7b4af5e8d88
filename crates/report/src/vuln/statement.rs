//! The statement on one finding, in words that several formats share.

use gospect_vuln::{Finding, Precision, Status};

/// `golang.org/x/net v0.17.0`, `go1.24.2`, with the module that it replaces.
pub(super) fn versions(finding: &Finding) -> String {
    let version = finding.version.as_deref().unwrap_or("version unknown");
    let linked = match finding.is_of_go() {
        true => version.to_owned(),
        false => format!("{} {version}", finding.module),
    };
    match &finding.replaced {
        Some(original) => format!("{linked} in place of {original}"),
        None => linked,
    }
}

/// The VEX statement about a finding. It states only what is proven.
pub(super) struct Statement {
    /// The status.
    pub status: Status,
    /// OpenVEX's word for why a product is not affected.
    pub justification: Option<&'static str>,
    /// Why, in a sentence.
    pub detail: String,
    /// What to do.
    pub action: Option<String>,
}

/// The statement about a finding. If something must be done or found out, it adds what the distribution of the owning package says.
pub(super) fn statement(finding: &Finding) -> Statement {
    let mut statement = proven(finding);
    if statement.status != Status::NotAffected {
        for said in finding.said_by_distribution() {
            statement.detail = format!("{}; {said}", statement.detail);
        }
    }
    statement
}

/// The statement that is proven by the program, or by a VEX document that the user gave.
fn proven(finding: &Finding) -> Statement {
    if let Some(vex) = &finding.vex {
        let reason = vex.justification.as_deref().unwrap_or("no reason given");
        return Statement {
            status: vex.status,
            justification: None,
            detail: format!("{reason} ({})", vex.source),
            action: (vex.status == Status::Affected).then(|| finding.advice()),
        };
    }
    if finding.names_linked_function() {
        return Statement {
            status: Status::Affected,
            justification: None,
            detail: format!("linked: {}", finding.symbols.join(", ")),
            action: Some(finding.advice()),
        };
    }
    if finding.absent {
        return Statement {
            status: Status::NotAffected,
            justification: Some("vulnerable_code_not_present"),
            detail: format!(
                "none of the functions that {} names is among the functions of the program",
                finding.id
            ),
            action: None,
        };
    }
    let detail = match finding.names {
        Precision::Nothing => format!("{} names neither packages nor functions", finding.id),
        Precision::Packages if finding.packages.is_empty() => format!(
            "{} names packages and no functions; none of these packages has a function in the program, but its variables may be used",
            finding.id
        ),
        Precision::Packages => format!(
            "{} names packages and no functions; linked: {}",
            finding.id,
            finding.packages.join(", ")
        ),
        Precision::Symbols => "not all functions of the program are known".to_owned(),
    };
    Statement {
        status: Status::UnderInvestigation,
        justification: None,
        detail,
        action: None,
    }
}
