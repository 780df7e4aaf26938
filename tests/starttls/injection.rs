//! Commands injected behind STARTTLS: servers that are up to date throw them away, or take them for TLS.

use certvigil::model::{Depth, Endpoint, Outcome, ProbeName, Reaction, ServerName};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use certvigil::tls::StartTls;

use super::*;
use support::dovecot::Dovecot;
use support::postfix::Postfix;
use support::vsftpd::vsftpd;

/// What deep inspection says of an injection there.
async fn injected(address: SocketAddr, protocol: StartTls) -> Reaction {
    let pace = Pace { per_host_in_flight: 1, ..Pace::unlimited() };
    let prober = Prober::new(ProbeSettings::at(Depth::Deep), pace).unwrap();
    let endpoint =
        Endpoint { starttls: Some(protocol), ..Endpoint::tcp(address, ServerName::parse(NAME).ok()) };
    let Outcome::Handshake(handshake) = prober.visit(&endpoint).await else {
        panic!("{protocol:?}: no handshake")
    };
    let probes = handshake.inspection.unwrap().probes;
    let probe = probes.into_iter().find(|probe| probe.name == ProbeName::StartTlsInjection);
    probe.unwrap().reaction
}

#[tokio::test]
async fn postfix_dovecot_and_vsftpd_are_sound() {
    let sound = Sound::new();
    let postfix = Postfix::start();
    let dovecot = Dovecot::start(Some(&sound.identity));
    let vsftpd = vsftpd(Some(&sound.identity));
    for (address, protocol) in [
        (postfix.submission, StartTls::Smtp),
        (dovecot.imap, StartTls::Imap),
        (dovecot.pop3, StartTls::Pop3),
        (dovecot.sieve, StartTls::Sieve),
        (dovecot.lmtp, StartTls::Lmtp),
        (vsftpd.address, StartTls::Ftp),
    ] {
        assert_eq!(injected(address, protocol).await, Reaction::Sound, "{protocol:?}");
    }
}
