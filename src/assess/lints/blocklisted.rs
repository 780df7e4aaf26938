//! `key.blocklisted`: a key whose private half is known: from firmware, packages, repositories, malware (Baseline
//! Requirements 6.1.1.3 item 4 and 4.9.1.1 item 3). Judged where a list was imported.

use super::Draft;
use super::debian_weak::listed;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (found, certificate) = listed(view, false)?;
    Draft::new(Rule::Blocklisted, Severity::Critical, "Private key is publicly known")
        .detail(format!(
            "The key of {} is in a list of compromised keys: {}.",
            words::certificate(certificate),
            found.list
        ))
        .about(certificate)
        .fact("list", found.list)
        .remedy(
            "Make a new key, have the certificate issued for it, and revoke this one. If it came with a device or a package, \
             replace the key on each such machine.",
        )
        .sources(&["CA/Browser Forum TLS Baseline Requirements section 6.1.1.3"])
        .on_chain(view)
}
