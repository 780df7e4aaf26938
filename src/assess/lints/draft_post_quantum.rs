//! `tls.group.draft_post_quantum`: a group by a draft of ML-KEM (Kyber, 0x6399 and its kin) is left over. Low: no current
//! client offers one, so that it protects nobody and only tells that the software is of 2023.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::assess::words;
use crate::model::{PostQuantum, Rule, Severity, Verdict};
use crate::tls::NamedGroup;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let enumerated = view.inspection().into_iter().flat_map(|inspection| &inspection.versions);
    let answered = match view.tls()?.post_quantum {
        Some(PostQuantum::Group(group)) => Some(group),
        _ => None,
    };
    let mut drafts: Vec<NamedGroup> = enumerated
        .flat_map(|facts| facts.groups.iter().copied())
        .chain(answered)
        .filter(|group| group.is_draft_post_quantum())
        .collect();
    drafts.sort();
    drafts.dedup();
    let names: Vec<_> = drafts.iter().map(|group| group.to_string()).collect();
    let first = names.first()?.clone();
    Draft::new(Rule::DraftPostQuantum, Severity::Low, "Draft of a post-quantum group is left over")
        .detail(format!("The server takes {}, which no current client offers.", words::listed(&names)))
        .group(format!("group:{first}"))
        .facts("groups", names)
        .remedy("Update the TLS library, and enable X25519MLKEM768 in place of the draft.")
        .sources(&["draft-ietf-tls-ecdhe-mlkem", "draft-tls-westerbaan-xyber768d00"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};
    use crate::tls::ProtocolVersion;

    #[test]
    fn a_draft_beside_the_standard_is_still_a_leftover() {
        let mut inspection = sound();
        of(&mut inspection, ProtocolVersion::TLSv1_3).groups.push(NamedGroup::X25519Kyber768Draft00);
        assert_eq!(finding(&inspection, Rule::DraftPostQuantum).severity, Severity::Low);
        assert!(is_silent(&inspection, Rule::NoPostQuantum));
        assert!(is_silent(&sound(), Rule::DraftPostQuantum));
        assert!(is_silent(&undetermined(), Rule::DraftPostQuantum));
    }
}
