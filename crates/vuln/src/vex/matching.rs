//! Whether a statement is about a finding.

use super::purl::Pattern;
use super::{Digests, Mismatch, Names, Product, Statement, module_purls, products};
use crate::finding::{Finding, Program};
use crate::modules::is_of_files;
use gospect_record::purl;

/// A program, and its purls.
pub struct AboutProgram<'p> {
    program: &'p Program,
    purls: Vec<Pattern>,
}

/// A finding of a program, and the purls of its module.
pub struct About<'p> {
    program: &'p AboutProgram<'p>,
    finding: &'p Finding,
    module_purls: Vec<Pattern>,
}

impl<'p> AboutProgram<'p> {
    pub fn of(program: &'p Program) -> Self {
        let version = program.version.as_deref().unwrap_or_default();
        let package = program.main_package.as_deref().unwrap_or_default();
        let module = program.main_module.as_deref().unwrap_or(package);
        let module_purl = purl::of_module(module, version);
        // The path of the main package below that of its module.
        let below = package.strip_prefix(module).unwrap_or_default();
        let mut texts = products(program);
        // Some writers name the package instead of its module.
        texts.extend(purl::of_module(package, version).filter(|_| !is_of_files(package)));
        let purls = texts.iter().filter_map(|text| {
            let mut purl = with_port(Pattern::parse(text)?, program);
            if module_purl.as_ref() == Some(text) {
                purl.set_subpath(below.trim_start_matches('/'));
            }
            Some(purl)
        });
        Self {
            program,
            purls: purls.collect(),
        }
    }

    pub fn finding(&'p self, finding: &'p Finding) -> About<'p> {
        let texts = module_purls(finding);
        let purls = texts.iter().filter_map(|text| Pattern::parse(text));
        About {
            program: self,
            finding,
            module_purls: purls.map(|purl| with_port(purl, self.program)).collect(),
        }
    }

    /// Whether this is the path of the program, the name of its file, or the reference of its image.
    fn has_name(&self, name: &str) -> bool {
        let program = self.program;
        let file = program.path.rsplit(['/', '!']).next().unwrap_or_default();
        let image = program.location.image.as_ref();
        let reference = image.map_or("", |image| &image.reference);
        name == program.path || (name == file && !name.is_empty()) || name == reference
    }
}

/// A purl with the port of the program, for statements that are about one port.
fn with_port(mut purl: Pattern, program: &Program) -> Pattern {
    let image = program.location.image.as_ref();
    let platform = image.and_then(|image| image.platform.as_deref());
    let (port, keys) = match purl.kind() {
        "golang" => (program.port.as_deref(), ["goos", "goarch"]),
        "oci" => (platform, ["os", "arch"]),
        _ => return purl,
    };
    for (key, value) in keys.iter().zip(port.unwrap_or_default().split('/')) {
        // An unknown half of a port is `?`.
        if !matches!(value, "" | "?") {
            purl.add_qualifier(key, value);
        }
    }
    purl
}

impl Statement {
    /// Whether the finding is one of its vulnerabilities.
    pub(super) fn names_vulnerability(&self, finding: &Finding) -> bool {
        let is_its_id = |id: &String| *id == finding.id || finding.aliases.contains(id);
        self.ids.iter().any(is_its_id)
    }

    /// Whether it is about the program of a finding, or about its module.
    pub(super) fn is_about_product(&self, about: &About<'_>) -> bool {
        let products = self.products.as_deref();
        products.is_none_or(|all| all.iter().any(|product| product.is_about(about)))
    }

    /// Why it is not about a finding that it names: what its nearest product lacks.
    pub(super) fn mismatch(&self, about: &About<'_>) -> Mismatch {
        let products = self.products.as_deref().unwrap_or_default();
        let mismatches = products.iter().map(|product| product.mismatch(about));
        let nearest = mismatches.reduce(|kept, other| {
            if other.nearness > kept.nearness {
                other
            } else {
                kept
            }
        });
        nearest.unwrap_or_default()
    }
}

impl Product {
    /// Whether it is the program, by its digest or else by its names.
    fn is_program(&self, program: &AboutProgram<'_>) -> bool {
        match self.digests.are_there {
            true => self.digests.are_of(program.program),
            false => self
                .names
                .fit(&program.purls, &|name| program.has_name(name)),
        }
    }

    /// What stands in the product, and what would have to stand there.
    fn mismatch(&self, about: &About<'_>) -> Mismatch {
        let program = about.program.program;
        let of_program = || products(program).into_iter().chain([program.path.clone()]);
        let is_program = self.is_program(about.program);
        if self.digests.are_there && !is_program {
            let digest = program.sha256.as_deref();
            return Mismatch::of_digest(&self.names, digest, &program.path);
        }
        if let Some(parts) = self.parts.as_ref().filter(|_| is_program) {
            let parts = parts.iter().flat_map(|part| &part.0);
            return Mismatch::of_part(parts, module_purls(about.finding));
        }
        if self.names.0.is_empty() || self.parts.as_ref().is_some_and(Vec::is_empty) {
            return Mismatch::default();
        }
        let mut candidates: Vec<String> = of_program().collect();
        if self.parts.is_none() {
            candidates.extend(module_purls(about.finding));
        }
        Mismatch::of_product(self.names.0.iter(), candidates, &program.path)
    }

    fn is_about(&self, about: &About<'_>) -> bool {
        let program = about.program;
        let is_program = self.is_program(program);
        let is_module = |names: &Names| names.fit(&about.module_purls, &|_| false);
        match &self.parts {
            Some(parts) => is_program && parts.iter().any(is_module),
            // The digest of a library is that of the module. If the module is that of the program, it may be that of a program.
            None => {
                let is_main = program.program.main_module.as_ref() == Some(&about.finding.module);
                is_program || (is_module(&self.names) && !(is_main && self.digests.are_there))
            }
        }
    }
}

impl Digests {
    /// Whether they are those of the program. What cannot be compared is not.
    fn are_of(&self, program: &Program) -> bool {
        let digest = program.sha256.as_ref();
        digest.is_some_and(|digest| {
            let mut stated = self.sha256.iter();
            stated.any(|stated| stated.eq_ignore_ascii_case(digest))
        })
    }
}

impl Names {
    /// Whether one of them names a thing with these purls, and no purl among them is of the same kind and of something else.
    fn fit(&self, purls: &[Pattern], is_name: &dyn Fn(&str) -> bool) -> bool {
        let stated = self.0.iter().filter_map(|name| Pattern::parse(name));
        let (fitting, others): (Vec<Pattern>, Vec<Pattern>) =
            stated.partition(|stated| purls.iter().any(|purl| stated.covers(purl)));
        let contradicts = |stated: &Pattern| purls.iter().any(|purl| purl.kind() == stated.kind());
        let is_named = !fitting.is_empty() || self.0.iter().any(|name| is_name(name));
        is_named && !others.iter().any(contradicts)
    }
}
