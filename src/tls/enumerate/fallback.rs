//! Whether a server refuses a downgrade that the client marks as one (RFC 7507). One hello. Never asks a server that has
//! nothing to fall back from.

use super::ear::{Ear, Verdict};
use super::suites::{self, SuitesFound};
use super::{Aim, Enumeration};
use crate::tls::{AlertDescription, Answer, CipherSuite, ProtocolVersion, Question, Until};

/// The question.
#[derive(Debug)]
pub struct Fallback {
    ear: Ear,
    version: ProtocolVersion,
    suites: Vec<CipherSuite>,
    is_over: bool,
    refuses: Option<bool>,
}

impl Fallback {
    /// `found` is of a version that the server speaks beside a newer one. Asks nothing if its suites took small hellos.
    pub fn new(found: &SuitesFound) -> Self {
        let suites = found.cipher_suites.clone();
        let is_over = suites.is_empty() || found.is_small;
        Self { ear: Ear::default(), version: found.version, suites, is_over, refuses: None }
    }

    /// Whether the downgrade was refused.
    pub fn finish(self) -> Option<bool> {
        self.refuses
    }
}

impl Enumeration for Fallback {
    fn question(&self) -> Option<(Aim, Question)> {
        if self.is_over {
            return None;
        }
        let mut offer = suites::offer(self.version, self.suites.clone());
        offer.cipher_suites.push(CipherSuite::TLS_FALLBACK_SCSV);
        Some((Aim::Features, Question { offer, until: Until::ServerHello }))
    }

    fn hear(&mut self, answer: &Answer) {
        let Some(verdict) = self.ear.hear(answer) else { return };
        self.is_over = true;
        self.refuses = match verdict {
            Verdict::Chose(_) => Some(false),
            Verdict::Refused(Some(AlertDescription::inappropriate_fallback)) => Some(true),
            // The same suites were taken a moment ago: something of the hello is refused, but who knows what.
            Verdict::Refused(_) | Verdict::Unheard => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::Suites;
    use super::super::testing::{Quirk, Table, interrogate};
    use super::*;

    fn refuses(server: &Table) -> Option<bool> {
        let first = server.clone().but(Quirk::None);
        let mut fallback = Fallback::new(&suites_of(&first));
        assert!(interrogate(server, &mut fallback) <= 2);
        fallback.finish()
    }

    fn suites_of(server: &Table) -> SuitesFound {
        let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
        interrogate(server, &mut suites);
        suites.finish()
    }

    #[test]
    fn behind_a_middlebox_that_chokes_on_long_hellos_nothing_is_asked() {
        let found = suites_of(&Table::modern().but(Quirk::ResetsLong));
        assert_eq!(found.offered, Some(true));
        assert!(Fallback::new(&found).question().is_none());
    }

    #[test]
    fn a_server_refuses_the_downgrade_or_does_not_know_the_mark() {
        assert_eq!(refuses(&Table::modern()), Some(true));
        let mut only_one = Table::modern();
        only_one.versions.pop();
        assert_eq!(refuses(&only_one), Some(false));
    }

    #[test]
    fn silence_and_other_alerts_tell_nothing() {
        assert_eq!(refuses(&Table::modern().but(Quirk::Silent)), None);
        assert_eq!(refuses(&Table::modern().but(Quirk::ResetsToRefuse)), None);
    }
}
