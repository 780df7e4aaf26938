//! Ticketbleed: presents a ticket beside a session id of one byte; twice where the server leaks. At most three
//! connections.

use super::{may_speak_older, opening};
use crate::model::finding::EvidenceValue;
use crate::model::{Evidence, Inspection, Probe, ProbeName, Purpose, Reaction};
use crate::probe::deep::host::Host;
use crate::probe::deep::line::{Line, Missed};
use crate::probe::deep::sessions::older_terms;
use crate::tls::session::{Resumable, Terms};
use crate::tls::weakness::ticketbleed::{Echo, echo};

const NAME: ProbeName = ProbeName::Ticketbleed;
/// Two ids that are unlikely to stand by chance where the server's own would.
const SESSION_IDS: [u8; 2] = [0xa5, 0x3c];

pub(super) async fn probe(host: &Host<'_>, inspection: &Inspection) -> Probe {
    if inspection.features.session_tickets == Some(false) {
        return opening::without_evidence(NAME, Reaction::NotApplicable);
    }
    if !may_speak_older(inspection) {
        return opening::without_evidence(NAME, Reaction::NotApplicable);
    }
    let Some(terms) = older_terms(host, &inspection.versions, |_| true) else {
        let reaction = Reaction::not_determined("no suite of the server is known that is spoken here");
        return opening::without_evidence(NAME, reaction);
    };
    let terms = Terms { session_tickets: true, ..terms };
    let line = match Line::establish(host, Purpose::Weaknesses, terms.clone()).await {
        Ok(line) => line,
        Err(missed) => return opening::without_evidence(NAME, missed_handshake(&missed)),
    };
    let Some(session) = line.leave().await.filter(|session| session.ticket.is_some()) else {
        return opening::without_evidence(NAME, Reaction::NotApplicable);
    };
    let mut echoes = Vec::new();
    let reaction = loop {
        let Some(session_id) = SESSION_IDS.get(echoes.len()) else { break Reaction::Weak };
        match resume(host, &terms, session.clone(), *session_id).await {
            Ok(echo) => echoes.push(echo),
            Err(missed) => break missed_handshake(&missed),
        }
        match echoes.as_slice() {
            [.., Echo::Leaks(_)] => {}
            [_] => break Reaction::Sound,
            _ => break Reaction::not_determined("it leaked once, but not again"),
        }
    };
    opening::probe(NAME, reaction, evidence(&session, &echoes))
}

async fn resume(host: &Host<'_>, terms: &Terms, session: Resumable, session_id: u8) -> Result<Echo, Missed> {
    let terms = Terms { resume: Some(session.by_ticket(vec![session_id])), ..terms.clone() };
    let line = Line::establish(host, Purpose::Weaknesses, terms).await?;
    let echo = line.client.negotiated().map_or(Echo::NotResumed, |n| echo(session_id, n));
    line.leave().await;
    Ok(echo)
}

fn missed_handshake(missed: &Missed) -> Reaction {
    Reaction::not_determined(match missed {
        Missed::Unclear(why) => why,
        _ => "no handshake could be completed",
    })
}

/// What came, counted: never the bytes.
fn evidence(session: &Resumable, echoes: &[Echo]) -> Evidence {
    let seen = echoes.iter().map(|echo| match echo {
        Echo::Exact => "resumed, our session id of one byte repeated".to_owned(),
        Echo::Leaks(count) => {
            format!("resumed, our session id of one byte repeated with {count} bytes behind it")
        }
        Echo::Another => "resumed, with another session id".to_owned(),
        Echo::NotResumed => "the ticket was not taken".to_owned(),
    });
    let leaked =
        echoes.iter().filter_map(|echo| if let Echo::Leaks(count) = echo { Some(*count) } else { None });
    let leaked = leaked.max().unwrap_or_default();
    Evidence(vec![
        ("version".into(), session.version.to_string().into()),
        ("cipher_suite".into(), session.cipher_suite.to_string().into()),
        ("leaked_bytes".into(), i64::try_from(leaked).unwrap_or(i64::MAX).into()),
        ("seen".into(), EvidenceValue::List(seen.collect())),
    ])
}

#[cfg(test)]
mod tests;
