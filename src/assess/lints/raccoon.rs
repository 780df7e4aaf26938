//! `tls.vuln.raccoon`: a Diffie-Hellman key of the server is used more than once, by DHE suites that keep it or by suites
//! with a static one (CVE-2020-1968; RFC 9325 section 7.4). Low: the attack measures microseconds, thousands of times, and
//! a kept key has no forward secrecy meanwhile.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::registry::Authentication;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let inspection = view.inspection()?;
    let kept: Vec<_> = inspection.dh_parameters.iter().filter(|dh| dh.key_reused == Some(true)).collect();
    let fixed = view.suites(|_, suite| suite.authentication() == Some(Authentication::Dh));
    let detail = match (kept.is_empty(), fixed.is_empty()) {
        (true, true) => return None,
        (false, _) => "The server sent the same Diffie-Hellman value in two connections.".to_owned(),
        (true, false) => {
            format!("The server accepts {}, whose Diffie-Hellman key is fixed.", fixed.sentence())
        }
    };
    Draft::new(Rule::Raccoon, Severity::Low, "Diffie-Hellman keys are used again (Raccoon)")
        .detail(detail)
        .group("raccoon")
        .facts("bits", kept.iter().map(|dh| dh.bits.to_string()).collect())
        .facts("cipher_suites", fixed.facts())
        .remedy("Disable DHE and DH suites in favour of ECDHE, or have the server make a new key for each connection.")
        .sources(&["CVE-2020-1968", "RFC 9325 section 7.4"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, undetermined, with_prime};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn a_kept_key_and_a_fixed_one_are_low() {
        let mut kept = with_prime(2_048, None);
        kept.dh_parameters[0].key_reused = Some(true);
        assert_eq!(finding(&kept, Rule::Raccoon).severity, Severity::Low);
        kept.dh_parameters[0].key_reused = None;
        assert!(is_silent(&kept, Rule::Raccoon));
        let fixed = CipherSuite::TLS_DH_RSA_WITH_AES_128_CBC_SHA;
        finding(&accepting(ProtocolVersion::TLSv1_2, &[fixed]), Rule::Raccoon);
        assert!(is_silent(&undetermined(), Rule::Raccoon));
    }
}
