//! What a server took so far in one inspection, so that a refusal of the same is noticed: a server that changes its
//! mind is to be asked once more, and what ended with a refusal is in doubt. Never asks, never judges.

use crate::tls::registry::Authentication;
use crate::tls::{
    AlertDescription, Answer, CipherSuite, NamedGroup, Offer, ProtocolVersion, Question, SignatureScheme,
};

/// Choices kept; an inspection asks fewer questions.
const CAPACITY: usize = 512;

/// The choices of one server.
#[derive(Debug, Default)]
pub struct Memory(Vec<Taken>);

/// A choice, and what was offered beside it.
#[derive(Debug)]
struct Taken {
    legacy_version: ProtocolVersion,
    supported_versions: Vec<ProtocolVersion>,
    suite: CipherSuite,
    group: Option<NamedGroup>,
    suites: usize,
    groups: Vec<NamedGroup>,
    schemes: Vec<SignatureScheme>,
}

impl Memory {
    /// Keeps what was chosen.
    pub fn hear(&mut self, question: &Question, answer: &Answer) {
        let (Answer::Chose(answer), offer) = (answer, &question.offer) else { return };
        if self.0.len() < CAPACITY && offer.cipher_suites.contains(&answer.cipher_suite) {
            self.0.push(Taken {
                legacy_version: offer.legacy_version,
                supported_versions: offer.supported_versions.clone(),
                suite: answer.cipher_suite,
                group: answer.group,
                suites: offer.cipher_suites.len(),
                groups: offer.groups.clone(),
                schemes: offer.signature_schemes.clone(),
            });
        }
    }

    /// The server refuses what it took before, with all that it may have needed for it, in a hello with no more suites.
    pub fn is_contradicted_by(&self, question: &Question, answer: &Answer) -> bool {
        let Answer::Alert(alert) = answer else { return false };
        let is_of_other_things =
            [AlertDescription::inappropriate_fallback, AlertDescription::no_application_protocol]
                .contains(alert);
        !is_of_other_things && self.0.iter().any(|taken| taken.is_offered_by(&question.offer))
    }
}

impl Taken {
    fn is_offered_by(&self, offer: &Offer) -> bool {
        let is_new = self.supported_versions.contains(&ProtocolVersion::TLSv1_3);
        // Up to TLS 1.2 the certificate's own curve has to be listed, too (RFC 8422 section 5.1).
        let is_bound = !is_new && self.suite.authentication() == Some(Authentication::Ecdsa);
        let has_group = match self.group {
            Some(group) => offer.groups.contains(&group) && !is_bound,
            None => !is_new,
        };
        self.legacy_version == offer.legacy_version
            && self.supported_versions == offer.supported_versions
            && offer.cipher_suites.contains(&self.suite)
            && offer.cipher_suites.len() <= self.suites
            && (has_group || self.groups.iter().all(|group| offer.groups.contains(group)))
            && self.schemes.iter().all(|scheme| offer.signature_schemes.contains(scheme))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Quirk, Table, answered};
    use super::super::{Alpn, Enumeration, OldGroups, OldSchemes, OldVersions, Suites, Tls13};
    use super::*;

    /// Asks to the end, and counts the refusals that contradict.
    fn contradictions(server: &Table, memory: &mut Memory, enumeration: &mut impl Enumeration) -> usize {
        let (mut number, mut count) = (0, 0);
        while let Some((_, question)) = enumeration.question() {
            number += 1;
            let answer = answered(server, &question, number);
            count += usize::from(memory.is_contradicted_by(&question, &answer));
            memory.hear(&question, &answer);
            enumeration.hear(&answer);
        }
        count
    }

    fn contradictions_of(server: &Table) -> usize {
        let mut memory = Memory::default();
        let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
        let mut count = contradictions(server, &mut memory, &mut suites);
        let found = suites.finish();
        count += contradictions(server, &mut memory, &mut Tls13::default());
        count += contradictions(server, &mut memory, &mut OldVersions::among(&OldVersions::ALL));
        count += contradictions(server, &mut memory, &mut OldGroups::new(&found));
        count += contradictions(server, &mut memory, &mut OldSchemes::new(&found));
        count + contradictions(server, &mut memory, &mut Alpn::new(&found))
    }

    #[test]
    fn a_server_by_the_book_never_contradicts_itself() {
        let ecdsa = Table { ecdsa_curve: Some(NamedGroup::secp256r1), ..Table::modern() };
        let with_protocols = Table { alpn: vec![b"h2", b"http/1.1"], ..Table::modern() };
        let in_small = [Quirk::ResetsLong, Quirk::SilentOnLong, Quirk::FewSuites, Quirk::WantsShare];
        let odd = in_small.map(|quirk| Table::modern().but(quirk));
        for server in [Table::modern(), Table::legacy(), ecdsa, with_protocols].iter().chain(&odd) {
            assert_eq!(contradictions_of(server), 0, "{server:?}");
        }
    }

    #[test]
    fn a_refusal_of_what_was_taken_contradicts_and_one_of_less_does_not() {
        let server = Table::modern();
        let mut memory = Memory::default();
        let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
        let (_, first) = suites.question().unwrap();
        let answer = answered(&server, &first, 1);
        let refusal = Answer::Alert(AlertDescription::handshake_failure);
        assert!(!memory.is_contradicted_by(&first, &refusal), "nothing was taken yet");
        memory.hear(&first, &answer);
        assert!(memory.is_contradicted_by(&first, &refusal));
        assert!(
            !memory.is_contradicted_by(&first, &Answer::Alert(AlertDescription::no_application_protocol))
        );
        assert!(!memory.is_contradicted_by(&first, &Answer::Timeout));
        suites.hear(&answer);
        let (_, without_the_choice) = suites.question().unwrap();
        assert!(!memory.is_contradicted_by(&without_the_choice, &refusal));
    }
}
