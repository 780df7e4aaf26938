//! Postfix and Dovecot.

use super::*;
use support::dovecot::Dovecot;
use support::postfix::Postfix;

#[test]
fn dovecot_is_read_by_each_of_its_protocols() {
    let sound = Sound::new();
    let dovecot = Dovecot::start(Some(&sound.identity));
    for (protocol, address) in
        [("imap", dovecot.imap), ("pop3", dovecot.pop3), ("sieve", dovecot.sieve), ("lmtp", dovecot.lmtp)]
    {
        assert_read(&sound, address, protocol);
    }
    assert_inspected(&sound, dovecot.imap, "imap");
    for (protocol, address) in [("imap", dovecot.imap), ("pop3", dovecot.pop3), ("sieve", dovecot.sieve)] {
        assert_found(&sound, address, protocol);
    }
}

#[test]
fn dovecot_without_tls_does_not_offer_it() {
    let dovecot = Dovecot::start(None);
    for (protocol, address) in
        [("imap", dovecot.imap), ("pop3", dovecot.pop3), ("sieve", dovecot.sieve), ("lmtp", dovecot.lmtp)]
    {
        assert_no_way(address, protocol, "not_offered");
    }
}

#[test]
fn postfix_is_read_however_strict_it_is_about_names() {
    let postfix = Postfix::start();
    let root = std::fs::read_to_string(postfix.ca_file()).unwrap();
    for (address, arguments) in [
        (postfix.submission, &["--starttls", "smtp"][..]),
        (postfix.submission, &[]),
        (postfix.strict, &["--starttls", "smtp"]),
    ] {
        let endpoint = scan(address, &root, arguments);
        assert_eq!(endpoint["outcome"]["status"], "handshake", "{endpoint:#}");
        assert_eq!(endpoint["starttls"], "smtp", "{endpoint:#}");
        assert_eq!(endpoint["trust"]["verdict"], "trusted", "{endpoint:#}");
        assert_eq!(endpoint["tls"]["possession_proved"], true, "{endpoint:#}");
    }
    let log = postfix.log();
    assert!(log.contains("<certvigil.invalid>: Helo command rejected"), "it took the first name: {log}");
}
