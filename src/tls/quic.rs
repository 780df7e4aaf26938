//! What of QUIC is read without keys: Version Negotiation packets (RFC 8999 section 6, RFC 9000 section 17.2.1).

use super::codec::Reader;

/// Versions that are kept of those a server lists.
const MOST_VERSIONS: usize = 16;

/// The versions in a Version Negotiation packet; `None` for any other datagram. At most 16, reserved ones (RFC 9000
/// section 15) left out.
pub fn versions_offered(datagram: &[u8]) -> Option<Vec<u32>> {
    const LONG_HEADER: u8 = 0x80;
    let mut reader = Reader::new(datagram);
    if reader.u8()? & LONG_HEADER == 0 || reader.take(4)? != [0; 4] {
        return None;
    }
    reader.vector8()?;
    reader.vector8()?;
    let mut versions = Vec::new();
    while let Some([a, b, c, d]) = reader.take(4).and_then(|bytes| bytes.first_chunk()) {
        let version = u32::from_be_bytes([*a, *b, *c, *d]);
        if version & 0x0f0f_0f0f != 0x0a0a_0a0a && versions.len() < MOST_VERSIONS {
            versions.push(version);
        }
    }
    Some(versions)
}

/// A version's name as it is written in prose.
pub fn version_name(version: u32) -> String {
    match version {
        1 => "1".to_owned(),
        0x6b33_43cf => "2".to_owned(),
        0xff00_0000..=0xff00_00ff => format!("draft-{}", version & 0xff),
        other => format!("0x{other:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_of_a_server_are_read() {
        let packet = [
            &[0x80, 0, 0, 0, 0, 2, 7, 7, 1, 9][..],
            &[0x1a, 0x2a, 0x3a, 0x4a],
            &[0x6b, 0x33, 0x43, 0xcf],
            &[0xff, 0, 0, 29],
            &[0],
        ]
        .concat();
        let versions = versions_offered(&packet).unwrap();
        let names: Vec<_> = versions.into_iter().map(version_name).collect();
        assert_eq!(names, ["2", "draft-29"]);
    }

    #[test]
    fn other_packets_offer_no_versions() {
        for packet in [&[][..], &[0x40, 0, 0, 0, 0, 0, 0], &[0xc0, 0, 0, 0, 1, 0, 0], &[0x80, 0, 0, 0, 0, 9]]
        {
            assert_eq!(versions_offered(packet), None);
        }
        assert_eq!(versions_offered(&[0x80, 0, 0, 0, 0, 0, 0]), Some(Vec::new()));
    }
}
