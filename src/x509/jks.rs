//! Certificates in a Java key store (JKS and JCEKS, as `keytool` wrote them up to Java 8 and distributions still do).
//!
//! ```text
//! magic (4) ‖ version (4) ‖ entries (4) ‖ entry … ‖ SHA-1 of a password and all before (20)
//! entry     kind (4) ‖ alias ‖ time (8) ‖ [key (4+) ‖ certificates (4)] ‖ certificate …
//! certificate  [type] ‖ DER (4+)
//! ```
//!
//! Private keys are stepped over, never decrypted. The digest is not checked: it keeps nobody from changing the file who
//! knows its password, which is mostly `changeit`.

/// Java key store.
const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
/// Java cryptography extension key store.
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

const PRIVATE_KEY: u32 = 1;
const TRUSTED: u32 = 2;
const SECRET_KEY: u32 = 3;
/// Bytes of the digest at the end.
const DIGEST: usize = 20;

/// What a store holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KeyStore {
    /// One chain for each private key, end-entity first.
    pub(super) chains: Vec<Vec<Vec<u8>>>,
    /// Certificates that are trusted as they are.
    pub(super) trusted: Vec<Vec<u8>>,
}

/// The file says that it is one.
pub(super) fn is_jks(bytes: &[u8]) -> bool {
    bytes.starts_with(&JKS) || bytes.starts_with(&JCEKS)
}

/// Reads a store.
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn read_jks(bytes: &[u8]) -> Result<KeyStore, String> {
    let body = bytes.len().checked_sub(DIGEST).and_then(|end| bytes.get(..end));
    let mut input = Input(body.ok_or("it is cut short")?);
    input.take(JKS.len())?;
    let version = input.number()?;
    if !matches!(version, 1 | 2) {
        return Err(format!("version {version} is not known"));
    }
    let mut store = KeyStore::default();
    for entry in 1..=input.number()? {
        let kind = input.number()?;
        input.text()?;
        input.take(8)?;
        match kind {
            PRIVATE_KEY => {
                input.sized()?;
                let certificates = input.number()?;
                let chain = (0..certificates).map(|_| input.certificate(version));
                store.chains.push(chain.collect::<Result<_, _>>()?);
            }
            TRUSTED => store.trusted.push(input.certificate(version)?),
            SECRET_KEY => return Err(format!("entry {entry} is a secret key, whose end cannot be told")),
            _ => return Err(format!("entry {entry} is of a kind that is not known ({kind})")),
        }
    }
    if input.0.is_empty() { Ok(store) } else { Err("there are bytes behind the last entry".to_owned()) }
}

/// What is left to read. Big-endian.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it is cut short")?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?.first_chunk().copied().unwrap_or_default();
        Ok(u32::from_be_bytes(bytes))
    }

    /// Bytes behind their length.
    fn sized(&mut self) -> Result<&'a [u8], String> {
        let length = usize::try_from(self.number()?).map_err(|_| "it is cut short")?;
        self.take(length)
    }

    /// Text behind its length in two bytes.
    fn text(&mut self) -> Result<&'a [u8], String> {
        let length = self.take(2)?.first_chunk().copied().unwrap_or_default();
        self.take(u16::from_be_bytes(length).into())
    }

    fn certificate(&mut self, version: u32) -> Result<Vec<u8>, String> {
        if version == 2 {
            let kind = self.text()?;
            if kind != b"X.509" {
                return Err("it holds certificates of another kind than X.509".to_owned());
            }
        }
        self.sized().map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[u8] = include_bytes!("../../fixtures/x509/keys.jks");
    const TRUST: &[u8] = include_bytes!("../../fixtures/x509/trust.jks");

    #[test]
    fn keys_have_their_chains_and_trusted_certificates_stand_alone() {
        let keys = read_jks(KEYS).unwrap();
        assert_eq!(keys.chains.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
        assert_eq!(keys.trusted.len(), 1);
        let trust = read_jks(TRUST).unwrap();
        assert!(trust.chains.is_empty());
        assert_eq!(trust.trusted, keys.trusted);
        assert!(is_jks(KEYS) && !is_jks(b"\xfe\xed"));
    }

    #[test]
    fn a_damaged_store_is_an_error_and_never_a_part_of_it() {
        for end in 0..TRUST.len() {
            assert!(read_jks(&TRUST[..end]).is_err(), "{end}");
        }
        let mut longer = TRUST.to_vec();
        longer.push(0);
        assert_eq!(read_jks(&longer), Err("there are bytes behind the last entry".to_owned()));
        for (at, byte, words) in
            [(7, 3, "version 3"), (15, 9, "kind that is not known (9)"), (15, 3, "secret key")]
        {
            let mut changed = TRUST.to_vec();
            changed[at] = byte;
            assert!(read_jks(&changed).unwrap_err().contains(words), "{words}");
        }
        // A length of nearly everything there is to count: no room is made for it.
        let mut huge = TRUST.to_vec();
        huge[8..12].copy_from_slice(&[0xff; 4]);
        assert!(read_jks(&huge).is_err());
    }
}
