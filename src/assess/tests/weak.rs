//! Weak keys of our own making, as certificates that a sound authority signed. `openssl prime` made the primes.

use num_bigint::BigUint;
use rcgen::{PublicKeyData, SignatureAlgorithm};

use super::pki::{Entity, Recipe};

/// A prime of 1,024 bits; the others are, too.
pub(crate) const PRIME: &str = "f7d0c7bbdc7fe17b87e998d6fd6065f681acb110f5daea149cb2b9d0ad1d13ced39bff9e27741a5cf5a294381d1c61b5\
    5dce7d6a3837e33a2d075447be1fc4ef908ccff71c693e44375dcd0c79efe72179b47124fb14de1a854109de7e5df39a\
    7b6b104a4f703f3f010f255f7f1d0aa3d79ef826be37b43ae3c91266373495a1";
/// The next prime 2^510 above it.
pub(crate) const NEAR: &str = "f7d0c7bbdc7fe17b87e998d6fd6065f681acb110f5daea149cb2b9d0ad1d13ced39bff9e27741a5cf5a294381d1c61b5\
    5dce7d6a3837e33a2d075447be1fc4efd08ccff71c693e44375dcd0c79efe72179b47124fb14de1a854109de7e5df39a\
    7b6b104a4f703f3f010f255f7f1d0aa3d79ef826be37b43ae3c912663734979b";
/// Nothing to do with it.
pub(crate) const SECOND: &str = "c8bb575d236603c5667a0e7c1349daff05e645d76900be51e42a8c0a7e1f3b3f88ebccb401b411179f0d13b583906f75\
    af42649f1ad25a4596c52e754dd8886c9698faef9ebacadf2ad2a833cacffdd6efcf9ca15fea44d9cb0b84029bfe2d7f\
    a30f543bde3a90e80d105a34736b6c060ed4fe5ebf91d708f4a5d241e7910fe1";
/// Another one.
pub(crate) const THIRD: &str = "c20be342a9b8927c6a36e5bc4230d868929cea853863ef9804c463f50f8cda6f028541966f3324dcecb998839d370c34\
    e74189640bf73d19c81126b3f1d3819e8ff6d51f091f171f1b21be6f588e1e7a224636fa2ddb3015bf0e7096ffeee6f7\
    e4ac7286cb36b6952859fc01ff26b7855e4af3a2d08c8e1bf7edfe1f8f55c1b7";
/// And another one.
pub(crate) const FOURTH: &str = "e038c9d6675ebce964fa406b524a03827753733ee58c47bcca879b017ffd6e25a2320ead4689e06325399a0d5f291352\
    927bdae05e53d6fab9c56129ed9f9967bff69f3932a38a161b5ecdad5975cce527db37cdca7d20941c25fa09f4a511e9\
    a59ce79cf0a11ebc315e7764c2e7e36807e532ca4c2a655db3faaac951ceaad5";
/// `k·M + (65537^a mod M)`, `M` being the product of the primes to 167.
pub(crate) const ROCA: &str = "c000006a09e7fa8eabbf823cb47a05162c86d315afb1e0d072e4c8f43fdfb8b8e2195860bd3426527693a192f5519397\
    25509bc8fe06af53ed261c52f96cc76acce476a59e1b257c953a8c826f889562011f6e52c9958dc2c949508ddd81ed2e\
    ed9dbd7d908d6a3de754e221800fd5fa90bdef23157314973fbb1cce9136c39f";
/// Likewise.
pub(crate) const ROCA_TOO: &str = "c00000252a50fd045e9f2cc2d02e4fbcd2ce2ae307713d09d4a257496c775fe0e202d89d7487bcf3c170f1e43b775c6c\
    21e6ad18aaabf43c6e97a0cc38c7b69b640c47472cd599fb9db3c86f7ce9694a373ac0b709b47954c11688df4ce88b16\
    6e818df305b883e2b14ece25ecbb04d943355aea7eb9f186c88c3c4dc4979f43";

pub(crate) fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}

/// A public key of which nobody has the private one.
pub(crate) struct RawKey {
    algorithm: &'static SignatureAlgorithm,
    encoded: Vec<u8>,
}

impl PublicKeyData for RawKey {
    fn der_bytes(&self) -> &[u8] {
        &self.encoded
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl RawKey {
    pub(crate) fn rsa(modulus: &BigUint, exponent: u32) -> Self {
        let fields = [integer(modulus), integer(&exponent.into())].concat();
        Self { algorithm: &rcgen::PKCS_RSA_SHA256, encoded: element(0x30, &fields) }
    }

    pub(crate) fn p256(point: &[u8]) -> Self {
        Self { algorithm: &rcgen::PKCS_ECDSA_P256_SHA256, encoded: point.to_vec() }
    }

    /// A certificate for it.
    pub(crate) fn certified(&self, name: &str, issuer: &Entity) -> Vec<u8> {
        Recipe::end_entity(name).for_key(self, issuer)
    }
}

fn integer(number: &BigUint) -> Vec<u8> {
    let mut octets = number.to_bytes_be();
    if octets[0] & 0x80 != 0 {
        octets.insert(0, 0);
    }
    element(2, &octets)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let head = match length {
        0..0x80 => vec![tag, u8::try_from(length).unwrap()],
        0x80..0x100 => vec![tag, 0x81, u8::try_from(length).unwrap()],
        _ => [&[tag, 0x82], &length.to_be_bytes()[..]].concat(),
    };
    [head, content.to_vec()].concat()
}
