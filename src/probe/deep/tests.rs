//! Whole inspections of servers that are not as others: without a certificate to show, or of two minds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::model::{Depth, Endpoint, Inspection, Outcome};
use crate::probe::test_hosts::{Host, RSA, Tls};
use crate::probe::{Pace, ProbeSettings, Prober};
use crate::tls::ProtocolVersion;
use crate::x509::RawChain;

const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

async fn visited(host: &Host) -> Outcome<RawChain> {
    let prober = Prober::new(ProbeSettings::at(Depth::Deep), Pace::unlimited()).unwrap();
    prober.visit(&Endpoint::tcp(host.address, None)).await
}

/// TLS as rustls speaks it, but every so many connections refused.
async fn flapping(every: usize) -> Host {
    let acceptor = TlsAcceptor::from(Arc::new(Tls::new(&[&RSA]).config()));
    let count = Arc::new(AtomicUsize::new(0));
    Host::start(move |mut stream| {
        let acceptor = acceptor.clone();
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            if number.is_multiple_of(every) {
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(&HANDSHAKE_FAILURE).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            } else if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }
    })
    .await
}

/// What is claimed to be complete, or refused, is so.
fn assert_nothing_wrong(inspection: &Inspection, sound: &Inspection, every: usize) {
    for (facts, right) in inspection.versions.iter().zip(&sound.versions) {
        let version = facts.version;
        assert!(facts.offered.is_none() || facts.offered == right.offered, "{every} {version}");
        for (complete, is_right, what) in [
            (facts.suites_complete, facts.cipher_suites == right.cipher_suites, "suites"),
            (facts.groups_complete, facts.groups == right.groups, "groups"),
            (facts.schemes_complete, facts.signature_schemes == right.signature_schemes, "schemes"),
        ] {
            assert!(!complete || is_right, "{every} {version} {what}: {facts:?}");
        }
    }
    assert!(inspection.intolerances.as_ref().is_none_or(Vec::is_empty), "{every}");
}

#[tokio::test]
async fn no_list_of_a_server_that_changes_its_mind_is_called_complete_and_wrong() {
    let host = Host::tls(Tls::new(&[&RSA])).await;
    let Outcome::Handshake(sound) = visited(&host).await else { panic!() };
    let sound = *sound.inspection.unwrap();
    assert!(sound.versions.iter().all(|facts| facts.offered.is_some() && facts.suites_complete));
    for every in 2..=5 {
        let host = flapping(every).await;
        if let Some(inspection) = visited(&host).await.inspection() {
            assert_nothing_wrong(inspection, &sound, every);
            assert!(inspection.versions.iter().any(|facts| !facts.suites_complete), "{every}: it shows");
        }
    }
}

#[tokio::test]
async fn a_server_of_ssl_2_alone_shows_its_certificate() {
    let hello =
        b"\x80\x24\x04\x00\x01\x00\x02\x00\x03\x00\x06\x00\x10DER\x07\x00\xc0\x02\x00\x80................";
    let host = Host::saying(hello).await;
    let Outcome::Handshake(handshake) = visited(&host).await else { panic!() };
    assert_eq!(handshake.tls.version, Some(ProtocolVersion::SSLv2));
    assert_eq!(handshake.presented.ders().collect::<Vec<_>>(), [b"DER"]);
    let inspection = handshake.inspection.unwrap();
    let spoken: Vec<_> = inspection.offered().map(|facts| facts.version).collect();
    assert_eq!(spoken, [ProtocolVersion::SSLv2]);
}

#[tokio::test]
async fn a_server_that_refuses_everything_stays_a_failure_with_its_own_words() {
    let host = Host::saying(&HANDSHAKE_FAILURE).await;
    let Outcome::Failure(failure) = visited(&host).await else { panic!() };
    assert_eq!(failure.code(), "handshake.alert");
    assert_eq!(failure.inspection, None);
}
