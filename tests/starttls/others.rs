//! vsftpd, Prosody, xrdp, nats-server, InspIRCd, Cyrus nntpd.

use super::*;
use std::process::Command;

use support::cyrus::Cyrus;
use support::inspircd::inspircd;
use support::nats::nats;
use support::prosody::Prosody;
use support::vsftpd::vsftpd;
use support::xrdp::{xrdp, xrdp_at};

#[test]
fn vsftpd_is_read() {
    let sound = Sound::new();
    let vsftpd = vsftpd(Some(&sound.identity));
    assert_read(&sound, vsftpd.address, "ftp");
    assert_found(&sound, vsftpd.address, "ftp");
}

#[test]
fn vsftpd_without_tls_does_not_offer_it() {
    // It says "530 Please login" to what it does not know.
    assert_no_way(vsftpd(None).address, "ftp", "not_offered");
}

#[test]
fn prosody_is_read_as_a_client_and_as_a_server() {
    let sound = Sound::new();
    let prosody = Prosody::start(NAME, &sound.identity);
    assert_read(&sound, prosody.clients, "xmpp");
    assert_read(&sound, prosody.servers, "xmpp-server");
}

#[test]
fn prosody_turns_away_who_asks_for_another_domain() {
    let sound = Sound::new();
    let prosody = Prosody::start("elsewhere.example", &sound.identity);
    let words = assert_no_way(prosody.clients, "xmpp", "refused");
    assert!(words.as_str().unwrap().contains("host-unknown"), "{words}");
}

#[test]
fn prosody_at_an_address_without_a_name_is_a_failure_that_says_what_to_name() {
    let sound = Sound::new();
    let prosody = Prosody::start(NAME, &sound.identity);
    let target = format!("xmpp://{}", prosody.clients);
    let output = Command::new(env!("CARGO_BIN_EXE_certvigil"))
        .args(["scan", "--no-store", "--no-progress", "--fail-on", "none", "-f", "json", &target])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcome = &report["endpoints"][0]["outcome"];
    assert_eq!(
        (&outcome["stage"], &outcome["reason"]),
        (&"upgrade".into(), &"refused".into()),
        "{outcome:#}"
    );
    let words = outcome["detail"].as_str().unwrap();
    assert!(words.contains("which domain is meant") && words.contains("--sni"), "{words}");
}

#[test]
fn xrdp_is_read() {
    let sound = Sound::new();
    assert_read(&sound, xrdp(&sound.identity, "negotiate").address, "rdp");
}

#[test]
fn xrdp_is_found_on_its_port() {
    let sound = Sound::new();
    let xrdp = xrdp_at(on_port(3389), &sound.identity, "negotiate");
    assert_found(&sound, xrdp.address, "rdp");
}

#[test]
fn xrdp_with_its_own_encryption_does_not_offer_tls() {
    let sound = Sound::new();
    assert_no_way(xrdp(&sound.identity, "rdp").address, "rdp", "not_offered");
}

#[test]
fn nats_is_read_whether_it_requires_tls_or_not() {
    let sound = Sound::new();
    for is_required in [true, false] {
        let nats = nats(Some(&sound.identity), is_required);
        assert_read(&sound, nats.address, "nats");
        assert_found(&sound, nats.address, "nats");
    }
}

#[test]
fn nats_without_tls_does_not_offer_it() {
    assert_no_way(nats(None, false).address, "nats", "not_offered");
}

#[test]
fn inspircd_is_read() {
    let sound = Sound::new();
    assert_read(&sound, inspircd(Some(&sound.identity)).address, "irc");
}

#[test]
fn inspircd_without_tls_does_not_offer_it() {
    assert_no_way(inspircd(None).address, "irc", "not_offered");
}

#[test]
fn cyrus_news_is_read() {
    let sound = Sound::new();
    let cyrus = Cyrus::start(Some(&sound.identity));
    assert_read(&sound, cyrus.address, "nntp");
    assert_found(&sound, cyrus.address, "nntp");
}

#[test]
fn cyrus_news_without_tls_does_not_offer_it() {
    assert_no_way(Cyrus::start(None).address, "nntp", "not_offered");
}
