//! The documents of `--provenance`, and their comparison with programs.

use super::args::SourceArgs;
use super::error::Error;
use super::files::{self, not_read};
use crate::evidence::{Signers, TRUST_LARGEST, Trust};
use crate::record::{Binary, ImageRecord};
use crate::source::registry::{Reference, Registry, Settings};
use crate::verify::check::{Provenance, Signature, SignatureState};
use crate::verify::provenance::{self, Digest, Document, DocumentError, LARGEST};
use sha2::{Digest as _, Sha256, Sha512};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Longest signed file whose signature is checked: it is read into memory.
const SIGNED_LARGEST: u64 = 2 << 30;

/// All documents, and the results of checking their signatures.
pub struct Documents {
    /// Name of the file, document, signature. Signatures of whole files are checked when the file is found.
    all: Vec<(String, Document, Signature)>,
    trust: Trust,
    /// The registries of targets: text of the target, digest that it names, access.
    registries: Vec<(String, String, Registry)>,
    /// Registries that could not be asked, in one line each.
    problems: Vec<String>,
    /// SHA-256 and SHA-512 of files with programs; `None`: the file cannot be read.
    files: BTreeMap<String, Option<[String; 2]>>,
}

impl Documents {
    /// Reads the files, and checks signatures by keys and trusted roots.
    ///
    /// # Errors
    /// When one of the files cannot be used.
    pub fn read(
        files: &[PathBuf],
        keys: &[PathBuf],
        roots: &[PathBuf],
        signers: Signers,
    ) -> Result<Self, Error> {
        let mut trust = Trust::default();
        trust.set_signers(signers);
        for path in keys {
            let pem = files::text(path, TRUST_LARGEST)?;
            trust
                .add_key(&path.to_string_lossy(), &pem)
                .map_err(|e| not_read(path, e.to_string()))?;
        }
        for path in roots {
            let json = files::text(path, TRUST_LARGEST)?;
            trust
                .add_root(&path.to_string_lossy(), &json)
                .map_err(|e| not_read(path, e.to_string()))?;
        }
        let mut all = Vec::new();
        for path in files {
            let bytes = files::read(path, LARGEST)?;
            let documents = provenance::read(&bytes).map_err(|e| not_read(path, e.to_string()))?;
            let name = path.to_string_lossy().into_owned();
            all.extend(documents.into_iter().map(|document| {
                let signature = trust.check(&document, None);
                (name.clone(), document, signature)
            }));
        }
        Ok(Self {
            all,
            trust,
            registries: Vec::new(),
            problems: Vec::new(),
            files: BTreeMap::new(),
        })
    }

    /// Asks the registries of targets for documents that refer to the targets.
    pub fn ask_registries(&mut self, source: &SourceArgs) {
        for target in &source.targets {
            let target = target.to_string_lossy().into_owned();
            let Some(name) = target.strip_prefix("registry:") else {
                continue;
            };
            // The scan reports malformed targets.
            let Ok(reference) = Reference::parse(name) else {
                continue;
            };
            let settings = Settings {
                insecure_http: source.insecure_http,
                ..Settings::default()
            };
            let Ok(registry) = Registry::new(reference, &settings) else {
                continue;
            };
            if let Ok(digest) = registry.digest() {
                self.registries.push((target, digest.clone(), registry));
                let last = self.registries.len() - 1;
                self.add_attached(last, &digest);
            }
        }
    }

    /// Asks the registries for documents that refer to the image of one platform.
    pub fn image(&mut self, image: &ImageRecord) {
        let Some(digest) = &image.digest else {
            return;
        };
        for index in 0..self.registries.len() {
            let is_asked = self.registries.get(index).is_some_and(|r| r.1 == *digest);
            if !is_asked {
                self.add_attached(index, digest);
            }
        }
    }

    fn add_attached(&mut self, index: usize, digest: &str) {
        let Some((target, _, registry)) = self.registries.get(index) else {
            return;
        };
        let documents = match registry.attached(digest) {
            Ok(documents) => documents,
            Err(error) => {
                let problem = format!("{target}: what refers to it: {}", error.detail);
                self.problems.push(problem);
                return;
            }
        };
        for attached in documents {
            let name = format!("{target} {}", attached.digest);
            match provenance::read(&attached.bytes) {
                Ok(documents) => {
                    // A bundle that signs a file is here a signature of the image by way of a small text, and no provenance.
                    let documents = documents.into_iter();
                    for document in documents.filter(|d| d.file_signature().is_none()) {
                        let signature = self.trust.check(&document, None);
                        self.all.push((name.clone(), document, signature));
                    }
                }
                Err(DocumentError::Malformed { .. }) => {}
                Err(error) => self.problems.push(format!("{name}: {error}")),
            }
        }
    }

    /// Whether there are no documents.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Sigstore bundles that fail verification by a given root, and files that are not documents, in one line each. A document that is not signed by a
    /// given key is a difference, which the line of the program reports.
    pub fn refused(&self) -> impl Iterator<Item = String> {
        let bad = self.all.iter();
        let bad = bad.filter(|(_, document, s)| {
            s.state == SignatureState::Invalid
                && document.bundle.is_some()
                && self.trust.has_roots()
        });
        bad.map(|(name, document, signature)| {
            let number = document.number.map_or(String::new(), |n| format!(":{n}"));
            format!("{name}{number}: {}", signature.done)
        })
        .chain(self.problems.iter().cloned())
    }

    /// Compares a program with the documents about it; reports if there is none.
    pub fn about(&mut self, binary: &Binary) -> Vec<Provenance> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let digests = self.digests(binary);
        for index in 0..self.all.len() {
            self.check_file(index, binary);
        }
        let concerned = self.all.iter();
        let concerned: Vec<_> = concerned
            .filter(|(_, document, _)| provenance::concerns(document, &digests))
            .collect();
        // A bill of materials or the result of a scan beside the provenance is not a reason for a verdict.
        let has_provenance = concerned
            .iter()
            .any(|(_, document, _)| provenance::is_about_the_build(document));
        let about: Vec<Provenance> = concerned
            .into_iter()
            .filter(|(_, document, _)| !has_provenance || provenance::is_about_the_build(document))
            .map(|(name, document, signature)| {
                provenance::judge(document, name, signature.clone(), binary, &digests)
            })
            .collect();
        if !about.is_empty() {
            return about;
        }
        let mut names: Vec<&str> = self.all.iter().map(|(name, ..)| name.as_str()).collect();
        names.dedup();
        let documents: Vec<&Document> = self.all.iter().map(|(_, d, _)| d).collect();
        vec![provenance::about_others(
            &names.join(", "),
            &documents,
            &digests,
        )]
    }

    /// Checks the signature of a whole file, if it is the file of this program and was not checked before. A file that was read once is not read again:
    /// files of the same digest have the same signature.
    fn check_file(&mut self, index: usize, binary: &Binary) {
        let Some((_, document, signature)) = self.all.get_mut(index) else {
            return;
        };
        let can_be_checked =
            signature.state == SignatureState::NotChecked && !self.trust.is_empty();
        let (Some(signed), Some(file), true) = (
            document.file_signature(),
            &binary.location.file,
            can_be_checked,
        ) else {
            return;
        };
        let Some(Some([sha256, sha512])) = self.files.get(file) else {
            return;
        };
        let digests = &signed.file.digest;
        let is_signed = |algorithm: &str, value: &String| digests.get(algorithm) == Some(value);
        if !is_signed("sha256", sha256) && !is_signed("sha512", sha512) {
            return;
        }
        match files::read(Path::new(file), SIGNED_LARGEST) {
            Ok(bytes) => *signature = self.trust.check(document, Some(&Rc::new(bytes))),
            Err(error) => {
                signature.done = format!("parsed, signature not checked: {error}");
            }
        }
    }

    /// The digests of the program, of the file that contains it, and of its image.
    fn digests(&mut self, binary: &Binary) -> Vec<Digest> {
        let mut digests = Vec::new();
        if let Some(value) = &binary.sha256 {
            digests.push(Digest {
                of: "the program".to_owned(),
                algorithm: "sha256",
                value: value.clone(),
            });
        }
        let location = &binary.location;
        if let Some(file) = &location.file {
            let hashed = self.files.entry(file.clone());
            let hashed = hashed.or_insert_with(|| hash(Path::new(file)).ok());
            let is_own = location.entry.is_empty() && location.slice.is_none();
            let of = match is_own && location.image.is_none() {
                true => "the program".to_owned(),
                false => format!("the file {file} that holds it"),
            };
            let algorithms = ["sha256", "sha512"];
            for (algorithm, value) in algorithms.into_iter().zip(hashed.iter().flatten()) {
                digests.push(Digest {
                    of: of.clone(),
                    algorithm,
                    value: value.clone(),
                });
            }
        }
        let image = location.image.as_ref().and_then(|i| i.digest.as_deref());
        if let Some(value) = image.and_then(|digest| digest.strip_prefix("sha256:")) {
            digests.push(Digest {
                of: "the image that holds it".to_owned(),
                algorithm: "sha256",
                value: value.to_owned(),
            });
        }
        let of_target = self.registries.iter().filter(|r| r.0 == location.target);
        for (_, digest, _) in of_target {
            if let Some(value) = digest.strip_prefix("sha256:") {
                digests.push(Digest {
                    of: "what the target names".to_owned(),
                    algorithm: "sha256",
                    value: value.to_owned(),
                });
            }
        }
        digests
    }
}

/// SHA-256 and SHA-512 of a file in hex.
fn hash(path: &Path) -> io::Result<[String; 2]> {
    let (mut sha256, mut sha512) = (Sha256::new(), Sha512::new());
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                let part = buffer.get(..count).unwrap_or_default();
                sha256.update(part);
                sha512.update(part);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect();
    Ok([hex(&sha256.finalize()), hex(&sha512.finalize())])
}
