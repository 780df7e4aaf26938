//! Deep inspection of one endpoint: drives the pure enumerations of `tls/` and the probes for weaknesses over
//! connections of their own. Never judges.

mod bare;
mod conversation;
mod enumerate;
mod fingerprints;
mod forbidden;
mod host;
mod hsts;
mod inside_tls;
mod line;
#[cfg(test)]
mod session_hosts;
mod sessions;
mod sessions13;
mod ssl2;
#[cfg(test)]
mod test_hosts;
mod weaknesses;

pub(super) use bare::{Bare, look_for_bare};
use host::Host;

use super::connector::Connector;
use crate::model::{Handshake, Inspection, Purpose, Scope, ServerName, VersionFacts};
use crate::tls::StartTls;
use crate::x509::RawChain;

/// Inspects an endpoint. `first` is the handshake that reached it, if one did; `made` are the connections that were
/// made before.
pub(super) async fn inspect(
    connector: &Connector<'_>,
    server_name: Option<&ServerName>,
    first: Option<&Handshake<RawChain>>,
    made: impl IntoIterator<Item = (Purpose, u32)>,
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
            if let Some(first) = first.filter(|_| host.wants(Purpose::Http)) {
                inspection.hsts = hsts::ask(&host, &first.tls, &inspection.features).await;
            }
        }
    }
    // What a handshake has shown cannot be refused.
    let shown = first.and_then(|first| first.tls.version);
    let refuses_it = |facts: &VersionFacts| Some(facts.version) == shown && facts.offered == Some(false);
    if host.changes_its_mind() || inspection.versions.iter().any(refuses_it) {
        unsettle(&mut inspection);
    }
    inspection.connections = host.connections();
    inspection
}

/// Takes back what rests on a refusal: the server changes its mind.
fn unsettle(inspection: &mut Inspection) {
    for facts in &mut inspection.versions {
        facts.offered = facts.offered.filter(|offered| *offered);
        facts.suites_complete = false;
        facts.groups_complete = false;
        facts.schemes_complete = false;
    }
    inspection.intolerances = None;
    inspection.features.alpn = None;
    let fallback_scsv = &mut inspection.features.fallback_scsv;
    *fallback_scsv = fallback_scsv.filter(|protected| *protected);
}

#[cfg(test)]
mod tests;
