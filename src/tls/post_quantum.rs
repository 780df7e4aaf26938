//! A hello that lists post-quantum groups and nothing else, without a key share: a server that takes one of them asks for
//! it by HelloRetryRequest, every other refuses (RFC 8446 section 4.1.4). No key is made on either side.

use super::{NamedGroup, Offer, OfferKind};

/// The standards first, so that a server which follows us shows its draft only if it has nothing else.
const GROUPS: &[NamedGroup] = &[
    NamedGroup::X25519MLKEM768,
    NamedGroup::SecP256r1MLKEM768,
    NamedGroup::SecP384r1MLKEM1024,
    NamedGroup::MLKEM768,
    NamedGroup::MLKEM1024,
    NamedGroup::MLKEM512,
    NamedGroup::X25519Kyber768Draft00,
];

impl Offer {
    /// TLS 1.3 with post-quantum groups alone.
    pub fn post_quantum_only() -> Self {
        Self { groups: GROUPS.to_vec(), ..Self::new(OfferKind::FurtherGroups) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{HelloTemplate, KeyShares, ProtocolVersion};

    #[test]
    fn the_hello_has_no_way_out_and_fits_into_one_segment() {
        let offer = Offer::post_quantum_only();
        assert!(offer.groups.iter().all(|group| group.is_post_quantum()));
        assert_eq!(
            offer.groups.iter().position(|group| group.is_draft_post_quantum()),
            Some(offer.groups.len() - 1)
        );
        assert_eq!(offer.supported_versions, [ProtocolVersion::TLSv1_3]);
        assert_eq!(offer.key_shares, Some(Vec::new()));
        let template = HelloTemplate::new(&offer, KeyShares::BasePoint);
        assert!(template.hello(&[7; 96], Some(&"n".repeat(253))).as_bytes().len() < 1_200);
    }
}
