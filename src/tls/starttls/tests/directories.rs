//! LDAP, RDP: frames of ASN.1 and of X.224.

use super::*;
use StartTls::{Ldap, Rdp};

const START_TLS: Act = We(b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037");

/// An ExtendedResponse with this message number, code and diagnostic.
fn extended(number: u8, code: u8, diagnostic: &str) -> Act {
    let text = [&[4, u8::try_from(diagnostic.len()).unwrap()], diagnostic.as_bytes()].concat();
    let result = [&[10, 1, code, 4, 0], text.as_slice()].concat();
    let operation = [&[0x78, u8::try_from(result.len()).unwrap()], result.as_slice()].concat();
    let message = [&[2, 1, number], operation.as_slice()].concat();
    it([&[0x30, u8::try_from(message.len()).unwrap()], message.as_slice()].concat())
}

#[test]
fn ldap_is_upgraded() {
    assert_eq!(play(Ldap, &[START_TLS, extended(1, 0, "")]), READY);
    // Lengths of more bytes than needed, as Active Directory writes them.
    let long = b"\x30\x84\0\0\0\x10\x02\x01\x01\x78\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0";
    assert_eq!(play(Ldap, &[START_TLS, it(long)]), READY);
}

#[test]
fn ldap_that_says_no_is_understood() {
    let said = |number, code, words| play(Ldap, &[START_TLS, extended(number, code, words)]);
    assert_eq!(said(1, 2, "unsupported extended operation"), NOT_OFFERED);
    assert_eq!(said(1, 1, "TLS already started"), refused("TLS already started"));
    assert_eq!(said(1, 52, "TLS not initialised"), throttled("TLS not initialised"));
    assert_eq!(said(0, 52, "shutting down"), throttled("shutting down"));
    assert_eq!(said(0, 0, "odd"), refused("odd"));
}

#[test]
fn ldap_that_breaks_the_protocol_is_said() {
    let malformed = |words, answer: &[u8]| {
        assert_eq!(play(Ldap, &[START_TLS, it(answer)]), Err(UpgradeError::Malformed(words)));
    };
    malformed("a length that LDAP does not have", &[0x30, 0x80]);
    malformed("a length that LDAP does not have", &[0x30, 0x85]);
    malformed("not a response of LDAP", &[0x30, 3, 2, 1, 1]);
    malformed("not a response of LDAP", &[0x30, 0]);
    let too_long = Err(UpgradeError::TooLong { limit: 8 * 1024 });
    assert_eq!(play(Ldap, &[START_TLS, it([0x30, 0x84, 255, 255, 255, 255])]), too_long);
}

const NEGOTIATE: Act = We(&[3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]);

fn confirm(kind: u8, value: u8) -> Act {
    it([3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, kind, 0, 8, 0, value, 0, 0, 0])
}

#[test]
fn rdp_is_upgraded() {
    assert_eq!(play(Rdp, &[NEGOTIATE, confirm(2, 1)]), READY);
    assert_eq!(play(Rdp, &[NEGOTIATE, confirm(2, 2)]), READY);
}

#[test]
fn rdp_that_says_no_is_understood() {
    assert_eq!(play(Rdp, &[NEGOTIATE, confirm(2, 0)]), NOT_OFFERED);
    assert_eq!(play(Rdp, &[NEGOTIATE, confirm(3, 2)]), NOT_OFFERED);
    assert_eq!(play(Rdp, &[NEGOTIATE, confirm(3, 3)]), refused("SSL_CERT_NOT_ON_SERVER"));
    assert_eq!(play(Rdp, &[NEGOTIATE, confirm(3, 99)]), refused("negotiation failure 99"));
    // Windows XP: no negotiation at all.
    let old = it([3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0]);
    assert_eq!(play(Rdp, &[NEGOTIATE, old]), NOT_OFFERED);
}

#[test]
fn rdp_that_breaks_the_protocol_is_said() {
    let malformed = |words, answer: &[u8]| {
        assert_eq!(play(Rdp, &[NEGOTIATE, it(answer)]), Err(UpgradeError::Malformed(words)));
    };
    malformed("a packet shorter than its headers", &[3, 0, 0, 4]);
    malformed("not a connection confirm", &[3, 0, 0, 11, 6, 0x80, 0, 0, 0, 0, 0]);
}
