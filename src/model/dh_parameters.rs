//! What a prime of finite-field Diffie-Hellman says: its size and its name. Facts, no verdicts.

use super::inspection::DhParameters;
use crate::tls::known_prime;
use crate::x509::Fingerprint;

impl DhParameters {
    /// The parameters with this prime (big-endian). Whether its key is reused needs two connections: a public value
    /// that comes twice is a reused key, which the Raccoon attack lives on (Merget et al., 2020).
    pub fn new(prime: &[u8], export: bool, key_reused: Option<bool>) -> Self {
        let zeros = prime.iter().take_while(|byte| **byte == 0).count();
        let prime = prime.get(zeros..).unwrap_or_default();
        let leading = prime.first().map_or(0, |byte| byte.leading_zeros());
        let bytes = u32::try_from(prime.len()).unwrap_or(u32::MAX);
        let prime_sha256 = Fingerprint::of(prime);
        Self {
            bits: bytes.saturating_mul(8).saturating_sub(leading),
            prime_sha256,
            known_prime: known_prime(&prime_sha256),
            export,
            key_reused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prime_is_measured_and_named_whatever_its_leading_zeros() {
        let fixture = include_str!("../../fixtures/dh-primes.txt");
        let line = fixture.lines().find(|line| line.starts_with("Apache mod_ssl 1024")).unwrap();
        let prime =
            num_bigint::BigUint::parse_bytes(line.split_once(": ").unwrap().1.as_bytes(), 16).unwrap();
        let parameters = DhParameters::new(&[vec![0, 0], prime.to_bytes_be()].concat(), false, None);
        assert_eq!((parameters.bits, parameters.known_prime), (1_024, Some("Apache mod_ssl 1024")));
        let own = DhParameters::new(&[0x5f, 1], true, Some(true));
        assert_eq!((own.bits, own.known_prime, own.export, own.key_reused), (15, None, true, Some(true)));
        assert_eq!(DhParameters::new(&[0], false, None).bits, 0);
    }
}
