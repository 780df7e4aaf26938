//! TLS 1.3 key schedule as far as a server's first flight and a polite farewell need it (RFC 8446 section 7).
//! Never derives an application traffic key but for the farewell's `close_notify`.

use std::sync::LazyLock;

use aws_lc_rs::{aead, digest, hmac};

use super::CipherSuite;

/// The algorithms of a TLS 1.3 cipher suite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Algorithms {
    pub(super) hash: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    aead: &'static aead::Algorithm,
}

impl Algorithms {
    /// `None` for suites that cannot be decrypted here.
    pub(super) fn of(suite: CipherSuite) -> Option<Self> {
        let (hash, hmac, aead) = match suite {
            CipherSuite::TLS_AES_128_GCM_SHA256 => (&digest::SHA256, hmac::HMAC_SHA256, &aead::AES_128_GCM),
            CipherSuite::TLS_AES_256_GCM_SHA384 => (&digest::SHA384, hmac::HMAC_SHA384, &aead::AES_256_GCM),
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256 => {
                (&digest::SHA256, hmac::HMAC_SHA256, &aead::CHACHA20_POLY1305)
            }
            _ => return None,
        };
        Some(Self { hash, hmac, aead })
    }

    /// HMAC under the secret "derived" from an early secret without a pre-shared key: the same for every
    /// connection.
    fn extraction_key(&self) -> &'static hmac::Key {
        static SHA256: LazyLock<hmac::Key> = LazyLock::new(|| extraction_key(hmac::HMAC_SHA256));
        static SHA384: LazyLock<hmac::Key> = LazyLock::new(|| extraction_key(hmac::HMAC_SHA384));
        if self.hmac == hmac::HMAC_SHA384 { &SHA384 } else { &SHA256 }
    }
}

fn extraction_key(algorithm: hmac::Algorithm) -> hmac::Key {
    let zeros = [0_u8; digest::MAX_OUTPUT_LEN];
    let zeros = zeros.get(..algorithm.tag_len()).unwrap_or_default();
    let early = hmac::sign(&hmac::Key::new(algorithm, zeros), zeros);
    next_extraction_key(algorithm, early.as_ref())
}

/// The salt of the next extraction: "derived" from `secret` (RFC 8446 section 7.1).
fn next_extraction_key(algorithm: hmac::Algorithm, secret: &[u8]) -> hmac::Key {
    let empty = digest::digest(algorithm.digest_algorithm(), b"");
    let derived = expand_label(&hmac::Key::new(algorithm, secret), b"derived", empty.as_ref(), None);
    hmac::Key::new(algorithm, derived.as_ref())
}

/// HKDF-Expand-Label with one block of output, which is all that secrets, keys and IVs of TLS 1.3 take
/// (RFC 8446 section 7.1). `length` is the hash's where `None`.
fn expand_label(secret: &hmac::Key, label: &[u8], context: &[u8], length: Option<u8>) -> hmac::Tag {
    let length = length.unwrap_or_else(|| short_length(secret.algorithm().tag_len()));
    let prefix = [0, length, short_length(6 + label.len())];
    let mut info = [0_u8; 96];
    let mut rest = info.as_mut_slice();
    let mut used = 0;
    for piece in [&prefix, b"tls13 ".as_slice(), label, &[short_length(context.len())], context, &[1]] {
        if let Some((slot, after)) = std::mem::take(&mut rest).split_at_mut_checked(piece.len()) {
            slot.copy_from_slice(piece);
            used += piece.len();
            rest = after;
        }
    }
    hmac::sign(secret, info.get(..used).unwrap_or_default())
}

fn short_length(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

/// The secrets of one handshake.
pub(super) struct Schedule {
    algorithms: Algorithms,
    handshake_secret: hmac::Tag,
    /// Transcript hash of ClientHello to ServerHello.
    hello_hash: digest::Digest,
}

impl Schedule {
    /// Starts from the shared secret and the hash of ClientHello to ServerHello.
    pub(super) fn new(algorithms: Algorithms, shared_secret: &[u8], hello_hash: digest::Digest) -> Self {
        let handshake_secret = hmac::sign(algorithms.extraction_key(), shared_secret);
        Self { algorithms, handshake_secret, hello_hash }
    }

    /// Keys that open the server's handshake records.
    pub(super) fn server_handshake_keys(&self) -> Option<RecordKeys> {
        RecordKeys::new(self.algorithms, &self.handshake_traffic_key(b"s hs traffic"))
    }

    /// The records that end a handshake whose transcript, to the server's Finished, is `transcript`: an empty
    /// Certificate where one was asked for, Finished, and `close_notify` (RFC 8446 sections 4.4 and 6.1).
    pub(super) fn farewell(
        &self,
        transcript: &digest::Context,
        certificate_requested: bool,
    ) -> Option<Vec<u8>> {
        const NO_CERTIFICATE: [u8; 8] = [11, 0, 0, 4, 0, 0, 0, 0];
        const CLOSE_NOTIFY: [u8; 2] = [1, 0];
        let algorithm = self.algorithms.hmac;
        let traffic = self.handshake_traffic_key(b"c hs traffic");
        let server_finished = transcript.clone().finish();
        let mut transcript = transcript.clone();
        let mut messages = Vec::with_capacity(64);
        if certificate_requested {
            messages.extend_from_slice(&NO_CERTIFICATE);
            transcript.update(&NO_CERTIFICATE);
        }
        let finished_key = hmac::Key::new(algorithm, expand_label(&traffic, b"finished", b"", None).as_ref());
        let verify_data = hmac::sign(&finished_key, transcript.finish().as_ref());
        messages.extend_from_slice(&[20, 0, 0, short_length(algorithm.tag_len())]);
        messages.extend_from_slice(verify_data.as_ref());

        let zeros = [0_u8; digest::MAX_OUTPUT_LEN];
        let zeros = zeros.get(..algorithm.tag_len()).unwrap_or_default();
        let master = hmac::sign(&next_extraction_key(algorithm, self.handshake_secret.as_ref()), zeros);
        let master = hmac::Key::new(algorithm, master.as_ref());
        let application = expand_label(&master, b"c ap traffic", server_finished.as_ref(), None);
        let application = hmac::Key::new(algorithm, application.as_ref());

        let mut farewell = RecordKeys::new(self.algorithms, &traffic)?.seal(22, messages)?;
        farewell.extend(RecordKeys::new(self.algorithms, &application)?.seal(21, CLOSE_NOTIFY.to_vec())?);
        Some(farewell)
    }

    fn handshake_traffic_key(&self, label: &[u8]) -> hmac::Key {
        let secret = hmac::Key::new(self.algorithms.hmac, self.handshake_secret.as_ref());
        let traffic = expand_label(&secret, label, self.hello_hash.as_ref(), None);
        hmac::Key::new(self.algorithms.hmac, traffic.as_ref())
    }
}

/// Keys of one direction (RFC 8446 section 7.3).
pub(super) struct RecordKeys {
    key: aead::LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

impl RecordKeys {
    fn new(algorithms: Algorithms, traffic: &hmac::Key) -> Option<Self> {
        let length = algorithms.aead.key_len();
        let key = expand_label(traffic, b"key", b"", Some(short_length(length)));
        let iv = expand_label(traffic, b"iv", b"", Some(12));
        let key = aead::UnboundKey::new(algorithms.aead, key.as_ref().get(..length)?).ok()?;
        let iv = *iv.as_ref().first_chunk()?;
        Some(Self { key: aead::LessSafeKey::new(key), iv, sequence: 0 })
    }

    /// Opens a protected record in place: the content type and the content. `None` where it does not
    /// authenticate or holds padding only (RFC 8446 section 5.2).
    pub(super) fn open<'a>(&mut self, header: &[u8; 5], body: &'a mut [u8]) -> Option<(u8, &'a mut [u8])> {
        let nonce = self.next_nonce()?;
        let plain = self.key.open_in_place(nonce, aead::Aad::from(header), body).ok()?;
        let end = plain.iter().rposition(|byte| *byte != 0)?;
        let (content, rest) = plain.split_at_mut_checked(end)?;
        Some((*rest.first()?, content))
    }

    /// Protects `content` as one record.
    fn seal(&mut self, content_type: u8, mut content: Vec<u8>) -> Option<Vec<u8>> {
        content.push(content_type);
        let length = u16::try_from(content.len() + self.key.algorithm().tag_len()).ok()?.to_be_bytes();
        let mut record = vec![23, 3, 3];
        record.extend_from_slice(&length);
        let nonce = self.next_nonce()?;
        self.key.seal_in_place_append_tag(nonce, aead::Aad::from(&*record), &mut content).ok()?;
        record.extend(content);
        Some(record)
    }

    fn next_nonce(&mut self) -> Option<aead::Nonce> {
        let mut nonce = self.iv;
        for (byte, counter) in nonce.iter_mut().skip(4).zip(self.sequence.to_be_bytes()) {
            *byte ^= counter;
        }
        self.sequence = self.sequence.checked_add(1)?;
        Some(aead::Nonce::assume_unique_for_key(nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    /// RFC 8448 section 3, "Simple 1-RTT Handshake".
    fn simple_handshake() -> Schedule {
        let secret = hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        let algorithms = Algorithms::of(CipherSuite::TLS_AES_128_GCM_SHA256).unwrap();
        // Only its bytes enter the schedule, so a digest with these bytes is imported.
        let hash = hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
        let hash = digest::Digest::import_less_safe(&hash, &digest::SHA256).unwrap();
        Schedule::new(algorithms, &secret, hash)
    }

    #[test]
    fn handshake_secrets_are_those_of_rfc_8448() {
        let schedule = simple_handshake();
        let expected = "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac";
        assert_eq!(schedule.handshake_secret.as_ref(), hex(expected));
        let server = schedule.handshake_traffic_key(b"s hs traffic");
        let key = expand_label(&server, b"key", b"", Some(16));
        assert_eq!(key.as_ref()[..16], hex("3fce516009c21727d0f2e4e86ee403bc"));
        assert_eq!(schedule.server_handshake_keys().unwrap().iv[..], hex("5d313eb2671276ee13000b30"));
        let client = schedule.handshake_traffic_key(b"c hs traffic");
        let iv = expand_label(&client, b"iv", b"", Some(12));
        assert_eq!(iv.as_ref()[..12], hex("5bd3c71b836e0b76bb73265f"));
        let finished = expand_label(&client, b"finished", b"", None);
        let expected = "b80ad01015fb2f0bd65ff7d4da5d6bf83f84821d1f87fdc7d3c75b5a7b42d9c4";
        assert_eq!(finished.as_ref(), hex(expected));
    }

    #[test]
    fn the_master_secret_is_that_of_rfc_8448() {
        let schedule = simple_handshake();
        let salt = next_extraction_key(hmac::HMAC_SHA256, schedule.handshake_secret.as_ref());
        let master = hmac::sign(&salt, &[0; 32]);
        let expected = "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919";
        assert_eq!(master.as_ref(), hex(expected));
        let hash = hex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");
        let master = hmac::Key::new(hmac::HMAC_SHA256, master.as_ref());
        let client = expand_label(&master, b"c ap traffic", &hash, None);
        let expected = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
        assert_eq!(client.as_ref(), hex(expected));
    }

    #[test]
    fn what_one_side_seals_the_other_opens_in_order() {
        for suite in [
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_AES_256_GCM_SHA384,
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        ] {
            let algorithms = Algorithms::of(suite).unwrap();
            let hash = digest::digest(algorithms.hash, b"hello");
            let schedule = Schedule::new(algorithms, &[7; 32], hash);
            let mut sealer = schedule.server_handshake_keys().unwrap();
            let mut opener = schedule.server_handshake_keys().unwrap();
            let mut records: Vec<_> = (0..3).map(|n| sealer.seal(22, vec![n; 9]).unwrap()).collect();
            for (n, record) in (0..).zip(&mut records) {
                let (header, body) = record.split_first_chunk_mut::<5>().unwrap();
                let (content_type, content) = opener.open(header, body).unwrap();
                assert_eq!((content_type, &*content), (22, [n; 9].as_slice()));
            }
            let mut again = sealer.seal(22, Vec::new()).unwrap();
            again[5] ^= 1;
            let (header, body) = again.split_first_chunk_mut::<5>().unwrap();
            assert!(opener.open(header, body).is_none(), "a forged record is not opened");
        }
    }

    #[test]
    fn a_suite_that_cannot_be_opened_is_known_as_such() {
        assert!(Algorithms::of(CipherSuite::TLS_AES_128_CCM_SHA256).is_none());
        assert!(Algorithms::of(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256).is_none());
    }
}
