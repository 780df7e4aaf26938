//! Policies: which there are, what they ask, whether a file holds; judges that judge under them.

pub mod simulate;

use std::io::Write;
use std::path::Path;

use super::AppError;
use super::judge::Judge;
use super::report::{ListForm, write_list};
use super::request::ScanRequest;
use crate::clock::{Clock, SystemClock};
use crate::config::{built_in_policies, load_policy};
use crate::model::{Demand, PolicyDefinition, Rule, RuleDefinition, TrustStore};
use crate::report::{explain_table, policies_table, policy_check_table, policy_table};
use crate::text::escape_for_terminal;
use crate::wire::v1::{ExplainDocument, PoliciesDocument, PolicyCheckDocument, PolicyDefinitionDocument};

/// Loads the policies named, each once.
///
/// # Errors
/// One is not known or wrong, or two have the same name: their verdicts could not be told apart.
pub(super) fn load_policies(names: &[String]) -> Result<Vec<PolicyDefinition>, AppError> {
    let mut definitions: Vec<PolicyDefinition> = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        if names.iter().take(place).any(|other| other == name) {
            continue;
        }
        let definition = load_policy(name)?;
        if definitions.iter().any(|other| other.policy.name == definition.policy.name) {
            return Err(AppError::Usage(format!(
                "two policies are called `{}`; give each its own `name`",
                escape_for_terminal(&definition.policy.name)
            )));
        }
        definitions.push(definition);
    }
    Ok(definitions)
}

/// The judge of a scan: with the stores, under the policies of the command line, else of the profile.
pub(super) fn judge_for(request: &ScanRequest, stores: Vec<TrustStore>) -> Result<Judge, AppError> {
    Ok(Judge::new(stores, request.profile.as_ref()).under(load_policies(&request.policies())?))
}

fn built_in() -> Result<Vec<PolicyDefinition>, AppError> {
    let names: Vec<String> = built_in_policies().into_iter().map(str::to_owned).collect();
    load_policies(&names)
}

/// Lists the policies that are built in.
///
/// # Errors
/// The list cannot be written.
pub fn list(form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let definitions = built_in()?;
    let document = PoliciesDocument::new(&definitions);
    write_list(form, SystemClock.now(), &document, |options| policies_table(&document, options), out)
}

/// Shows a policy: its rules, inheritance resolved, and its exceptions.
///
/// # Errors
/// The policy is not known or wrong, or the output cannot be written.
pub fn show(policy: &str, form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let now = SystemClock.now();
    let definition = load_policy(policy)?;
    let document = PolicyDefinitionDocument::new(&definition, now);
    write_list(form, now, &document, |options| policy_table(&document, options), out)
}

/// Explains a rule, or which policies ask about a finding.
///
/// # Errors
/// No policy has it, a policy cannot be loaded, or the output cannot be written.
pub fn explain(rule: &str, policies: &[String], form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let mut definitions = built_in()?;
    for definition in load_policies(policies)? {
        definitions.retain(|other| other.policy.name != definition.policy.name);
        definitions.push(definition);
    }
    let finding = Rule::from_id(rule);
    let is_it = |asked: &RuleDefinition| {
        let names_it = matches!((&asked.demand, finding), (Demand::NoFinding(rules), Some(rule)) if rules.contains(&rule));
        names_it || asked.rule.id.eq_ignore_ascii_case(rule)
    };
    let found: Vec<_> = definitions
        .iter()
        .flat_map(|definition| definition.rules.iter().map(move |asked| (definition, asked)))
        .filter(|(_, asked)| is_it(asked))
        .collect();
    if found.is_empty() {
        return Err(AppError::Usage(format!(
            "no policy has a rule `{}`; `certvigil policy show NAME` lists a policy's rules, --policy FILE looks in yours",
            escape_for_terminal(rule)
        )));
    }
    let document = ExplainDocument::new(rule, &found);
    write_list(form, SystemClock.now(), &document, |options| explain_table(&document, options), out)
}

/// Checks a policy file: it is whole, or the error says where it is not.
///
/// # Errors
/// The file is wrong, or the output cannot be written.
pub fn check(file: &Path, form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let now = SystemClock.now();
    // A bare file name is a file here, and no policy's name.
    let file = if file.components().count() == 1 { Path::new(".").join(file) } else { file.to_owned() };
    let definition = load_policy(&file.to_string_lossy())?;
    let document = PolicyCheckDocument::new(&definition, now);
    write_list(form, now, &document, |options| policy_check_table(&document, options), out)
}
