//! From the premaster secret to the keys of both directions and to the Finished messages of TLS 1.0 to 1.2.
//! RFC 5246 sections 6.3, 7.4.9 and 8.1, RFC 7627 section 4. Nothing here is secret: see [the module](super).

use super::prf::Prf;
use super::protection::Protection;
use super::suite::Cipher;
use crate::tls::ProtocolVersion;

/// Bytes of a Finished message's content.
const VERIFY_DATA: usize = 12;

/// The randoms of both hellos.
#[derive(Debug, Clone, Default)]
pub(super) struct Randoms {
    pub(super) client: Vec<u8>,
    pub(super) server: Vec<u8>,
}

/// The master secret of a session.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Master(Vec<u8>);

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Master(..)")
    }
}

/// Which side a Finished message is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// The keys of both directions.
#[derive(Debug)]
pub(super) struct KeyPair {
    pub(super) client: Protection,
    pub(super) server: Protection,
}

impl Master {
    const LENGTH: usize = 48;

    /// Bound to the randoms only.
    pub(super) fn new(prf: Prf, premaster: &[u8], randoms: &Randoms) -> Self {
        let seed = [&*randoms.client, &*randoms.server].concat();
        Self(prf.derive(premaster, b"master secret", &seed, Self::LENGTH))
    }

    /// Bound to all messages up to and with the ClientKeyExchange (RFC 7627 section 4).
    pub(super) fn extended(prf: Prf, premaster: &[u8], messages: &[u8]) -> Self {
        Self(prf.derive(premaster, b"extended master secret", &prf.hash(messages), Self::LENGTH))
    }

    /// The content of a Finished message over these messages.
    pub(super) fn verify_data(&self, prf: Prf, side: Side, messages: &[u8]) -> Vec<u8> {
        let label: &[u8] = match side {
            Side::Client => b"client finished",
            Side::Server => b"server finished",
        };
        prf.derive(&self.0, label, &prf.hash(messages), VERIFY_DATA)
    }

    /// The keys of one connection. `iv_seed` makes the IVs that go along with CBC records. `None` only where a
    /// key does not fit its cipher.
    pub(super) fn keys(
        &self,
        prf: Prf,
        cipher: Cipher,
        encrypt_then_mac: bool,
        version: ProtocolVersion,
        randoms: &Randoms,
        iv_seed: &[u8],
    ) -> Option<KeyPair> {
        let (mac, key, iv) = cipher.lengths(version);
        let seed = [&*randoms.server, &*randoms.client].concat();
        let block = prf.derive(&self.0, b"key expansion", &seed, 2 * (mac + key + iv));
        let mut rest = block.as_slice();
        let mut take = |length| {
            let (taken, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(taken)
        };
        let (client_mac, server_mac) = (take(mac)?, take(mac)?);
        let (client_key, server_key) = (take(key)?, take(key)?);
        let (client_iv, server_iv) = (take(iv)?, take(iv)?);
        let protection = |mac, key, iv| {
            Protection::new(
                cipher,
                encrypt_then_mac,
                version,
                super::protection::Key { mac, key, iv, iv_seed },
            )
        };
        Some(KeyPair {
            client: protection(client_mac, client_key, client_iv)?,
            server: protection(server_mac, server_key, server_iv)?,
        })
    }
}
