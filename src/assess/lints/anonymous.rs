//! `tls.vuln.anonymous`: a suite is accepted in which nobody proves who they are (RFC 9325 section 4.1): whoever stands in
//! the middle is the server. High; low on SMTP between mail servers, where a sender that does not verify loses nothing by
//! it, and Postfix offers it by default. On 587, where people log in, it is high.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::StartTls;
use crate::tls::registry::SuiteWeakness;

/// Message submission (RFC 6409): the clients are people's.
const SUBMISSION: u16 = 587;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let anonymous = view.suites(|_, suite| suite.weakness() == Some(SuiteWeakness::Anonymous));
    if anonymous.is_empty() {
        return None;
    }
    let endpoint = &view.observation.endpoint;
    let is_relay = endpoint.starttls == Some(StartTls::Smtp) && endpoint.port != Some(SUBMISSION);
    let (severity, then) = if is_relay {
        (Severity::Low, "between mail servers that do not verify each other, nothing is lost by it")
    } else {
        (Severity::High, "somebody in the middle needs no certificate to be the server")
    };
    Draft::new(Rule::Anonymous, severity, "Suites without authentication are accepted")
        .detail(format!("The server accepts {}: {then}.", anonymous.sentence()))
        .group("anonymous")
        .facts("cipher_suites", anonymous.facts())
        .remedy("Disable the suites with anon in their name (openssl: !aNULL).")
        .sources(&["RFC 9325 section 4.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::is_determined;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, observed, sound, undetermined};
    use crate::assess::tests::pki::{Judge, verdict};
    use crate::model::{Failure, Outcome, Reason, Stage, TlsFacts};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn a_server_that_is_nobody_is_high_but_not_between_mail_servers() {
        let suite = CipherSuite::TLS_DH_anon_WITH_AES_128_CBC_SHA;
        let inspection = accepting(ProtocolVersion::TLSv1_2, &[suite]);
        assert_eq!(finding(&inspection, Rule::Anonymous).severity, Severity::High);
        let on_smtp = |port| {
            let mut observation = observed(&inspection, TlsFacts::default());
            observation.endpoint.starttls = Some(StartTls::Smtp);
            observation.endpoint.port = Some(port);
            verdict(&Judge::with(Vec::new()).assess(&observation), Rule::Anonymous).severity
        };
        assert_eq!(on_smtp(25), Severity::Low);
        assert_eq!(on_smtp(587), Severity::High);
        assert!(is_silent(&sound(), Rule::Anonymous) && is_silent(&undetermined(), Rule::Anonymous));
    }

    #[test]
    fn a_server_that_has_nothing_else_is_judged_without_a_chain() {
        let suite = CipherSuite::TLS_DH_anon_WITH_AES_128_CBC_SHA;
        let mut observation = observed(&sound(), TlsFacts::default());
        let mut fail = |inspection| {
            let failure = Failure::new(Stage::Handshake, Reason::NoCertificate, "");
            observation.outcome = Outcome::Failure(Failure { inspection, ..failure });
            observation.clone()
        };
        let inspected = fail(Some(Box::new(accepting(ProtocolVersion::TLSv1_2, &[suite]))));
        let assessment = Judge::with(Vec::new()).assess(&inspected);
        assert_eq!(verdict(&assessment, Rule::Anonymous).severity, Severity::High);
        assert!(is_determined(Rule::Anonymous, &inspected) && !is_determined(Rule::Expired, &inspected));
        assert!(!is_determined(Rule::Anonymous, &fail(None)));
    }
}
