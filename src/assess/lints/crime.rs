//! `tls.vuln.crime`: the server compresses (CVE-2012-4929; RFC 9325 section 3.3: must not). What is compressed together
//! with what an attacker adds tells itself by its length. Medium: no browser of today asks for compression.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let compressing = view.inspection()?.versions.iter().filter(|facts| facts.compression == Some(true));
    let versions: Vec<_> = compressing.map(|facts| facts.version.to_string()).collect();
    if versions.is_empty() {
        return None;
    }
    Draft::new(Rule::Crime, Severity::Medium, "Server compresses (CRIME)")
        .detail("The server takes up compression by DEFLATE: secrets tell themselves by the length of what carries them.")
        .group("crime")
        .facts("versions", versions)
        .remedy("Disable compression in TLS (nginx and Apache of today have it off; openssl: SSL_OP_NO_COMPRESSION).")
        .sources(&["CVE-2012-4929", "RFC 9325 section 3.3"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};
    use crate::tls::ProtocolVersion;

    #[test]
    fn one_version_that_compresses_is_enough() {
        let mut inspection = sound();
        of(&mut inspection, ProtocolVersion::TLSv1_2).compression = Some(true);
        assert_eq!(finding(&inspection, Rule::Crime).severity, Severity::Medium);
        assert!(is_silent(&sound(), Rule::Crime) && is_silent(&undetermined(), Rule::Crime));
    }
}
