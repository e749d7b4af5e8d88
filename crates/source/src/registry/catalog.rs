//! Lists the repositories and tags of a registry, and what each tag leads to.
//!
//! Sources: OCI distribution specification 1.1, "Content Discovery" (tags, paging by the `Link` header of RFC 8288); the distribution project's
//! "HTTP API V2", "Listing Repositories" (`/v2/_catalog`), which the specification leaves out and most registries have.

use super::client::Client;
use super::reference::{Reference, is_host};
use super::{DOCUMENTS, Registry, Settings};
use crate::archive::{ArchiveError, Reason};
use crate::http::unreadable;
use crate::image::digest::Digest;
use crate::image::manifest::{CONFIG_MAX, Descriptor, Document, Media, Platform};
use crate::image::store::{Blob, Blobs, Top, parse, read_short};
use serde::Deserialize;
use std::collections::{HashSet, VecDeque};

/// Names asked for at once; a registry may give fewer.
const PAGE: usize = 1000;
/// Longest page, in bytes: a thousand names of 255 bytes are a quarter of it.
const PAGE_MAX: u64 = 1 << 20;
/// Annotation with the time at which an image was built (OCI image specification, "Pre-Defined Annotation Keys").
const CREATED: &str = "org.opencontainers.image.created";

/// A registry whose contents can be listed.
pub struct Catalog {
    host: String,
    client: Client,
    settings: Settings,
}

/// What a tag leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Digest of the document that the tag names: a manifest, or the index of several platforms.
    pub digest: String,
    /// When the image was built, as its annotation or configuration says; `None`: they do not say.
    pub created: Option<String>,
    /// The images, one for each platform.
    pub images: Vec<ResolvedImage>,
    /// Why other images are not among them: manifests that the registry does not have, or that are not what was named.
    pub missing: Vec<ArchiveError>,
}

/// One image that a tag leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedImage {
    /// Digest of its manifest.
    pub digest: String,
    /// `os/arch[/variant]`; `None`: only the configuration says it, which is not read for this.
    pub platform: Option<String>,
    /// Bytes of its layers, compressed, as the manifest states them.
    pub bytes: u64,
    /// Digests of its layers, lowest first.
    pub layers: Vec<String>,
}

/// Reads a page and returns the number of names in it; `None` ends the listing.
type PageReader<'r> = dyn FnMut(&[u8]) -> Result<Option<usize>, ArchiveError> + 'r;

/// Most bytes of the tags of one repository: about a million of them.
const TAGS_MAX: usize = 64 << 20;
/// Most bytes of the manifests that one tag leads to: a thousand images of a hundred layers are 15 MB.
const MANIFESTS_MAX: usize = 64 << 20;

/// Most pages of one list.
const PAGES_MAX: usize = 100_000;
/// Most successive pages without a name.
const EMPTY_PAGES_MAX: usize = 100;

#[derive(Deserialize)]
struct RepositoryPage {
    #[serde(default)]
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TagPage {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct BuildTime {
    #[serde(default)]
    created: Option<String>,
}

impl Catalog {
    /// Prepares access; makes no request.
    ///
    /// # Errors
    /// When the host is none, or plain HTTP is asked for and it is not on the loopback.
    pub fn open(host: &str, settings: &Settings) -> Result<Self, ArchiveError> {
        if !is_host(host) {
            let text = format!("{host} is not the host of a registry; write HOST or HOST:PORT");
            return Err(ArchiveError::new(Reason::Malformed, text));
        }
        // A listing of many repositories needs many requests.
        let settings = Settings {
            requests: usize::MAX,
            ..settings.clone()
        };
        Ok(Self {
            host: host.to_owned(),
            client: Client::of_catalog(host, &settings)?,
            settings,
        })
    }

    /// Gives the names of all repositories in the registry's order, a page at a time; `after` is the last name that is known already.
    /// Stops when `deliver` returns false.
    ///
    /// # Errors
    /// When the registry has no catalog or refuses.
    pub fn repositories(
        &self,
        after: Option<&str>,
        deliver: &mut dyn FnMut(Vec<String>) -> bool,
    ) -> Result<(), ArchiveError> {
        let last = after.map_or(String::new(), |name| {
            format!("&last={}", super::auth::encode(name))
        });
        let first = format!("/v2/_catalog?n={PAGE}{last}");
        self.pages(&self.client, first, &mut |bytes| {
            let page: RepositoryPage = parse(bytes, "the catalog")?;
            let names = page.repositories.unwrap_or_default();
            let count = names.len();
            Ok(deliver(names).then_some(count))
        })
        .map_err(|error| match error.reason {
            Reason::Unsupported => unreadable(format!(
                "{} has no catalog; name its repositories: registry:{}/NAME",
                self.host, self.host
            )),
            _ => error,
        })
    }

    /// The tags of a repository, in the registry's order.
    ///
    /// # Errors
    /// When the repository does not exist, or the registry refuses.
    pub fn tags(&self, repository: &str) -> Result<Vec<String>, ArchiveError> {
        let reference = self.reference(repository, None)?;
        let client = self.client.for_repository(&reference.name);
        let (mut tags, mut bytes_of_names) = (Vec::new(), 0);
        let first = format!("/v2/{}/tags/list?n={PAGE}", reference.name);
        self.pages(&client, first, &mut |bytes| {
            let page: TagPage = parse(bytes, "the list of tags")?;
            let page = page.tags.unwrap_or_default();
            let count = page.len();
            bytes_of_names += page.iter().map(|tag| tag.len() + 32).sum::<usize>();
            if bytes_of_names > TAGS_MAX {
                let text = format!("{repository} has more tags than gospect lists");
                return Err(ArchiveError::limit(text));
            }
            tags.extend(page);
            Ok(Some(count))
        })
        .map_err(|error| match error.reason {
            Reason::Unsupported => unreadable(format!("{} has no {repository}", self.host)),
            _ => error,
        })?;
        Ok(tags)
    }

    /// What a tag, or a digest, of a repository leads to. `wanted`: only images of this platform. The time of building takes another request
    /// or two, which `with_time` asks for.
    ///
    /// # Errors
    /// When the registry does not have it, or refuses.
    pub fn resolve(
        &self,
        repository: &str,
        tag: &str,
        wanted: Option<&Platform>,
        with_time: bool,
    ) -> Result<Resolved, ArchiveError> {
        let reference = self.reference(repository, Some(tag))?;
        let registry = Registry {
            client: self.client.for_repository(&reference.name),
            reference,
        };
        let Top::Document(bytes, Some(digest)) = registry.top()? else {
            return Ok(Resolved::default());
        };
        let document: Document = parse(&bytes, "the manifest")?;
        let Some(manifests) = document.manifests else {
            return Ok(Resolved {
                created: match with_time {
                    true => build_time(&registry, &bytes, &document)?,
                    false => None,
                },
                images: vec![image_of(digest.to_string(), None, &document)],
                digest: digest.to_string(),
                missing: Vec::new(),
            });
        };
        let mut resolved = Resolved {
            digest: digest.to_string(),
            ..Resolved::default()
        };
        let too_much = |what: String| {
            ArchiveError::limit(format!("{repository}:{tag} leads to more than {what}"))
        };
        let too_many = || too_much(format!("{DOCUMENTS} manifests"));
        let mut waiting = Waiting::for_platform(wanted);
        waiting.add(manifests, None).ok_or_else(too_many)?;
        let mut bytes_read = bytes.len();
        while let Some(descriptor) = waiting.take() {
            let found = manifest_of_index(&registry, &descriptor.digest)?;
            let (bytes, document) = match found {
                Found::Manifest(bytes, document) => (bytes, document),
                Found::Missing(error) => {
                    resolved.missing.push(error);
                    continue;
                }
            };
            bytes_read = bytes_read.saturating_add(bytes.len());
            if bytes_read > MANIFESTS_MAX {
                return Err(too_much(format!(
                    "{} MiB of manifests",
                    MANIFESTS_MAX >> 20
                )));
            }
            if let Some(below) = document.manifests {
                let platform = descriptor.platform.as_ref();
                waiting.add(below, platform).ok_or_else(too_many)?;
                continue;
            }
            if with_time && resolved.created.is_none() {
                resolved.created = build_time(&registry, &bytes, &document)?;
            }
            let platform = descriptor.platform.as_ref().map(Platform::to_string);
            let image = image_of(descriptor.digest, platform, &document);
            resolved.images.push(image);
        }
        Ok(resolved)
    }

    pub(super) fn reference(
        &self,
        repository: &str,
        tag: Option<&str>,
    ) -> Result<Reference, ArchiveError> {
        let sign = match tag {
            Some(tag) if Digest::parse(tag).is_some() => "@",
            _ => ":",
        };
        let tag = tag.unwrap_or("latest");
        Reference::parse(&format!("{}/{repository}{sign}{tag}", self.host))
    }

    /// Reads pages until the last one, or until enough is read. A missing resource is `Unsupported`.
    fn pages(
        &self,
        client: &Client,
        first: String,
        read: &mut PageReader<'_>,
    ) -> Result<(), ArchiveError> {
        let mut next = Some(first);
        let mut seen = HashSet::new();
        let mut empty_pages = 0;
        while let Some(path) = next.take() {
            let page = client.page(&path, PAGE_MAX)?;
            let page = page.ok_or_else(|| ArchiveError::unsupported("not there"))?;
            match read(&page.body)? {
                None => return Ok(()),
                Some(0) => empty_pages += 1,
                Some(_) => empty_pages = 0,
            }
            next = page.link.as_deref().and_then(next_page);
            seen.insert(path);
            if next.as_ref().is_some_and(|next| seen.contains(next)) {
                let text = format!("{} gives the same page again", self.host);
                return Err(ArchiveError::malformed(text));
            }
            if empty_pages >= EMPTY_PAGES_MAX || seen.len() >= PAGES_MAX {
                let text = format!("{} gives page after page without an end", self.host);
                return Err(ArchiveError::malformed(text));
            }
        }
        Ok(())
    }

    /// The host, as written.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// How the registry is asked.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Manifests that remain to be read. An index may name an index; each document is read once, however often it is named.
struct Waiting<'w> {
    wanted: Option<&'w Platform>,
    descriptors: VecDeque<Descriptor>,
    /// Digests of all that were ever added.
    named: HashSet<String>,
    /// Digests of those that were taken.
    taken: HashSet<String>,
}

impl<'w> Waiting<'w> {
    /// Nothing yet; later only images of this platform.
    fn for_platform(wanted: Option<&'w Platform>) -> Self {
        Self {
            wanted,
            descriptors: VecDeque::new(),
            named: HashSet::new(),
            taken: HashSet::new(),
        }
    }

    /// Adds what an index names before all others, so that images are in the order in which a person reads them. `platform` is that of the
    /// index. `None`: more than [`DOCUMENTS`] were added.
    fn add(&mut self, manifests: Vec<Descriptor>, platform: Option<&Platform>) -> Option<()> {
        let mut added = Vec::new();
        let mut digests = HashSet::new();
        for inner in manifests {
            let descriptor = Descriptor {
                platform: inner.platform.or_else(|| platform.cloned()),
                ..inner
            };
            let digest = &descriptor.digest;
            if !is_wanted(&descriptor, self.wanted)
                || self.taken.contains(digest)
                || !digests.insert(digest.clone())
            {
                continue;
            }
            self.named.insert(digest.clone());
            if self.named.len() > DOCUMENTS {
                return None;
            }
            added.push(descriptor);
        }
        // What waited for a later turn is taken here.
        self.descriptors.retain(|d| !digests.contains(&d.digest));
        let reversed = added.into_iter().rev();
        reversed.for_each(|descriptor| self.descriptors.push_front(descriptor));
        Some(())
    }

    /// The next to read.
    fn take(&mut self) -> Option<Descriptor> {
        let descriptor = self.descriptors.pop_front()?;
        self.taken.insert(descriptor.digest.clone());
        Some(descriptor)
    }
}

/// What the registry has for a digest that an index names.
enum Found {
    /// A document with this digest.
    Manifest(Vec<u8>, Box<Document>),
    /// Nothing, or something else.
    Missing(ArchiveError),
}

/// A manifest that an index names, with its digest checked. Errors are those of the registry as a whole.
fn manifest_of_index(registry: &Registry, digest: &str) -> Result<Found, ArchiveError> {
    let Some(named) = Digest::parse(digest) else {
        let text = "the index names a manifest by something that is not a digest";
        return Ok(Found::Missing(ArchiveError::malformed(text)));
    };
    let Some(bytes) = registry.manifest(&named.to_string())? else {
        let text = format!("{} has no {named}", registry.reference.host);
        return Ok(Found::Missing(unreadable(text)));
    };
    if named.same_of(&bytes) != named {
        let text = format!("the manifest {named} is not what its digest says");
        return Ok(Found::Missing(ArchiveError::malformed(text)));
    }
    Ok(match parse(&bytes, "the manifest") {
        Ok(document) => Found::Manifest(bytes, Box::new(document)),
        Err(error) => Found::Missing(error),
    })
}

/// Whether a descriptor of an index is an image of the wanted platform. Attestations and the like are none.
fn is_wanted(descriptor: &Descriptor, wanted: Option<&Platform>) -> bool {
    let is_image = matches!(
        Media::of(&descriptor.media_type),
        Media::Manifest | Media::Index
    );
    match (&descriptor.platform, wanted) {
        (Some(platform), _) if platform.is_unknown() => false,
        (Some(platform), Some(wanted)) => is_image && platform.meets(wanted),
        _ => is_image,
    }
}

fn image_of(digest: String, platform: Option<String>, document: &Document) -> ResolvedImage {
    let sizes = document.layers.iter().filter_map(|layer| layer.size);
    ResolvedImage {
        digest,
        platform,
        bytes: sizes.fold(0, u64::saturating_add),
        layers: document.layers.iter().map(|l| l.digest.clone()).collect(),
    }
}

/// When an image was built: its annotation, else its configuration.
fn build_time(
    registry: &Registry,
    manifest: &[u8],
    document: &Document,
) -> Result<Option<String>, ArchiveError> {
    #[derive(Deserialize)]
    struct Annotated {
        #[serde(default)]
        annotations: Option<std::collections::BTreeMap<String, String>>,
    }
    let annotated: Option<Annotated> = serde_json::from_slice(manifest).ok();
    let annotation = annotated.and_then(|a| a.annotations?.remove(CREATED));
    if annotation.is_some() {
        return Ok(annotation);
    }
    let config = document.config.as_ref();
    let Some(digest) = config.and_then(|config| Digest::parse(&config.digest)) else {
        return Ok(None);
    };
    let blob = Blob::of(digest, config.and_then(|config| config.size));
    let Some(mut stream) = registry.open(&blob)? else {
        return Ok(None);
    };
    let bytes = read_short(&mut stream, CONFIG_MAX, "the configuration")?;
    let time: Option<BuildTime> = serde_json::from_slice(&bytes).ok();
    Ok(time.and_then(|time| time.created))
}

/// Path and query of the next page. Only the path counts, so that a registry cannot send the client to another host.
fn next_page(link: &str) -> Option<String> {
    let is_next = |link: &&str| {
        link.split(';').skip(1).any(|parameter| {
            let parameter = parameter.trim().to_ascii_lowercase();
            parameter == "rel=\"next\"" || parameter == "rel=next"
        })
    };
    // Names have no commas, so a comma ends a link.
    let link = link.split(',').find(is_next)?;
    let target = link.trim().strip_prefix('<')?.split_once('>')?.0;
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..))?,
        None => target,
    };
    path.starts_with("/v2/").then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_stays_on_the_registry() {
        for (link, path) in [
            (
                "</v2/_catalog?last=b&n=2>; rel=\"next\"",
                Some("/v2/_catalog?last=b&n=2"),
            ),
            (
                "</v2/a/tags/list?n=1>; rel=prev, </v2/a/tags/list?last=x>; rel=next",
                Some("/v2/a/tags/list?last=x"),
            ),
            (
                "<https://evil.example/v2/_catalog?last=b>; rel=\"next\"",
                Some("/v2/_catalog?last=b"),
            ),
            ("</elsewhere>; rel=\"next\"", None),
            ("</v2/_catalog>; rel=\"first\"", None),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(next_page(link).as_deref(), path, "{link}");
        }
    }
}
