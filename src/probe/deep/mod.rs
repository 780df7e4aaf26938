//! Deep inspection of one endpoint: drives the pure enumerations of `tls/` and the probes for weaknesses over
//! connections of their own. Never judges.

mod conversation;
mod enumerate;
mod fingerprints;
mod forbidden;
mod host;
mod line;
#[cfg(test)]
mod session_hosts;
mod sessions;
mod sessions13;
mod ssl2;
#[cfg(test)]
mod test_hosts;
mod weaknesses;

use host::Host;

use super::connector::Connector;
use crate::model::{Handshake, Inspection, Purpose, Scope, ServerName};
use crate::tls::StartTls;
use crate::x509::RawChain;

/// Inspects an endpoint that a handshake reached. `made` are the connections that this took.
pub(super) async fn inspect(
    connector: &Connector<'_>,
    server_name: Option<&ServerName>,
    first: &Handshake<RawChain>,
    made: [(Purpose, u32); 3],
) -> Inspection {
    let host = Host::new(connector, server_name).after(made);
    let settings = &connector.prober().settings;
    let mut inspection = Inspection::default();
    match settings.enumerate {
        Scope::Forbidden => {
            forbidden::ask(&host, first, &settings.forbidden, &mut inspection).await;
        }
        Scope::Everything => {
            enumerate::everything(&host, &mut inspection).await;
            // There, TLS leaves its packets with the handshake (MS-TDS section 2.2.6.5): what comes behind one would be
            // dropped, whatever it was.
            let ends_with_handshake = connector.starttls() == Some(StartTls::Mssql);
            if host.wants(Purpose::Features) && !ends_with_handshake {
                sessions::look(&host, &inspection.versions, &mut inspection.features).await;
            }
            if host.wants(Purpose::Weaknesses) && !ends_with_handshake {
                inspection.probes = weaknesses::probe(&host, &inspection).await;
            }
            if host.wants(Purpose::Fingerprints) {
                inspection.fingerprints = fingerprints::take(&host).await;
            }
        }
    }
    // What a handshake has shown cannot be refused: such a server changes its mind.
    let shown = inspection.versions.iter_mut().find(|facts| Some(facts.version) == first.tls.version);
    if let Some(facts) = shown.filter(|facts| facts.offered == Some(false)) {
        (facts.offered, facts.suites_complete) = (None, false);
    }
    inspection.connections = host.connections();
    inspection
}
