//! What the answers to other questions show by the way: extensions that the server knows, finite-field parameters,
//! compression. Never asks for anything.

use crate::tls::codec::extension;
use crate::tls::{KeyExchange, ServerAnswer};

/// Parameters kept; a server that sends new ones each time is heard no longer.
const MAX_PARAMETERS: usize = 16;
/// Length of a prime in bytes beyond which it is not one that anybody uses.
const MAX_PRIME: usize = 4_096;

/// Finite-field parameters and the public values that came with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DhSight {
    /// Big-endian, without leading zeros.
    pub prime: Vec<u8>,
    /// Used by an export suite.
    pub export: bool,
    /// A public value came in two connections; `None` after one connection.
    pub key_reused: Option<bool>,
    last_public: Vec<u8>,
}

/// What was seen by the way. `None` is "nothing that shows it was asked".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sights {
    pub dh: Vec<DhSight>,
    pub secure_renegotiation: Option<bool>,
    pub extended_master_secret: Option<bool>,
    /// Told by suites of block ciphers alone.
    pub encrypt_then_mac: Option<bool>,
    pub session_tickets: Option<bool>,
    pub heartbeat: Option<bool>,
    /// Promises a stapled OCSP response.
    pub ocsp_stapling: Option<bool>,
    pub compression: Option<bool>,
}

impl Sights {
    /// Takes in an answer to a hello with every extension that is looked for here.
    pub(super) fn see(&mut self, answer: &ServerAnswer) {
        let has = |number| answer.extension(number).is_some();
        note(&mut self.secure_renegotiation, has(extension::RENEGOTIATION_INFO));
        note(&mut self.extended_master_secret, has(extension::EXTENDED_MASTER_SECRET));
        note(&mut self.session_tickets, has(extension::SESSION_TICKET));
        note(&mut self.heartbeat, has(extension::HEARTBEAT));
        note(&mut self.ocsp_stapling, has(extension::STATUS_REQUEST));
        if answer.cipher_suite.known_name().is_some_and(|name| name.contains("_CBC_")) {
            note(&mut self.encrypt_then_mac, has(extension::ENCRYPT_THEN_MAC));
        }
        self.see_what_needs_no_extension(answer);
    }

    /// Takes in an answer to a hello without extensions.
    pub(super) fn see_what_needs_no_extension(&mut self, answer: &ServerAnswer) {
        note(&mut self.compression, answer.compression != 0);
        let is_export = answer.cipher_suite.known_name().is_some_and(|name| name.contains("_EXPORT"));
        if let Some(KeyExchange::Dhe { prime, public, .. }) = &answer.key_exchange {
            self.see_dh(prime, public, is_export);
        }
    }

    fn see_dh(&mut self, prime: &[u8], public: &[u8], is_export: bool) {
        let zeros = prime.iter().take_while(|byte| **byte == 0).count();
        let prime = prime.get(zeros..).unwrap_or_default();
        if prime.is_empty() || prime.len() > MAX_PRIME {
            return;
        }
        if let Some(known) = self.dh.iter_mut().find(|known| known.prime == prime) {
            known.export |= is_export;
            note(&mut known.key_reused, known.last_public == public);
            known.last_public = public.to_vec();
        } else if self.dh.len() < MAX_PARAMETERS {
            self.dh.push(DhSight {
                prime: prime.to_vec(),
                export: is_export,
                key_reused: None,
                last_public: public.to_vec(),
            });
        }
    }

    /// Adds what another enumeration of the same server saw.
    pub fn join(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.secure_renegotiation, other.secure_renegotiation),
            (&mut self.extended_master_secret, other.extended_master_secret),
            (&mut self.encrypt_then_mac, other.encrypt_then_mac),
            (&mut self.session_tickets, other.session_tickets),
            (&mut self.heartbeat, other.heartbeat),
            (&mut self.ocsp_stapling, other.ocsp_stapling),
            (&mut self.compression, other.compression),
        ] {
            theirs.into_iter().for_each(|value| note(mine, value));
        }
        other.dh.iter().for_each(|theirs| self.join_dh(theirs));
    }

    fn join_dh(&mut self, theirs: &DhSight) {
        if let Some(mine) = self.dh.iter_mut().find(|mine| mine.prime == theirs.prime) {
            mine.export |= theirs.export;
            let repeats = mine.last_public == theirs.last_public;
            note(&mut mine.key_reused, theirs.key_reused.unwrap_or(false) || repeats);
        } else if self.dh.len() < MAX_PARAMETERS {
            self.dh.push(theirs.clone());
        }
    }
}

/// Once is enough for yes.
fn note(slot: &mut Option<bool>, value: bool) {
    *slot = Some(slot.unwrap_or(false) || value);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{answer, dhe_answer};
    use super::*;
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn encrypt_then_mac_is_told_by_block_ciphers_only() {
        let mut sights = Sights::default();
        sights.see(&answer(ProtocolVersion::TLSv1_2, CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256));
        assert_eq!(sights.encrypt_then_mac, None);
        let mut cbc = answer(ProtocolVersion::TLSv1_2, CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA);
        sights.see(&cbc);
        assert_eq!(sights.encrypt_then_mac, Some(false));
        cbc.extensions.push((extension::ENCRYPT_THEN_MAC, Vec::new()));
        sights.see(&cbc);
        assert_eq!(sights.encrypt_then_mac, Some(true));
    }

    #[test]
    fn a_public_value_that_comes_twice_is_not_ephemeral() {
        let mut sights = Sights::default();
        sights.see(&dhe_answer(&[0, 251], &[1]));
        assert_eq!(sights.dh[0].key_reused, None);
        sights.see(&dhe_answer(&[251], &[2]));
        assert_eq!(sights.dh[0].key_reused, Some(false));
        sights.see(&dhe_answer(&[251], &[2]));
        assert_eq!(sights.dh[0].key_reused, Some(true));
        assert_eq!(sights.dh.len(), 1);
    }

    #[test]
    fn a_server_with_a_new_prime_each_time_is_not_kept_in_full() {
        let mut sights = Sights::default();
        (1..=100).for_each(|prime| sights.see(&dhe_answer(&[prime], &[1])));
        assert_eq!(sights.dh.len(), MAX_PARAMETERS);
    }
}
