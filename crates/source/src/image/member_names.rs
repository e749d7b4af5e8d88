//! What the name of an archive's member says about its part in an image.

use super::digest::Digest;
use super::store::tidy;
use crate::archive::{Feed, sniff};

/// The part that a member may have in an image, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Document,
    /// Named by its digest: a document, a layer or another file.
    Blob,
    Layer,
}

/// The part in an image that a member with this name may have.
pub(super) fn role(name: &str) -> Option<Role> {
    let mut parts = name.rsplit('/');
    let (base, parent) = (parts.next()?, parts.next());
    if matches!(base, "index.json" | "manifest.json" | "oci-layout") {
        return Some(Role::Document);
    }
    let is_hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(algorithm) = parent
        && parts.next() == Some("blobs")
        && Digest::parse(&format!("{algorithm}:{base}")).is_some()
    {
        return Some(Role::Blob);
    }
    if base == "layer.tar" && parent.is_some_and(is_hex) {
        return Some(Role::Layer);
    }
    let digest = base.strip_prefix("sha256:").unwrap_or(base);
    let (stem, role) = match digest.split_once('.') {
        Some((stem, "json")) => (stem, Role::Document),
        Some((stem, "tar" | "tar.gz")) => (stem, Role::Layer),
        None if base.starts_with("sha256:") => (digest, Role::Document),
        _ => return None,
    };
    is_hex(stem).then_some(role)
}

/// The directory of a member, with a final `/`; empty at the top.
pub(super) fn directory(name: &str) -> &str {
    name.rfind('/')
        .map_or("", |end| name.get(..=end).unwrap_or_default())
}

/// The digest in the name of a blob of an OCI layout.
pub(super) fn blob_digest(name: &str) -> Option<Digest> {
    let at = name.rfind("blobs/")?;
    let rest = name.get(at + "blobs/".len()..)?;
    Digest::parse(&rest.replacen('/', ":", 1))
}

/// Whether an uncompressed tar may be an image with unusual names of members: then it must be kept, to find its list of images
/// first. Such an image begins with a layer or a document. Reads no further than needed; the archive's reader reports errors
/// beyond.
pub(super) fn may_have_odd_names(feed: &mut Feed<'_>) -> bool {
    let mut at = 0;
    while at < 60 << 10 {
        let Ok(head) = feed.peek(at + 1024) else {
            return false;
        };
        let Some((header, body)) = head.get(at..).and_then(|h| h.split_first_chunk::<512>()) else {
            return false;
        };
        let text = |range: std::ops::Range<usize>| {
            let field = header.get(range).unwrap_or_default();
            field.split(|&b| b == 0).next().unwrap_or_default()
        };
        let size = std::str::from_utf8(text(124..136).trim_ascii()).ok();
        let Some(size) = size.and_then(|t| usize::from_str_radix(t, 8).ok()) else {
            return false;
        };
        if matches!(header.get(156), Some(b'0' | 0)) && size > 0 {
            let body = body.get(..size.min(body.len())).unwrap_or_default();
            let is_odd = tidy(text(0..100)).is_some_and(|name| role(&name).is_none());
            let is_text = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
            return is_odd && (is_text || sniff(body).is_some());
        }
        at = at.saturating_add(512 + size.div_ceil(512).saturating_mul(512));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Role, role};

    #[test]
    fn member_names_give_their_role() {
        let hex = "0123456789abcdef".repeat(4);
        for (name, want) in [
            ("index.json".to_owned(), Some(Role::Document)),
            ("a/b/oci-layout".to_owned(), Some(Role::Document)),
            (format!("x/blobs/sha256/{hex}"), Some(Role::Blob)),
            (format!("{hex}/layer.tar"), Some(Role::Layer)),
            (format!("{hex}.tar"), Some(Role::Layer)),
            (format!("sha256:{hex}.tar.gz"), Some(Role::Layer)),
            (format!("sha256:{hex}"), Some(Role::Document)),
            (format!("{hex}.json"), Some(Role::Document)),
            (hex, None),
            ("layers/base.tar".to_owned(), None),
            ("blobs/sha256/short".to_owned(), None),
        ] {
            assert_eq!(role(&name), want, "{name}");
        }
    }
}
