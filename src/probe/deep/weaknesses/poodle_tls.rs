//! POODLE against TLS: whether a server takes a Finished whose padding is wrong. At most two connections.

use super::malformed::cbc_terms;
use super::opening;
use crate::model::{Evidence, Inspection, Probe, ProbeName, Purpose, Reaction};
use crate::probe::deep::host::Host;
use crate::probe::deep::line::{Did, Line, Missed};
use crate::tls::session::{Event, Malformation, Terms};
use crate::tls::weakness::poodle_tls::{PoodleOutcome, PoodleStep, PoodleVerdict, next};

const NAME: ProbeName = ProbeName::PoodleTls;

pub(super) async fn probe(host: &Host<'_>, inspection: &Inspection) -> Probe {
    let terms = match cbc_terms(host, inspection) {
        Ok(terms) => terms,
        Err(reaction) => return opening::without_evidence(NAME, reaction),
    };
    let mut seen = Vec::new();
    loop {
        match next(&seen) {
            Ok(step) => seen.push((step, take(host, &terms, step).await)),
            Err(verdict) => {
                let reaction = match verdict {
                    PoodleVerdict::Weak => Reaction::Weak,
                    PoodleVerdict::Sound => Reaction::Sound,
                    PoodleVerdict::NotDetermined(why) => Reaction::not_determined(why),
                };
                return opening::probe(NAME, reaction, evidence(&terms, &seen));
            }
        }
    }
}

fn evidence(terms: &Terms, seen: &[(PoodleStep, PoodleOutcome)]) -> Evidence {
    let outcomes = seen.iter().map(|(step, outcome)| {
        let what = match step {
            PoodleStep::WrongPadding => "Finished with wrong padding",
            PoodleStep::WrongPaddingThenMac => "Finished with wrong padding, then a wrong MAC",
            PoodleStep::Control => "Finished with right padding",
        };
        let outcome = match outcome {
            PoodleOutcome::Taken if *step == PoodleStep::WrongPaddingThenMac => {
                "taken, the wrong MAC refused".to_owned()
            }
            PoodleOutcome::Taken => "taken".to_owned(),
            PoodleOutcome::TakenWithoutCheck => "taken, the wrong MAC not refused".to_owned(),
            PoodleOutcome::Alert(alert) => format!("alert {alert}"),
            PoodleOutcome::HungUp => "closed".to_owned(),
            PoodleOutcome::Unclear => "unclear".to_owned(),
        };
        format!("{what}: {outcome}")
    });
    super::malformed::evidence(terms, outcomes.collect())
}

async fn take(host: &Host<'_>, terms: &Terms, step: PoodleStep) -> PoodleOutcome {
    let line = match step {
        PoodleStep::Control => Line::establish(host, Purpose::Weaknesses, terms.clone()).await,
        PoodleStep::WrongPadding | PoodleStep::WrongPaddingThenMac => {
            let purpose = Purpose::Weaknesses;
            Line::establish_malformed(host, purpose, terms.clone(), Malformation::Padding).await
        }
    };
    match line {
        Ok(line) if step == PoodleStep::WrongPaddingThenMac => refuses_wrong_mac(line).await,
        Ok(line) => {
            line.leave().await;
            PoodleOutcome::Taken
        }
        Err(Missed::Alert(alert)) => PoodleOutcome::Alert(alert),
        Err(Missed::Closed | Missed::Reset) => PoodleOutcome::HungUp,
        Err(Missed::Unclear(_)) => PoodleOutcome::Unclear,
    }
}

async fn refuses_wrong_mac(mut line: Line<'_>) -> PoodleOutcome {
    if !line.client.send_malformed(b"", Malformation::Mac) {
        return PoodleOutcome::Unclear;
    }
    let patience = line.patience;
    loop {
        match line.hear_within(patience).await {
            Did::Event(Event::Alert(alert)) if alert.fatal => return PoodleOutcome::Taken,
            Did::Event(_) => {}
            Did::Closed | Did::Reset => return PoodleOutcome::Taken,
            Did::Nothing | Did::Broke(_) => return PoodleOutcome::TakenWithoutCheck,
        }
    }
}
