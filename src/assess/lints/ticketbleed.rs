//! `tls.vuln.ticketbleed`: the session id that comes back with a ticket is filled up with memory of the server
//! (CVE-2016-9244; RFC 5077 section 3.4 says that it is to be the one that was sent). Critical: nothing but a connection is
//! needed.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{ProbeName, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let probe = view.weak_probe(ProbeName::Ticketbleed)?;
    Draft::new(Rule::Ticketbleed, Severity::Critical, "Server leaks its memory (Ticketbleed)")
        .detail(
            "The server echoes a session id longer than the one it was sent: up to 31 bytes of its memory go to anybody who resumes a session, again and again.",
        )
        .group("ticketbleed")
        .seen(&probe.evidence)
        .remedy(
            "Update the load balancer (F5 BIG-IP, K05121675), or disable session tickets in its client SSL profile until then.",
        )
        .sources(&["CVE-2016-9244", "RFC 5077 section 3.4"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined, weak};

    #[test]
    fn the_probe_decides_and_doubt_decides_nothing() {
        let verdict = finding(&weak(ProbeName::Ticketbleed), Rule::Ticketbleed);
        assert_eq!(verdict.severity, Severity::Critical);
        assert!(format!("{:?}", verdict.evidence).contains("leaked_bytes"));
        assert!(is_silent(&sound(), Rule::Ticketbleed));
        assert!(is_silent(&undetermined(), Rule::Ticketbleed));
    }
}
