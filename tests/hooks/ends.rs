//! Hooks that hang, fork, flood, fail or cannot be started: each is bounded, and each says what it did.

use std::time::Duration;

use certvigil::exec::{Program, StartError, Status, run};
use certvigil::model::EventName;
use certvigil::notify::hook::{HookFate, HookProgram, run as run_hook};

use crate::alerts::pay;
use crate::script::Script;
use crate::support::program::within;

/// Long enough for a script to begin on a busy machine.
const SOON: Duration = Duration::from_secs(3);
/// What ignores SIGTERM is not waited for any longer.
const AT_ONCE: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_hook_that_hangs_is_ended_with_its_children() {
    let script = Script::new("trap '' TERM\nsleep 1000 &\necho $$ $! >$here/pids\nsleep 1000\nsleep 1000");
    let ended = script.run_within(SOON, AT_ONCE).await;
    assert_eq!(ended.status, Status::TimedOut);
    script.expect_all_gone(2);
}

#[tokio::test]
async fn a_hook_may_say_goodbye_at_its_deadline() {
    let script = Script::new("trap 'echo goodbye; exit 0' TERM\necho begun\nwhile :; do sleep 0.05; done");
    let ended = script.run_within(SOON, LONG).await;
    assert_eq!(ended.status, Status::TimedOut);
    assert!(ended.output.raw().starts_with("begun\n"), "{:?}", ended.output);
    assert!(ended.output.raw().contains("goodbye\n"), "{:?}", ended.output);
}

#[tokio::test]
async fn a_child_that_keeps_the_output_open_does_not_hold_us_up() {
    let script = Script::new("sleep 1000 &\necho $! >$here/pids\necho started\nexit 0");
    let ended = script.run().await;
    assert_eq!((ended.status, ended.output.raw()), (Status::Exited(0), "started\n"));
    script.expect_all_gone(1);
}

#[tokio::test]
async fn many_children_end_with_the_hook() {
    let lines = "for n in $(seq 40); do (trap '' TERM HUP; sleep 1000 >/dev/null 2>&1) & echo $! >>$here/pids; done\nexit 3";
    let script = Script::new(lines);
    assert_eq!(script.run().await.status, Status::Exited(3));
    script.expect_all_gone(40);
}

#[tokio::test]
async fn a_flood_of_output_is_read_and_cut() {
    let script = Script::new("echo begin\nhead -c 100000000 /dev/zero | tr '\\0' x\necho end >&2");
    let ended = script.run().await;
    assert_eq!(ended.status, Status::Exited(0));
    let text = ended.output.raw();
    assert!(text.starts_with("begin\nxxx") && text.ends_with("xxxend\n"), "{}", &text[..40]);
    let note = format!("\n[{} bytes of output left out]\n", ended.cut);
    assert!(text.contains(&note));
    assert_eq!(text.len() - note.len(), Program::OUTPUT_LIMIT);
    assert_eq!(ended.cut, 100_000_010 - 65_536);
}

#[tokio::test]
async fn a_flood_without_end_ends_at_the_deadline() {
    let script = Script::new("exec yes");
    let ended = script.run_within(SOON, LONG).await;
    assert_eq!(ended.status, Status::TimedOut);
    assert!(ended.cut > 0 && ended.output.raw().ends_with("y\n"));
}

#[tokio::test]
async fn a_hook_that_reads_nothing_is_no_error() {
    let script = Script::new("exit 0");
    let stdin = vec![b'x'; 10_000_000];
    let ended = run(&Program { stdin: &stdin, ..script.program() }).await;
    assert_eq!(ended.status, Status::Exited(0));
}

#[tokio::test]
async fn a_hook_that_answers_while_it_reads_gets_all() {
    let script = Script::new("exec tee $here/copy");
    let stdin = vec![b'x'; 10_000_000];
    let ended = run(&Program { stdin: &stdin, ..script.program() }).await;
    assert_eq!((ended.status, ended.cut), (Status::Exited(0), 10_000_000 - 65_536));
    assert_eq!(std::fs::metadata(script.path("copy")).unwrap().len(), 10_000_000);
}

#[tokio::test]
async fn exit_codes_and_signals_decide_what_comes_next() {
    for (lines, fate, words) in [
        ("exit 0", HookFate::Succeeded, "succeeded after "),
        ("exit 75", HookFate::Retry, "asked for a retry (exit code 75) after "),
        ("exit 3", HookFate::Failed, "exited with 3 after "),
        ("kill -9 $$", HookFate::Failed, "ended by SIGKILL after "),
    ] {
        let script = Script::new(&format!("echo said\n{lines}"));
        let hook = HookProgram::new("test", script.command.clone());
        let outcome = run_hook(&hook, EventName::CertificateExpiring, &[pay()]).await;
        assert_eq!((outcome.fate, outcome.output.raw()), (fate, "said\n"), "{lines}");
        assert!(outcome.words.starts_with(words), "{}", outcome.words);
    }
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let script = Script::new("exit 0");
    script.write("plain", "#!/bin/sh\ntouch canary\n", 0o644);
    script.write("orphan", "#!/nowhere/sh\n", 0o755);
    script.write("headless", "touch canary\n", 0o755);
    let failure = async |name: &str| {
        let command = [script.path(name).to_str().unwrap().to_owned()];
        run(&Program { command: &command, ..script.program() }).await.status
    };
    let path = |name| script.path(name);
    let expect = |error| Status::NotStarted(error);
    assert_eq!(failure("plain").await, expect(StartError::NotExecutable(path("plain"))));
    assert_eq!(failure("orphan").await, expect(StartError::NoInterpreter(path("orphan"))));
    assert_eq!(failure("headless").await, expect(StartError::NotAProgram(path("headless"))));
    assert_eq!(failure("missing").await, expect(StartError::NotFound(path("missing"))));
    let directory = path("missing");
    let ended = run(&Program { directory: Some(&directory), ..script.program() }).await;
    assert_eq!(ended.status, expect(StartError::NoDirectory(directory)));
    let too_long = ["env".to_owned(), "x".repeat(1 << 20)];
    let ended = run(&Program { command: &too_long, ..script.program() }).await;
    assert!(matches!(ended.status, Status::NotStarted(StartError::Refused { .. })), "{:?}", ended.status);
    assert!(!path("canary").exists());
}

#[tokio::test]
async fn a_hook_that_is_not_executable_has_failed_in_words() {
    let script = Script::new("exit 0");
    script.write("plain", "", 0o644);
    let path = script.path("plain").to_str().unwrap().to_owned();
    let outcome =
        run_hook(&HookProgram::new("test", vec![path.clone()]), EventName::FindingOpened, &[pay()]).await;
    assert_eq!(outcome.fate, HookFate::Failed);
    assert_eq!(
        outcome.words,
        format!("not started: {path} is not executable for this user: see its owner and mode")
    );
}

#[tokio::test]
async fn escapes_in_the_output_reach_no_terminal() {
    let script = Script::new("printf '\\033[2Jgone\\r\\n\\233x\\377'");
    let output = script.run().await.output;
    assert_eq!(output.raw(), "\u{1b}[2Jgone\r\n\\x9bx\\xff");
    assert_eq!(output.terminal(), "\\u{1b}[2Jgone\\u{d}\\u{a}\\x9bx\\xff");
}

#[tokio::test]
async fn a_hook_that_nobody_waits_for_any_more_is_ended() {
    let script = Script::new(
        "trap '' TERM\nsleep 1000 &\necho $$ $! >$here/pids.new\nmv $here/pids.new $here/pids\nwait",
    );
    let pids = script.path("pids");
    let program = script.program();
    tokio::select! {
        biased;
        ended = run(&program) => panic!("{ended:?}"),
        found = tokio::task::spawn_blocking(move || within("the hook", || pids.exists().then_some(()))) => found.unwrap(),
    }
    script.expect_all_gone(2);
}

#[tokio::test]
async fn a_hook_gets_none_of_our_descriptors() {
    let script = Script::new("for fd in /proc/$$/fd/*; do readlink $fd; done");
    let file = tempfile::NamedTempFile::new().unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ended = script.run().await;
    drop(socket);
    let text = ended.output.raw();
    assert!(text.contains("pipe:"), "{text}");
    assert!(!text.contains(file.path().to_str().unwrap()) && !text.contains("socket:"), "{text}");
}
