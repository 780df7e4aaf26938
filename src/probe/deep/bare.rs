//! Servers that refuse every hello with a certificate to show: those of SSL 2, and those of suites without one. Two
//! questions; what else there is to know is the inspection's. Never judges.

use super::host::Host;
use super::ssl2;
use crate::model::{EndedBy, Handshake, Purpose, ServerName, TlsFacts};
use crate::probe::connector::Connector;
use crate::tls::enumerate::{Enumeration, Only};
use crate::tls::registry::Authentication;
use crate::tls::{Answer, CipherSuite, ProtocolVersion, Ssl2Answer};
use crate::x509::RawChain;

/// What such a server is.
pub(in crate::probe) enum Bare {
    /// SSL 2, with the certificate of its SERVER-HELLO.
    Ssl2(Box<Handshake<RawChain>>),
    /// It agrees to suites without a certificate, or to SSL 2 without showing one.
    NoCertificate,
}

/// Looks for such a server, and counts all connections, those made before included.
pub(in crate::probe) async fn look_for_bare(
    connector: &Connector<'_>,
    server_name: Option<&ServerName>,
    made: impl IntoIterator<Item = (Purpose, u32)>,
) -> (Option<Bare>, Vec<(Purpose, u32)>) {
    let host = Host::new(connector, server_name).after(made);
    let found = match ssl2::ask(&host).await {
        Ok(Ssl2Answer::Offered { certificate: Some(der), .. }) => Some(Bare::Ssl2(Box::new(handshake(&der)))),
        Ok(Ssl2Answer::Offered { certificate: None, .. }) => Some(Bare::NoCertificate),
        _ => takes_no_certificate(&host).await.then_some(Bare::NoCertificate),
    };
    (found, host.connections())
}

fn handshake(der: &[u8]) -> Handshake<RawChain> {
    Handshake {
        tls: TlsFacts {
            version: Some(ProtocolVersion::SSLv2),
            completed: Some(false),
            ended_by: Some(EndedBy::OurChoice),
            ..TlsFacts::default()
        },
        presented: RawChain::from_ders([der]),
        other_chains: Vec::new(),
        inspection: None,
        gathered: None,
    }
}

/// The server chooses a suite in which nobody shows a certificate, in TLS 1.2 or below.
async fn takes_no_certificate(host: &Host<'_>) -> bool {
    let is_bare = |suite: &CipherSuite| {
        matches!(suite.authentication(), Some(Authentication::Anonymous | Authentication::SharedSecret))
    };
    let suites: Vec<_> = (0..=u16::MAX).map(CipherSuite).filter(is_bare).collect();
    let mut only = Only::suites(ProtocolVersion::TLSv1_2, &suites);
    while let Some((_, question)) = only.question() {
        match host.ask(Purpose::Suites, &question).await {
            Ok(Answer::Chose(answer)) => return is_bare(&answer.cipher_suite),
            Ok(answer) => only.hear(&answer),
            Err(_) => return false,
        }
    }
    false
}
