//! Records under a block cipher in CBC mode with an HMAC, MAC-then-encrypt and encrypt-then-MAC, and the malformed
//! ones that probes for padding oracles send. RFC 2246 section 6.2.3.2, RFC 4346 section 6.2.3.2, RFC 7366.
//! Opening takes no care of timing: only what a server sends us is opened.

use aws_lc_rs::hmac;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt};
use cbc::cipher::{KeyInit, KeyIvInit};

use super::protection::Key;
use super::suite::{Block, Mac};
use crate::tls::ProtocolVersion;

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Malformation {
    /// The MAC is not that of the content; the padding is right.
    Mac,
    /// The MAC is right, and so is the padding's length; its other bytes are not what they must be.
    Padding,
    /// Nothing but padding, whose length says that it is longer than the record: no room for a MAC.
    OverlongPadding,
}

/// One direction's keys and its count of records.
pub(super) struct Cbc {
    block: Block,
    mac: Mac,
    mac_key: hmac::Key,
    key: Vec<u8>,
    encrypt_then_mac: bool,
    version: ProtocolVersion,
    /// TLS 1.0: the last block of the record before.
    chained_iv: Vec<u8>,
    iv_seed: hmac::Key,
    sequence: u64,
}

impl std::fmt::Debug for Cbc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cbc(..)")
    }
}

impl Cbc {
    pub(super) fn new(
        block: Block,
        mac: Mac,
        encrypt_then_mac: bool,
        version: ProtocolVersion,
        key: Key<'_>,
    ) -> Option<Self> {
        let mut cbc = Self {
            block,
            mac,
            mac_key: hmac::Key::new(mac.algorithm(), key.mac),
            key: key.key.to_vec(),
            encrypt_then_mac,
            version,
            chained_iv: key.iv.to_vec(),
            iv_seed: hmac::Key::new(hmac::HMAC_SHA256, key.iv_seed),
            sequence: 0,
        };
        // A key that does not fit shows at once.
        let zeros = vec![0; block.size()];
        cbc.encrypt(&zeros, &mut zeros.clone())?;
        Some(cbc)
    }

    /// The body of a record.
    pub(super) fn seal(&mut self, content_type: u8, content: &[u8]) -> Option<Vec<u8>> {
        let mut plain = content.to_vec();
        if !self.encrypt_then_mac {
            plain.extend_from_slice(self.sign(content_type, content)?.as_ref());
        }
        plain.extend(self.padding(plain.len(), 1));
        let mut body = self.encrypt_record(plain)?;
        if self.encrypt_then_mac {
            body.extend_from_slice(self.sign(content_type, &body)?.as_ref());
        }
        self.count()?;
        Some(body)
    }

    /// The body of a malformed record. MAC-then-encrypt only: `None` else.
    pub(super) fn seal_malformed(
        &mut self,
        content_type: u8,
        content: &[u8],
        malformation: Malformation,
    ) -> Option<Vec<u8>> {
        if self.encrypt_then_mac {
            return None;
        }
        let mut plain = content.to_vec();
        plain.extend_from_slice(self.sign(content_type, content)?.as_ref());
        let padding_at = plain.len();
        plain.extend(self.padding(plain.len(), 2));
        match malformation {
            Malformation::Mac => {
                let mac = plain.get_mut(content.len()..padding_at)?;
                mac.iter_mut().for_each(|byte| *byte ^= 0xff);
            }
            Malformation::Padding => {
                let (_, wrong) = plain.get_mut(padding_at..)?.split_last_mut()?;
                wrong.iter_mut().for_each(|byte| *byte ^= 0xff);
            }
            Malformation::OverlongPadding => plain.fill(0xff),
        }
        let body = self.encrypt_record(plain)?;
        self.count()?;
        Some(body)
    }

    /// The content of a record.
    pub(super) fn open(&mut self, header: [u8; 5], body: &[u8]) -> Option<Vec<u8>> {
        let [content_type, ..] = header;
        let mut body = body;
        if self.encrypt_then_mac {
            let (sealed, mac) = body.split_at_checked(body.len().checked_sub(self.mac.length())?)?;
            (self.sign(content_type, sealed)?.as_ref() == mac).then_some(())?;
            body = sealed;
        }
        let mut plain = self.decrypt_record(body)?;
        let padding = *plain.last()?;
        let content = plain.len().checked_sub(usize::from(padding) + 1)?;
        plain.get(content..)?.iter().all(|byte| *byte == padding).then_some(())?;
        plain.truncate(content);
        if !self.encrypt_then_mac {
            let mac = plain.split_off(plain.len().checked_sub(self.mac.length())?);
            (self.sign(content_type, &plain)?.as_ref() == mac).then_some(())?;
        }
        self.count()?;
        Some(plain)
    }

    /// The shortest padding of at least so many bytes that fills the last block.
    fn padding(&self, length: usize, at_least: usize) -> Vec<u8> {
        let size = self.block.size();
        let mut count = size - length % size;
        if count < at_least {
            count += size;
        }
        vec![u8::try_from(count - 1).unwrap_or(u8::MAX); count]
    }

    pub(super) fn sign(&self, content_type: u8, content: &[u8]) -> Option<hmac::Tag> {
        let mut context = hmac::Context::with_key(&self.mac_key);
        context.update(&self.sequence.to_be_bytes());
        context.update(&[content_type]);
        context.update(&self.version.0.to_be_bytes());
        context.update(&u16::try_from(content.len()).ok()?.to_be_bytes());
        context.update(content);
        Some(context.sign())
    }

    /// One record more.
    pub(super) fn count(&mut self) -> Option<()> {
        self.sequence = self.sequence.checked_add(1)?;
        Some(())
    }

    fn has_explicit_iv(&self) -> bool {
        self.version > ProtocolVersion::TLSv1_0
    }

    /// Encrypts whole blocks, with the IV in front where the version has it there.
    fn encrypt_record(&mut self, mut plain: Vec<u8>) -> Option<Vec<u8>> {
        let size = self.block.size();
        if self.has_explicit_iv() {
            let iv = hmac::sign(&self.iv_seed, &self.sequence.to_be_bytes());
            let iv = iv.as_ref().get(..size)?;
            self.encrypt(iv, &mut plain)?;
            return Some([iv, &plain].concat());
        }
        let iv = std::mem::take(&mut self.chained_iv);
        self.encrypt(&iv, &mut plain)?;
        self.chained_iv = plain.get(plain.len().checked_sub(size)?..)?.to_vec();
        Some(plain)
    }

    /// Decrypts whole blocks.
    pub(super) fn decrypt_record(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let size = self.block.size();
        let (iv, sealed) = if self.has_explicit_iv() {
            let (iv, sealed) = body.split_at_checked(size)?;
            (iv.to_vec(), sealed)
        } else {
            (self.chained_iv.clone(), body)
        };
        if sealed.is_empty() || sealed.len() % size != 0 {
            return None;
        }
        self.chained_iv = sealed.get(sealed.len() - size..)?.to_vec();
        let mut plain = sealed.to_vec();
        match self.block {
            Block::Aes128 => decrypt::<aes::Aes128>(&self.key, &iv, &mut plain)?,
            Block::Aes256 => decrypt::<aes::Aes256>(&self.key, &iv, &mut plain)?,
            Block::TripleDes => decrypt::<des::TdesEde3>(&self.key, &iv, &mut plain)?,
        }
        Some(plain)
    }

    fn encrypt(&mut self, iv: &[u8], blocks: &mut [u8]) -> Option<()> {
        match self.block {
            Block::Aes128 => encrypt::<aes::Aes128>(&self.key, iv, blocks),
            Block::Aes256 => encrypt::<aes::Aes256>(&self.key, iv, blocks),
            Block::TripleDes => encrypt::<des::TdesEde3>(&self.key, iv, blocks),
        }
    }
}

fn encrypt<C: KeyInit + BlockCipherEncrypt>(key: &[u8], iv: &[u8], blocks: &mut [u8]) -> Option<()> {
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).ok()?;
    let length = blocks.len();
    cipher.encrypt_padded::<NoPadding>(blocks, length).ok().map(|_| ())
}

fn decrypt<C: KeyInit + BlockCipherDecrypt>(key: &[u8], iv: &[u8], blocks: &mut [u8]) -> Option<()> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded::<NoPadding>(blocks).ok().map(|_| ())
}
