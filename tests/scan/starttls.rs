//! Protocols that are upgraded to TLS, from the command line to the findings: what was measured is what is told.

use certvigil::estate::{Flight, Identity, Leaf, Script, Step};

use super::{at, check, list};
use crate::support::authority;
use crate::support::program::Home;
use crate::support::stage::Stage;

/// A mail server whose TLS goes as far as its certificates.
fn mail_server(identity: &Identity) -> Script {
    let say = |text: &str| Step::Send(text.as_bytes().into());
    Script::new([
        say("220 mail.test ESMTP\r\n"),
        Step::AwaitBytes,
        say("250-mail.test\r\n250 STARTTLS\r\n"),
        Step::AwaitBytes,
        say("220 go ahead\r\n"),
        Step::AwaitHello,
        Step::Flight([Flight::tls12(identity.clone())].into()),
        Step::Hold,
    ])
}

fn refusing(answer: &str) -> Script {
    Script::new([
        Step::Send(b"220 mail.test ESMTP\r\n".as_slice().into()),
        Step::AwaitBytes,
        Step::Send(answer.as_bytes().into()),
        Step::Hold,
    ])
}

#[test]
fn a_protocol_found_by_its_greeting_is_the_endpoint_s_from_then_on() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let root = home.write("root.pem", authority.root_pem());
    let identity = authority.issue(&Leaf::new("a.test")).unwrap();
    let profile = home.write(
        "own.toml",
        format!(
            "targets = [\"{}\"]\nports = \"{}\"\ndepth = \"sweep\"\ntrust = [\"{root}\"]\n\
             pace.connect_timeout = \"500ms\"\npace.second_look = \"100ms\"\n",
            stage.network(0, 30),
            stage.port
        ),
    );
    let scan = ["scan", "--profile", &profile, "--fail-on", "none", "-f", "json"];
    let host = stage.script(1, mail_server(&identity));
    let report = home.json(&scan);
    check(&report);
    let found = at(&report, stage.address(1));
    assert_eq!((&found["starttls"], &found["outcome"]["status"]), (&"smtp".into(), &"handshake".into()));
    assert_eq!(report["scan"]["parameters"]["starttls"], "auto");
    assert_eq!(host.accepted(), 2);

    // Known as what it is, it is asked as that at once.
    let again = home.json(&scan);
    assert_eq!(at(&again, stage.address(1))["id"], found["id"]);
    assert_eq!(host.accepted(), 3);

    // Gone, it is missed by that name; once is an accident.
    drop(host);
    home.json(&scan);
    let without = home.json(&scan);
    check(&without);
    let missed = at(&without, stage.address(1));
    assert_eq!((&missed["id"], &missed["starttls"]), (&found["id"], &"smtp".into()));
    let finding = &missed["findings"][0];
    assert_eq!(finding["id"], "scan.unreachable");
    assert_eq!(finding["key"], format!("{}/smtp/scan.unreachable", stage.target(1)));
}

#[test]
fn what_keeps_a_server_from_tls_is_told_in_its_words() {
    let stage = Stage::new();
    let home = Home::new();
    let _hosts = [
        stage.script(1, refusing("250 mail.test\r\n")),
        stage.script(2, refusing("421 too many of you\r\n")),
        stage.script(3, Script::ssh_banner()),
    ];
    let targets = [1, 2, 3].map(|last| format!("smtp://{}", stage.target(last)));
    let scan = ["scan", "--no-store", "--rate", "max", "--fail-on", "none"];
    let scan = [&scan[..], &targets.each_ref().map(String::as_str)].concat();
    let report = home.json(&[&scan[..], &["-f", "json"]].concat());
    check(&report);
    for (last, reason, words) in [
        (1, "not_offered", "the server does not offer TLS"),
        (2, "throttled", "too many of you"),
        (3, "wrong_protocol", "SSH-2.0"),
    ] {
        let endpoint = at(&report, stage.address(last));
        let outcome = &endpoint["outcome"];
        assert_eq!((&outcome["stage"], &outcome["reason"]), (&"upgrade".into(), &reason.into()));
        assert!(outcome["detail"].as_str().unwrap().contains(words), "{outcome}");
        assert_eq!(endpoint["starttls"], "smtp");
    }
    let table = home.expect(0, &scan).out;
    assert!(table.contains("the server does not offer TLS (upgrading to TLS)"), "{table}");
}

#[test]
fn a_choice_holds_for_every_target_and_a_scheme_for_its_own() {
    let stage = Stage::new();
    let home = Home::new();
    let identity = authority().issue(&Leaf::new("a.test")).unwrap();
    let _hosts = [stage.script(1, mail_server(&identity)), stage.tls(2, &identity)];
    let mail = stage.target(1);
    let web = format!("https://{}", stage.target(2));
    let scan = ["scan", "--no-store", "--depth", "sweep", "--fail-on", "none", "-f", "json", &mail, &web];
    let by_choice = |choice: &str| home.json(&[&scan[..], &["--starttls", choice]].concat());
    for (choice, starttls, status) in
        [("smtp", Some("smtp"), "handshake"), ("imap", Some("imap"), "failure"), ("none", None, "failure")]
    {
        let report = by_choice(choice);
        check(&report);
        let endpoint = at(&report, stage.address(1));
        assert_eq!(
            (endpoint["starttls"].as_str(), &endpoint["outcome"]["status"]),
            (starttls, &status.into())
        );
        let endpoint = at(&report, stage.address(2));
        assert_eq!(
            (endpoint["starttls"].as_str(), &endpoint["outcome"]["status"]),
            (None, &"handshake".into())
        );
        assert_eq!(list(&report, "endpoints").len(), 2);
    }
    let wrong = home.expect(2, &[&scan[..], &["--starttls", "gopher"]].concat());
    assert!(wrong.err.contains("auto, none or one of smtp, lmtp, imap, pop3"), "{}", wrong.err);
}
