//! `tls.fallback_scsv.missing`: a client that says it fell back is not told that it need not have (RFC 7507). Low, and
//! only where two versions up to TLS 1.2 are spoken: there is nothing to fall back to otherwise, and from TLS 1.3 on the
//! server's random says it (RFC 8446 section 4.1.3).

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let features = &view.inspection()?.features;
    let mut versions = view.versions();
    versions.retain(|version| (ProtocolVersion::SSLv3..=ProtocolVersion::TLSv1_2).contains(version));
    if features.fallback_scsv != Some(false) || versions.len() < 2 {
        return None;
    }
    Draft::new(Rule::NoFallbackScsv, Severity::Low, "Downgrades are not noticed")
        .detail("The server accepts an older version from a client that marks it as a fallback: somebody in the middle can bring it about.")
        .group("fallback_scsv")
        .facts("versions", versions.iter().map(|version| version.to_string()).collect())
        .remedy("Speak TLS 1.2 and 1.3 only, or update the TLS library (OpenSSL 1.0.1j or later).")
        .sources(&["RFC 7507"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound};

    #[test]
    fn it_takes_something_to_fall_back_to() {
        let mut inspection = sound();
        inspection.features.fallback_scsv = Some(false);
        assert!(is_silent(&inspection, Rule::NoFallbackScsv));
        of(&mut inspection, ProtocolVersion::TLSv1_1).offered = Some(true);
        assert_eq!(finding(&inspection, Rule::NoFallbackScsv).severity, Severity::Low);
        inspection.features.fallback_scsv = None;
        assert!(is_silent(&inspection, Rule::NoFallbackScsv));
    }
}
