//! What a server does with sessions: tickets, resumption, early data, renegotiation. Up to TLS 1.2 over the session
//! layer of `tls/`, in TLS 1.3 over rustls. At most six connections. Never judges.

use super::host::Host;
use super::line::{Did, Line};
use super::sessions13;
use crate::model::{Features, Purpose, ServerName, VersionFacts};
use crate::probe::sweep::visit_random;
use crate::tls::session::{Event, Resume, Terms, speaks};
use crate::tls::{AlertDescription, CipherSuite, ProtocolVersion};

/// Looks, as far as these versions go.
pub(super) async fn look(host: &Host<'_>, versions: &[VersionFacts], features: &mut Features) {
    if let Some(terms) = older_terms(host, versions, |_| true) {
        look_older(host, terms, features).await;
    }
    let tls13 = versions.iter().find(|facts| facts.version == ProtocolVersion::TLSv1_3);
    if tls13.is_some_and(|facts| facts.offered == Some(true)) {
        sessions13::look(host, features).await;
    }
}

/// The newest version up to TLS 1.2 that the server speaks with such suites, and those of them that we speak too.
pub(super) fn older_terms(
    host: &Host<'_>,
    versions: &[VersionFacts],
    is_such: impl Fn(CipherSuite) -> bool,
) -> Option<Terms> {
    let name = host.server_name().map(ServerName::as_str);
    let terms = |facts: &VersionFacts| {
        let suites = facts.cipher_suites.iter().copied();
        let spoken: Vec<_> =
            suites.filter(|suite| speaks(*suite, facts.version) && is_such(*suite)).collect();
        (!spoken.is_empty()).then(|| Terms::new(facts.version, spoken, name))
    };
    let offered = versions.iter().filter(|facts| facts.offered == Some(true));
    let mut found: Vec<Terms> = offered.filter_map(terms).collect();
    found.sort_by_key(|terms| terms.version);
    found.pop()
}

async fn look_older(host: &Host<'_>, terms: Terms, features: &mut Features) {
    let Some(line) = with_tickets(host, &terms, features).await else { return };
    let Some(mut last) = by_id(host, &terms, line, features).await else { return };
    // Last of all: a refused renegotiation may cost the session.
    features.client_renegotiation = renegotiates(&mut last).await;
}

/// The first session, with a ticket if there is one; and whether that ticket is good for another. The line is the last
/// one made.
async fn with_tickets<'a>(host: &Host<'a>, terms: &Terms, features: &mut Features) -> Option<Line<'a>> {
    let terms = Terms { session_tickets: true, ..terms.clone() };
    let line = Line::establish(host, Purpose::Features, terms.clone()).await.ok()?;
    let negotiated = line.client.negotiated()?;
    features.secure_renegotiation.get_or_insert(negotiated.secure_renegotiation());
    features.extended_master_secret.get_or_insert(negotiated.extended_master_secret());
    features.session_tickets = Some(negotiated.ticket_lifetime_seconds.is_some());
    features.ticket_lifetime_seconds = negotiated.ticket_lifetime_seconds;
    if negotiated.ticket_lifetime_seconds.is_none() {
        features.resumption_by_ticket = Some(false);
        return Some(line);
    }
    let session_id = visit_random()?.first_chunk::<32>()?.to_vec();
    let resume = line.leave().await?.by_ticket(session_id);
    let line = resumed(host, &terms, resume).await?;
    features.resumption_by_ticket = is_resumed(&line);
    Some(line)
}

/// Whether a session id is good for another session. A server that gave a ticket gives no id beside it, so that it has to
/// be asked without.
async fn by_id<'a>(
    host: &Host<'a>,
    terms: &Terms,
    line: Line<'a>,
    features: &mut Features,
) -> Option<Line<'a>> {
    let line = match features.session_tickets {
        Some(true) => {
            line.leave().await;
            Line::establish(host, Purpose::Features, terms.clone()).await.ok()?
        }
        _ => line,
    };
    if line.client.resumable()?.session_id.is_empty() {
        features.resumption_by_id = Some(false);
        return Some(line);
    }
    let resume = line.leave().await?.by_id();
    let line = resumed(host, terms, resume).await?;
    features.resumption_by_id = is_resumed(&line);
    Some(line)
}

async fn resumed<'a>(host: &Host<'a>, terms: &Terms, resume: Resume) -> Option<Line<'a>> {
    let terms = Terms { resume: Some(resume), ..terms.clone() };
    Line::establish(host, Purpose::Features, terms).await.ok()
}

fn is_resumed(line: &Line<'_>) -> Option<bool> {
    line.client.negotiated().map(|negotiated| negotiated.resumed)
}

/// Whether the server lets the client renegotiate: asked once, and left as soon as it agrees.
async fn renegotiates(line: &mut Line<'_>) -> Option<bool> {
    line.client.renegotiate(&visit_random()?);
    let patience = line.patience;
    loop {
        match line.hear_within(patience).await {
            Did::Event(Event::Chose) => return Some(true),
            Did::Event(Event::Alert(alert)) => {
                let refuses = [AlertDescription::no_renegotiation, AlertDescription::close_notify];
                if alert.fatal || refuses.contains(&alert.description) {
                    return Some(false);
                }
            }
            Did::Event(Event::Data(_) | Event::Established) => {}
            Did::Closed | Did::Reset => return Some(false),
            Did::Nothing | Did::Broke(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests;
