//! Whether a server takes what it should not: hellos that offer nothing else. A server that complies refuses the first of
//! each; one that does not is asked on, until all it takes of that is known. Never offers anything but what is asked about,
//! so that a choice is proof by itself.

use super::ear::{Ear, Verdict};
use super::sights::Sights;
use super::{Aim, Enumeration, lists, suites, tls13};
use crate::tls::registry::Authentication;
use crate::tls::{
    AlertDescription, Answer, CipherSuite, NamedGroup, Offer, ProtocolVersion, Question, ServerAnswer, Until,
};

/// Suites in one hello: some servers refuse 128 and more.
const MOST_SUITES: usize = 127;
/// Suites in a hello that is small.
const FEW_SUITES: usize = 56;

/// The question, for one version.
#[derive(Debug)]
pub struct Only {
    ear: Ear,
    version: ProtocolVersion,
    left: Left,
    /// Suites for the hellos to come.
    later: Vec<Vec<CipherSuite>>,
    is_small: bool,
    is_over: bool,
    found: OnlyFound,
}

#[derive(Debug)]
enum Left {
    Suites(Vec<CipherSuite>),
    Groups(Vec<NamedGroup>),
}

/// What a server takes of what was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OnlyFound {
    /// Whether the server speaks the version; `None` where it did not show.
    pub offered: Option<bool>,
    /// Strongest first.
    pub cipher_suites: Vec<CipherSuite>,
    pub groups: Vec<NamedGroup>,
    /// The rest of what was asked about is refused.
    pub complete: bool,
    pub sights: Sights,
}

impl Only {
    /// Asks about these suites, as far as they are of this version.
    pub fn suites(version: ProtocolVersion, suites: &[CipherSuite]) -> Self {
        let mine = if version == ProtocolVersion::TLSv1_3 { lists::TLS13_SUITES } else { &lists::OLD_SUITES };
        let mut asked: Vec<_> = mine.iter().copied().filter(|suite| suites.contains(suite)).collect();
        // What few servers have last, in a hello of its own if it does not fit.
        asked.sort_by_key(|suite| suite.authentication() == Some(Authentication::SharedSecret));
        Self::new(version, Left::Suites(Vec::new())).in_chunks(&asked, MOST_SUITES)
    }

    /// Asks about these groups, as far as they are of this version. Up to TLS 1.2 for servers with an RSA key: one with
    /// an ECDSA key alone wants its own curve to be listed (RFC 8422 section 5.1), and its refusal would say nothing.
    pub fn groups(version: ProtocolVersion, groups: &[NamedGroup]) -> Self {
        let mine = if version == ProtocolVersion::TLSv1_3 { lists::TLS13_GROUPS } else { lists::OLD_GROUPS };
        let asked: Vec<_> = mine.iter().copied().filter(|group| groups.contains(group)).collect();
        let is_over = asked.is_empty();
        Self { is_over, ..Self::new(version, Left::Groups(asked)) }
    }

    fn new(version: ProtocolVersion, left: Left) -> Self {
        Self {
            ear: Ear::default(),
            version,
            left,
            later: Vec::new(),
            is_small: false,
            is_over: false,
            found: OnlyFound::default(),
        }
    }

    fn in_chunks(mut self, suites: &[CipherSuite], size: usize) -> Self {
        self.later = suites.chunks(size).map(<[_]>::to_vec).rev().collect();
        match self.later.pop() {
            Some(first) => self.left = Left::Suites(first),
            None => self.is_over = true,
        }
        self
    }

    /// What was found.
    pub fn finish(mut self) -> OnlyFound {
        lists::sort_strongest_first(&mut self.found.cipher_suites);
        self.found
    }

    fn has_found(&self) -> bool {
        self.found.offered == Some(true)
    }

    fn end(&mut self, complete: bool) {
        self.is_over = true;
        self.found.complete = complete;
    }

    /// All that is left can be asked about in hellos of at most 255 bytes.
    fn can_shrink(&self) -> bool {
        match &self.left {
            Left::Suites(_) => true,
            Left::Groups(left) => self.version == ProtocolVersion::TLSv1_3 && left.len() <= tls13::FEW_GROUPS,
        }
    }

    /// To hellos of at most 255 bytes, after this answer to a long one.
    fn shrink(&mut self, answer: &Answer) {
        self.is_small = true;
        self.ear = Ear::for_a_second_hearing(answer);
        if let Left::Suites(left) = &self.left {
            let mut all = left.clone();
            self.later.iter().rev().for_each(|chunk| all.extend(chunk));
            self.later = all.chunks(FEW_SUITES).map(<[_]>::to_vec).rev().collect();
            self.left = Left::Suites(self.later.pop().unwrap_or_default());
        }
    }

    fn chosen(&mut self, answer: &ServerAnswer) {
        if answer.version != self.version {
            if !self.has_found() {
                self.found.offered = Some(false);
            }
            return self.end(true);
        }
        self.found.offered = Some(true);
        if self.is_small {
            self.found.sights.see_what_needs_no_extension(answer);
        } else if self.version < ProtocolVersion::TLSv1_3 {
            self.found.sights.see(answer);
        }
        let (was_asked, is_empty) = match &mut self.left {
            Left::Suites(left) => {
                let at = left.iter().position(|suite| *suite == answer.cipher_suite);
                at.into_iter().for_each(|at| self.found.cipher_suites.push(left.remove(at)));
                (at.is_some(), left.is_empty())
            }
            Left::Groups(left) => {
                let at = left.iter().position(|group| Some(*group) == answer.group);
                at.into_iter().for_each(|at| self.found.groups.push(left.remove(at)));
                (at.is_some(), left.is_empty())
            }
        };
        if !was_asked {
            // It chooses what it was not offered: there is no end to that.
            self.end(false);
        } else if is_empty {
            self.chunk_is_over();
        }
    }

    fn refused(&mut self, alert: Option<AlertDescription>) {
        if !self.has_found() && alert == Some(AlertDescription::protocol_version) {
            self.found.offered = Some(false);
            return self.end(true);
        }
        self.chunk_is_over();
    }

    fn chunk_is_over(&mut self) {
        match self.later.pop() {
            Some(next) => self.left = Left::Suites(next),
            None => self.end(true),
        }
    }
}

impl Enumeration for Only {
    fn question(&self) -> Option<(Aim, Question)> {
        if self.is_over {
            return None;
        }
        let is_new = self.version == ProtocolVersion::TLSv1_3;
        let of_tls13 = if self.is_small { tls13::small_offer } else { tls13::offer };
        let (aim, offer) = match &self.left {
            Left::Suites(left) if is_new => {
                (Aim::Suites, of_tls13(left.clone(), lists::TLS13_GROUPS.to_vec()))
            }
            Left::Suites(left) if self.is_small => {
                (Aim::Suites, suites::small_offer(self.version, left.clone()))
            }
            Left::Suites(left) => (Aim::Suites, suites::offer(self.version, left.clone())),
            Left::Groups(left) if is_new => {
                (Aim::Groups, of_tls13(lists::TLS13_SUITES.to_vec(), left.clone()))
            }
            Left::Groups(left) => {
                let base = suites::offer(self.version, elliptic_without_a_curve_of_its_own());
                (Aim::Groups, Offer { groups: left.clone(), ..base })
            }
        };
        let until = if is_new { Until::ServerHello } else { Until::KeyExchange };
        Some((aim, Question { offer, until }))
    }

    fn hear(&mut self, answer: &Answer) {
        let is_settled = matches!(answer, Answer::Chose(_) | Answer::Alert(_));
        if !is_settled && !self.is_small && !self.has_found() && self.can_shrink() {
            return self.shrink(answer);
        }
        match self.ear.hear(answer) {
            None => {}
            Some(Verdict::Chose(answer)) => self.chosen(answer),
            // Nobody knows whether the server hung up on what was offered, or something before it on the length.
            Some(Verdict::Refused(None)) if !self.is_small && !self.has_found() => self.end(false),
            Some(Verdict::Refused(alert)) => self.refused(alert),
            Some(Verdict::Unheard) => self.end(false),
        }
    }
}

/// Suites with ephemeral curves whose certificate, if there is one, is not on a curve; at most 127.
fn elliptic_without_a_curve_of_its_own() -> Vec<CipherSuite> {
    let has_curve = |suite: &CipherSuite| {
        let name = suite.known_name().unwrap_or_default();
        name.contains("_ECDHE_RSA_") || name.contains("_ECDH_anon_")
    };
    lists::OLD_SUITES.iter().copied().filter(has_curve).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Quirk, Table, interrogate};
    use super::*;

    const V12: ProtocolVersion = ProtocolVersion::TLSv1_2;

    fn weak() -> Vec<CipherSuite> {
        (0..=u16::MAX).map(CipherSuite).filter(|suite| suite.weakness().is_some()).collect()
    }

    fn ask(server: &Table, mut only: Only) -> (OnlyFound, usize) {
        let asked = interrogate(server, &mut only);
        (only.finish(), asked)
    }

    #[test]
    fn a_server_that_complies_refuses_each_hello() {
        let (found, asked) = ask(&Table::modern(), Only::suites(V12, &weak()));
        assert!(found.complete && found.cipher_suites.is_empty());
        assert_eq!((found.offered, asked), (None, 1));
        let (found, asked) = ask(&Table::modern(), Only::suites(ProtocolVersion::TLSv1_3, &weak()));
        assert!(found.complete && found.cipher_suites.is_empty());
        assert_eq!(asked, 1);
        let (found, asked) = ask(&Table::modern(), Only::groups(V12, &[NamedGroup::secp192r1]));
        assert!(found.complete && found.groups.is_empty());
        assert_eq!(asked, 1);
    }

    #[test]
    fn a_server_that_does_not_comply_is_asked_for_all_of_it() {
        let mut server = Table::modern();
        server.versions[0].1.extend([
            CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
            CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
            CipherSuite::TLS_PSK_WITH_NULL_SHA,
        ]);
        server.groups.push(NamedGroup::secp192r1);
        let (found, asked) = ask(&server, Only::suites(V12, &weak()));
        assert_eq!((found.offered, found.complete, asked), (Some(true), true, 3 + 1));
        assert_eq!(
            found.cipher_suites,
            [
                CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
                CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
                CipherSuite::TLS_PSK_WITH_NULL_SHA
            ]
        );
        let groups = [NamedGroup::secp192r1, NamedGroup::secp160k1];
        let (found, asked) = ask(&server, Only::groups(V12, &groups));
        assert_eq!((found.groups, found.complete, asked), (vec![NamedGroup::secp192r1], true, 2));
    }

    #[test]
    fn a_version_that_is_not_there_is_told_by_the_first_answer() {
        let (found, asked) = ask(&Table::modern(), Only::suites(ProtocolVersion::TLSv1_1, &weak()));
        assert_eq!((found.offered, found.complete, asked), (Some(false), true, 1));
        // Without TLS 1.3 there is no suite in common, which tells nothing of the version.
        let (found, _) = ask(&Table::legacy(), Only::groups(ProtocolVersion::TLSv1_3, &[NamedGroup::x25519]));
        assert_eq!((found.offered, found.groups), (None, Vec::new()));
    }

    #[test]
    fn no_hello_has_more_suites_than_every_server_takes() {
        let server = Table::modern().but(Quirk::FewSuites);
        let (found, asked) = ask(&server, Only::suites(V12, &lists::OLD_SUITES));
        assert_eq!((found.cipher_suites.len(), found.complete), (3, true));
        assert_eq!(asked, lists::OLD_SUITES.len().div_ceil(MOST_SUITES) + 3);
    }

    #[test]
    fn nothing_to_ask_about_costs_nothing() {
        assert!(Only::suites(V12, &[]).question().is_none());
        assert!(Only::groups(ProtocolVersion::TLSv1_3, &[NamedGroup::sect163k1]).question().is_none());
    }

    #[test]
    fn silence_is_not_compliance() {
        let (found, asked) = ask(&Table::modern().but(Quirk::Silent), Only::suites(V12, &weak()));
        assert_eq!((found.offered, found.complete, asked), (None, false, 2));
    }

    #[test]
    fn groups_that_a_middlebox_hangs_up_on_are_not_refused() {
        let mut server = Table::modern();
        server.groups.push(NamedGroup::secp192r1);
        for quirk in [Quirk::ResetsLong, Quirk::SilentOnLong] {
            let server = server.clone().but(quirk);
            let (found, asked) = ask(&server, Only::groups(V12, &[NamedGroup::secp192r1]));
            assert_eq!((found.groups, found.complete, asked), (Vec::new(), false, 2), "{quirk:?}");
            // More of them than there is room for in a small hello.
            let new = Only::groups(ProtocolVersion::TLSv1_3, lists::TLS13_GROUPS);
            let (found, asked) = ask(&server, new);
            assert_eq!((found.groups, found.complete, asked), (Vec::new(), false, 2), "{quirk:?}");
        }
    }

    #[test]
    fn tls_1_3_is_asked_in_small_hellos_behind_a_middlebox_that_chokes_on_long_ones() {
        let v13 = ProtocolVersion::TLSv1_3;
        let suites = [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_SM4_GCM_SM3];
        let groups = [NamedGroup::x25519, NamedGroup::ffdhe2048];
        for quirk in [Quirk::ResetsLong, Quirk::SilentOnLong] {
            let server = Table::modern().but(quirk);
            let (found, asked) = ask(&server, Only::suites(v13, &suites));
            assert_eq!((found.cipher_suites, found.complete, asked), (suites[..1].to_vec(), true, 3));
            // Few groups fit at once, without a detour.
            let (found, asked) = ask(&server, Only::groups(v13, &groups));
            assert_eq!((found.groups, found.complete, asked), (groups[..1].to_vec(), true, 2));
        }
    }

    #[test]
    fn small_hellos_of_tls_1_3_are_small() {
        let v13 = ProtocolVersion::TLSv1_3;
        let most = lists::TLS13_GROUPS.get(..tls13::FEW_GROUPS).unwrap();
        for mut only in [Only::suites(v13, lists::TLS13_SUITES), Only::groups(v13, most)] {
            only.hear(&Answer::Reset);
            let (_, question) = only.question().unwrap();
            let hello = question.hello(&[0; 96], Some("mail-relay-07.frankfurt.example.org"));
            assert!(hello.as_bytes().len() <= 255, "{}", hello.as_bytes().len());
        }
    }

    #[test]
    fn a_server_that_hangs_up_on_small_hellos_too_refuses() {
        let server = Table::modern().but(Quirk::ResetsToRefuse);
        let forbidden = [NamedGroup::ffdhe2048];
        let (found, asked) = ask(&server, Only::groups(ProtocolVersion::TLSv1_3, &forbidden));
        assert_eq!((found.groups, found.complete, asked), (Vec::new(), true, 2));
    }

    #[test]
    fn a_middlebox_that_chokes_on_long_hellos_is_passed_in_small_ones() {
        let mut server = Table::modern().but(Quirk::ResetsLong);
        server.versions[0].1.push(CipherSuite::TLS_RSA_WITH_NULL_MD5);
        let (found, _) = ask(&server, Only::suites(V12, &weak()));
        assert_eq!(found.cipher_suites, [CipherSuite::TLS_RSA_WITH_NULL_MD5]);
        assert!(found.complete);
    }
}
