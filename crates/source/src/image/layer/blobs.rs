//! Scans each blob of a catalog once: reads it, or takes the result of an earlier run from the cache. A cached blob of a local store is hashed
//! first, so that a damaged image gives the same result as without a cache.

use super::read::BlobReader;
use super::{LayerScan, stored};
use crate::cache::Cache;
use crate::image::catalog::{Catalog, LayerPlan};
use crate::image::digest::{Digest, Hasher};
use crate::image::store::Blobs;
use crate::image::{Examine, ImageOptions, LayerCache, Payload};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

/// Scans each blob of the catalog once, in parallel.
pub fn scan_all<P: Payload>(
    store: &dyn Blobs,
    catalog: &Catalog,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> HashMap<String, Arc<LayerScan<P>>> {
    let mut seen = HashSet::new();
    let plans = catalog.plans.iter().flat_map(|p| &p.layers);
    let unique: Vec<&LayerPlan> = plans
        .filter(|plan| plan.skip.is_none() && seen.insert(&plan.blob.key))
        .collect();
    // With fewer blobs than threads there is a processor for the digests.
    let is_spare = unique.len() < rayon::current_num_threads();
    let reader = BlobReader {
        store,
        options,
        examine,
        is_spare,
    };
    let scanned: Vec<_> = unique
        .par_iter()
        .map(|plan| (plan.blob.key.clone(), Arc::new(scan_blob(&reader, plan))))
        .collect();
    scanned.into_iter().collect()
}

/// The result for one blob: from the cache, or read and then kept there.
fn scan_blob<P: Payload>(reader: &BlobReader<'_, P>, plan: &LayerPlan) -> LayerScan<P> {
    // A blob without a digest of its own may be the uncompressed layer that the configuration names.
    let digest = plan.blob.digest.or(plan.diff_id);
    let cache = reader
        .examine
        .cache()
        .and_then(|cache| Some((cache, cache.folder()?)));
    let (Some((cache, folder)), Some(digest)) = (cache, digest) else {
        return reader.read(plan);
    };
    let name = name(cache, plan, digest, reader.options);
    if let Some(known) = load(reader, plan, digest, (cache, folder), &name) {
        return known;
    }
    let mut scan = LayerScan::default();
    let counts = cache.count(&mut |examine| {
        scan = BlobReader { examine, ..*reader }.read(plan);
    });
    cache.add(&counts);
    if scan.digest == Some(digest)
        && let Some(bytes) = stored::write(&scan, &counts, &|program| cache.encode(program))
    {
        folder.put(&name, &bytes);
    }
    scan
}

/// The name of the result for one blob in the cache: all that the result depends on.
fn name<P>(
    cache: &dyn LayerCache<P>,
    plan: &LayerPlan,
    digest: Digest,
    options: &ImageOptions,
) -> String {
    format!(
        "layer {} {digest} {:?} {} {} {} {:?} {} {}",
        stored::FORM,
        plan.separate_file,
        options.verify_diffid,
        options.archives,
        options.depth,
        options.limits,
        options.budget.total(),
        cache.settings()
    )
}

/// The result that the cache has for one blob.
fn load<P: Payload>(
    reader: &BlobReader<'_, P>,
    plan: &LayerPlan,
    digest: Digest,
    (cache, folder): (&dyn LayerCache<P>, &Cache),
    name: &str,
) -> Option<LayerScan<P>> {
    let (store, options) = (reader.store, reader.options);
    let bytes = folder.get(name)?;
    let _memory = options.budget.take(bytes.len() as u64);
    let known = stored::read(&bytes, options, &|text, name| cache.decode(text, name))
        .filter(|(scan, _)| scan.digest == Some(digest))
        .filter(|(scan, _)| store.is_remote() || is_same(store, plan, digest, scan.size));
    let Some((scan, counts)) = known else {
        folder.reject_hit();
        return None;
    };
    cache.add(&counts);
    Some(scan)
}

/// Whether a local blob has this digest and size.
fn is_same(store: &dyn Blobs, plan: &LayerPlan, digest: Digest, size: u64) -> bool {
    let Ok(Some(mut reader)) = store.open(&plan.blob) else {
        return false;
    };
    let mut hasher = Hasher::like(&digest);
    let mut piece = vec![0; 256 << 10];
    let mut left = size;
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return left == 0 && hasher.finish() == digest,
            Ok(read) if read as u64 <= left => {
                left -= read as u64;
                hasher.update(piece.get(..read).unwrap_or_default());
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => return false,
        }
    }
}
