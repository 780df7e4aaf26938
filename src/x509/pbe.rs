//! Password-based encryption of PKCS#12 files: PBES2 (RFC 8018) with AES or Triple DES, and the old schemes with the
//! derivation of RFC 7292 appendix B. Decrypts only.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, hmac, pbkdf2};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};

use super::der::{DerError, Element, tag};
use super::key::split_algorithm;
use super::oid;

/// Why data could not be decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PbeError {
    Unsupported(String),
    TooMuchWork,
    Malformed,
    /// The padding does not fit: the password is wrong.
    NotDecrypted,
}

impl From<DerError> for PbeError {
    fn from(_: DerError) -> Self {
        Self::Malformed
    }
}

/// Rounds of key derivation that one file may still ask for.
#[derive(Debug)]
pub(super) struct Budget(u32);

impl Budget {
    /// Some seconds of work; openssl and Java write files of 2,048 to 10,000 rounds, careful people of a million.
    pub(super) const ROUNDS: u32 = 5_000_000;

    fn spend(&mut self, rounds: u32) -> Result<(), PbeError> {
        self.0 = self.0.checked_sub(rounds).ok_or(PbeError::TooMuchWork)?;
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(Self::ROUNDS)
    }
}

/// A password as PBES2 wants it (UTF-8) and as the old schemes want it (UTF-16 with a final zero).
pub(super) struct PasswordEncoding {
    utf8: Vec<u8>,
    utf16: Vec<u8>,
}

impl PasswordEncoding {
    pub(super) fn of(password: &str) -> Self {
        let units = password.encode_utf16().chain([0]);
        Self { utf8: password.as_bytes().to_vec(), utf16: units.flat_map(u16::to_be_bytes).collect() }
    }

    /// Whether the MAC over `content` is right; true for a kind of MAC that is not known. The empty password is
    /// tried as no octets too, as some writers mean it, and then stays so.
    pub(super) fn mac_fits(
        &mut self,
        digest_oid: &str,
        salt: &[u8],
        rounds: u32,
        content: &[u8],
        expected: &[u8],
        budget: &mut Budget,
    ) -> Result<bool, PbeError> {
        let (digest, hmac) = match digest_oid {
            "1.3.14.3.2.26" => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            "2.16.840.1.101.3.4.2.4" => (&digest::SHA224, hmac::HMAC_SHA224),
            "2.16.840.1.101.3.4.2.1" => (&digest::SHA256, hmac::HMAC_SHA256),
            "2.16.840.1.101.3.4.2.2" => (&digest::SHA384, hmac::HMAC_SHA384),
            "2.16.840.1.101.3.4.2.3" => (&digest::SHA512, hmac::HMAC_SHA512),
            _ => return Ok(true),
        };
        let mut fits = |password: &[u8]| {
            let purpose = Purpose::Mac;
            let key =
                Derivation { digest, password, salt, rounds }.derive(purpose, digest.output_len(), budget)?;
            Ok::<_, PbeError>(hmac::verify(&hmac::Key::new(hmac, &key), content, expected).is_ok())
        };
        if fits(&self.utf16)? {
            return Ok(true);
        }
        if self.utf8.is_empty() && fits(&[])? {
            self.utf16.clear();
            return Ok(true);
        }
        Ok(false)
    }
}

/// A number of rounds; none over the budget.
pub(super) fn rounds(element: Element<'_>) -> Result<u32, PbeError> {
    match element.content {
        [] => Err(PbeError::Malformed),
        [first, ..] if first & 0x80 != 0 => Err(PbeError::Malformed),
        octets => octets
            .iter()
            .try_fold(0_u32, |rounds, octet| rounds.checked_mul(256)?.checked_add(u32::from(*octet)))
            .filter(|rounds| *rounds <= Budget::ROUNDS)
            .ok_or(PbeError::TooMuchWork),
    }
}

/// Decrypts under the AlgorithmIdentifier `algorithm`.
pub(super) fn decrypt(
    algorithm: Element<'_>,
    encrypted: &[u8],
    password: &PasswordEncoding,
    budget: &mut Budget,
) -> Result<Vec<u8>, PbeError> {
    let (oid, parameters) = split_algorithm(algorithm)?;
    let parameters = parameters.filter(|p| p.tag == tag::SEQUENCE).ok_or(PbeError::Malformed)?;
    let (cipher, key_length) = match oid::dotted(oid).as_str() {
        "1.2.840.113549.1.5.13" => return decrypt_pbes2(parameters, encrypted, password, budget),
        "1.2.840.113549.1.12.1.3" => (Cipher::TripleDes, 24),
        "1.2.840.113549.1.12.1.5" => (Cipher::Rc2, 16),
        "1.2.840.113549.1.12.1.6" => (Cipher::Rc2, 5),
        "1.2.840.113549.1.12.1.1" | "1.2.840.113549.1.12.1.2" => {
            return Err(PbeError::Unsupported("RC4".to_owned()));
        }
        other => return Err(PbeError::Unsupported(format!("encryption scheme {other}"))),
    };
    let mut fields = parameters.reader();
    let salt = fields.expect(tag::OCTET_STRING)?.content;
    let rounds = rounds(fields.expect(tag::INTEGER)?)?;
    let digest = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    let derivation = Derivation { digest, password: &password.utf16, salt, rounds };
    let key = derivation.derive(Purpose::Key, key_length, budget)?;
    let iv = derivation.derive(Purpose::Iv, 8, budget)?;
    cipher.decrypt(&key, &iv, encrypted)
}

/// PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme }.
fn decrypt_pbes2(
    parameters: Element<'_>,
    encrypted: &[u8],
    password: &PasswordEncoding,
    budget: &mut Budget,
) -> Result<Vec<u8>, PbeError> {
    let mut fields = parameters.reader();
    let (kdf, kdf_parameters) = split_algorithm(fields.expect(tag::SEQUENCE)?)?;
    let (scheme, iv) = split_algorithm(fields.expect(tag::SEQUENCE)?)?;
    let (cipher, key_length) = match oid::dotted(scheme).as_str() {
        "2.16.840.1.101.3.4.1.2" => (Cipher::Aes, 16),
        "2.16.840.1.101.3.4.1.22" => (Cipher::Aes, 24),
        "2.16.840.1.101.3.4.1.42" => (Cipher::Aes, 32),
        "1.2.840.113549.3.7" => (Cipher::TripleDes, 24),
        other => return Err(PbeError::Unsupported(format!("cipher {other}"))),
    };
    let kdf = oid::dotted(kdf);
    if kdf != "1.2.840.113549.1.5.12" {
        return Err(PbeError::Unsupported(format!("key derivation {kdf}")));
    }
    let key = pbkdf2_key(kdf_parameters.ok_or(PbeError::Malformed)?, &password.utf8, key_length, budget)?;
    let iv = iv.filter(|iv| iv.tag == tag::OCTET_STRING).ok_or(PbeError::Malformed)?;
    cipher.decrypt(&key, iv.content, encrypted)
}

/// PBKDF2-params ::= SEQUENCE { salt, iterationCount, keyLength OPTIONAL, prf DEFAULT hmacWithSHA1 }.
fn pbkdf2_key(
    parameters: Element<'_>,
    password: &[u8],
    key_length: usize,
    budget: &mut Budget,
) -> Result<Vec<u8>, PbeError> {
    let mut fields = parameters.reader();
    let salt = fields.expect(tag::OCTET_STRING)?.content;
    let rounds = rounds(fields.expect(tag::INTEGER)?)?;
    fields.optional(tag::INTEGER)?;
    let prf = match fields.optional(tag::SEQUENCE)? {
        Some(prf) => oid::dotted(split_algorithm(prf)?.0),
        None => HMAC_SHA1.to_owned(),
    };
    // Blocks of output, each of which costs the rounds again.
    let (algorithm, blocks) = match prf.as_str() {
        HMAC_SHA1 => (pbkdf2::PBKDF2_HMAC_SHA1, key_length.div_ceil(20)),
        "1.2.840.113549.2.9" => (pbkdf2::PBKDF2_HMAC_SHA256, 1),
        "1.2.840.113549.2.10" => (pbkdf2::PBKDF2_HMAC_SHA384, 1),
        "1.2.840.113549.2.11" => (pbkdf2::PBKDF2_HMAC_SHA512, 1),
        other => return Err(PbeError::Unsupported(format!("key derivation with {other}"))),
    };
    budget.spend(rounds.saturating_mul(u32::try_from(blocks).unwrap_or(u32::MAX)))?;
    let rounds = std::num::NonZeroU32::new(rounds).ok_or(PbeError::Malformed)?;
    let mut key = vec![0; key_length];
    pbkdf2::derive(algorithm, rounds, salt, password, &mut key);
    Ok(key)
}

const HMAC_SHA1: &str = "1.2.840.113549.2.7";

#[derive(Debug, Clone, Copy)]
enum Cipher {
    Aes,
    TripleDes,
    Rc2,
}

impl Cipher {
    fn decrypt(self, key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Vec<u8>, PbeError> {
        match self {
            Self::Aes => decrypt_aes(key, iv, encrypted),
            Self::TripleDes => decrypt_cbc::<des::TdesEde3>(key, iv, encrypted),
            Self::Rc2 => decrypt_cbc::<rc2::Rc2>(key, iv, encrypted),
        }
    }
}

fn decrypt_aes(key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Vec<u8>, PbeError> {
    let algorithm = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        _ => &AES_256,
    };
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| PbeError::Malformed)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| PbeError::Malformed)?;
    let iv: [u8; 16] = iv.try_into().map_err(|_| PbeError::Malformed)?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let mut buffer = encrypted.to_vec();
    let plain = key.decrypt(&mut buffer, context).map_err(|_| PbeError::NotDecrypted)?.len();
    buffer.truncate(plain);
    Ok(buffer)
}

fn decrypt_cbc<C: KeyInit + BlockCipherDecrypt>(
    key: &[u8],
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Vec<u8>, PbeError> {
    let cipher = Decryptor::<C>::new_from_slices(key, iv).map_err(|_| PbeError::Malformed)?;
    cipher.decrypt_padded_vec::<Pkcs7>(encrypted).map_err(|_| PbeError::NotDecrypted)
}

/// What derived octets are for (RFC 7292 appendix B.3).
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// Key derivation of RFC 7292 appendix B.2.
struct Derivation<'a> {
    digest: &'static digest::Algorithm,
    password: &'a [u8],
    salt: &'a [u8],
    rounds: u32,
}

impl Derivation<'_> {
    fn derive(&self, purpose: Purpose, length: usize, budget: &mut Budget) -> Result<Vec<u8>, PbeError> {
        let block = self.digest.block_len();
        let diversifier = vec![purpose as u8; block];
        let mut input = repeated(self.salt, block);
        input.extend(repeated(self.password, block));
        let mut output = Vec::with_capacity(length);
        while output.len() < length {
            // Salt and password are hashed once for each block of output.
            let by_size = u32::try_from(input.len() / block).unwrap_or(u32::MAX);
            budget.spend(self.rounds.saturating_add(by_size))?;
            let mut context = digest::Context::new(self.digest);
            context.update(&diversifier);
            context.update(&input);
            let mut hash = context.finish();
            for _ in 1..self.rounds {
                hash = digest::digest(self.digest, hash.as_ref());
            }
            output.extend_from_slice(hash.as_ref());
            add_to_each_block(&mut input, &repeated(hash.as_ref(), block));
        }
        output.truncate(length);
        Ok(output)
    }
}

/// `octets` over and over, up to a whole number of blocks; nothing stays nothing.
fn repeated(octets: &[u8], block: usize) -> Vec<u8> {
    let length = octets.len().div_ceil(block).saturating_mul(block);
    octets.iter().copied().cycle().take(length).collect()
}

/// Adds `addend` and one to each block, as big-endian numbers that may overflow.
fn add_to_each_block(input: &mut [u8], addend: &[u8]) {
    // A hash longer than a block does not exist; `addend` is one block.
    for block in input.chunks_mut(addend.len().max(1)) {
        let mut carry = 1_u16;
        for (octet, add) in block.iter_mut().zip(addend).rev() {
            let [high, low] = (u16::from(*octet) + u16::from(*add) + carry).to_be_bytes();
            *octet = low;
            carry = u16::from(high);
        }
    }
}
