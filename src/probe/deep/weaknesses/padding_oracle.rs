//! Padding oracles: five malformed records, each on a connection of its own. Where the reactions differ, four more, and a
//! connection on which nothing is sent: a server that speaks or leaves by itself reacts to nothing of ours.

use super::malformed::{cbc_terms, evidence};
use super::opening;
use crate::model::{Inspection, Probe, ProbeName, Purpose, Reaction};
use crate::probe::deep::host::Host;
use crate::probe::deep::line::{Did, Line, Missed};
use crate::tls::session::{Event, Terms};
use crate::tls::weakness::padding_oracle::{
    MalformedRecord, OracleVerdict, ReactionEnd, RecordReaction, next,
};

const NAME: ProbeName = ProbeName::PaddingOracle;

pub(super) async fn probe(host: &Host<'_>, inspection: &Inspection) -> Probe {
    let terms = match cbc_terms(host, inspection) {
        Ok(terms) => terms,
        Err(reaction) => return opening::without_evidence(NAME, reaction),
    };
    let mut seen = Vec::new();
    let reaction = loop {
        match next(&seen) {
            Ok(record) => match react(host, &terms, record).await {
                Ok(reaction) => seen.push((record, reaction)),
                Err(why) => break Reaction::not_determined(why),
            },
            Err(OracleVerdict::Weak) => {
                break match keeps_quiet(host, &terms).await {
                    Ok(true) => Reaction::Weak,
                    Ok(false) => {
                        Reaction::not_determined("it speaks or leaves by itself after the handshake")
                    }
                    Err(why) => Reaction::not_determined(why),
                };
            }
            Err(OracleVerdict::Sound) => break Reaction::Sound,
            Err(OracleVerdict::NotDetermined(why)) => break Reaction::not_determined(why),
        }
    };
    let reactions = seen.iter().map(|(record, reaction)| format!("{}: {reaction}", record.name()));
    opening::probe(NAME, reaction, evidence(&terms, reactions.collect()))
}

/// After a handshake the server waits for us.
async fn keeps_quiet(host: &Host<'_>, terms: &Terms) -> Result<bool, &'static str> {
    let mut line = establish(host, terms).await?;
    let patience = line.patience;
    Ok(line.hear_within(patience).await == Did::Nothing)
}

async fn establish<'a>(host: &Host<'a>, terms: &Terms) -> Result<Line<'a>, &'static str> {
    match Line::establish(host, Purpose::Weaknesses, terms.clone()).await {
        Ok(line) => Ok(line),
        Err(Missed::Unclear(why)) => Err(why),
        Err(_) => Err("no handshake could be completed"),
    }
}

/// Sends one record and watches. Where nothing comes of it, says that it closes, to see whether the server still listens.
async fn react(
    host: &Host<'_>,
    terms: &Terms,
    record: MalformedRecord,
) -> Result<RecordReaction, &'static str> {
    let mut line = establish(host, terms).await?;
    if !line.client.send_malformed(record.content(), record.malformation()) {
        return Err("the server did not agree to a CBC suite");
    }
    let mut alerts = Vec::new();
    let mut after_close_notify = false;
    let patience = line.patience;
    let end = loop {
        match line.hear_within(patience).await {
            Did::Event(Event::Alert(alert)) => alerts.push(alert),
            Did::Event(_) => {}
            Did::Closed => break ReactionEnd::Closed,
            Did::Reset => break ReactionEnd::Reset,
            Did::Nothing if alerts.is_empty() && !after_close_notify => {
                after_close_notify = true;
                line.client.send_close_notify();
            }
            Did::Nothing => break ReactionEnd::Open,
            Did::Broke(_) => return Err("the server's reaction does not decode"),
        }
    };
    Ok(RecordReaction { alerts, end, after_close_notify })
}
