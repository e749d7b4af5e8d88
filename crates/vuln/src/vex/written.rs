//! Names for products in the VEX documents that gospect writes, such as other scanners look for.
//!
//! Scanners compare purls as go-vex does (openvex/go-vex, `PurlMatches`): every qualifier that a document names must be in the purl of the scanner, byte for
//! byte, and a version must be equal if the document has one. So a name contains only what identifies the product.

use crate::finding::Program;
use crate::modules::is_of_files;
use gospect_record::{ImageRef, purl};

/// The registry that names without a host mean, and the folder of its official images.
const HUB: &str = "docker.io";
const OFFICIAL: &str = "library";

/// The names of a program: its main module, its image, its package, and itself as a file.
///
/// Trivy looks for the main module by the version of [`super::scanner_version()`]; grype for a file as `pkg:generic/NAME@sha256:…`; both for an image by digest,
/// and grype also by tag.
pub fn written_products(program: &Program) -> Vec<String> {
    let version = program.version.as_deref().unwrap_or_default();
    let main = program.main_module.as_deref();
    let main = main.or(program.main_package.as_deref()).unwrap_or_default();
    let main = if is_of_files(main) { "" } else { main };
    let mut names: Vec<String> = purl::of_module(main, version).into_iter().collect();
    let scanner_version = program.scanner_version.as_deref();
    names.extend(purl::of_module(main, scanner_version.unwrap_or_default()));
    match &program.location.image {
        Some(image) => names.extend(image_names(image)),
        None => names.extend(of_file(program)),
    }
    names.extend(program.owner.as_ref().and_then(purl::of_package));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The name among those of [`written_products`] that is also the name of every other version of the program; `None`: each has a version.
pub fn name_of_every_version(program: &Program) -> Option<String> {
    let mut names = written_products(program).into_iter();
    names.find(|name| is_of_every_version(name))
}

/// Whether a name is that of a module without a version, which scanners take for every version.
pub fn is_of_every_version(name: &str) -> bool {
    name.starts_with("pkg:golang/") && !name.contains('@')
}

/// The names of an image, see [`written_products`].
pub fn image_names(image: &ImageRef) -> Vec<String> {
    of_image(&image.reference, image.digest.as_deref())
}

/// `pkg:oci/NAME@DIGEST`, which is enough, and `pkg:oci/NAME?repository_url=…&tag=…` for scanners that know an image by its tag.
fn of_image(reference: &str, digest: Option<&str>) -> Vec<String> {
    let name = reference.split('@').next().unwrap_or_default();
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match name.get(slash..).and_then(|last| last.split_once(':')) {
        Some((last, tag)) => (
            name.get(..slash + last.len()).unwrap_or_default(),
            Some(tag),
        ),
        None => (name, None),
    };
    let repository = repository.to_lowercase();
    let last = repository.rsplit('/').next().unwrap_or_default();
    if last.is_empty() {
        return Vec::new();
    }
    let mut start = String::from("pkg:oci/");
    purl::encode(last, &mut start);
    let mut purls = Vec::new();
    if let Some(digest) = digest {
        purls.push(format!("{start}@{}", digest.replacen(':', "%3A", 1)));
    }
    if let Some(tag) = tag.filter(|tag| !tag.is_empty()) {
        let mut named = format!("{start}?repository_url=");
        purl::encode(&with_registry(&repository), &mut named);
        named.push_str("&tag=");
        purl::encode(tag, &mut named);
        purls.push(named);
    }
    purls
}

/// A repository with its registry: a first part without a dot or colon is not a host (distribution/reference, "domain").
fn with_registry(repository: &str) -> String {
    let host = repository.split('/').next().unwrap_or_default();
    let is_host = repository.contains('/') && (host.contains(['.', ':']) || host == "localhost");
    match (is_host, repository.contains('/')) {
        (true, _) => repository.to_owned(),
        (false, true) => format!("{HUB}/{repository}"),
        (false, false) => format!("{HUB}/{OFFICIAL}/{repository}"),
    }
}

/// A whole file by its name and digest.
fn of_file(program: &Program) -> Option<String> {
    let location = &program.location;
    let sum = program.sha256.as_deref()?;
    if !location.entry.is_empty() || location.pid.is_some() {
        return None;
    }
    let file = location.file.as_deref()?;
    let name = file.rsplit(['/', '\\']).next().filter(|n| !n.is_empty())?;
    let mut purl = String::from("pkg:generic/");
    purl::encode(&name.to_lowercase(), &mut purl);
    Some(format!("{purl}@sha256%3A{sum}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_record::Location;

    fn program() -> Program {
        Program {
            main_module: Some("example.com/app".to_owned()),
            version: Some("v1.0.0".to_owned()),
            scanner_version: Some("v1.0.0".to_owned()),
            sha256: Some("ab".to_owned()),
            location: Location {
                file: Some("dist/App".to_owned()),
                ..Location::default()
            },
            ..Program::default()
        }
    }

    #[test]
    fn a_program_is_named_as_scanners_look_for_it() {
        let file = "pkg:generic/app@sha256%3Aab";
        let with = "pkg:golang/example.com/app@v1.0.0";
        assert_eq!(written_products(&program()), [with, file]);
        let tagged = Program {
            scanner_version: Some("1.0.0".to_owned()),
            ..program()
        };
        let tag = "pkg:golang/example.com/app@1.0.0";
        assert_eq!(written_products(&tagged), [with, tag, file]);
        let claimed = Program {
            scanner_version: None,
            ..program()
        };
        let without = "pkg:golang/example.com/app";
        assert_eq!(written_products(&claimed), [with, without, file]);
        let unknown = Program {
            version: None,
            ..claimed
        };
        assert_eq!(written_products(&unknown), [without, file]);
        assert_eq!(name_of_every_version(&unknown).as_deref(), Some(without));
        assert_eq!(name_of_every_version(&program()), None);
    }

    #[test]
    fn images_are_named_by_digest_and_by_tag() {
        for (reference, digest, names) in [
            (
                "registry.example.com:5000/Team/App:1.0",
                Some("sha256:12"),
                vec![
                    "pkg:oci/app@sha256%3A12",
                    "pkg:oci/app?repository_url=registry.example.com:5000%2Fteam%2Fapp&tag=1.0",
                ],
            ),
            (
                "nginx:1.2",
                None,
                vec!["pkg:oci/nginx?repository_url=docker.io%2Flibrary%2Fnginx&tag=1.2"],
            ),
            (
                "shop/api:1.2",
                None,
                vec!["pkg:oci/api?repository_url=docker.io%2Fshop%2Fapi&tag=1.2"],
            ),
            (
                "a/b@sha256:12",
                Some("sha256:12"),
                vec!["pkg:oci/b@sha256%3A12"],
            ),
            ("", Some("sha256:12"), vec![]),
        ] {
            let mut program = program();
            program.main_module = None;
            program.location.image = Some(ImageRef {
                reference: reference.to_owned(),
                digest: digest.map(str::to_owned),
                platform: None,
            });
            assert_eq!(written_products(&program), names, "{reference}");
        }
    }
}
