//! TLS 1.1, TLS 1.0 and SSL 3, one after the other. One hello speaks for all of them where the server has none: asked
//! for 1.1 it answers `protocol_version`, or with what it has below (RFC 5246 appendix E.1). Never asks about others.

use super::suites::{Suites, SuitesFound};
use super::{Aim, Enumeration};
use crate::tls::{AlertDescription, Answer, ProtocolVersion, Question};

/// The enumeration of the versions that RFC 8996 and RFC 7568 forbid, or some of them.
#[derive(Debug)]
pub struct OldVersions {
    current: Option<Suites>,
    /// The next one last.
    to_come: Vec<ProtocolVersion>,
    found: Vec<SuitesFound>,
}

impl OldVersions {
    /// All of them, oldest first.
    pub const ALL: [ProtocolVersion; 3] =
        [ProtocolVersion::SSLv3, ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1];

    /// Every suite of those that are among `versions`.
    pub fn among(versions: &[ProtocolVersion]) -> Self {
        let mut to_come: Vec<_> =
            Self::ALL.into_iter().filter(|version| versions.contains(version)).collect();
        Self { current: to_come.pop().map(Suites::new), to_come, found: Vec::new() }
    }

    /// What was found, newest first, one for each version.
    pub fn finish(mut self) -> Vec<SuitesFound> {
        let open = self.to_come.iter().rev().map(|version| Suites::new(*version));
        self.found.extend(self.current.into_iter().chain(open).map(Suites::finish));
        self.found
    }

    /// Goes on to the next version with what the last one taught.
    fn advance(&mut self) {
        while self.question().is_none()
            && let Some(next) = self.to_come.pop()
            && let Some(last) = self.current.replace(Suites::new(next)).map(Suites::finish)
        {
            let taught = match &last.fell_back {
                _ if last.nothing_older => Some(Answer::Alert(AlertDescription::protocol_version)),
                // The answer to the same suites in this version, or in one below it.
                Some(answer) => Some(Answer::Chose(answer.clone())),
                None => None,
            };
            if let (Some(answer), Some(current)) = (taught, &mut self.current) {
                current.hear(&answer);
            }
            self.found.push(last);
        }
    }
}

impl Enumeration for OldVersions {
    fn question(&self) -> Option<(Aim, Question)> {
        self.current.as_ref()?.question()
    }

    fn hear(&mut self, answer: &Answer) {
        if let Some(current) = &mut self.current {
            current.hear(answer);
        }
        self.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Quirk, Table, interrogate};
    use super::*;

    fn found(server: &Table) -> (Vec<(Option<bool>, usize)>, usize) {
        let mut old = OldVersions::among(&OldVersions::ALL);
        let asked = interrogate(server, &mut old);
        let found = old.finish();
        assert!(found.iter().rev().map(|found| found.version).eq(OldVersions::ALL));
        (found.into_iter().map(|found| (found.offered, found.cipher_suites.len())).collect(), asked)
    }

    #[test]
    fn a_modern_server_refuses_all_three_by_one_alert() {
        assert_eq!(found(&Table::modern()), (vec![(Some(false), 0); 3], 1));
    }

    #[test]
    fn a_server_of_some_of_them_answers_each_with_the_newest_it_has() {
        let both = vec![(Some(true), 2), (Some(true), 3), (Some(false), 0)];
        // The suites, the refusal and the order of both, and one question for SSL 3.
        assert_eq!(found(&Table::legacy()), (both, (2 + 1 + 1) + (3 + 1 + 1) + 1));
        let mut oldest = Table::legacy();
        oldest.versions.truncate(1);
        let one = vec![(Some(false), 0), (Some(true), 3), (Some(false), 0)];
        assert_eq!(found(&oldest), (one, (3 + 1 + 1) + 1));
        oldest.versions[0].0 = ProtocolVersion::SSLv3;
        let last = vec![(Some(false), 0), (Some(false), 0), (Some(true), 3)];
        assert_eq!(found(&oldest), (last, 3 + 1 + 1));
    }

    #[test]
    fn a_vague_refusal_says_nothing_of_the_older_ones() {
        let mut server = Table::legacy().but(Quirk::Vague);
        server.versions.remove(1);
        server.versions[0].0 = ProtocolVersion::SSLv3;
        assert_eq!(found(&server).0[2], (Some(true), 3));
        let (none, asked) = found(&Table::modern().but(Quirk::Vague));
        assert_eq!((none, asked), (vec![(Some(false), 0); 3], 6));
    }

    #[test]
    fn only_the_versions_asked_for_are_asked_about() {
        let mut old = OldVersions::among(&[ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_2]);
        assert_eq!(interrogate(&Table::legacy(), &mut old), 3 + 1 + 1);
        assert_eq!(old.finish().len(), 1);
        assert!(OldVersions::among(&[]).question().is_none());
    }

    #[test]
    fn silence_is_asked_about_in_every_version() {
        assert_eq!(found(&Table::modern().but(Quirk::Silent)), (vec![(None, 0); 3], 6));
    }
}
