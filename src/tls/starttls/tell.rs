//! Tells protocols by what a server says first. Says nothing where two would greet alike.

use super::StartTls;
use super::inbox::{contains, starts};

/// Greetings of MySQL are shorter; other frames are not sure enough.
const LONGEST_MYSQL_GREETING: u8 = 1;

/// See [`StartTls::by_greeting`].
pub(super) fn by_greeting(said: &[u8]) -> Option<StartTls> {
    let line = said.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is = |start: &str| starts(line, start);
    if is("220 ") || is("220-") {
        return of_replies(line);
    }
    if (is("200 ") || is("201 ")) && (has_word(line, "NNTP") || has_word(line, "NNRP")) {
        return Some(StartTls::Nntp);
    }
    if is("* OK") || is("* PREAUTH") || is("* BYE") {
        return Some(StartTls::Imap);
    }
    if is("+OK") {
        return Some(StartTls::Pop3);
    }
    if is("\"IMPLEMENTATION\" ") || is("\"SIEVE\" ") {
        return Some(StartTls::Sieve);
    }
    if is("INFO {") {
        return Some(StartTls::Nats);
    }
    if is("NOTICE AUTH ") || (line.starts_with(b":") && contains(line, " NOTICE ")) {
        return Some(StartTls::Irc);
    }
    is_mysql(said).then_some(StartTls::Mysql)
}

/// `220` of SMTP, LMTP and FTP: the server's own words decide.
fn of_replies(line: &[u8]) -> Option<StartTls> {
    match (has_word(line, "SMTP"), has_word(line, "LMTP"), has_word(line, "FTP")) {
        (true, false, false) => Some(StartTls::Smtp),
        (false, true, false) => Some(StartTls::Lmtp),
        (false, false, true) => Some(StartTls::Ftp),
        _ => None,
    }
}

/// Names of hosts do not count: `220 ftp.example.com ESMTP` is SMTP.
fn has_word(line: &[u8], part: &str) -> bool {
    let words = line.split(u8::is_ascii_whitespace);
    words.filter(|word| !word.trim_ascii_end().contains(&b'.')).any(|word| contains(word, part))
}

/// Sequence number 0 and protocol 10 with a version of digits, or an error's number.
fn is_mysql(said: &[u8]) -> bool {
    match said {
        [_, high, 0, 0, 10, version, ..] => *high <= LONGEST_MYSQL_GREETING && version.is_ascii_digit(),
        [_, high, 0, 0, 0xff, low, number, ..] => {
            *high <= LONGEST_MYSQL_GREETING && (1000..2000).contains(&u16::from_le_bytes([*low, *number]))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_tell_the_protocol() {
        for (greeting, protocol) in [
            (b"220 mail.example ESMTP Postfix (Debian)\r\n".as_slice(), StartTls::Smtp),
            (b"220-ftp.example.com ESMTP\r\n", StartTls::Smtp),
            (b"220 mail.example LMTP Server\r\n", StartTls::Lmtp),
            (b"220 (vsFTPd 3)\r\n", StartTls::Ftp),
            (b"220 ProFTPD Server (x) [127.0.0.1]\r\n", StartTls::Ftp),
            (b"200 news.example NNRP Service Ready (posting ok)\r\n", StartTls::Nntp),
            (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n", StartTls::Imap),
            (b"+OK Dovecot ready.\r\n", StartTls::Pop3),
            (b"\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n", StartTls::Sieve),
            (b"INFO {\"server_id\":\"x\"", StartTls::Nats),
            (b":irc.example NOTICE * :*** Looking up your hostname...\r\n", StartTls::Irc),
            (b"\x6d\0\0\0\x0a5.5.5-10.11.19-MariaDB", StartTls::Mysql),
            (b"\x45\0\0\0\xff\x6a\x04Host is blocked", StartTls::Mysql),
        ] {
            assert_eq!(StartTls::by_greeting(greeting), Some(protocol), "{greeting:?}");
        }
    }

    #[test]
    fn doubtful_greetings_tell_nothing() {
        for greeting in [
            b"".as_slice(),
            b"220",
            b"220 host ready\r\n",
            b"220 smtp.example.com FTP and SMTP gateway\r\n",
            b"220 smtp.example.com ready\r\n",
            b"200 OK\r\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"-ERR unknown command\r\n",
            b"RFB 003.008\n",
            b"\x16\x03\x01\0\0\x0a5",
            b"\0\0\0\0\x0ax",
        ] {
            assert_eq!(StartTls::by_greeting(greeting), None, "{greeting:?}");
        }
    }
}
