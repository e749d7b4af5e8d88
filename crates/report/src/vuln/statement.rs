//! The statement on one finding, in words that several formats share.

use gospect_vuln::vex::Justification;
use gospect_vuln::{Finding, Precision, Program, Status, VersionFrom, Vex};

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
    /// Why a product is not affected, if a word of OpenVEX or CycloneDX says it.
    pub justification: Option<Justification>,
    /// Why, in a sentence.
    pub detail: String,
    /// What to do.
    pub action: Option<String>,
}

impl Statement {
    /// The statement about a product of which something is not known.
    pub fn not_known(why: &str) -> Self {
        Self {
            status: Status::UnderInvestigation,
            justification: None,
            detail: why.to_owned(),
            action: None,
        }
    }

    /// Whether something must be done or found out.
    pub fn asks_for_something(&self) -> bool {
        matches!(self.status, Status::Affected | Status::UnderInvestigation)
    }

    /// The statement about something that a program uses which was not judged.
    pub fn not_judged(program: &str) -> Self {
        Self {
            status: Status::UnderInvestigation,
            justification: None,
            detail: format!("{program} uses it too, and was not judged"),
            action: None,
        }
    }
}

/// The statement about a finding. If something must be done or found out, it adds what the distribution of the owning package says.
/// Nothing runs a program that a later layer hides, so that it is not affected as it is; but its bytes can be taken out of the image.
pub(super) fn statement(program: &Program, finding: &Finding) -> Statement {
    let mut statement = proven(finding);
    if program.is_hidden() && finding.vex.is_none() && statement.asks_for_something() {
        let detail = format!(
            "a later layer of the image hides the program, so that nothing starts it; {}",
            statement.detail
        );
        statement = Statement::not_known(&detail);
    }
    if statement.status != Status::NotAffected {
        for text in finding.said_by_distribution() {
            statement.detail = format!("{}; {text}", statement.detail);
        }
    }
    statement
}

/// The statement of a VEX document that the user gave, with the name of the document.
fn given(vex: &Vex, finding: &Finding) -> Statement {
    let said = vex.justification.as_deref();
    let justification = said.and_then(Justification::parse);
    let justification = justification.filter(|_| vex.status == Status::NotAffected);
    let reason = match (justification, said, vex.detail.as_deref()) {
        (Some(_), _, Some(detail)) => detail.to_owned(),
        (None, Some(said), Some(detail)) => format!("{said}; {detail}"),
        (_, said, detail) => said.or(detail).unwrap_or("no reason given").to_owned(),
    };
    Statement {
        status: vex.status,
        justification,
        detail: format!("{reason} ({})", vex.source),
        action: (vex.status == Status::Affected).then(|| finding.advice()),
    }
}

impl Statement {
    /// The detail in a format that has this word for the justification. A word that the format does not have stands in the detail.
    pub fn detail_beside(&self, word: Option<&str>) -> String {
        let unsaid = self.justification.filter(|_| word.is_none());
        let unsaid = unsaid.map(Justification::word);
        match unsaid.filter(|unsaid| !self.detail.starts_with(unsaid)) {
            Some(unsaid) => format!("{unsaid}: {}", self.detail),
            None => self.detail.clone(),
        }
    }
}

/// The statement that is proven by the program, or by a VEX document that the user gave.
fn proven(finding: &Finding) -> Statement {
    if let Some(vex) = &finding.vex {
        return given(vex, finding);
    }
    let is_doubtful = finding.version_from == VersionFrom::Contradicted;
    if finding.names_linked_function() && !is_doubtful {
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
            justification: Some(Justification::CODE_NOT_PRESENT),
            detail: format!(
                "none of the functions that {} names is among the functions of the program",
                finding.id
            ),
            action: None,
        };
    }
    let detail = match finding.names {
        _ if is_doubtful => {
            "the program shows that it is of another release than its record says".to_owned()
        }
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
