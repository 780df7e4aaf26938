//! Certificates and DER for the tests of this room: fixtures, and a builder for what no tool will write.

use super::der::tag;
use super::{Certificate, read};

/// The bytes of a file in `fixtures/x509/`.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/x509/", $name)).as_slice()
    };
}
pub(crate) use fixture;

/// The certificates of a PEM fixture, read.
pub(crate) fn certificates(pem: &[u8]) -> Vec<Certificate> {
    let chains = super::parse_bundle(pem, None).unwrap();
    chains.iter().flat_map(|chain| chain.ders().map(read).collect::<Vec<_>>()).collect()
}

/// An element with a length in its shortest form.
pub(crate) fn element(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..0x80 => bytes.push(u8::try_from(length).unwrap()),
        length => {
            let octets = length.to_be_bytes();
            let octets = super::der::without_leading_zeros(&octets);
            bytes.push(0x80 | u8::try_from(octets.len()).unwrap());
            bytes.extend_from_slice(octets);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// A SEQUENCE of elements.
pub(crate) fn sequence<const N: usize>(parts: [Vec<u8>; N]) -> Vec<u8> {
    element(tag::SEQUENCE, parts.concat())
}

/// An AlgorithmIdentifier without parameters.
pub(crate) fn algorithm(oid: &[u8]) -> Vec<u8> {
    sequence([element(tag::OID, oid)])
}

/// An extension.
pub(crate) fn extension(oid: &[u8], value: impl AsRef<[u8]>) -> Vec<u8> {
    sequence([element(tag::OID, oid), element(tag::OCTET_STRING, value)])
}

/// A name with one common name.
pub(crate) fn common_name(tag: u8, value: &[u8]) -> Vec<u8> {
    let attribute = sequence([element(tag::OID, [0x55, 4, 3]), element(tag, value)]);
    element(tag::SEQUENCE, element(tag::SET, attribute))
}

/// The fields of a certificate, each as encoded; change one and build.
pub(crate) struct Draft {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) signature: Vec<u8>,
}

/// Ed25519, 1.3.101.112
pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

impl Default for Draft {
    fn default() -> Self {
        let name = common_name(tag::UTF8_STRING, b"draft.example");
        Self {
            version: element(tag::context_constructed(0), [2, 1, 2]),
            serial: element(tag::INTEGER, [1]),
            algorithm: algorithm(ED25519),
            issuer: name.clone(),
            not_before: element(UTC_TIME, b"260101000000Z"),
            not_after: element(UTC_TIME, b"270101000000Z"),
            subject: name,
            key: key_info(ED25519, &[7; 32]),
            extensions: Vec::new(),
            signature: vec![0; 64],
        }
    }
}

pub(crate) use super::der::tag::{GENERALIZED_TIME, UTC_TIME};

/// SubjectPublicKeyInfo with an algorithm without parameters.
pub(crate) fn key_info(oid: &[u8], key: &[u8]) -> Vec<u8> {
    sequence([algorithm(oid), element(tag::BIT_STRING, [&[0], key].concat())])
}

impl Draft {
    pub(crate) fn tbs(&self) -> Vec<u8> {
        let validity = sequence([self.not_before.clone(), self.not_after.clone()]);
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            element(tag::context_constructed(3), element(tag::SEQUENCE, self.extensions.concat()))
        };
        sequence([
            self.version.clone(),
            self.serial.clone(),
            self.algorithm.clone(),
            self.issuer.clone(),
            validity,
            self.subject.clone(),
            self.key.clone(),
            extensions,
        ])
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let signature = element(tag::BIT_STRING, [&[0], &*self.signature].concat());
        sequence([self.tbs(), self.algorithm.clone(), signature])
    }

    pub(crate) fn read(&self) -> Certificate {
        read(&self.der())
    }
}

/// Numbers that are the same in every run (xorshift64).
pub(crate) struct Numbers(pub(super) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// `bytes` with up to four small changes.
    pub(crate) fn mutant(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut mutant = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(mutant.len());
            match self.below(6) {
                0 => mutant[at] ^= 1 << self.below(8),
                1 => mutant[at] = u8::try_from(self.below(256)).unwrap(),
                2 => mutant[at] = [0, 1, 0x7f, 0x80, 0x84, 0xff][self.below(6)],
                3 => mutant.truncate(at.max(1)),
                4 => {
                    let end = (at + 1 + self.below(8)).min(mutant.len());
                    mutant.drain(at..end);
                    if mutant.is_empty() {
                        mutant.push(0x30);
                    }
                }
                _ => {
                    let end = (at + 1 + self.below(16)).min(mutant.len());
                    let copy = mutant[at..end].to_vec();
                    mutant.splice(at..at, copy);
                }
            }
        }
        mutant
    }
}
