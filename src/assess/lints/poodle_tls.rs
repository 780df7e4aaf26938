//! `tls.vuln.poodle_tls`: padding is not checked in TLS, as in SSL 3 (CVE-2014-8730; RFC 5246 section 6.2.3.2 says that it
//! must be). High: what SSL 3 suffers from by design, at the version that everybody speaks.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{ProbeName, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let probe = view.weak_probe(ProbeName::PoodleTls)?;
    Draft::new(Rule::PoodleTls, Severity::High, "Server does not check CBC padding (POODLE in TLS)")
        .detail(
            "The server accepts records whose padding is wrong: somebody in the middle who can make a client repeat a request reads it byte by byte.",
        )
        .group("poodle_tls")
        .seen(&probe.evidence)
        .remedy(
            "Update the TLS library or the appliance; until then disable CBC suites.",
        )
        .sources(&["CVE-2014-8730", "RFC 5246 section 6.2.3.2"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined, weak};

    #[test]
    fn the_probe_decides_and_doubt_decides_nothing() {
        let verdict = finding(&weak(ProbeName::PoodleTls), Rule::PoodleTls);
        assert_eq!(verdict.severity, Severity::High);
        assert!(format!("{:?}", verdict.evidence).contains("leaked_bytes"));
        assert!(is_silent(&sound(), Rule::PoodleTls));
        assert!(is_silent(&undetermined(), Rule::PoodleTls));
    }
}
