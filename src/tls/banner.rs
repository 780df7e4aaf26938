//! What a peer that does not speak TLS speaks, guessed from its first bytes. A guess is never a verdict.

use crate::text::Untrusted;

/// Bytes of the peer's words that are kept.
const EXCERPT_BYTES: usize = 64;

/// Nothing but the beginning of a TLS record starts like this (RFC 8446 section 5.1). True as long as `bytes`
/// could still become one.
pub(super) fn may_be_tls(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [kind] => (20..=24).contains(kind),
        [kind, major, ..] => (20..=24).contains(kind) && *major == 3,
    }
}

/// The protocol that talks like this.
pub(super) fn protocol(bytes: &[u8]) -> &'static str {
    /// Beginnings of text protocols.
    const STARTS: [(&[u8], &str); 22] = [
        (b"HTTP/", "HTTP"),
        (b"<!DOCTYPE", "HTTP"),
        (b"<!doctype", "HTTP"),
        (b"<html", "HTTP"),
        (b"<HTML", "HTTP"),
        (b"SSH-", "SSH"),
        (b"* OK", "IMAP"),
        (b"* PREAUTH", "IMAP"),
        (b"* BYE", "IMAP"),
        (b"+OK", "POP3"),
        (b"RFB ", "VNC"),
        (b"AMQP", "AMQP"),
        (b"INFO {", "NATS"),
        (b"-ERR", "Redis or POP3"),
        (b"-DENIED", "Redis"),
        (b"RTSP/", "RTSP"),
        (b"SIP/", "SIP"),
        (b"<?xml", "XML"),
        (b"<stream:", "XMPP"),
        (b"@RSYNCD", "rsync"),
        (b"ERROR", "memcached"),
        (b"220", "SMTP or FTP"),
    ];
    if let Some((_, name)) = STARTS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return name;
    }
    match bytes {
        [a, b, c, space, ..] if [a, b, c].iter().all(|d| d.is_ascii_digit()) && b" -".contains(space) => {
            "SMTP, FTP or NNTP"
        }
        // Length, sequence number 0, then protocol 10 or an error packet.
        [_, _, _, 0, 0x0a | 0xff, ..] => "MySQL",
        [b'E' | b'N', 0, 0, _, _, ..] => "PostgreSQL",
        [0xff, 0xfb..=0xfe, ..] => "Telnet",
        [3, 0, _, _, ..] => "TPKT (RDP)",
        [high, _, 0 | 4, ..] if high & 0x80 != 0 => "SSLv2",
        _ => "something unknown",
    }
}

/// The first words of the peer: its first line, where there is one.
pub(super) fn excerpt(bytes: &[u8]) -> Untrusted {
    let words = bytes.get(..EXCERPT_BYTES).unwrap_or(bytes);
    let line = words.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    Untrusted::from_bytes(line.filter(|line| !line.is_empty()).unwrap_or(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peers_own_words_name_its_protocol() {
        for (words, name) in [
            (b"HTTP/1.1 400 Bad Request\r\n".as_slice(), "HTTP"),
            (b"SSH-2.0-OpenSSH_9.2", "SSH"),
            (b"220 mail.example ESMTP", "SMTP or FTP"),
            (b"421 too many connections", "SMTP, FTP or NNTP"),
            (b"* OK [CAPABILITY IMAP4rev1]", "IMAP"),
            (b"+OK POP3 ready", "POP3"),
            (b"\x4a\0\0\0\x0a10.11.19-MariaDB\0", "MySQL"),
            (b"\x45\0\0\0\xff\x6a\x04Host is blocked", "MySQL"),
            (b"E\0\0\0\x8dSFATAL", "PostgreSQL"),
            (b"\x80\x03\0\0\x01", "SSLv2"),
            (b"\xff\xfd\x18\xff\xfd\x20", "Telnet"),
            (b"\x03\0\0\x13\x0e\xd0", "TPKT (RDP)"),
            (b"\0\0\0\0", "something unknown"),
        ] {
            assert!(!may_be_tls(words));
            assert_eq!(protocol(words), name);
        }
    }

    #[test]
    fn a_record_is_recognised_from_its_first_byte() {
        assert!(may_be_tls(&[22]));
        assert!(may_be_tls(&[21, 3]));
        assert!(!may_be_tls(&[22, 2]));
        assert!(!may_be_tls(b"2"));
    }

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(excerpt(&[b'a'; 500]).raw().len(), EXCERPT_BYTES);
        assert_eq!(
            excerpt(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain").raw(),
            "HTTP/1.1 400 Bad Request"
        );
        assert_eq!(excerpt(b"\r\n").raw(), "\r\n");
    }
}
