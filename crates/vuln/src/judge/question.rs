//! About which functions of a program its judgement asks.

use super::super::database::{Affected, Damaged, Database};
use super::super::finding::VersionFrom;
use super::super::modules::{Subject, subjects};
use super::super::version::affects;
use super::{Judge, linked_path};
use gospect_record::Binary;
use gospect_record::functions::Question;

/// The functions and packages about which [`judge`](super::judge) asks, from a record that lists the packages. The record may lack what is only known
/// from outside the program, such as a version in its file name: the result includes what any version asks for.
///
/// # Errors
/// When the database is damaged.
pub fn question(binary: &Binary, database: &Database) -> Result<Question, Damaged> {
    let judge = Judge::new(binary, database);
    let mut question = Question {
        // Packages of a frozen module have other paths than their folders.
        all_packages: judge.linked.has_frozen(),
        ..Question::default()
    };
    let (paths, _) = judge.unlisted_modules();
    for subject in subjects(binary)
        .into_iter()
        .chain(paths.iter().map(|path| Subject::unlisted(path)))
    {
        judge.ask(&subject, &mut question)?;
    }
    Ok(question)
}

impl Judge<'_> {
    /// Adds what is asked about one module.
    fn ask(&self, subject: &Subject, question: &mut Question) -> Result<(), Damaged> {
        // Another claim may be known later.
        let may_change = matches!(subject.from, None | Some(VersionFrom::Claim));
        let version = subject.version.as_ref().filter(|_| !may_change);
        for group in self
            .database
            .for_module(&subject.path)?
            .chunk_by(|a, b| a.entry == b.entry)
        {
            if group.first().is_none_or(|first| first.entry.withdrawn) {
                continue;
            }
            let fitting: Vec<&Affected> = group.iter().filter(|a| self.fits_port(a)).collect();
            let applies = |affected: &&&Affected| version.is_none_or(|v| affects(affected, v));
            let mut applying: Vec<&Affected> = fitting.iter().filter(applies).copied().collect();
            if applying.is_empty() && self.names_frozen(subject, &fitting) {
                applying = fitting;
            }
            for affected in applying {
                self.ask_about(affected, subject, question)?;
            }
        }
        Ok(())
    }

    fn ask_about(
        &self,
        affected: &Affected,
        subject: &Subject,
        question: &mut Question,
    ) -> Result<(), Damaged> {
        if affected.packages.is_empty() {
            question.modules.insert(subject.code.clone());
        }
        for package in affected.packages.iter().filter(|p| self.is_for(p)) {
            let path = linked_path(package.path, subject);
            let mut paths = self.paths_in_program(&path, subject);
            if paths.is_empty() {
                paths.push(&path);
            }
            let symbols = package.symbols()?;
            for path in paths {
                let asked = question.functions.entry(path.to_owned()).or_default();
                asked.extend(symbols.iter().map(|symbol| (*symbol).to_owned()));
            }
        }
        Ok(())
    }
}
