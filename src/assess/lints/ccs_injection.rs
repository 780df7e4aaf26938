//! `tls.vuln.ccs_injection`: a ChangeCipherSpec is accepted before a key exchange (CVE-2014-0224; RFC 5246 section 7.1).
//! High, not critical: it takes a place in the middle and a client with the same weakness.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{ProbeName, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let probe = view.weak_probe(ProbeName::CcsInjection)?;
    Draft::new(Rule::CcsInjection, Severity::High, "Server takes ChangeCipherSpec too early")
        .detail(
            "The server accepts a ChangeCipherSpec before there are keys: somebody between it and a client of the same weakness can choose the keys, read and change the traffic.",
        )
        .group("ccs_injection")
        .seen(&probe.evidence)
        .remedy(
            "Update OpenSSL (0.9.8za, 1.0.0m, 1.0.1h or later) and restart every service that uses it.",
        )
        .sources(&["CVE-2014-0224", "RFC 5246 section 7.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined, weak};

    #[test]
    fn the_probe_decides_and_doubt_decides_nothing() {
        let verdict = finding(&weak(ProbeName::CcsInjection), Rule::CcsInjection);
        assert_eq!(verdict.severity, Severity::High);
        assert!(format!("{:?}", verdict.evidence).contains("leaked_bytes"));
        assert!(is_silent(&sound(), Rule::CcsInjection));
        assert!(is_silent(&undetermined(), Rule::CcsInjection));
    }
}
