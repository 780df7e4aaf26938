//! SMTP, LMTP, IMAP, POP3, ManageSieve.

use super::*;
use StartTls::{Imap, Lmtp, Pop3, Sieve, Smtp};

const EHLO: Act = We(b"EHLO certvigil.invalid\r\n");
const STARTTLS: Act = We(b"STARTTLS\r\n");

#[test]
fn smtp_is_upgraded() {
    let acts = [
        it("220 mail.example ESMTP\r\n"),
        EHLO,
        it("250-mail.example\r\n250-SIZE 1000\r\n250-StartTLS\r\n250 8BITMIME\r\n"),
        STARTTLS,
        it("220 2.0.0 Ready to start TLS\r\n"),
    ];
    assert_eq!(play(Smtp, &acts), READY);
    let acts = [it("220-mail\r\n220 x\r\n"), EHLO, it("250-a\r\n250 STARTTLS\r\n"), STARTTLS, it("220\r\n")];
    assert_eq!(play(Smtp, &acts), READY);
}

#[test]
fn lmtp_is_upgraded() {
    let lhlo = We(b"LHLO certvigil.invalid\r\n");
    let acts =
        [it("220 foo.edu LMTP\r\n"), lhlo, it("250-foo.edu\r\n250 STARTTLS\r\n"), STARTTLS, it("220 ok\r\n")];
    assert_eq!(play(Lmtp, &acts), READY);
}

#[test]
fn smtp_without_the_extension_does_not_offer_tls() {
    let no = [it("220 x\r\n"), EHLO, it("250-mail\r\n250-XSTARTTLS\r\n250 SIZE\r\n")];
    assert_eq!(play(Smtp, &no), NOT_OFFERED);
    // A host of that name is no extension.
    assert_eq!(play(Smtp, &[it("220 x\r\n"), EHLO, it("250 STARTTLS\r\n")]), NOT_OFFERED);
    assert_eq!(play(Smtp, &[it("220 x\r\n"), EHLO, it("502 5.5.1 unknown\r\n")]), NOT_OFFERED);
}

#[test]
fn smtp_that_looks_names_up_is_greeted_with_an_address() {
    let literal = We(b"EHLO [127.0.0.1]\r\n");
    let no = "450 4.7.1 <certvigil.invalid>: Helo command rejected: Host not found\r\n";
    let yes = "250-mail\r\n250 STARTTLS\r\n";
    let acts = [it("220 x\r\n"), EHLO, it(no), literal, it(yes), STARTTLS, it("220 go\r\n")];
    assert_eq!(play(Smtp, &acts), READY);
    let literal = We(b"EHLO [127.0.0.1]\r\n");
    let acts = [it("220 x\r\n"), EHLO, it(no), literal, it("550 5.7.1 no\r\n")];
    assert_eq!(play(Smtp, &acts), refused("550 5.7.1 no"));
}

#[test]
fn smtp_says_that_it_is_busy() {
    assert_eq!(play(Smtp, &[it("421 4.7.0 too many\r\n")]), throttled("421 4.7.0 too many"));
    let acts = [it("220 x\r\n"), EHLO, it("421 4.7.0 slow down\r\n")];
    assert_eq!(play(Smtp, &acts), throttled("421 4.7.0 slow down"));
    let greeted = || [it("220 x\r\n"), EHLO, it("250-x\r\n250 STARTTLS\r\n"), STARTTLS];
    let later = [it("421 x\r\n")];
    let acts: Vec<Act> = greeted().into_iter().chain(later).collect();
    assert_eq!(play(Smtp, &acts), throttled("421 x"));
    let broken = [it("454 4.7.0 TLS not available due to local problem\r\n")];
    let acts: Vec<Act> = greeted().into_iter().chain(broken).collect();
    assert_eq!(play(Smtp, &acts), refused("454 4.7.0 TLS not available due to local problem"));
}

#[test]
fn smtp_that_refuses_is_quoted() {
    let acts = [it("554-mail.example\r\n554 no service for you\r\n")];
    assert_eq!(play(Smtp, &acts), refused("554-mail.example 554 no service for you"));
}

#[test]
fn imap_is_upgraded() {
    let asked = We(b"a1 STARTTLS\r\n");
    let acts = [it("* OK IMAP4rev1 ready\r\n"), asked, it("* NOTHING\r\na1 OK Begin TLS\r\n")];
    assert_eq!(play(Imap, &acts), READY);
}

#[test]
fn imap_that_says_no_is_asked_what_it_offers() {
    let said_no = |words: &'static str, list: &'static str| {
        let (asked, list_asked) = (We(b"a1 STARTTLS\r\n"), We(b"a2 CAPABILITY\r\n"));
        play(Imap, &[it("* OK x\r\n"), asked, it(words), list_asked, it(list)])
    };
    let with = "* CAPABILITY IMAP4rev1 STARTTLS\r\na2 OK done\r\n";
    let without = "* CAPABILITY IMAP4rev1\r\na2 OK done\r\n";
    assert_eq!(said_no("a1 NO not now\r\n", with), refused("a1 NO not now"));
    assert_eq!(said_no("a1 NO [UNAVAILABLE] x\r\n", with), throttled("a1 NO [UNAVAILABLE] x"));
    assert_eq!(said_no("a1 BAD unknown\r\n", without), NOT_OFFERED);
    assert_eq!(said_no("a1 BAD unknown\r\n", "a2 BAD unknown\r\n"), NOT_OFFERED);
    assert_eq!(
        said_no("a1 BAD unknown\r\n", "* BYE Too many bad commands\r\n"),
        throttled("* BYE Too many bad commands")
    );
}

#[test]
fn imap_that_lets_nobody_in_is_quoted() {
    assert_eq!(play(Imap, &[it("* BYE go away\r\n")]), refused("* BYE go away"));
    assert_eq!(play(Imap, &[it("* PREAUTH hello\r\n")]), refused("* PREAUTH hello"));
}

#[test]
fn pop3_is_upgraded() {
    let acts = [it("+OK POP3 <1.2@x>\r\n"), We(b"STLS\r\n"), it("+OK Begin\r\n")];
    assert_eq!(play(Pop3, &acts), READY);
}

#[test]
fn pop3_that_says_no_is_asked_what_it_offers() {
    let said_no = |words: &'static str, list: &'static str| {
        play(Pop3, &[it("+OK x\r\n"), We(b"STLS\r\n"), it(words), We(b"CAPA\r\n"), it(list)])
    };
    assert_eq!(said_no("-ERR no\r\n", "+OK list\r\nTOP\r\nSTLS\r\n"), refused("-ERR no"));
    assert_eq!(said_no("-ERR [SYS/TEMP] no\r\n", "+OK\r\nSTLS\r\n"), throttled("-ERR [SYS/TEMP] no"));
    assert_eq!(said_no("-ERR no\r\n", "+OK list\r\nTOP\r\n.\r\n"), NOT_OFFERED);
    assert_eq!(said_no("-ERR no\r\n", "-ERR no\r\n"), NOT_OFFERED);
    assert_eq!(play(Pop3, &[it("-ERR maximum connections\r\n")]), throttled("-ERR maximum connections"));
}

#[test]
fn sieve_is_upgraded() {
    let greeting = "\"IMPLEMENTATION\" {5}\r\nx\r\nOK\r\n\"SASL\" \"\"\r\n\"STARTTLS\"\r\n\"X\" {0+}\r\n\r\nOK (TAG {2}\r\nOK) \"ok\"\r\n";
    let acts = [it(greeting), STARTTLS, it("OK \"Begin\"\r\n")];
    assert_eq!(play(Sieve, &acts), READY);
}

#[test]
fn sieve_without_the_capability_does_not_offer_tls() {
    let acts = [it("\"SIEVE\" \"STARTTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK\r\n")];
    assert_eq!(play(Sieve, &acts), NOT_OFFERED);
    assert_eq!(play(Sieve, &[it("BYE (TRYLATER) \"busy\"\r\n")]), throttled("BYE (TRYLATER) \"busy\""));
    let acts = [it("\"STARTTLS\"\r\nOK\r\n"), STARTTLS, it("NO \"no\"\r\n")];
    assert_eq!(play(Sieve, &acts), refused("NO \"no\""));
}

#[test]
fn a_literal_longer_than_all_that_is_held_is_an_error_at_once() {
    let mut dialogue = Sieve.dialogue(None);
    let error = dialogue.feed(b"\"X\" {99999999}\r\n").unwrap_err();
    assert_eq!(error, UpgradeError::TooLong { limit: 64 * 1024 });
    let mut dialogue = Sieve.dialogue(None);
    let error = dialogue.feed(b"\"X\" {99999999999999999999999999}\r\n").unwrap();
    assert_eq!(error, UpgradeStep::NeedMore);
}
