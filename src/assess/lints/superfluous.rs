//! `trust.chain.superfluous`: served certificates that no path needs: strangers, repetitions, and a root, which a
//! client has or does not trust (RFC 5246 section 7.4.2). They cost a round trip on slow links, and nothing else.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

/// Superfluous certificates that are named.
const LISTED: usize = 5;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let unused = &view.structure.superfluous;
    if unused.is_empty() {
        return None;
    }
    let certificates = || unused.iter().filter_map(|index| view.certificate(*index));
    let bytes: usize = certificates().map(|c| c.der.len()).sum();
    let names: Vec<_> = certificates().take(LISTED).map(|c| words::certificate(c)).collect();
    Draft::new(Rule::Superfluous, Severity::Info, "More certificates are served than needed")
        .detail(format!("No path needs {} ({} in all, {bytes} bytes).", names.join(", "), unused.len()))
        .about(view.end_entity()?)
        .facts("superfluous", certificates().map(|c| c.sha256.to_string()).collect())
        .remedy("Serve the certificate and its intermediates only.")
        .sources(&["RFC 5246 section 7.4.2"])
        .on_chain(view)
}
