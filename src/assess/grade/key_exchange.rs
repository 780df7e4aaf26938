//! Points for the key exchange: the weakest of the certificates' keys, the groups and the primes; none at all where a suite
//! authenticates nobody.

use super::strength::{of_group, of_key, points};
use super::{Halves, Sheet};
use crate::assess::words;
use crate::model::{Letter, OfferedFor, Outcome, VersionFacts};
use crate::tls::registry::SuiteWeakness;
use crate::tls::{CipherSuite, ProtocolVersion};
use crate::x509::Certificate;

/// An export suite's key exchange: at most 512 bits (RFC 2246 section 7.4.3).
const EXPORT_BITS: u32 = 512;

/// Something that a key exchange rests on.
struct Part {
    points: u32,
    /// What it is, as part of a sentence.
    what: String,
}

pub(super) fn judge(sheet: &mut Sheet<'_>) -> Halves {
    let mut parts = Parts { all: Vec::new(), is_known: true };
    parts.add_keys(sheet);
    parts.add_groups(sheet);
    parts.add_primes(sheet);
    parts.add_suites(sheet);
    let weakest = parts.all.iter().min_by_key(|part| part.points);
    if let Some(weakest) = weakest {
        let reason = format!("the key exchange rests on {}", weakest.what);
        match weakest.points {
            ..=40 => sheet.cap(Letter::F, "key_exchange.insecure", reason),
            41..=80 => sheet.cap(Letter::B, "key_exchange.weak", reason),
            _ => {}
        }
    }
    weakest.filter(|_| parts.is_known).map(|weakest| weakest.points * 2)
}

struct Parts {
    all: Vec<Part>,
    is_known: bool,
}

impl Parts {
    fn add(&mut self, points: u32, what: impl Into<String>) {
        self.all.push(Part { points, what: what.into() });
    }

    /// Every end-entity certificate that the endpoint serves under its name.
    fn add_keys(&mut self, sheet: &mut Sheet<'_>) {
        let Outcome::Handshake(handshake) = &sheet.view.observation.outcome else { return };
        let others = handshake.other_chains.iter().filter(|chain| chain.offered_for != OfferedFor::NoSni);
        let chains = std::iter::once(&handshake.presented).chain(others.map(|chain| &chain.presented));
        let end_entities: Vec<&Certificate> =
            chains.filter_map(|chain| chain.end_entity()).map(|certificate| &**certificate).collect();
        if end_entities.is_empty() {
            self.is_known = false;
            sheet.cannot_grade("key_exchange.certificate", Letter::F, "no certificate could be read");
        }
        for certificate in end_entities {
            let key = certificate.key.as_ref();
            match key.and_then(|key| Some((key, of_key(key)?))) {
                Some((key, strength)) => {
                    let size = key.bits.map(|bits| format!(" of {bits} bits")).unwrap_or_default();
                    let what =
                        format!("the {} key{size} of {}", key.algorithm, words::certificate(certificate));
                    self.add(points(strength), what);
                }
                None => {
                    self.is_known = false;
                    let reason = format!(
                        "the strength of the key of {} is not known",
                        words::certificate(certificate)
                    );
                    sheet.cannot_grade("key_exchange.certificate", Letter::F, reason);
                }
            }
        }
    }

    fn add_groups(&mut self, sheet: &mut Sheet<'_>) {
        for facts in sheet.offered() {
            for group in &facts.groups {
                match of_group(*group) {
                    Some(strength) => self.add(points(strength), format!("the group {group}")),
                    None => {
                        self.is_known = false;
                        let reason = format!("the strength of the group {group} is not known");
                        sheet.cannot_grade("key_exchange.groups", Letter::F, reason);
                    }
                }
            }
        }
        // Groups are enumerated in the newest version up to TLS 1.2, and in TLS 1.3.
        let newest_old = sheet.offered_old().last().filter(|facts| accepts(facts, "ECDHE"));
        let tls13 = sheet.offered().find(|facts| facts.version == ProtocolVersion::TLSv1_3);
        for facts in newest_old.into_iter().chain(tls13).filter(|facts| !facts.groups_complete) {
            self.is_known = false;
            let reason = format!("not every group of {} is known", facts.version);
            sheet.cannot_grade("key_exchange.groups", Letter::F, reason);
        }
    }

    fn add_primes(&mut self, sheet: &mut Sheet<'_>) {
        for prime in &sheet.inspection.dh_parameters {
            self.add(points(prime.bits), format!("a Diffie-Hellman prime of {} bits", prime.bits));
        }
        if sheet.inspection.dh_parameters.is_empty() && sheet.offered_old().any(|facts| accepts(facts, "DHE"))
        {
            self.is_known = false;
            sheet.cannot_grade("key_exchange.primes", Letter::F, "the Diffie-Hellman prime was not seen");
        }
    }

    fn add_suites(&mut self, sheet: &mut Sheet<'_>) {
        let suites = || sheet.offered().flat_map(|facts| &facts.cipher_suites);
        if let Some(suite) = suites().find(|suite| is_anonymous(**suite)) {
            self.add(0, format!("{suite}, which authenticates nobody"));
        }
        let is_export = |suite: &&CipherSuite| suite.weakness() == Some(SuiteWeakness::Export);
        if let Some(suite) = suites().find(is_export) {
            self.add(points(EXPORT_BITS), format!("{suite}, with keys of {EXPORT_BITS} bits at most"));
        }
    }
}

fn is_anonymous(suite: CipherSuite) -> bool {
    suite.known_name().is_some_and(|name| name.split('_').any(|word| word == "anon"))
}

/// A suite of the version exchanges keys so.
fn accepts(facts: &VersionFacts, exchange: &str) -> bool {
    let exchanges = |suite: &CipherSuite| {
        suite.known_name().is_some_and(|name| name.split('_').any(|word| word == exchange))
    };
    facts.cipher_suites.iter().any(exchanges)
}
