//! `tls.group.no_post_quantum`: key exchange is classical (RFC-to-be draft-ietf-tls-ecdhe-mlkem; NIST IR 8547): traffic
//! recorded today may be read later. Says what stands in the way.
//!
//! What a client gets counts first: a handshake that offered a hybrid group with its share and went on to prove
//! possession of the key (the cheap ones of a sweep do not offer one). Then the enumeration, where it came to its end;
//! then the answer to a hello that lists nothing but post-quantum groups. What the server has beside it but does not
//! choose helps nobody.

use super::Draft;
use crate::assess::readiness::Standing;
use crate::assess::view::EndpointView;
use crate::assess::words;
use crate::model::{Inspection, PostQuantum, Rule, Scope, Severity, Verdict};
use crate::tls::{NamedGroup, ProtocolVersion};

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    /// No TLS 1.3.
    Version,
    /// No group with ML-KEM.
    NotOffered,
    /// One by a draft only.
    OnlyDraft(NamedGroup),
    /// It was offered, and the server chose this one.
    NotChosen(NamedGroup),
}

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let obstacle = obstacle(view)?;
    let best = view.versions().pop().map(|version| version.to_string());
    let (detail, group, remedy) = match obstacle {
        Obstacle::Version => (
            match &best {
                Some(best) => {
                    format!("The server speaks nothing newer than {best}; post-quantum groups need TLS 1.3.")
                }
                None => "The server does not speak TLS 1.3, which post-quantum groups need.".to_owned(),
            },
            "version".to_owned(),
            "Enable TLS 1.3 first, then X25519MLKEM768 (OpenSSL 3.5, Go 1.24 and later have both).",
        ),
        Obstacle::NotOffered => (
            "The server speaks TLS 1.3 and takes no group with ML-KEM.".to_owned(),
            "not_offered".to_owned(),
            ENABLE,
        ),
        Obstacle::OnlyDraft(group) => (
            format!(
                "The server takes {group}, a draft that current clients no longer offer, and no group with ML-KEM."
            ),
            format!("group:{group}"),
            ENABLE,
        ),
        Obstacle::NotChosen(group) => (
            format!("The server chose {group} although X25519MLKEM768 was offered."),
            format!("group:{group}"),
            ENABLE,
        ),
    };
    let draft = Draft::new(Rule::NoPostQuantum, Severity::Info, "Key exchange is not post-quantum")
        .detail(with_what_it_has(detail, obstacle, view))
        .group(group)
        .facts("best_version", best.into_iter().collect())
        .facts(
            "group",
            view.tls().and_then(|tls| tls.group).map(|group| group.to_string()).into_iter().collect(),
        );
    draft.remedy(remedy).sources(&["draft-ietf-tls-ecdhe-mlkem", "NIST IR 8547 (draft)"]).on_endpoint(view)
}

const ENABLE: &str = "Enable X25519MLKEM768 on the server (OpenSSL 3.5, Go 1.24 and later have it).";

fn with_what_it_has(detail: String, obstacle: Obstacle, view: &EndpointView<'_>) -> String {
    let mut has = groups_of_tls13(view).to_vec();
    has.retain(|group| is_standard(*group));
    if has.is_empty() || !matches!(obstacle, Obstacle::NotChosen(_)) {
        return detail;
    }
    let names: Vec<_> = has.iter().map(|group| group.to_string()).collect();
    format!("{detail} It has {} and does not prefer it.", words::listed(&names))
}

fn obstacle(view: &EndpointView<'_>) -> Option<Obstacle> {
    let tls = view.tls()?;
    let chosen = tls.group.filter(|_| tls.version == Some(ProtocolVersion::TLSv1_3));
    let was_offered = tls.completed == Some(true) || tls.possession_proved == Some(true);
    if chosen.is_some_and(is_standard) {
        return None;
    }
    let enumerated = view.inspection().map_or(Enumerated::Unknown, enumerated);
    // A version that a handshake has shown is not an obstacle, whatever the server refused later.
    let has_tls13 = view.versions().contains(&ProtocolVersion::TLSv1_3);
    let enumerated = match enumerated {
        Enumerated::Lacks(Obstacle::Version) if has_tls13 => Enumerated::Unknown,
        enumerated => enumerated,
    };
    match (enumerated, tls.post_quantum) {
        (Enumerated::Lacks(obstacle), _) => return Some(obstacle),
        (Enumerated::Has, _) | (Enumerated::Unknown, None) => {}
        (Enumerated::Unknown, Some(PostQuantum::Group(group))) if group.is_draft_post_quantum() => {
            return Some(Obstacle::OnlyDraft(group));
        }
        (Enumerated::Unknown, Some(PostQuantum::Group(_))) => {}
        (Enumerated::Unknown, Some(PostQuantum::Refused)) => {
            return Some(if has_tls13 || view.versions().is_empty() {
                Obstacle::NotOffered
            } else {
                Obstacle::Version
            });
        }
    }
    chosen.filter(|_| was_offered).map(Obstacle::NotChosen)
}

/// What the enumeration of TLS 1.3 says.
enum Enumerated {
    Has,
    Lacks(Obstacle),
    Unknown,
}

fn enumerated(inspection: &Inspection) -> Enumerated {
    let facts = inspection.versions.iter().find(|facts| facts.version == ProtocolVersion::TLSv1_3);
    let Some(facts) = facts.filter(|_| inspection.scope == Scope::Everything) else {
        return Enumerated::Unknown;
    };
    let draft = facts.groups.iter().find(|group| group.is_draft_post_quantum());
    match facts.offered {
        _ if facts.groups.iter().any(|group| is_standard(*group)) => Enumerated::Has,
        Some(false) => Enumerated::Lacks(Obstacle::Version),
        Some(true) if facts.groups_complete => {
            Enumerated::Lacks(draft.map_or(Obstacle::NotOffered, |group| Obstacle::OnlyDraft(*group)))
        }
        _ => Enumerated::Unknown,
    }
}

fn groups_of_tls13<'a>(view: &EndpointView<'a>) -> &'a [NamedGroup] {
    view.version(ProtocolVersion::TLSv1_3).map(|facts| facts.groups.as_slice()).unwrap_or_default()
}

/// How far the endpoint is. A handshake that offered TLS 1.3 and ended below it tells, too.
pub(in crate::assess) fn standing(view: &EndpointView<'_>) -> Standing {
    let Some(tls) = view.tls() else { return Standing::Unknown };
    match obstacle(view) {
        Some(Obstacle::Version) => return Standing::NoTls13,
        Some(Obstacle::NotOffered) => return Standing::Classical,
        Some(Obstacle::OnlyDraft(_)) => return Standing::Transition,
        Some(Obstacle::NotChosen(_)) => {
            let has_one = groups_of_tls13(view).iter().any(|group| is_standard(*group));
            return if has_one { Standing::Transition } else { Standing::Classical };
        }
        None => {}
    }
    let answered = matches!(tls.post_quantum, Some(PostQuantum::Group(group)) if is_standard(group));
    let has = view.inspection().is_some_and(|found| matches!(enumerated(found), Enumerated::Has));
    let went_on = tls.completed == Some(true) || tls.possession_proved == Some(true);
    match tls.version {
        _ if answered || has || tls.group.is_some_and(is_standard) => Standing::Ready,
        Some(version) if went_on && version < ProtocolVersion::TLSv1_3 => Standing::NoTls13,
        _ => Standing::Unknown,
    }
}

/// Hybrid or pure ML-KEM.
fn is_standard(group: NamedGroup) -> bool {
    group.is_post_quantum() && !group.is_draft_post_quantum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, observed, of, sound, undetermined};
    use crate::assess::tests::pki::{Judge, chain, served};
    use crate::model::{Observation, TlsFacts};

    const DRAFT: NamedGroup = NamedGroup::X25519Kyber768Draft00;

    fn detail(observation: &Observation) -> Option<String> {
        let assessment = Judge::with(Vec::new()).assess(observation);
        assessment.verdicts.into_iter().find(|v| v.rule == Rule::NoPostQuantum).map(|v| v.detail)
    }

    fn with_groups(groups: &[NamedGroup]) -> Inspection {
        let mut inspection = sound();
        of(&mut inspection, ProtocolVersion::TLSv1_3).groups = groups.to_vec();
        inspection
    }

    #[test]
    fn the_enumeration_says_what_stands_in_the_way() {
        let classical = finding(&with_groups(&[NamedGroup::x25519]), Rule::NoPostQuantum);
        assert_eq!(classical.severity, Severity::Info);
        assert!(classical.detail.contains("takes no group"));
        let draft = finding(&with_groups(&[NamedGroup::x25519, DRAFT]), Rule::NoPostQuantum);
        assert!(draft.detail.contains("X25519Kyber768Draft00"));
        let mut older = sound();
        of(&mut older, ProtocolVersion::TLSv1_3).offered = Some(false);
        of(&mut older, ProtocolVersion::TLSv1_3).groups.clear();
        assert!(finding(&older, Rule::NoPostQuantum).detail.contains("nothing newer than TLSv1.2"));
        assert!(is_silent(&with_groups(&[NamedGroup::MLKEM1024]), Rule::NoPostQuantum));
    }

    #[test]
    fn a_version_that_was_shown_does_not_stand_in_the_way() {
        let mut older = sound();
        of(&mut older, ProtocolVersion::TLSv1_3).offered = Some(false);
        of(&mut older, ProtocolVersion::TLSv1_3).groups.clear();
        let shown = TlsFacts { version: Some(ProtocolVersion::TLSv1_3), ..TlsFacts::default() };
        assert_eq!(detail(&observed(&older, shown)), None);
    }

    #[test]
    fn what_was_not_enumerated_to_its_end_lacks_nothing() {
        let mut inspection = with_groups(&[NamedGroup::x25519]);
        of(&mut inspection, ProtocolVersion::TLSv1_3).groups_complete = false;
        assert!(is_silent(&inspection, Rule::NoPostQuantum));
        let forbidden = Inspection { scope: Scope::Forbidden, ..with_groups(&[NamedGroup::x25519]) };
        assert!(is_silent(&forbidden, Rule::NoPostQuantum));
        assert!(is_silent(&undetermined(), Rule::NoPostQuantum));
    }

    #[test]
    fn the_answer_to_post_quantum_groups_alone_decides_in_a_sweep() {
        let swept = |version, post_quantum| {
            let tls = TlsFacts {
                version: Some(version),
                completed: Some(false),
                post_quantum,
                ..TlsFacts::default()
            };
            detail(&served(chain(&[]), tls))
        };
        let new = ProtocolVersion::TLSv1_3;
        assert_eq!(swept(new, None), None);
        assert_eq!(swept(new, Some(PostQuantum::Group(NamedGroup::X25519MLKEM768))), None);
        assert!(swept(new, Some(PostQuantum::Group(DRAFT))).unwrap().contains("draft"));
        assert!(swept(new, Some(PostQuantum::Refused)).unwrap().contains("takes no group"));
        let older = swept(ProtocolVersion::TLSv1_2, Some(PostQuantum::Refused)).unwrap();
        assert!(older.contains("nothing newer than TLSv1.2"), "{older}");
    }

    #[test]
    fn a_group_that_the_server_has_and_does_not_choose_helps_nobody() {
        let tls = TlsFacts {
            version: Some(ProtocolVersion::TLSv1_3),
            group: Some(NamedGroup::x25519),
            completed: Some(true),
            ..TlsFacts::default()
        };
        let detail = detail(&observed(&sound(), tls)).unwrap();
        assert!(detail.contains("It has X25519MLKEM768 and does not prefer it."), "{detail}");
    }
}
