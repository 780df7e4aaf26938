//! Silence findings: standing orders not to tell what they match, until a time.

use std::io::Write;

use super::select::{Selection, Until, conditions};
use super::{current, write};
use crate::app::AppError;
use crate::app::parts::Parts;
use crate::app::report::{ListForm, write_list};
use crate::lifecycle::decide;
use crate::model::{Decision, Matcher, Silence};
use crate::report::{counted, silences_table};
use crate::store::{AuditEvent, DecisionCommit, Store, StoredFinding};
use crate::time::UnixTime;
use crate::wire::v1::{SilenceRow, SilencesDocument};

/// What is silenced, why, and until when.
#[derive(Debug, Clone)]
pub struct NewSilence {
    pub selection: Selection,
    pub reason: String,
    pub until: Until,
}

/// Adds a silence, one for each key, and writes the findings that it silences at once; gives a sentence for a person.
///
/// # Errors
/// None is meant, the end is over, or the record cannot be written.
pub fn silence(
    parts: &Parts,
    wanted: &NewSilence,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<String, AppError> {
    let NewSilence { selection, reason, until } = wanted;
    selection.check()?;
    let now = parts.clock.now();
    let until = until.after(now)?;
    let decision = Decision { by: parts.actor.clone(), at: now, reason: reason.clone(), until: Some(until) };
    let add: Vec<(Matcher, Decision)> =
        selection.matchers().into_iter().map(|matcher| (matcher, decision.clone())).collect();
    let store = parts.write_store()?;
    let before = store.silences()?;
    let mut after = before.clone();
    // Their numbers come with the record; what they do does not depend on them.
    after.extend(add.iter().map(|(matcher, decision)| Silence {
        id: 0,
        matcher: matcher.clone(),
        decision: decision.clone(),
    }));
    let changed = changed(&store, selection.profile(), &before, &after, now)?;
    let count = counted_of(&changed);
    let event = AuditEvent {
        at: now,
        actor: parts.actor.clone(),
        action: "silence.added".to_owned(),
        object: selection.to_string(),
        detail: format!("{count}, until {until}: {reason}"),
    };
    let added =
        store.put_decision(&DecisionCommit { add: &add, remove: None, findings: &changed, event: &event })?;
    let ids: Vec<String> = added.iter().map(|silence| silence.id.to_string()).collect();
    let next = format!("certvigil findings silence --undo {}", ids.first().map_or("ID", String::as_str));
    write(findings(changed), form, now, &parts.next_command(&next), out)?;
    let name = if ids.len() == 1 { "silence" } else { "silences" };
    Ok(format!("{name} {} until {until}: {count} now, and those to come", ids.join(", ")))
}

/// Takes a silence back, and writes the findings that it silenced; gives a sentence for a person.
///
/// # Errors
/// There is none with this number, or the record cannot be written.
pub fn unsilence(parts: &Parts, id: u64, form: ListForm, out: &mut dyn Write) -> Result<String, AppError> {
    let now = parts.clock.now();
    let store = parts.write_store()?;
    let before = store.silences()?;
    let Some(silence) = before.iter().find(|silence| silence.id == id) else {
        return Err(AppError::Usage(format!(
            "there is no silence {id}; `certvigil findings silence --list` shows those there are"
        )));
    };
    let after: Vec<Silence> = before.iter().filter(|silence| silence.id != id).cloned().collect();
    let changed = changed(&store, None, &before, &after, now)?;
    let count = counted_of(&changed);
    let event = AuditEvent {
        at: now,
        actor: parts.actor.clone(),
        action: "silence.removed".to_owned(),
        object: format!("silence {id}"),
        detail: format!(
            "{count}; {} of {}: {}",
            conditions(&silence.matcher),
            silence.decision.by,
            silence.decision.reason
        ),
    };
    store.put_decision(&DecisionCommit { add: &[], remove: Some(id), findings: &changed, event: &event })?;
    write(findings(changed), form, now, &parts.next_command("certvigil findings list"), out)?;
    Ok(format!("silence {id} is taken back: {count} no longer under it"))
}

/// Lists the silences, ended ones included.
///
/// # Errors
/// There is no record, it cannot be read, or the list not written.
pub fn silences(parts: &Parts, form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let silences = parts.read_store()?.silences()?;
    let now = parts.clock.now();
    let rows = silences.iter().map(|silence| SilenceRow::of(silence, now)).collect();
    let document = SilencesDocument::new(now, rows);
    let (next, does) = match silences.last() {
        Some(_) => ("certvigil findings silence --undo ID", "takes one back"),
        None => ("certvigil findings silence --endpoint NAME:PORT --until 14d --reason TEXT", "adds one"),
    };
    let next = format!("{} {does}", parts.next_command(next));
    write_list(form, now, &document, |options| silences_table(&document, options, &next), out)
}

/// The findings that are different under other silences. What a silence that ended by itself leaves is the next
/// scan's to tell, and is not touched.
fn changed(
    store: &Store,
    profile: Option<&str>,
    before: &[Silence],
    after: &[Silence],
    now: UnixTime,
) -> Result<Vec<StoredFinding>, AppError> {
    let mut changed = Vec::new();
    current(store, profile, before, now, |stored, was| {
        let mut is = stored.clone();
        decide(&mut is.finding, after, now);
        if is != was {
            changed.push(is);
        }
    })?;
    Ok(changed)
}

fn findings(stored: Vec<StoredFinding>) -> Vec<crate::model::Finding> {
    stored.into_iter().map(|stored| stored.finding).collect()
}

fn counted_of(stored: &[StoredFinding]) -> String {
    counted(u64::try_from(stored.len()).unwrap_or(u64::MAX), "finding", "findings")
}
