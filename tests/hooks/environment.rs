//! What a hook is told: the variables and the JSON, kept as goldens, and what arrives in a real program.

use std::collections::BTreeMap;

use certvigil::exec::{INHERITED, Program, Status, run};
use certvigil::model::{Alert, EventName, Rule};
use certvigil::notify::hook::{HookFate, HookProgram, LIST_LIMIT, document, environment, run as run_hook};
use certvigil::report::{JsonLayout, write_document};
use certvigil::wire::v1::EventDocument;

use crate::alerts::{HOSTILE, blind, expiring, failed, hostile, pay};
use crate::script::Script;
use crate::support::program::golden;

/// Compares both with `fixtures/golden/hook/NAME.{env,json}`.
fn goldens(name: &str, event: EventName, alerts: &[Alert]) {
    let lines = environment(event, alerts).into_iter().map(|(name, value)| format!("{name}={value}\n"));
    golden(&format!("hook/{name}.env"), &lines.collect::<String>());
    let mut json = Vec::new();
    let expected = EventDocument::of(event, alerts);
    write_document(&mut json, &expected, JsonLayout::Pretty).unwrap();
    golden(&format!("hook/{name}.json"), &String::from_utf8(json).unwrap());
    let line = String::from_utf8(document(event, alerts)).unwrap();
    assert_eq!(line.lines().count(), 1);
    assert_eq!(serde_json::from_str::<EventDocument<'_>>(&line).unwrap(), expected);
}

#[test]
fn an_expiring_certificate() {
    let other = expiring(Rule::NameMismatch, &["pay.example.test"], &["pay.example.test:443", "[::1]:443"]);
    goldens("certificate-expiring", EventName::CertificateExpiring, &[pay(), other]);
}

#[test]
fn a_renewed_certificate() {
    goldens("certificate-renewed", EventName::CertificateRenewed, &[pay()]);
}

#[test]
fn a_hostile_certificate() {
    goldens("hostile", EventName::CertificateExpiring, &[hostile()]);
}

#[test]
fn a_failed_renewal() {
    goldens("renewal-failed", EventName::RenewalFailed, &[failed()]);
}

#[test]
fn a_blind_scanner() {
    goldens("scanner-blind", EventName::ScannerBlind, &[blind()]);
}

#[test]
fn the_key_stays_when_others_join() {
    let alone = environment(EventName::CertificateExpiring, &[pay()]);
    let joined = environment(EventName::CertificateExpiring, &[pay(), hostile()]);
    assert_eq!(alone[1], joined[1]);
    assert_eq!(alone[1].0, "CERTVIGIL_KEY");
}

#[test]
fn five_thousand_names_are_cut_in_the_environment_only() {
    let names: Vec<String> = (0..5_000).map(|n| format!("host-{n:04}.a-long-name.example.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let alerts = [expiring(Rule::Expiring, &names, &["a.test:443"])];
    let variables: BTreeMap<_, _> =
        environment(EventName::CertificateExpiring, &alerts).into_iter().collect();
    let listed: Vec<&str> = variables["CERTVIGIL_NAMES"].split(' ').collect();
    assert!(variables["CERTVIGIL_NAMES"].len() <= LIST_LIMIT);
    assert_eq!(listed, names[..listed.len()]);
    assert_eq!(listed.len(), (LIST_LIMIT + 1) / (names[0].len() + 1));
    let document = EventDocument::of(EventName::CertificateExpiring, &alerts);
    assert_eq!(document.certificate.unwrap().names, names);
}

#[tokio::test]
async fn the_longest_environment_still_starts_a_program() {
    let names: Vec<String> = (0..5_000).map(|n| format!("host-{n:04}.a-long-name.example.test")).collect();
    let endpoints: Vec<String> = names.iter().map(|name| format!("{name}:443")).collect();
    let (names, endpoints): (Vec<&str>, Vec<&str>) =
        (names.iter().map(String::as_str).collect(), endpoints.iter().map(String::as_str).collect());
    let alert = expiring(Rule::Expiring, &names, &endpoints);
    let command = ["sh", "-c", "printf %s ${#CERTVIGIL_NAMES}"].map(str::to_owned).to_vec();
    let outcome = run_hook(&HookProgram::new("test", command), EventName::CertificateRenewed, &[alert]).await;
    assert_eq!(outcome.fate, HookFate::Succeeded, "{}", outcome.words);
    assert!(outcome.output.raw().parse::<usize>().unwrap() > LIST_LIMIT - 64);
}

#[tokio::test]
async fn the_variables_arrive_unchanged_and_no_others() {
    let alerts = [hostile()];
    let environment = environment(EventName::CertificateExpiring, &alerts);
    let command = ["env", "-0"].map(str::to_owned);
    let ended = run(&Program { environment: &environment, ..Program::new(&command) }).await;
    assert_eq!(ended.status, Status::Exited(0));
    let arrived: BTreeMap<&str, &str> =
        ended.output.raw().split_terminator('\0').map(|line| line.split_once('=').unwrap()).collect();
    // Cargo gives this test variables that no hook may see.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    for (name, value) in &environment {
        assert_eq!(arrived.get(name.as_str()), Some(&value.as_str()), "{name}");
    }
    let known = |name: &&str| INHERITED.contains(name) || environment.iter().any(|(known, _)| known == name);
    assert!(arrived.keys().all(known), "{arrived:?}");
}

#[tokio::test]
async fn no_shell_expands_names_or_arguments() {
    let mut script = Script::new(
        "printf '%s\\n' \"$@\" >$here/arguments\nprintf '<%s>' $CERTVIGIL_NAMES $CERTVIGIL_ENDPOINTS\ncat >$here/stdin",
    );
    let fixed = ["$(touch canary)", "`touch canary`", "a b", "", "*", "--help"];
    script.command.extend(fixed.map(str::to_owned));
    let hook = HookProgram {
        directory: Some(script.folder.path().to_owned()),
        ..HookProgram::new("test", script.command.clone())
    };
    let alerts = [hostile()];
    let outcome = run_hook(&hook, EventName::CertificateExpiring, &alerts).await;
    assert_eq!(outcome.fate, HookFate::Succeeded, "{outcome:?}");
    assert_eq!(
        outcome.output.raw(),
        "<good.example.test><*.good.example.test><good.example.test:443><[2001:db8::1]:8443>"
    );
    let arguments = std::fs::read_to_string(script.path("arguments")).unwrap();
    assert_eq!(arguments.split_terminator('\n').collect::<Vec<_>>(), fixed);
    let stdin = std::fs::read(script.path("stdin")).unwrap();
    let document: EventDocument<'_> = serde_json::from_slice(&stdin).unwrap();
    assert_eq!(document.certificate.unwrap().names, HOSTILE);
    assert!(!script.path("canary").exists());
}
