//! From certificates to a set of anchors; the hash and the day that tell two sets apart.

use std::collections::BTreeSet;
use std::time::SystemTime;

use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// The anchor that a certificate stands for. Its dates and its own signature do not count (RFC 5280 section 6.1.1).
pub(super) fn anchor(der: &[u8]) -> Result<TrustAnchor<'static>, String> {
    let der = CertificateDer::from(der);
    let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|error| error.to_string())?;
    Ok(anchor.to_owned())
}

/// Drops anchors that are there already, by subject and key.
pub(super) fn without_repeats(anchors: Vec<TrustAnchor<'static>>) -> Vec<TrustAnchor<'static>> {
    let mut seen = BTreeSet::new();
    anchors.into_iter().filter(|anchor| seen.insert(identity(anchor))).collect()
}

/// SHA-256 over subject and key of each anchor, each behind its length, sorted.
pub(super) fn digest(anchors: &[TrustAnchor<'_>]) -> Fingerprint {
    let identities: BTreeSet<Vec<u8>> = anchors.iter().map(identity).collect();
    Fingerprint::of(&identities.into_iter().flatten().collect::<Vec<u8>>())
}

/// The day of a file's time, `YYYY-MM-DD`.
pub(super) fn day(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    let text = UnixTime(i64::try_from(seconds).ok()?).to_string();
    text.split_once('T').map(|(date, _)| date.to_owned())
}

fn identity(anchor: &TrustAnchor<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [anchor.subject.as_ref(), anchor.subject_public_key_info.as_ref()] {
        bytes.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_repeats_do_not_change_the_hash() {
        let [a, b, ..] = webpki_roots::TLS_SERVER_ROOTS else { panic!("two anchors") };
        let set = [a.clone(), b.clone()];
        assert_eq!(digest(&set), digest(&[b.clone(), a.clone(), b.clone()]));
        assert_ne!(digest(&set), digest(std::slice::from_ref(a)));
        assert_eq!(without_repeats(vec![a.clone(), b.clone(), a.clone()]), set);
    }
}
