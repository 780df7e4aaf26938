//! Policy files: found by name or path, read, checked, inheritance resolved. Never judges.

mod built_in;
mod demand;
mod names;
mod rules;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use built_in::built_in_names;

use super::{ConfigError, Source, paths};
use crate::model::{Policy, PolicyDefinition, PolicyRule, PolicyStatus, RuleDefinition};
use crate::text::escape_for_terminal;
use crate::time::UnixTime;
use crate::wire::policy::PolicyFile;

/// How far a policy may be from the one that it ends up extending.
const MOST_ANCESTORS: usize = 16;

/// Rules of one policy, those taken over included.
const MOST_RULES: usize = 1_000;

/// The folder of the settings directory in which policies are looked up by name.
const POLICIES: &str = "policies";

/// Loads a policy by path (it has a slash or ends in `.toml`), else by name: first from `policies/` in the settings
/// directory, then from those built in.
///
/// # Errors
/// It cannot be read or is not known; a key, a date, an exception is wrong; it extends itself. Each names file, line
/// and remedy.
pub fn load_policy(name: &str) -> Result<PolicyDefinition, ConfigError> {
    let found = find(name, None)?.ok_or_else(|| ConfigError::UnknownPolicy {
        name: escape_for_terminal(name),
        built_in: built_in_names(),
    })?;
    read(&found, &mut Vec::new())
}

/// The text of a policy and where it stands.
struct Found {
    path: PathBuf,
    text: String,
}

/// Looks a policy up; `from` is the folder of the file that names it. `None`: there is none of that name.
fn find(name: &str, from: Option<&Path>) -> Result<Option<Found>, ConfigError> {
    if is_policy_file(name) {
        let path = from.map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        let text = super::read_file(&path)?;
        return Ok(Some(Found { path, text }));
    }
    if let Some(folder) = paths::settings_directory() {
        let path = folder.join(POLICIES).join(format!("{name}.toml"));
        if path.exists() {
            let text = super::read_file(&path)?;
            return Ok(Some(Found { path, text }));
        }
    }
    Ok(built_in::text(name)
        .map(|text| Found { path: PathBuf::from(format!("{name}.toml")), text: text.to_owned() }))
}

/// Reads a policy; `trail` holds those that extend it, the first asked for first.
fn read(found: &Found, trail: &mut Vec<PathBuf>) -> Result<PolicyDefinition, ConfigError> {
    let source = Source { path: &found.path, text: &found.text };
    let file: PolicyFile = source.parse()?;
    let parent = match &file.policy.extends {
        Some(extends) => {
            let wrong = |message: &str| source.error(extends.span(), message);
            let name = extends.get_ref();
            let parent = find(name, found.path.parent())?.ok_or_else(|| {
                wrong(&format!("policy `{name}` is not known; built in are {}", built_in_names().join(", ")))
            })?;
            trail.push(identity(&found.path));
            if trail.contains(&identity(&parent.path)) {
                return Err(wrong(&format!(
                    "`{name}` extends this policy in turn: a circle; let one of them extend a built-in policy or none"
                )));
            }
            if trail.len() > MOST_ANCESTORS {
                return Err(wrong("more than 16 policies extend each other; write the rules out"));
            }
            Some(read(&parent, trail)?)
        }
        None => None,
    };
    define(&source, &file, parent)
}

/// A policy that is named by its path, and not by a name.
pub(super) fn is_policy_file(name: &str) -> bool {
    name.contains(std::path::MAIN_SEPARATOR) || name.ends_with(".toml")
}

/// What a policy's file is known by, whatever path leads to it.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn define(
    source: &Source<'_>,
    file: &PolicyFile,
    parent: Option<PolicyDefinition>,
) -> Result<PolicyDefinition, ConfigError> {
    let policy = Arc::new(head(source, file)?);
    let mut rules = inherited(source, file, parent)?;
    let taken_over = rules.len();
    for table in &file.rule {
        let rule = rules::rule(source, table)?;
        match rules.iter().position(|other| other.rule.id == rule.rule.id) {
            Some(place) if place < taken_over => {
                if let Some(inherited) = rules.get_mut(place) {
                    *inherited = rule;
                }
            }
            Some(_) => {
                let message = format!("there are two rules `{}`; give each its own id", rule.rule.id);
                return Err(source.error(table.get_ref().id.span(), &message));
            }
            None => rules.push(rule),
        }
    }
    if rules.len() > MOST_RULES {
        return Err(source.error(0..0, "more than 1,000 rules; make several policies of them"));
    }
    let ids: Vec<&PolicyRule> = rules.iter().map(|rule| &*rule.rule).collect();
    let exceptions =
        file.exception.iter().map(|table| rules::exception(source, table, &ids)).collect::<Result<_, _>>()?;
    Ok(PolicyDefinition { policy, scope: rules::place(source, &file.scope)?, rules, exceptions })
}

/// The rules of the parent that are not dropped.
fn inherited(
    source: &Source<'_>,
    file: &PolicyFile,
    parent: Option<PolicyDefinition>,
) -> Result<Vec<RuleDefinition>, ConfigError> {
    let Some(parent) = parent else {
        return match file.policy.drop.first() {
            Some(dropped) => Err(source.error(
                dropped.span(),
                "there is nothing to drop: the policy extends none; leave out `drop`",
            )),
            None => Ok(Vec::new()),
        };
    };
    let mut rules = parent.rules;
    for rule in &mut rules {
        rule.inherited_from.get_or_insert_with(|| Arc::clone(&parent.policy.name));
    }
    for dropped in &file.policy.drop {
        let place = rules.iter().position(|rule| *rule.rule.id == **dropped.get_ref());
        let Some(place) = place else {
            let message = format!(
                "`{}` has no rule `{}`; `certvigil policy show {0}` lists them",
                parent.policy.name,
                dropped.get_ref()
            );
            return Err(source.error(dropped.span(), &message));
        };
        rules.remove(place);
    }
    Ok(rules)
}

fn head(source: &Source<'_>, file: &PolicyFile) -> Result<Policy, ConfigError> {
    let head = &file.policy;
    let name = head.name.get_ref();
    let is_plain = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !is_plain {
        let message = "a policy's name is 1 to 64 letters, digits, `-`, `_` and `.`";
        return Err(source.error(head.name.span(), message));
    }
    if *name == *Policy::certvigil_default().name {
        return Err(source
            .error(head.name.span(), "this is the name of the policy that is always judged; take another"));
    }
    let status = PolicyStatus::from_name(head.status.get_ref())
        .ok_or_else(|| source.error(head.status.span(), "expected status = \"final\" or \"draft\""))?;
    if let Some(day) = &head.retrieved {
        day_of(source, day)?;
    }
    Ok(Policy {
        name: name.as_str().into(),
        version: head.version.as_str().into(),
        source: head.source.as_str().into(),
        status,
        retrieved: head.retrieved.as_ref().map(|day| day.get_ref().as_str().into()),
    })
}

/// A day or a time, in UTC.
fn day_of(source: &Source<'_>, written: &toml::Spanned<String>) -> Result<UnixTime, ConfigError> {
    let text = written.get_ref();
    UnixTime::parse(text).ok_or_else(|| {
        source.error(written.span(), &format!("`{text}` is not a date; write e.g. 2026-03-15"))
    })
}
