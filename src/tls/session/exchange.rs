//! The client's half of a key exchange in TLS 1.0 to 1.2: its ClientKeyExchange and the premaster secret.
//! RFC 5246 section 7.4.7, RFC 8422 section 5.7, RFC 8017 section 7.2.1. The client's Diffie-Hellman keys are 1: it
//! sends the base point or generator, and what both agree on is the server's own share. Nothing here is secret.

use aws_lc_rs::hmac;
use num_bigint::BigUint;

use super::suite::Exchange;
use crate::tls::share::{self, Keys};
use crate::tls::{KeyExchange, ProtocolVersion, codec};
use crate::x509;

/// An RSA public key, big-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Bits of the longest modulus that is calculated with.
const LONGEST_MODULUS: usize = 16_384 / 8;
/// Bytes of the longest exponent, so that no server makes us calculate for long.
const LONGEST_EXPONENT: usize = 8;

impl RsaKey {
    /// The key in a certificate, if it is an RSA key.
    pub(super) fn of_certificate(der: &[u8]) -> Option<Self> {
        let key = x509::read(der).key?;
        let (modulus, exponent) = (key.rsa_modulus?.to_vec(), key.rsa_exponent?.to_vec());
        let fits = (64..=LONGEST_MODULUS).contains(&modulus.len()) && exponent.len() <= LONGEST_EXPONENT;
        fits.then_some(Self { modulus, exponent })
    }

    /// Encrypts `message` by RSAES-PKCS1-v1_5 with padding drawn from `seed`.
    fn encrypt(&self, message: &[u8], seed: &[u8]) -> Option<Vec<u8>> {
        let length = self.modulus.len();
        let padding = length.checked_sub(3 + message.len()).filter(|count| *count >= 8)?;
        let mut block = vec![0, 2];
        // Padding has no zeros.
        block.extend(bytes(seed, padding).into_iter().map(|byte| byte.max(1)));
        block.push(0);
        block.extend_from_slice(message);
        let modulus = BigUint::from_bytes_be(&self.modulus);
        let exponent = BigUint::from_bytes_be(&self.exponent);
        let sealed = BigUint::from_bytes_be(&block).modpow(&exponent, &modulus).to_bytes_be();
        let mut out = vec![0; length.checked_sub(sealed.len())?];
        out.extend(sealed);
        Some(out)
    }
}

/// Bytes drawn from a seed.
fn bytes(seed: &[u8], count: usize) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, seed);
    let mut out = Vec::with_capacity(count + 32);
    let mut counter = 0_u32;
    while out.len() < count {
        out.extend_from_slice(hmac::sign(&key, &counter.to_be_bytes()).as_ref());
        counter += 1;
    }
    out.truncate(count);
    out
}

/// What the client does in answer to the server's share.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientHalf {
    /// Body of the ClientKeyExchange.
    pub(super) message: Vec<u8>,
    pub(super) premaster: Vec<u8>,
}

/// Static RSA: a premaster secret from `seed`, encrypted to the server's key. `offered` is the version in our hello.
fn rsa(key: &RsaKey, offered: ProtocolVersion, seed: &[u8]) -> Option<ClientHalf> {
    let mut premaster = offered.0.to_be_bytes().to_vec();
    premaster.extend(bytes(&[seed, b"premaster"].concat(), 46));
    let mut message = Vec::new();
    codec::put_vector16(&mut message, &key.encrypt(&premaster, seed)?);
    Some(ClientHalf { message, premaster })
}

fn ephemeral(server: &KeyExchange) -> Option<ClientHalf> {
    let mut message = Vec::new();
    match server {
        KeyExchange::Ecdhe { group, public, .. } => {
            codec::put_vector8(&mut message, &share::key_share(*group, &Keys::BasePoint)?);
            let premaster = share::shared_secret(*group, &Keys::BasePoint, public)?.into_owned();
            Some(ClientHalf { message, premaster })
        }
        KeyExchange::Dhe { generator, public, .. } => {
            codec::put_vector16(&mut message, generator);
            // Leading zeros are stripped (RFC 5246 section 8.1.2).
            let zeros = public.iter().take_while(|byte| **byte == 0).count();
            Some(ClientHalf { message, premaster: public.get(zeros..)?.to_vec() })
        }
        KeyExchange::Rsa { .. } | KeyExchange::Other => None,
    }
}

/// The client's half; `None` where the server's does not fit the suite or cannot be answered.
pub(super) fn answer(
    exchange: Exchange,
    certificate_key: Option<&RsaKey>,
    server: Option<&KeyExchange>,
    offered: ProtocolVersion,
    seed: &[u8],
) -> Option<ClientHalf> {
    match exchange {
        Exchange::Rsa => rsa(certificate_key?, offered, seed),
        Exchange::Dhe | Exchange::Ecdhe => ephemeral(server?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::NamedGroup;

    #[test]
    fn an_encrypted_premaster_secret_is_read_by_the_private_key() {
        // p = 2^521 - 1 and q = 2^607 - 1 are Mersenne primes.
        let one = BigUint::from(1_u8);
        let (p, q) = ((&one << 521) - &one, (&one << 607) - &one);
        let exponent = BigUint::from(65_537_u32);
        let private = exponent.modinv(&((&p - &one) * (&q - &one))).unwrap();
        let modulus: BigUint = p * q;
        let key = RsaKey { modulus: modulus.to_bytes_be(), exponent: exponent.to_bytes_be() };
        let half = rsa(&key, ProtocolVersion::TLSv1_2, &[7; 32]).unwrap();
        let (length, sealed) = half.message.split_at(2);
        assert_eq!(length, u16::try_from(key.modulus.len()).unwrap().to_be_bytes());
        let opened = BigUint::from_bytes_be(sealed).modpow(&private, &modulus).to_bytes_be();
        assert_eq!(opened[0], 2, "the leading zero is lost in a number");
        let zero = opened.iter().position(|byte| *byte == 0).unwrap();
        assert_eq!(opened.len() - zero - 1, 48);
        assert_eq!(opened[zero + 1..], half.premaster);
        assert_eq!(half.premaster[..2], [3, 3]);
    }

    #[test]
    fn a_key_too_short_for_the_secret_is_not_used() {
        let key = RsaKey { modulus: vec![0xff; 48], exponent: vec![3] };
        assert_eq!(rsa(&key, ProtocolVersion::TLSv1_2, &[7; 32]), None);
    }

    #[test]
    fn with_our_key_of_one_the_secret_is_the_servers_share() {
        let server = KeyExchange::Ecdhe { group: NamedGroup::x25519, public: vec![5; 32], scheme: None };
        let half = answer(Exchange::Ecdhe, None, Some(&server), ProtocolVersion::TLSv1_2, &[]).unwrap();
        assert_eq!((half.message.len(), half.message[1], half.premaster), (33, 9, vec![5; 32]));
        let server =
            KeyExchange::Dhe { prime: vec![23], generator: vec![5], public: vec![0, 0, 8], scheme: None };
        let half = answer(Exchange::Dhe, None, Some(&server), ProtocolVersion::TLSv1_2, &[]).unwrap();
        assert_eq!((half.message, half.premaster), (vec![0, 1, 5], vec![8]));
        assert_eq!(answer(Exchange::Ecdhe, None, None, ProtocolVersion::TLSv1_2, &[]), None);
    }
}
