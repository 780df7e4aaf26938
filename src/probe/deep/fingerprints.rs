//! Takes a server's fingerprints: the hellos of JARM and one of our own for JA3S, each on a connection of its own. A
//! server that hangs up has answered; one that is silent has not, and has no fingerprint then.

use super::conversation::{Conversation, Heard};
use super::host::Host;
use crate::model::{Fingerprints, Purpose, ServerName};
use crate::probe::sweep::visit_random;
use crate::tls::fingerprint::ja3s;
use crate::tls::fingerprint::jarm::{self, HELLOS, Response};
use crate::tls::{Offer, OfferKind, Question, Until};

/// Takes all fingerprints there are.
pub(super) async fn take(host: &Host<'_>) -> Fingerprints {
    Fingerprints { jarm: jarm(host).await, ja3s: ja3s(host).await }
}

async fn jarm(host: &Host<'_>) -> Option<String> {
    let address = host.connector().address().ip().to_string();
    let name = host.server_name().map_or(address.as_str(), ServerName::as_str);
    let hellos = jarm::hellos(&visit_random()?, name);
    let mut responses: [Response; HELLOS] = Default::default();
    for (hello, response) in hellos.iter().zip(&mut responses) {
        *response = respond(host, hello).await?;
    }
    Some(jarm::fingerprint(&responses))
}

/// What comes back for one hello; `None` if nothing does.
async fn respond(host: &Host<'_>, hello: &[u8]) -> Option<Response> {
    let conversation = Conversation::open(host, Purpose::Fingerprints).await.ok()?;
    let mut response = Response::default();
    match conversation.say(hello).await {
        None => {}
        Some(Heard::Silence) => return None,
        Some(_) => return Some(response),
    }
    loop {
        match conversation.hear().await {
            Heard::Bytes(bytes) if !response.feed(&bytes) => {}
            Heard::Bytes(_) | Heard::Closed | Heard::Reset => return Some(response),
            // A ServerHello without extensions may be all that comes until we answer.
            Heard::Silence => return response.has_hello().then_some(response),
        }
    }
}

async fn ja3s(host: &Host<'_>) -> Option<String> {
    let question = Question { offer: Offer::new(OfferKind::Everything), until: Until::ServerHello };
    let answer = host.ask(Purpose::Fingerprints, &question).await.ok()?;
    answer.chosen().map(ja3s::of)
}
