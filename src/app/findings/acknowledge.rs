//! Acknowledge findings: somebody looked at them and said so.

use std::io::Write;

use super::select::{Selection, Until, until_words};
use super::{current, write};
use crate::app::AppError;
use crate::app::parts::Parts;
use crate::app::report::ListForm;
use crate::lifecycle::decide;
use crate::model::{Decision, Finding, FindingState, Silence};
use crate::report::counted;
use crate::store::{AuditEvent, DecisionCommit, StoredFinding};
use crate::text::escape_for_terminal;

/// What is acknowledged, and why.
#[derive(Debug, Clone)]
pub struct Acknowledgement {
    pub selection: Selection,
    pub reason: String,
    /// `None`: until taken back.
    pub until: Option<Until>,
}

/// Acknowledges the findings that are open now, or were acknowledged before, and writes which they are; gives a
/// sentence for a person.
///
/// # Errors
/// None is meant, one that is meant is not open, the end is over, or the record cannot be written.
pub fn acknowledge(
    parts: &Parts,
    wanted: &Acknowledgement,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<String, AppError> {
    let Acknowledgement { selection, reason, until } = wanted;
    let now = parts.clock.now();
    let until = until.map(|until| until.after(now)).transpose()?;
    let decision = Decision { by: parts.actor.clone(), at: now, reason: reason.clone(), until };
    let deed = Deed {
        selection,
        states: &[FindingState::Open, FindingState::Acknowledged],
        action: "findings.acknowledged",
        detail: format!("{}: {reason}", until_words(until)),
        next: "certvigil findings ack KEY --undo",
        after_next: " takes it back",
    };
    let alter = |finding: &mut Finding, _: &[Silence]| {
        finding.state = FindingState::Acknowledged;
        finding.decision = Some(decision.clone());
    };
    let count = deed.apply(parts, alter, form, out)?;
    Ok(format!("acknowledged {}, {}", counted(count, "finding", "findings"), until_words(until)))
}

/// Takes acknowledgements back, and writes whose; gives a sentence for a person.
///
/// # Errors
/// None is meant, one that is meant is not acknowledged, or the record cannot be written.
pub fn take_back(
    parts: &Parts,
    selection: &Selection,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<String, AppError> {
    let now = parts.clock.now();
    let deed = Deed {
        selection,
        states: &[FindingState::Acknowledged],
        action: "findings.acknowledgement_removed",
        detail: "taken back".to_owned(),
        next: "certvigil findings list",
        after_next: "",
    };
    let alter = |finding: &mut Finding, silences: &[Silence]| {
        finding.state = FindingState::Open;
        finding.decision = None;
        decide(finding, silences, now);
    };
    let count = deed.apply(parts, alter, form, out)?;
    Ok(format!("{} no longer acknowledged", counted(count, "finding is", "findings are")))
}

/// A change of the findings that are meant and in one of some states.
struct Deed<'a> {
    selection: &'a Selection,
    states: &'a [FindingState],
    action: &'a str,
    detail: String,
    /// The command to type next, and what it does.
    next: &'a str,
    after_next: &'a str,
}

impl Deed<'_> {
    /// Changes all of them or none, and writes the list; gives how many there are.
    fn apply(
        &self,
        parts: &Parts,
        alter: impl Fn(&mut Finding, &[Silence]),
        form: ListForm,
        out: &mut dyn Write,
    ) -> Result<u64, AppError> {
        self.selection.check()?;
        let now = parts.clock.now();
        let store = parts.write_store()?;
        let silences = store.silences()?;
        let mut changed: Vec<StoredFinding> = Vec::new();
        current(&store, self.selection.profile(), &silences, now, |_, mut current| {
            if self.states.contains(&current.finding.state) && self.selection.fits(&current.finding) {
                alter(&mut current.finding, &silences);
                changed.push(current);
            }
        })?;
        self.check(&changed)?;
        let count = u64::try_from(changed.len()).unwrap_or(u64::MAX);
        let event = AuditEvent {
            at: now,
            actor: parts.actor.clone(),
            action: self.action.to_owned(),
            object: self.selection.to_string(),
            detail: format!("{}, {}", counted(count, "finding", "findings"), self.detail),
        };
        store.put_decision(&DecisionCommit { add: &[], remove: None, findings: &changed, event: &event })?;
        let found = changed.into_iter().map(|stored| stored.finding).collect();
        let next = format!("{}{}", parts.next_command(self.next), self.after_next);
        write(found, form, now, &next, out)?;
        Ok(count)
    }

    /// Every key that a person wrote names a finding, and so do the conditions.
    fn check(&self, changed: &[StoredFinding]) -> Result<(), AppError> {
        let states: Vec<&str> = self.states.iter().map(|state| state.name()).collect();
        let hint = "`certvigil findings list` shows keys, states and owners";
        let of_states = states.join(" or ");
        let is_there = |key: &str| changed.iter().any(|stored| stored.finding.key.0 == key);
        if let Some(missing) = self.selection.keys.iter().find(|key| !is_there(key)) {
            let missing = escape_for_terminal(missing);
            return Err(AppError::Usage(format!(
                "no {of_states} finding that matches has the key `{missing}`; nothing was changed; {hint}"
            )));
        }
        if changed.is_empty() {
            return Err(AppError::Usage(format!("no {of_states} finding matches; {hint}")));
        }
        Ok(())
    }
}
