//! `tls.vuln.robot`: a Bleichenbacher oracle: the server reacts otherwise to a wrong padding than to a right one (RFC 5246
//! section 7.4.7.1 forbids it). High: it takes thousands of connections, and then it is the key that works for others.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{ProbeName, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let probe = view.weak_probe(ProbeName::Robot)?;
    Draft::new(Rule::Robot, Severity::High, "Server decrypts for strangers (ROBOT)")
        .detail(
            "The server tells well-padded RSA key exchanges from others: whoever recorded a session with RSA key exchange can have it decrypted, and can have messages signed with the server's key.",
        )
        .group("robot")
        .seen(&probe.evidence)
        .remedy(
            "Disable suites with RSA key exchange (TLS_RSA_*) at once, and update the TLS library or the appliance.",
        )
        .sources(&["CVE-2017-13099 and others (ROBOT, USENIX Security 2018)", "RFC 5246 section 7.4.7.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined, weak};

    #[test]
    fn the_probe_decides_and_doubt_decides_nothing() {
        let verdict = finding(&weak(ProbeName::Robot), Rule::Robot);
        assert_eq!(verdict.severity, Severity::High);
        assert!(format!("{:?}", verdict.evidence).contains("leaked_bytes"));
        assert!(is_silent(&sound(), Rule::Robot));
        assert!(is_silent(&undetermined(), Rule::Robot));
    }
}
