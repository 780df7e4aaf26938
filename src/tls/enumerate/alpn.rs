//! Application protocols that a server takes up to TLS 1.2, where it says so in clear (RFC 7301): offers all, removes
//! what was chosen, repeats. Never asks a server of TLS 1.3 alone.

use super::ear::{Ear, Verdict};
use super::suites::{self, SuitesFound};
use super::{Aim, Enumeration, lists};
use crate::tls::{Answer, CipherSuite, Offer, ProtocolVersion, Question, Until};

/// The enumeration of application protocols.
#[derive(Debug)]
pub struct Alpn {
    ear: Ear,
    version: ProtocolVersion,
    suites: Vec<CipherSuite>,
    left: Vec<Vec<u8>>,
    found: Vec<Vec<u8>>,
    is_over: bool,
    complete: bool,
}

impl Alpn {
    /// Goes on from the suites of one version. Asks nothing if those took small hellos: its own are long.
    pub fn new(found: &SuitesFound) -> Self {
        let left = lists::PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
        let suites = found.cipher_suites.clone();
        let is_over = suites.is_empty() || found.is_small;
        let version = found.version;
        Self { ear: Ear::default(), version, suites, left, found: Vec::new(), is_over, complete: false }
    }

    /// The protocols, in the order chosen; `None` if that could not be found out in full.
    pub fn finish(self) -> Option<Vec<Vec<u8>>> {
        self.complete.then_some(self.found)
    }

    fn end(&mut self, complete: bool) {
        self.is_over = true;
        self.complete = complete;
    }
}

impl Enumeration for Alpn {
    fn question(&self) -> Option<(Aim, Question)> {
        if self.is_over {
            return None;
        }
        let offer = Offer { alpn: self.left.clone(), ..suites::offer(self.version, self.suites.clone()) };
        Some((Aim::Features, Question { offer, until: Until::ServerHello }))
    }

    fn hear(&mut self, answer: &Answer) {
        match self.ear.hear(answer) {
            None => {}
            Some(Verdict::Unheard) => self.end(false),
            // `no_application_protocol`, or any other way of not liking what is left; but the suites were taken before.
            // A server that does not like the list at all has said nothing of what is on it.
            Some(Verdict::Refused(_)) => self.end(!self.found.is_empty()),
            Some(Verdict::Chose(answer)) => match answer.alpn() {
                None => self.end(true),
                Some(protocol) => match self.left.iter().position(|other| other == protocol) {
                    Some(at) => self.found.push(self.left.remove(at)),
                    // It answers with what it was not asked: there is no end to that.
                    None => self.end(!self.found.is_empty()),
                },
            },
        }
        if self.left.is_empty() {
            self.end(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Suites;
    use super::super::testing::{Quirk, Table, interrogate};
    use super::*;

    fn found(server: &Table) -> (Option<Vec<Vec<u8>>>, usize) {
        found_with(server, server)
    }

    /// The suites are those that the first one takes.
    fn found_with(first: &Table, server: &Table) -> (Option<Vec<Vec<u8>>>, usize) {
        let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
        interrogate(first, &mut suites);
        let mut alpn = Alpn::new(&suites.finish());
        let asked = interrogate(server, &mut alpn);
        (alpn.finish(), asked)
    }

    #[test]
    fn protocols_are_found_in_the_order_the_server_likes_them() {
        let server = Table { alpn: vec![b"h2", b"http/1.1"], ..Table::modern() };
        assert_eq!(found(&server), (Some(vec![b"h2".to_vec(), b"http/1.1".to_vec()]), 3));
    }

    #[test]
    fn a_server_that_does_not_know_the_extension_takes_no_protocol() {
        assert_eq!(found(&Table::modern()), (Some(Vec::new()), 1));
    }

    #[test]
    fn silence_leaves_the_protocols_open() {
        let server = Table { alpn: vec![b"h2", b"http/1.1"], ..Table::modern() };
        assert_eq!(found_with(&server, &server.clone().but(Quirk::SilentAfter(1))), (None, 3));
    }

    #[test]
    fn behind_a_middlebox_that_chokes_on_long_hellos_the_protocols_stay_open() {
        for quirk in [Quirk::ResetsLong, Quirk::SilentOnLong] {
            let server = Table { alpn: vec![b"h2", b"http/1.1"], ..Table::modern() }.but(quirk);
            assert_eq!(found(&server), (None, 0), "{quirk:?}");
        }
    }
}
