//! `key.debian_weak`: a key from Debian's OpenSSL of 2006 to 2008, one of some 32,000 a size (CVE-2008-0166; Baseline
//! Requirements 6.1.1.3 item 5.1). Judged where a list of them was imported.

use super::Draft;
use crate::assess::ListedKey;
use crate::assess::keys::blocklist_hash;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::x509::Certificate;

/// The first certificate of the path whose key is in a list of this kind.
pub(super) fn listed<'v>(view: &'v ChainView<'_>, is_debian: bool) -> Option<(ListedKey, &'v Certificate)> {
    view.path().find_map(|(_, certificate)| {
        let hash = blocklist_hash(certificate.key.as_ref()?)?;
        let found = view.context.blocklist.find(&hash).filter(|found| found.is_debian == is_debian)?;
        Some((found, &**certificate))
    })
}

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (found, certificate) = listed(view, true)?;
    Draft::new(Rule::DebianWeak, Severity::Critical, "Key comes from Debian's broken generator")
        .detail(format!(
            "The key of {} is one of the few that Debian's OpenSSL of 2006 to 2008 could make: the private key is public.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("list", found.list)
        .remedy("Make a new key, have the certificate issued for it, and revoke this one.")
        .sources(&["CVE-2008-0166", "CA/Browser Forum TLS Baseline Requirements section 6.1.1.3"])
        .on_chain(view)
}
