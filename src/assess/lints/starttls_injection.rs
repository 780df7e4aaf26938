//! `tls.vuln.starttls_injection`: text crosses the upgrade to TLS. Either the server carries out what was sent in clear
//! before TLS began (CVE-2011-0411; RFC 3207 section 6 asks to discard it), which is high; or text came from its side
//! between the go-ahead and TLS, which a client may take for protected: medium, for it may have been somebody on the way.

use super::{Draft, not_measured};
use crate::assess::view::EndpointView;
use crate::model::{ProbeName, Reason, Rule, Severity, Stage, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let draft = match (view.weak_probe(ProbeName::StartTlsInjection), view.failure()) {
        (Some(probe), _) => draft(Severity::High, "Server takes commands from before STARTTLS into TLS")
            .detail(
                "A command that was sent in clear behind STARTTLS is carried out inside TLS: somebody in the middle can \
                 put commands in front of those of a client.",
            )
            .seen(&probe.evidence),
        (None, Some(failure)) if failure.stage == Stage::Upgrade && failure.reason == Reason::Injected => {
            draft(Severity::Medium, "Text came between the server's go-ahead and TLS")
                .detail(not_measured::sentence(failure))
        }
        _ => return None,
    };
    draft.on_endpoint(view)
}

fn draft(severity: Severity, title: &'static str) -> Draft {
    Draft::new(Rule::StartTlsInjection, severity, title)
        .group("starttls_injection")
        .remedy("Update the server: it has to discard what it read before TLS began. Prefer implicit TLS where clients can.")
        .sources(&["CVE-2011-0411", "RFC 3207 section 6"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined, weak};
    use crate::assess::tests::pki::{Judge, chain, rules, served};
    use crate::model::{Failure, Observation, Outcome, TlsFacts};

    #[test]
    fn what_the_probe_saw_carried_out_is_high() {
        let verdict = finding(&weak(ProbeName::StartTlsInjection), Rule::StartTlsInjection);
        assert_eq!(verdict.severity, Severity::High);
        assert!(is_silent(&sound(), Rule::StartTlsInjection));
        assert!(is_silent(&undetermined(), Rule::StartTlsInjection));
    }

    #[test]
    fn text_before_tls_is_a_finding_even_at_an_address_that_nobody_named() {
        let failed = |reason| {
            let failure = Failure::new(Stage::Upgrade, reason, "250 who are you");
            let observation = served(chain(&[]), TlsFacts::default());
            let observation = Observation { outcome: Outcome::Failure(failure), ..observation };
            rules(&Judge::with(Vec::new()).assess(&observation))
        };
        assert_eq!(failed(Reason::Injected), [Rule::StartTlsInjection]);
        assert_eq!(failed(Reason::Throttled), []);
    }
}
