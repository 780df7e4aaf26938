//! `tls.vuln.padding_oracle`: wrong padding and a wrong MAC are told apart, by another alert or by none (Zombie POODLE,
//! GOLDENDOODLE and 0-length OpenSSL, 2019; RFC 5246 section 6.2.3.2 asks for the same reaction to both).

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{ProbeName, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let probe = view.weak_probe(ProbeName::PaddingOracle)?;
    Draft::new(Rule::PaddingOracle, Severity::High, "Server is a CBC padding oracle")
        .detail(
            "The server reacts otherwise to a record with wrong padding than to one with a wrong MAC: somebody in the middle who can make a client repeat a request reads it byte by byte.",
        )
        .group("padding_oracle")
        .seen(&probe.evidence)
        .remedy(
            "Update the TLS library or the appliance; until then disable CBC suites.",
        )
        .sources(&["CVE-2019-1559, CVE-2019-6593 (Zombie POODLE, GOLDENDOODLE)", "RFC 5246 section 6.2.3.2"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined, weak};

    #[test]
    fn the_probe_decides_and_doubt_decides_nothing() {
        let verdict = finding(&weak(ProbeName::PaddingOracle), Rule::PaddingOracle);
        assert_eq!(verdict.severity, Severity::High);
        assert!(format!("{:?}", verdict.evidence).contains("leaked_bytes"));
        assert!(is_silent(&sound(), Rule::PaddingOracle));
        assert!(is_silent(&undetermined(), Rule::PaddingOracle));
    }
}
