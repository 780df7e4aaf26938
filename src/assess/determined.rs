//! Whether an observation could have shown that a rule is broken: only then does the want of a verdict say that it is not.
//! What deep inspection found is not repaired because another scan did not look, or because an answer was in doubt.

use crate::model::{
    DoubtKind, Features, Gathered, Inspection, Observation, Outcome, PostQuantum, ProbeName, Reaction,
    RevocationCheck, RevocationStatus, Rule, Scope, TlsFacts, VersionFacts,
};
use crate::tls::{CipherSuite, ProtocolVersion};

const SSL2: ProtocolVersion = ProtocolVersion::SSLv2;
const SSL3: ProtocolVersion = ProtocolVersion::SSLv3;
const TLS10: ProtocolVersion = ProtocolVersion::TLSv1_0;
const TLS11: ProtocolVersion = ProtocolVersion::TLSv1_1;
const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLSv1_3;

/// Whether `observation`, which brought a chain or an inspection, settles `rule`: broken with a verdict, kept without.
pub fn is_determined<C>(rule: Rule, observation: &Observation<C>) -> bool {
    let handshake = match &observation.outcome {
        Outcome::Handshake(handshake) => handshake,
        // Without a chain, the inspection settles what it is about.
        Outcome::Failure(failure) => {
            let is_of_it = is_of_inspection(rule) || matches!(rule, Rule::ObsoleteVersion | Rule::WeakCipher);
            return failure
                .inspection
                .as_ref()
                .is_some_and(|found| is_of_it && by_inspection(rule, &TlsFacts::default(), found));
        }
        Outcome::Read(_) => return true,
    };
    if matches!(rule, Rule::Revoked | Rule::RevocationNotDetermined) {
        return handshake.gathered.as_ref().is_some_and(|gathered| by_gathered(rule, gathered));
    }
    match &handshake.inspection {
        Some(inspection) => by_inspection(rule, &handshake.tls, inspection),
        None => by_handshake(rule, &handshake.tls),
    }
}

/// Revocation is settled by answers; where nobody can be asked, nothing holds up what was found of another certificate.
fn by_gathered(rule: Rule, gathered: &Gathered) -> bool {
    let is_open = |check: &RevocationCheck| matches!(&check.status, RevocationStatus::NotDetermined(doubt) if doubt.kind != DoubtKind::NoSource);
    match rule {
        Rule::Revoked => !gathered.revocation.iter().any(is_open),
        _ => true,
    }
}

/// Rules that one handshake judges by itself, too, are settled by it: they were broken by what it showed.
fn by_handshake(rule: Rule, tls: &TlsFacts) -> bool {
    match rule {
        Rule::ObsoleteVersion | Rule::WeakCipher | Rule::StartTlsInjection => true,
        Rule::NoPostQuantum => has_shown_group(tls) || tls.post_quantum.is_some(),
        Rule::DraftPostQuantum => tls.post_quantum == Some(PostQuantum::Refused),
        _ => !is_of_inspection(rule),
    }
}

/// A group was chosen in TLS 1.3, by a handshake that offers a hybrid one.
fn has_shown_group(tls: &TlsFacts) -> bool {
    let offers_hybrid = tls.completed == Some(true) || tls.possession_proved == Some(true);
    tls.version == Some(TLS13) && tls.group.is_some_and(|group| offers_hybrid || group.is_post_quantum())
}

fn is_of_inspection(rule: Rule) -> bool {
    rule.id().starts_with("tls.vuln.")
        || matches!(
            rule,
            Rule::WeakGroup
                | Rule::WeakSignature
                | Rule::NoForwardSecrecy
                | Rule::NoTls13
                | Rule::NoFallbackScsv
                | Rule::Intolerant
                | Rule::HstsMissing
        )
}

fn by_inspection(rule: Rule, tls: &TlsFacts, inspection: &Inspection) -> bool {
    let seen = Seen(inspection);
    let features = &inspection.features;
    match rule {
        // SSL 2 has a rule of its own, and many servers are silent about it.
        Rule::ObsoleteVersion => {
            [SSL3, TLS10, TLS11].into_iter().all(|version| seen.offered(version).is_some())
        }
        Rule::Drown => seen.offered(SSL2).is_some(),
        Rule::WeakCipher
        | Rule::Freak
        | Rule::Export
        | Rule::NullEncryption
        | Rule::Anonymous
        | Rule::Rc4
        | Rule::Sweet32 => seen.suites(),
        Rule::Poodle => seen.suites_of(SSL3),
        Rule::Beast => seen.suites_of(TLS10),
        Rule::Lucky13 => {
            seen.suites() && (features.encrypt_then_mac.is_some() || !seen.accepts(CipherSuite::is_cbc))
        }
        Rule::Logjam | Rule::SharedPrime => seen.primes(),
        Rule::Raccoon => seen.primes() && inspection.dh_parameters.iter().all(|dh| dh.key_reused.is_some()),
        Rule::Crime => seen.old().all(|facts| facts.offered == Some(false) || facts.compression.is_some()),
        Rule::InsecureRenegotiation | Rule::ClientRenegotiation | Rule::NoFallbackScsv => {
            seen.feature(rule, features)
        }
        Rule::Heartbleed => seen.probe(ProbeName::Heartbleed),
        Rule::CcsInjection => seen.probe(ProbeName::CcsInjection),
        Rule::Ticketbleed => seen.probe(ProbeName::Ticketbleed),
        Rule::Robot => seen.probe(ProbeName::Robot),
        Rule::PoodleTls => seen.probe(ProbeName::PoodleTls),
        Rule::PaddingOracle => seen.probe(ProbeName::PaddingOracle),
        Rule::StartTlsInjection => !seen.is_in_doubt(ProbeName::StartTlsInjection),
        Rule::WeakGroup => inspection.versions.iter().all(groups_are_settled),
        Rule::WeakSignature => seen.of(TLS12).is_some_and(schemes_are_settled),
        Rule::NoForwardSecrecy => {
            seen.accepts(|suite| suite.forward_secrecy() == Some(true)) || seen.is_full() && seen.suites()
        }
        Rule::NoTls13 => seen.offered(TLS13).is_some(),
        Rule::NoPostQuantum => has_shown_group(tls) || tls.post_quantum.is_some() || seen.groups_of_tls13(),
        Rule::DraftPostQuantum => tls.post_quantum == Some(PostQuantum::Refused) || seen.groups_of_tls13(),
        Rule::Intolerant => inspection.intolerances.is_some(),
        Rule::HstsMissing => inspection.hsts.is_some(),
        _ => true,
    }
}

/// What an inspection got to see.
struct Seen<'a>(&'a Inspection);

impl<'a> Seen<'a> {
    fn is_full(&self) -> bool {
        self.0.scope == Scope::Everything
    }

    fn of(&self, version: ProtocolVersion) -> Option<&'a VersionFacts> {
        self.0.versions.iter().find(|facts| facts.version == version)
    }

    fn offered(&self, version: ProtocolVersion) -> Option<bool> {
        self.of(version)?.offered
    }

    /// SSL 3 to TLS 1.2.
    fn old(&self) -> impl Iterator<Item = &'a VersionFacts> {
        self.0.versions.iter().filter(|facts| (SSL3..=TLS12).contains(&facts.version))
    }

    fn suites_of(&self, version: ProtocolVersion) -> bool {
        self.of(version).is_some_and(suites_are_settled)
    }

    /// The suites of every version that has a choice of them.
    fn suites(&self) -> bool {
        self.old().next().is_some() && self.old().all(suites_are_settled)
    }

    fn accepts(&self, is_meant: impl Fn(CipherSuite) -> bool) -> bool {
        self.0.versions.iter().flat_map(|facts| &facts.cipher_suites).any(|suite| is_meant(*suite))
    }

    /// The Diffie-Hellman parameters, where there are any.
    fn primes(&self) -> bool {
        self.suites() && (!self.0.dh_parameters.is_empty() || !self.accepts(|suite| exchanges(suite, "DHE")))
    }

    fn groups_of_tls13(&self) -> bool {
        self.is_full() && self.of(TLS13).is_some_and(groups_are_settled)
    }

    /// Renegotiation and fallback end with the versions that have them.
    fn feature(&self, rule: Rule, features: &Features) -> bool {
        let may_be = self.old().filter(|facts| facts.offered != Some(false)).count();
        match rule {
            Rule::NoFallbackScsv => features.fallback_scsv.is_some() || may_be < 2,
            _ if may_be == 0 => true,
            Rule::InsecureRenegotiation => features.secure_renegotiation.is_some(),
            _ => features.client_renegotiation.is_some(),
        }
    }

    fn probe(&self, name: ProbeName) -> bool {
        self.0.probes.iter().any(|probe| probe.name == name) && !self.is_in_doubt(name)
    }

    fn is_in_doubt(&self, name: ProbeName) -> bool {
        let mut probes = self.0.probes.iter().filter(|probe| probe.name == name);
        probes.any(|probe| matches!(probe.reaction, Reaction::NotDetermined(_)))
    }
}

/// The Diffie-Hellman parameters were seen, where there are any.
pub(super) fn primes_are_settled(inspection: &Inspection) -> bool {
    Seen(inspection).primes()
}

pub(super) fn suites_are_settled(facts: &VersionFacts) -> bool {
    facts.offered == Some(false) || facts.suites_complete
}

pub(super) fn groups_are_settled(facts: &VersionFacts) -> bool {
    let has_groups =
        facts.version >= TLS13 || facts.cipher_suites.iter().any(|suite| exchanges(*suite, "ECDHE"));
    facts.offered == Some(false)
        || facts.groups_complete
        || facts.version < SSL3
        || facts.suites_complete && !has_groups
}

pub(super) fn schemes_are_settled(facts: &VersionFacts) -> bool {
    let is_signed = |suite: &CipherSuite| exchanges(*suite, "ECDHE") || exchanges(*suite, "DHE");
    facts.offered == Some(false)
        || facts.schemes_complete
        || facts.suites_complete && !facts.cipher_suites.iter().any(is_signed)
}

/// The suite's key exchange is this one.
fn exchanges(suite: CipherSuite, exchange: &str) -> bool {
    suite.known_name().is_some_and(|name| name.split('_').any(|word| word == exchange))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, observed, of, sound, undetermined};
    use crate::assess::tests::pki::{chain, served};
    use crate::model::Doubt;
    use crate::time::UnixTime;
    use crate::tls::NamedGroup;
    use crate::x509::Fingerprint;

    fn settled(rule: Rule, inspection: &Inspection) -> bool {
        is_determined(rule, &observed(inspection, TlsFacts::default()))
    }

    /// Rules about what is asked of others.
    const GATHERED: [Rule; 2] = [Rule::Revoked, Rule::RevocationNotDetermined];

    #[test]
    fn an_answer_settles_revocation_and_silence_does_not() {
        let settled = |statuses: &[RevocationStatus]| {
            let mut observation = served(chain(&[]), TlsFacts::default());
            let Outcome::Handshake(handshake) = &mut observation.outcome else { panic!() };
            let check = |status: &RevocationStatus| RevocationCheck {
                certificate: Fingerprint([0; 32]),
                method: None,
                status: status.clone(),
                this_update: None,
                next_update: None,
                checked_at: UnixTime(0),
            };
            let revocation = statuses.iter().map(check).collect();
            handshake.gathered = Some(Box::new(Gathered { stapled: None, revocation }));
            GATHERED.map(|rule| is_determined(rule, &observation))
        };
        let doubt = |kind| RevocationStatus::NotDetermined(Doubt::new(kind, ""));
        assert_eq!(settled(&[RevocationStatus::Good]), [true, true]);
        assert_eq!(settled(&[RevocationStatus::Good, doubt(DoubtKind::NoAnswer)]), [false, true]);
        assert_eq!(settled(&[doubt(DoubtKind::NoIssuer)]), [false, true]);
        assert_eq!(settled(&[doubt(DoubtKind::NoSource)]), [true, true], "nobody holds it up");
        let nobody_looked = served(chain(&[]), TlsFacts::default());
        assert_eq!(GATHERED.map(|rule| is_determined(rule, &nobody_looked)), [false, false]);
    }

    #[test]
    fn a_whole_inspection_settles_every_rule() {
        for rule in Rule::ALL.iter().filter(|rule| !GATHERED.contains(rule)) {
            assert!(settled(*rule, &sound()), "{rule:?}");
        }
    }

    #[test]
    fn doubt_settles_no_rule_of_inspection_and_all_others() {
        for rule in Rule::ALL.iter().filter(|rule| !GATHERED.contains(rule)) {
            let is_open = is_of_inspection(*rule)
                || matches!(
                    rule,
                    Rule::ObsoleteVersion | Rule::WeakCipher | Rule::NoPostQuantum | Rule::DraftPostQuantum
                );
            assert_eq!(settled(*rule, &undetermined()), !is_open, "{rule:?}");
        }
    }

    #[test]
    fn a_scan_that_does_not_look_settles_nothing_that_takes_looking() {
        let swept = served(chain(&[]), TlsFacts::default());
        assert!(!is_determined(Rule::Heartbleed, &swept));
        assert!(!is_determined(Rule::NoPostQuantum, &swept));
        for rule in [Rule::ObsoleteVersion, Rule::WeakCipher, Rule::Expired, Rule::KeyReused] {
            assert!(is_determined(rule, &swept), "{rule:?}");
        }
        let standard = TlsFacts {
            version: Some(TLS13),
            group: Some(NamedGroup::x25519),
            completed: Some(true),
            ..TlsFacts::default()
        };
        assert!(is_determined(Rule::NoPostQuantum, &served(chain(&[]), standard)));
    }

    #[test]
    fn the_policy_probe_settles_what_it_asks_about() {
        let mut inspection = Inspection { scope: Scope::Forbidden, ..sound() };
        inspection.probes.clear();
        inspection.features = Features::default();
        of(&mut inspection, TLS12).offered = None;
        for rule in [Rule::ObsoleteVersion, Rule::Rc4, Rule::Sweet32, Rule::Drown, Rule::WeakGroup] {
            assert!(settled(rule, &inspection), "{rule:?}");
        }
        assert!(!settled(Rule::Heartbleed, &inspection));
        assert!(!settled(Rule::InsecureRenegotiation, &inspection));
    }

    #[test]
    fn what_goes_with_its_version_or_its_suites_is_gone() {
        let mut only_tls13 = sound();
        only_tls13.features = Features::default();
        of(&mut only_tls13, TLS12).offered = Some(false);
        for rule in
            [Rule::InsecureRenegotiation, Rule::ClientRenegotiation, Rule::NoFallbackScsv, Rule::Crime]
        {
            assert!(settled(rule, &only_tls13), "{rule:?}");
        }
        let mut without_groups = accepting(TLS12, &[CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256]);
        let facts = of(&mut without_groups, TLS12);
        (facts.groups_complete, facts.schemes_complete) = (false, false);
        assert!(settled(Rule::WeakGroup, &without_groups) && settled(Rule::WeakSignature, &without_groups));
    }

    #[test]
    fn a_prime_that_was_not_seen_may_be_short() {
        let mut dhe = accepting(TLS12, &[CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256]);
        assert!(!settled(Rule::Logjam, &dhe));
        dhe.dh_parameters = crate::assess::tests::inspected::with_prime(2_048, None).dh_parameters;
        assert!(settled(Rule::Logjam, &dhe) && settled(Rule::Raccoon, &dhe));
    }
}
