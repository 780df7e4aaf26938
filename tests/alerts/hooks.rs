//! Hooks: run once for a certificate, verified where it was served, told where they fail or have no effect.

use super::Watch;
use crate::support::program::within;

/// Settings of a hook that runs this script; its arguments are the folder of the test.
fn hook(script: &str, more: &str) -> String {
    format!(
        "[[hook]]\nname = \"renew\"\ncommand = [\"/bin/sh\", \"-c\", '''{script}''']\ndirectory = \".\"\n{more}"
    )
}

#[test]
fn a_renewal_is_asked_for_once_and_verified_when_the_new_certificate_is_served() {
    let script = "cat >> events.jsonl; echo >> events.jsonl; echo \"$CERTVIGIL_EVENT $CERTVIGIL_ENDPOINTS\" > ran.new; mv ran.new ran";
    let mut watch = Watch::new(2, &hook(script, ""));
    watch.scan(0);
    watch.serve(1, 2);
    let scanning = watch.home.start(&watch.arguments(&[
        "scan",
        "--profile",
        "./own.toml",
        "--fail-on",
        "none",
        "--alert-wait",
        "100s",
    ]));
    let marker = watch.home.path("ran");
    let ran = within("the hook to run", || std::fs::read_to_string(&marker).ok());
    assert_eq!(ran, format!("certificate.expiring {}\n", watch.stage.target(1)));
    // What the hook asked for is done a moment later; the program looks again and again.
    watch.serve(1, 80);
    let done = scanning.finish();
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.err.contains("1 hook program ran"), "{}", done.err);
    let hooks = watch.outbox()["hooks"].clone();
    assert_eq!(hooks[0]["outcome"], "succeeded and verified", "{hooks}");
    assert!(hooks[0]["verification"].is_null(), "{hooks}");
    let events = std::fs::read_to_string(watch.home.path("events.jsonl")).unwrap();
    let event: serde_json::Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&event["schema"], &event["event"]),
        (&"certvigil.event/v1".into(), &"certificate.expiring".into())
    );
    watch.scan(0);
    assert_eq!(std::fs::read_to_string(watch.home.path("events.jsonl")).unwrap(), events);
}

#[test]
fn a_hook_without_effect_is_told_by_mail_without_a_scan() {
    let mut watch = Watch::new(2, &hook("exit 0", "verify_within = \"1s\"\n"));
    watch.scan(0);
    watch.serve(1, 2);
    watch.expect(0, &["scan", "--profile", "./own.toml", "--fail-on", "none", "--alert-wait", "2s"]);
    let label = watch.stage.target(1);
    let told = within("the mail about the hook", || {
        watch.flush(0);
        let mails = watch.mailbox.mails();
        mails.into_iter().find(|mail| mail.text.contains("hook.no_effect"))
    });
    assert!(told.text.contains(&label), "{}", told.text);
    let findings = watch.expect(0, &["findings", "list"]).out;
    assert!(findings.contains("hook.no_effect"), "{findings}");
    watch.serve(1, 80);
    watch.scan(0);
    let findings = watch.expect(0, &["findings", "list"]).out;
    assert!(!findings.contains("hook.no_effect"), "{findings}");
}

#[test]
fn a_hook_that_fails_is_told_and_kept() {
    let mut watch = Watch::new(2, &hook("echo the issuer is on fire >&2; exit 3", ""));
    watch.scan(0);
    watch.serve(1, 2);
    let done = watch.scan(3);
    assert!(done.err.contains("not delivered: hook renew: 1 item"), "{}", done.err);
    let mails = watch.mailbox.mails();
    assert!(mails.iter().any(|mail| mail.text.contains("the issuer is on fire")), "{mails:?}");
    let table = watch.expect(0, &["notify", "outbox", "list"]).out;
    assert!(table.contains("exited with 3") && table.contains("next try"), "{table}");
}
