//! Compares a layer with what manifest and configuration say about it.

use super::Builder;
use crate::archive::ArchiveError;
use crate::image::Payload;
use crate::image::catalog::LayerPlan;
use crate::image::layer::{LayerProblem, LayerScan};

impl<P: Payload> Builder<'_, P> {
    /// Compares the size of the blob with the manifest. A scan with a digest has read the blob to its end.
    pub(super) fn check_size(&mut self, index: u32, plan: &LayerPlan, scan: &LayerScan<P>) {
        let Some(want) = plan.blob.size.filter(|want| *want != scan.size) else {
            return;
        };
        if scan.digest.is_some() {
            let text = format!(
                "the layer has {} bytes, its manifest says {want}",
                scan.size
            );
            let problem = LayerProblem::of_layer(ArchiveError::malformed(text), true);
            self.problem(index, plan, &problem);
        }
    }

    /// Compares the digest of the tar with the configuration; the blob's own digest was checked while it was read.
    pub(super) fn check_digests(&mut self, index: u32, plan: &LayerPlan, scan: &LayerScan<P>) {
        let Some(want) = plan.diff_id else { return };
        // A blob of a docker archive is the tar itself, unless its recorded digest is that of a blob.
        let as_stored = plan.blob.digest.is_none().then_some(scan.digest).flatten();
        let got = match (scan.diff_id, as_stored) {
            (Some(got), _) => got,
            (None, Some(got)) if !scan.compressed => got,
            _ => return,
        };
        if got != want {
            let error = ArchiveError::malformed(format!(
                "the layer's content has the digest {got}, the configuration says {want}"
            ));
            self.problem(index, plan, &LayerProblem::of_layer(error, true));
        }
    }
}
