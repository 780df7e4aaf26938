//! FTP, NNTP, IRC, NATS, XMPP.

use super::*;
use StartTls::{Ftp, Irc, Nats, Nntp, Xmpp, XmppServer};

const AUTH: Act = We(b"AUTH TLS\r\n");
const STARTTLS: Act = We(b"STARTTLS\r\n");

#[test]
fn ftp_is_upgraded() {
    let acts = [it("220-Welcome\r\nto all 220 of you\r\n220 ready\r\n"), AUTH, it("234 AUTH TLS OK.\r\n")];
    assert_eq!(play(Ftp, &acts), READY);
    let acts = [it("120 in a minute\r\n220 ready\r\n"), AUTH, it("234 ok\r\n")];
    assert_eq!(play(Ftp, &acts), READY);
}

#[test]
fn ftp_that_wants_a_login_first_is_asked_what_it_offers() {
    let login = "530 Please login with USER and PASS.\r\n";
    let said_no =
        |list: &'static str| play(Ftp, &[it("220 x\r\n"), AUTH, it(login), We(b"FEAT\r\n"), it(list)]);
    assert_eq!(said_no("211-Features:\r\n AUTH TLS\r\n PBSZ\r\n211 End\r\n"), refused(login.trim_end()));
    assert_eq!(said_no("211-Features:\r\n UTF8\r\n211 End\r\n"), NOT_OFFERED);
    assert_eq!(said_no("530 Please login\r\n"), NOT_OFFERED);
}

#[test]
fn ftp_that_says_no_is_understood() {
    let said_no = |words: &'static str| play(Ftp, &[it("220 x\r\n"), AUTH, it(words)]);
    assert_eq!(said_no("500 AUTH not understood\r\n"), NOT_OFFERED);
    assert_eq!(said_no("534 policy\r\n"), refused("534 policy"));
    assert_eq!(said_no("431 no key\r\n"), refused("431 no key"));
    assert_eq!(said_no("421 bye\r\n"), throttled("421 bye"));
    assert_eq!(play(Ftp, &[it("421 too many users\r\n")]), throttled("421 too many users"));
    assert_eq!(play(Ftp, &[it("500 OOPS: config\r\n")]), refused("500 OOPS: config"));
}

#[test]
fn nntp_is_upgraded() {
    let acts = [it("200 news ready\r\n"), STARTTLS, it("382 Continue with TLS negotiation\r\n")];
    assert_eq!(play(Nntp, &acts), READY);
}

#[test]
fn nntp_that_says_no_is_asked_what_it_offers() {
    let said_no = |list: &'static str| {
        let asked = We(b"CAPABILITIES\r\n");
        play(Nntp, &[it("201 x\r\n"), STARTTLS, it("480 log in\r\n"), asked, it(list)])
    };
    assert_eq!(said_no("101 list\r\nVERSION 2\r\nSTARTTLS\r\n"), refused("480 log in"));
    assert_eq!(said_no("101 list\r\nVERSION 2\r\n.\r\n"), NOT_OFFERED);
    assert_eq!(said_no("500 what\r\n"), NOT_OFFERED);
    assert_eq!(said_no("400 busy\r\n"), throttled("400 busy"));
    assert_eq!(play(Nntp, &[it("200 x\r\n"), STARTTLS, it("500 what\r\n")]), NOT_OFFERED);
    assert_eq!(play(Nntp, &[it("200 x\r\n"), STARTTLS, it("580 no\r\n")]), refused("580 no"));
    assert_eq!(play(Nntp, &[it("400 full\r\n")]), throttled("400 full"));
    assert_eq!(play(Nntp, &[it("502 not you\r\n")]), refused("502 not you"));
}

/// What is asked of IRC.
const BOTH: Act = We(b"CAP LS\r\nSTARTTLS\r\n");

#[test]
fn irc_is_upgraded_while_it_chats() {
    let chat = ":irc.example NOTICE * :*** Looking up\r\nPING :x\r\n:irc.example CAP * LS * :sasl\r\n\
                :irc.example CAP * LS :tls away-notify\r\n:irc.example 670 * :STARTTLS successful\r\n";
    assert_eq!(play(Irc, &[BOTH, it(chat)]), READY);
    assert_eq!(play(Irc, &[BOTH, it("NOTICE AUTH :*** hello\r\n670 a :go\r\n")]), READY);
    assert_eq!(play(Irc, &[BOTH, it(":x 421 * CAP :Unknown command\r\n:x 670 * :go\r\n")]), READY);
}

#[test]
fn irc_that_says_no_is_understood() {
    let said = |words: &'static str| play(Irc, &[BOTH, it(words)]);
    assert_eq!(said(":x 691 * :failed\r\n"), refused(":x 691 * :failed"));
    assert_eq!(said(":x CAP * LS :multi-prefix sasl\r\n"), NOT_OFFERED);
    assert_eq!(said(":x 421 * STARTTLS :Unknown command\r\n"), NOT_OFFERED);
    assert_eq!(said(":x 451 * :Register first.\r\n"), NOT_OFFERED);
    assert_eq!(
        said("ERROR :Trying to reconnect too fast.\r\n"),
        throttled("ERROR :Trying to reconnect too fast.")
    );
    assert_eq!(said("ERROR :banned\r\n"), refused("ERROR :banned"));
}

#[test]
fn nats_says_whether_it_has_tls() {
    let said = |words: &'static str| play(Nats, &[it(words)]);
    assert_eq!(said("INFO {\"server_id\":\"A\",\"tls_required\":true,\"max_payload\":1} \r\n"), READY);
    assert_eq!(said("INFO {\"name\": \"a\\\"b{\", \"tls_available\" : true}\r\n"), READY);
    assert_eq!(said("INFO {\"tls_required\":false}\r\n"), NOT_OFFERED);
    assert_eq!(said("INFO {\"x\":{\"tls_required\":true},\"y\":\"tls_required\"}\r\n"), NOT_OFFERED);
    assert_eq!(said("INFO {\"x\":\"\\\"tls_required\\\":true\"}\r\n"), NOT_OFFERED);
    assert_eq!(
        said("-ERR 'maximum connections exceeded'\r\n"),
        throttled("-ERR 'maximum connections exceeded'")
    );
}

const HEADER: Act = We(b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
      xmlns:stream='http://etherx.jabber.org/streams' to='a.example' version='1.0'>");
const ASKED: Act = We(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");

/// A server's header.
const STREAM: &str = "<?xml version='1.0'?>\n<stream:stream from='a.example' id=\"a>'b\" version='1.0'>";

fn features(inside: &str) -> Act {
    it(format!("{STREAM}<stream:features>{inside}</stream:features>"))
}

#[test]
fn xmpp_is_upgraded() {
    let tls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
    let more = format!("<mechanisms xmlns='x'><mechanism>PLAIN</mechanism></mechanisms>{tls}<c/>");
    for proceed in [
        "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        "<proceed xmlns='urn:x' ></proceed >",
        "<tls:proceed/>",
    ] {
        assert_eq!(play(Xmpp, &[HEADER, features(&more), ASKED, it(proceed)]), READY, "{proceed}");
    }
    let header = We(b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' \
          xmlns:stream='http://etherx.jabber.org/streams' to='a.example' version='1.0'>");
    assert_eq!(play(XmppServer, &[header, features("<starttls/>"), ASKED, it("<proceed/>")]), READY);
}

#[test]
fn xmpp_that_says_no_is_understood() {
    assert_eq!(play(Xmpp, &[HEADER, features("<a><starttls/></a>")]), NOT_OFFERED);
    assert_eq!(play(Xmpp, &[HEADER, it(format!("{STREAM}<stream:features/>"))]), NOT_OFFERED);
    let failure = it("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    assert_eq!(play(Xmpp, &[HEADER, features("<starttls/>"), ASKED, failure]), refused("<failure/>"));
    let error = |condition: &str| it(format!("{STREAM}<stream:error><{condition} xmlns='x'/>"));
    assert_eq!(play(Xmpp, &[HEADER, error("host-unknown")]), refused("host-unknown"));
    assert_eq!(play(Xmpp, &[HEADER, error("resource-constraint")]), throttled("resource-constraint"));
    assert_eq!(play(Xmpp, &[HEADER, it(format!("{STREAM}</stream:stream>"))]), refused("</stream:stream>"));
}

#[test]
fn what_is_no_name_never_gets_into_a_stream() {
    for name in ["a'><b", "", "a b", "ä.example", &"a".repeat(300)] {
        let opening = Xmpp.dialogue(Some(name)).open();
        assert_eq!(opening, Xmpp.dialogue(None).open(), "{name}");
        assert!(!opening.windows(4).any(|part| part == b" to="));
    }
}

#[test]
fn xmpp_without_a_name_is_told_to_name_one() {
    for condition in ["improper-addressing", "host-unknown"] {
        let mut dialogue = Xmpp.dialogue(None);
        dialogue.open();
        let said = format!("{STREAM}<stream:error><{condition} xmlns='x'/>");
        assert_eq!(dialogue.feed(said.as_bytes()), Err(UpgradeError::NameNeeded(condition.into())));
    }
}
