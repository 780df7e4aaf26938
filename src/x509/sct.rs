//! Embedded signed certificate timestamps (RFC 6962 section 3.3), unverified.

use super::certificate::Sct;
use super::der::{only, tag};

/// More timestamps than any log policy asks for; the DER keeps them all.
const MAX_SCTS: usize = 64;

/// Reads a SignedCertificateTimestampList inside its OCTET STRING. What can be read is kept.
pub(super) fn read_scts(value: &[u8]) -> (Vec<Sct>, Option<String>) {
    let mut scts = Vec::new();
    let error = read_list(value, &mut scts).err();
    (scts, error)
}

fn read_list(value: &[u8], scts: &mut Vec<Sct>) -> Result<(), String> {
    let list = only(value, tag::OCTET_STRING).map_err(|error| error.to_string())?;
    let (mut entries, rest) = split_vector(list.content).ok_or("the list is cut short")?;
    if !rest.is_empty() {
        return Err(format!("{} octets follow the list", rest.len()));
    }
    while !entries.is_empty() {
        if scts.len() == MAX_SCTS {
            return Err(format!("more than {MAX_SCTS} timestamps"));
        }
        let (entry, rest) = split_vector(entries).ok_or("a timestamp is cut short")?;
        entries = rest;
        match read_sct(entry) {
            Some(Ok(sct)) => scts.push(sct),
            Some(Err(version)) => return Err(format!("a timestamp of unknown version {version}")),
            None => return Err("a timestamp is cut short".to_owned()),
        }
    }
    Ok(())
}

/// `None` if cut short, the version if it is unknown.
fn read_sct(entry: &[u8]) -> Option<Result<Sct, u8>> {
    let (version, rest) = entry.split_first()?;
    if *version != 0 {
        return Some(Err(*version));
    }
    let (log_id, rest) = rest.split_first_chunk()?;
    let (timestamp, rest) = rest.split_first_chunk()?;
    // Extensions, then two octets of algorithm before the signature.
    let (_, rest) = split_vector(rest)?;
    split_vector(rest.get(2..)?)?;
    Some(Ok(Sct { log_id: *log_id, timestamp_millis: u64::from_be_bytes(*timestamp) }))
}

/// Splits off a vector behind its two-octet length (RFC 8446 section 3.4).
fn split_vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(content: &[u8]) -> Vec<u8> {
        [&u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
    }

    fn sct(version: u8, timestamp: u64) -> Vec<u8> {
        let fields = [&[version][..], &[7; 32], &timestamp.to_be_bytes(), &[0, 0, 4, 3], &vector(&[1, 2, 3])];
        vector(&fields.concat())
    }

    fn extension(entries: &[Vec<u8>]) -> Vec<u8> {
        let list = vector(&entries.concat());
        [&[tag::OCTET_STRING, 0x82], &u16::try_from(list.len()).unwrap().to_be_bytes()[..], &list].concat()
    }

    #[test]
    fn timestamps_are_read() {
        let (scts, error) = read_scts(&extension(&[sct(0, 1_700_000_000_123), sct(0, 5)]));
        assert_eq!(error, None);
        assert_eq!(scts[0], Sct { log_id: [7; 32], timestamp_millis: 1_700_000_000_123 });
        assert_eq!(scts.len(), 2);
    }

    #[test]
    fn a_broken_list_keeps_what_came_before() {
        let (scts, error) = read_scts(&extension(&[sct(0, 1), sct(9, 2)]));
        assert_eq!((scts.len(), error.as_deref()), (1, Some("a timestamp of unknown version 9")));
        let (scts, error) = read_scts(&extension(&[sct(0, 1), vec![0, 9, 0]]));
        assert_eq!((scts.len(), error.as_deref()), (1, Some("a timestamp is cut short")));
        assert!(read_scts(&extension(&vec![sct(0, 1); 65])).1.is_some());
        assert!(read_scts(&[]).1.is_some());
    }
}
