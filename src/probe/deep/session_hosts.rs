//! Hosts of TLS 1.0 to 1.2 whose handshakes come to their end, with and without the faults of old servers, for the tests.
//! On loopback, in this process.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::model::{Inspection, VersionFacts};
use crate::probe::test_hosts::Host;
use crate::tls::session::test_server::{Manners, Server, Sessions};
use crate::tls::{CipherSuite, ProtocolVersion};

pub(super) const CBC: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;
pub(super) const GCM: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;

/// Manners of a sound server of TLS 1.2 with this suite.
pub(super) fn sound(suite: CipherSuite) -> Manners {
    Manners::sound(ProtocolVersion::TLSv1_2, suite)
}

/// A host with these manners.
pub(super) async fn host(manners: Manners) -> Host {
    changing(move |_| manners.clone()).await
}

/// A host whose manners depend on the connection's number, from 1.
pub(super) async fn changing(manners: impl Fn(u8) -> Manners + Send + 'static) -> Host {
    let sessions = Sessions::default();
    let number = AtomicU8::new(0);
    Host::start(move |mut stream| {
        let number = number.fetch_add(1, Ordering::Relaxed) + 1;
        let mut server = Server::new(manners(number), sessions.clone(), number);
        async move {
            let mut buffer = [0; 4_096];
            while !server.closed {
                let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
                if stream.write_all(&server.feed(&buffer[..count])).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

/// What an enumeration would have found of such a host.
pub(super) fn enumerated(version: ProtocolVersion, suites: &[CipherSuite]) -> Vec<VersionFacts> {
    let versions = [
        ProtocolVersion::SSLv3,
        ProtocolVersion::TLSv1_0,
        ProtocolVersion::TLSv1_1,
        ProtocolVersion::TLSv1_2,
        ProtocolVersion::TLSv1_3,
    ];
    versions
        .into_iter()
        .map(|v| VersionFacts {
            offered: Some(v == version),
            cipher_suites: if v == version { suites.to_vec() } else { Vec::new() },
            suites_complete: true,
            ..VersionFacts::new(v)
        })
        .collect()
}

/// An inspection that found this version and these suites, and nothing else.
pub(super) fn inspected(version: ProtocolVersion, suites: &[CipherSuite]) -> Inspection {
    Inspection { versions: enumerated(version, suites), ..Inspection::default() }
}
