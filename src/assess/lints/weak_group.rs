//! `tls.group.weak`: a curve under 224 bits is accepted for key exchange (NIST SP 800-57 part 1 r5, table 2: less than 112
//! bits of strength; RFC 8422 section 5.1.1 deprecates them). Short finite fields are `tls.vuln.logjam`.

use super::Draft;
use crate::assess::forbidden::WEAK_GROUPS;
use crate::assess::view::EndpointView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let enumerated = view.inspection().into_iter().flat_map(|inspection| &inspection.versions);
    let mut weak: Vec<_> = enumerated
        .flat_map(|facts| facts.groups.iter().copied())
        .chain(view.tls()?.group)
        .filter(|group| WEAK_GROUPS.contains(group))
        .collect();
    weak.sort();
    weak.dedup();
    let names: Vec<_> = weak.iter().map(|group| group.to_string()).collect();
    let first = names.first()?.clone();
    Draft::new(Rule::WeakGroup, Severity::Medium, "Weak curves are accepted")
        .detail(format!("The server takes {}: less than 112 bits of strength.", words::listed(&names)))
        .group(format!("group:{first}"))
        .facts("groups", names)
        .remedy("Allow X25519MLKEM768, X25519, P-256 and P-384 only.")
        .sources(&["NIST SP 800-57 part 1 r5 table 2", "RFC 8422 section 5.1.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};
    use crate::tls::{NamedGroup, ProtocolVersion};

    #[test]
    fn a_curve_under_224_bits_is_weak_and_p_224_is_not() {
        let mut inspection = sound();
        of(&mut inspection, ProtocolVersion::TLSv1_2).groups.push(NamedGroup::secp224r1);
        assert!(is_silent(&inspection, Rule::WeakGroup));
        of(&mut inspection, ProtocolVersion::TLSv1_2).groups.push(NamedGroup::secp192r1);
        let verdict = finding(&inspection, Rule::WeakGroup);
        assert_eq!((verdict.severity, &*verdict.group), (Severity::Medium, "group:secp192r1"));
        assert!(is_silent(&undetermined(), Rule::WeakGroup));
    }
}
