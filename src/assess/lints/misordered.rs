//! `trust.chain.misordered`: a path is there, but the served list is not in its order: each certificate is to be
//! followed by the one that signed it (RFC 5246 section 7.4.2; RFC 8446 section 4.4.2 makes it a SHOULD). Old
//! clients and devices follow the order and fail.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    if view.structure.is_in_order() {
        return None;
    }
    let served = view.structure.climb.iter().filter_map(|index| view.certificate(*index));
    let right: Vec<_> = served.map(|c| words::certificate(c)).collect();
    let positions: Vec<_> = view.structure.climb.iter().map(|index| (index + 1).to_string()).collect();
    Draft::new(Rule::Misordered, Severity::Low, "Certificates are served in the wrong order")
        .detail(format!("In the order of signatures they stand at positions {}.", positions.join(", ")))
        .about(view.end_entity()?)
        .facts("right_order", right)
        .remedy("Put the server's certificate first, then each issuer after the certificate it signed; leave out the root.")
        .sources(&["RFC 5246 section 7.4.2", "RFC 8446 section 4.4.2"])
        .on_chain(view)
}
