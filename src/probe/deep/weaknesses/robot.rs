//! ROBOT: five paddings of the premaster secret, first with the rest of the client's flight, then without. Ten
//! connections to a sound server; fifteen more where its reactions differ, to see whether they always do.

use std::time::Duration;

use super::opening::{self, Opened, Opening};
use super::{is_refused, may_speak_older, newest_with};
use crate::model::finding::EvidenceValue;
use crate::model::{Evidence, Inspection, Probe, ProbeName, Reaction};
use crate::probe::deep::conversation::Heard;
use crate::probe::deep::host::Host;
use crate::tls::weakness::robot::{
    self, End, Flow, Padding, RobotListener, RobotReaction, Round, RsaKey, Terms,
};
use crate::tls::{AlertDescription, CipherSuite, Offer, ProtocolVersion, ServerAnswer};
use crate::x509;

const NAME: ProbeName = ProbeName::Robot;
/// Rounds that have to agree before reactions that differ are believed.
const REPEATS: usize = 3;
/// What the rounds wait that have to decide, in the usual patience: silence may be a packet that is late.
const LONGER: u32 = 2;

pub(super) async fn probe(host: &Host<'_>, inspection: &Inspection) -> Probe {
    if !may_speak_older(inspection) || is_refused(inspection, robot::is_static_rsa) {
        return opening::without_evidence(NAME, Reaction::NotApplicable);
    }
    let (version, suites) = newest_with(inspection, robot::is_static_rsa);
    let offer = robot::offer(version, suites);
    let mut asker = Asker { host, offer, seen: None };
    match asker.probe().await {
        Ok(probe) => probe,
        Err(reaction) => opening::without_evidence(NAME, reaction),
    }
}

/// What a server chose.
type Chosen = (ProtocolVersion, CipherSuite);

struct Asker<'a, 'h> {
    host: &'a Host<'h>,
    offer: Offer,
    /// What the server chose the first time.
    seen: Option<Chosen>,
}

impl Asker<'_, '_> {
    /// # Errors
    /// The reaction, where a round could not be finished.
    async fn probe(&mut self) -> Result<Probe, Reaction> {
        for flow in Flow::ALL {
            let first = self.round(flow, 0, 1).await?;
            if first.is_uniform() {
                continue;
            }
            let mut rounds = Vec::new();
            for number in 1..=REPEATS {
                rounds.push(self.round(flow, number, LONGER).await?);
            }
            if rounds.iter().all(Round::is_uniform) {
                continue;
            }
            let Some(round) = rounds.pop() else { continue };
            if rounds.iter().any(|other| *other != round) {
                return Err(Reaction::not_determined("its reactions differ from one time to the next"));
            }
            return Ok(opening::probe(NAME, Reaction::Weak, self.evidence(flow, &round)));
        }
        Ok(opening::without_evidence(NAME, Reaction::Sound))
    }

    /// Every padding once, the first one alone and the others two at a time. Each round begins with another one, so
    /// that servers which take turns behind one address are not taken for an oracle.
    async fn round(&mut self, flow: Flow, number: usize, patience: u32) -> Result<Round, Reaction> {
        let mut order = Padding::ALL;
        order.rotate_left(number % Padding::ALL.len());
        let [alone, a, b, c, d] = order;
        let mut reactions = vec![(alone, self.note(self.ask(flow, alone, patience).await)?)];
        for (a, b) in [(a, b), (c, d)] {
            let (of_a, of_b) = tokio::join!(self.ask(flow, a, patience), self.ask(flow, b, patience));
            reactions.extend([(a, self.note(of_a)?), (b, self.note(of_b)?)]);
        }
        reactions.sort_by_key(|(padding, _)| *padding);
        Ok(Round(reactions))
    }

    /// Takes note of what the server chose, which has to be the same each time.
    fn note(&mut self, asked: Result<(Chosen, RobotReaction), Reaction>) -> Result<RobotReaction, Reaction> {
        let (chosen, reaction) = asked?;
        if *self.seen.get_or_insert(chosen) == chosen {
            return Ok(reaction);
        }
        Err(Reaction::not_determined("it chose another version or suite than before"))
    }

    async fn ask(
        &self,
        flow: Flow,
        padding: Padding,
        patience: u32,
    ) -> Result<(Chosen, RobotReaction), Reaction> {
        let opening = match opening::open(self.host, self.offer.clone()).await {
            Opened::Ready(opening) => opening,
            Opened::Refused if self.seen.is_none() => return Err(Reaction::NotApplicable),
            Opened::Refused => return Err(Reaction::not_determined("it refused a hello that it had taken")),
            Opened::Unclear(why) => return Err(Reaction::not_determined(why)),
        };
        let answer = &opening.answer;
        let key =
            key(answer).ok_or(Reaction::not_determined("its certificate has no RSA key of a usual size"))?;
        let terms = Terms {
            asked: self.offer.legacy_version,
            version: answer.version,
            key: &key,
            wants_certificate: answer.client_auth == Some(true),
        };
        // Servers do not agree on the form of the message after such an answer.
        if terms.version == ProtocolVersion::SSLv3 && terms.asked != terms.version {
            return Err(Reaction::not_determined("it answers a newer hello with SSL 3"));
        }
        let flight = flow.flight(&terms, padding, &opening.random);
        let flight =
            flight.ok_or(Reaction::not_determined("its RSA key is too short for the key exchange"))?;
        let reaction = listen(&opening, &flight, opening.patience * patience).await;
        if reaction == RobotReaction::Ended(End::Silence) && opening.conversation.is_out_of_time() {
            return Err(Reaction::not_determined(opening::OUT_OF_TIME));
        }
        if terms.wants_certificate && !comes_from_the_key_exchange(&reaction) {
            return Err(Reaction::not_determined("it wants a client certificate first"));
        }
        Ok(((answer.version, answer.cipher_suite), reaction))
    }

    fn evidence(&self, flow: Flow, round: &Round) -> Evidence {
        let reactions = round.0.iter().map(|(padding, reaction)| format!("{}: {reaction}", padding.name()));
        let mut evidence = Evidence::from([
            ("oracle", if round.is_strong_oracle() { "strong" } else { "weak" }.into()),
            ("flow", flow.name().into()),
            ("reactions", EvidenceValue::List(reactions.collect())),
        ]);
        if let Some((version, suite)) = self.seen {
            evidence.push("version", version.to_string());
            evidence.push("cipher_suite", suite.to_string());
        }
        evidence
    }
}

fn key(answer: &ServerAnswer) -> Option<RsaKey> {
    let end_entity = answer.certificates.as_ref()?.ders().next()?;
    let key = x509::read(end_entity).key?;
    RsaKey::new(key.rsa_modulus.as_deref()?, key.rsa_exponent.as_deref()?)
}

/// A server that insists on a client certificate refuses before it looks at the key exchange.
fn comes_from_the_key_exchange(reaction: &RobotReaction) -> bool {
    match reaction {
        RobotReaction::Alerts(alerts) => !alerts.iter().any(|alert| {
            matches!(
                *alert,
                AlertDescription::handshake_failure
                    | AlertDescription::bad_certificate
                    | AlertDescription::certificate_required
                    | AlertDescription::certificate_unknown
                    | AlertDescription::no_certificate
            )
        }),
        _ => true,
    }
}

async fn listen(opening: &Opening<'_>, flight: &[u8], patience: Duration) -> RobotReaction {
    let mut listener = RobotListener::default();
    let mut heard = opening.conversation.say(flight).await;
    loop {
        let end = match heard {
            Some(Heard::Bytes(bytes)) => match listener.feed(&bytes) {
                Some(reaction) => return reaction,
                None => None,
            },
            Some(Heard::Closed) => Some(End::Closed),
            Some(Heard::Reset) => Some(End::Reset),
            Some(Heard::Silence) => Some(End::Silence),
            None => None,
        };
        if let Some(end) = end {
            return listener.end(end);
        }
        heard = Some(opening.conversation.hear_within(patience).await);
    }
}
