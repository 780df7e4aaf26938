//! `tls.vuln.heartbleed`: the answer to a heartbeat carries memory of the server (CVE-2014-0160; RFC 6520 section 4 says
//! that a message with a wrong length is to be dropped). Critical: nothing but a connection is needed, and no log tells.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{ProbeName, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let probe = view.weak_probe(ProbeName::Heartbleed)?;
    Draft::new(Rule::Heartbleed, Severity::Critical, "Server leaks its memory (Heartbleed)")
        .detail(
            "The server answers a heartbeat with more bytes than it was sent: anybody on the network can read its memory, keys and passwords in it.",
        )
        .group("heartbleed")
        .seen(&probe.evidence)
        .remedy(
            "Update OpenSSL (1.0.1g or later) and restart every service that uses it. Then replace the keys and certificates, and the passwords that went through the server: they may have been read.",
        )
        .sources(&["CVE-2014-0160", "RFC 6520 section 4"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined, weak};

    #[test]
    fn the_probe_decides_and_doubt_decides_nothing() {
        let verdict = finding(&weak(ProbeName::Heartbleed), Rule::Heartbleed);
        assert_eq!(verdict.severity, Severity::Critical);
        assert!(format!("{:?}", verdict.evidence).contains("leaked_bytes"));
        assert!(is_silent(&sound(), Rule::Heartbleed));
        assert!(is_silent(&undetermined(), Rule::Heartbleed));
    }
}
