//! `tls.version.obsolete`: SSL 2, SSL 3, TLS 1.0, TLS 1.1 or DTLS 1.0 is spoken (RFC 6176, RFC 7568, RFC 8996). One
//! verdict for all of them, about the oldest. Without deep inspection only what was negotiated is known.
//!
//! What an attacker makes of SSL 2 and SSL 3 is said by `tls.vuln.drown` and `tls.vuln.poodle` beside it.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let is_obsolete = |version: &ProtocolVersion| {
        *version < ProtocolVersion::TLSv1_2 || *version == ProtocolVersion::DTLSv1_0
    };
    let obsolete: Vec<_> = view.versions().into_iter().filter(is_obsolete).collect();
    let oldest = obsolete.first()?;
    let source = match *oldest {
        ProtocolVersion::SSLv2 => "RFC 6176",
        ProtocolVersion::SSLv3 => "RFC 7568",
        _ => "RFC 8996",
    };
    let names: Vec<_> = obsolete.iter().map(|version| version.to_string()).collect();
    let negotiated = view.tls().and_then(|tls| tls.version).filter(is_obsolete);
    let (title, detail) = match (view.inspection(), negotiated) {
        (None, Some(version)) => (
            "An obsolete protocol version was negotiated",
            format!("The server chose {version} although version 1.2 was offered: it knows nothing newer."),
        ),
        (_, Some(version)) => (
            "Obsolete protocol versions are accepted",
            format!(
                "The server speaks {}; it chose {version} although version 1.2 was offered.",
                words::listed(&names)
            ),
        ),
        (_, None) => (
            "Obsolete protocol versions are accepted",
            format!("The server speaks {}.", words::listed(&names)),
        ),
    };
    Draft::new(Rule::ObsoleteVersion, Severity::Medium, title)
        .detail(detail)
        .group(format!("version:{oldest}"))
        .fact("version", oldest.to_string())
        .facts("versions", names)
        .remedy("Enable TLS 1.2 and 1.3 on the server and disable what is older; update it if it cannot.")
        .sources(&[source])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};

    #[test]
    fn one_verdict_names_every_obsolete_version_and_goes_by_the_oldest() {
        let mut inspection = sound();
        of(&mut inspection, ProtocolVersion::TLSv1_0).offered = Some(true);
        of(&mut inspection, ProtocolVersion::TLSv1_1).offered = Some(true);
        let verdict = finding(&inspection, Rule::ObsoleteVersion);
        assert_eq!((verdict.severity, &*verdict.group), (Severity::Medium, "version:TLSv1.0"));
        assert_eq!(verdict.detail, "The server speaks TLSv1.0 and TLSv1.1.");
    }

    #[test]
    fn a_version_that_could_not_be_told_is_not_one_that_is_spoken() {
        assert!(is_silent(&undetermined(), Rule::ObsoleteVersion));
        assert!(is_silent(&sound(), Rule::ObsoleteVersion));
    }
}
