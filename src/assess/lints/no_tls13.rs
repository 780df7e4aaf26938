//! `tls.version.no_tls13`: TLS 1.3 is refused (RFC 8446; NIST SP 800-52 r2 asks for it since 2024). Info, and only said
//! where all versions were asked for and this one was refused.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.full_inspection()?;
    let is_refused = view.version(ProtocolVersion::TLSv1_3)?.offered == Some(false);
    let best = view.versions().pop().filter(|best| is_refused && *best < ProtocolVersion::TLSv1_3)?;
    Draft::new(Rule::NoTls13, Severity::Info, "TLS 1.3 is not offered")
        .detail(format!("The server speaks {best} at most."))
        .group(format!("version:{best}"))
        .fact("best_version", best.to_string())
        .remedy("Enable TLS 1.3; update the server if it does not have it.")
        .sources(&["RFC 8446", "NIST SP 800-52 r2 section 3.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};
    use crate::model::{Inspection, Scope};

    #[test]
    fn only_a_refusal_counts() {
        let mut inspection = sound();
        of(&mut inspection, ProtocolVersion::TLSv1_3).offered = Some(false);
        assert_eq!(finding(&inspection, Rule::NoTls13).severity, Severity::Info);
        let forbidden = Inspection { scope: Scope::Forbidden, ..inspection.clone() };
        assert!(is_silent(&forbidden, Rule::NoTls13));
        of(&mut inspection, ProtocolVersion::TLSv1_3).offered = None;
        assert!(is_silent(&inspection, Rule::NoTls13));
        assert!(is_silent(&sound(), Rule::NoTls13) && is_silent(&undetermined(), Rule::NoTls13));
    }
}
