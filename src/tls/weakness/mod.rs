//! Weaknesses as they show on the wire: what a probe sends after the server's first flight, and what the server's
//! reaction says. One file each. Never harms a server, never keeps what it leaks.

pub mod ccs_injection;
pub mod heartbleed;
pub mod padding_oracle;
pub mod poodle_tls;
mod records;
pub mod robot;
pub mod ticketbleed;

use super::registry::Authentication;
use super::{CipherSuite, Offer, OfferKind, ProtocolVersion};

/// An offer of at most this version, up to TLS 1.2, with suites that the server is `known` to take, or all common ones.
/// Short, and of a version that the server speaks: such a hello is answered by more servers than a long one.
pub fn older_offer(version: ProtocolVersion, known: &[CipherSuite]) -> Offer {
    let everything = Offer::new(OfferKind::Everything);
    let mut cipher_suites = known.to_vec();
    if cipher_suites.is_empty() {
        let is_older = |suite: &&CipherSuite| suite.authentication() != Some(Authentication::Negotiated);
        cipher_suites.extend(everything.cipher_suites.iter().filter(is_older));
    }
    // SSL 3 has no extensions.
    let base = if version <= ProtocolVersion::SSLv3 { Offer::new(OfferKind::Legacy) } else { everything };
    Offer { legacy_version: version, supported_versions: Vec::new(), key_shares: None, cipher_suites, ..base }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_offer_has_what_is_known_or_all_but_the_suites_of_tls13() {
        let known = [CipherSuite::TLS_RSA_WITH_NULL_MD5, CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA];
        let offer = older_offer(ProtocolVersion::TLSv1_1, &known);
        assert_eq!((offer.legacy_version, offer.modern), (ProtocolVersion::TLSv1_1, true));
        assert_eq!(offer.cipher_suites, known);
        let offer = older_offer(ProtocolVersion::SSLv3, &[]);
        assert_eq!((offer.legacy_version, offer.modern), (ProtocolVersion::SSLv3, false));
        assert!(offer.cipher_suites.len() > 30);
        assert!(!offer.cipher_suites.contains(&CipherSuite::TLS_AES_128_GCM_SHA256));
    }
}
