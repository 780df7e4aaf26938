//! `certvigil extras timer`: units that systemd itself accepts, whatever the paths are called.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::program;
use crate::support::program::{Home, run};

const PROFILE: &str = "targets = [\"127.0.0.1\"]\nevery = \"1d\"\n";

/// The parts of the text by their names.
fn parts(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("\n# FILE ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap()).collect()
}

/// Writes the parts as the printed instructions do, and lets systemd read them.
fn verify(home: &Home, text: &str) {
    let folder = home.path("units");
    std::fs::create_dir_all(&folder).unwrap();
    let paths: Vec<_> = parts(text)
        .iter()
        .map(|(name, unit)| {
            std::fs::write(folder.join(name), unit).unwrap();
            folder.join(name)
        })
        .collect();
    let mut command = Command::new(program("systemd-analyze", "systemd"));
    command.args(["verify", "--man=no"]).args(&paths);
    home.dress(&mut command);
    let done = run(command);
    let about_ours: Vec<&str> = done.err.lines().filter(|line| line.contains("certvigil")).collect();
    assert_eq!((done.code, about_ours), (Some(0), vec![]), "{}\n{text}", done.err);
}

fn line<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(key)).collect()
}

#[test]
fn systemd_accepts_the_units() {
    let home = Home::new();
    home.write(".config/certvigil/profiles/main.toml", PROFILE);
    let text = home.expect(0, &["extras", "timer", "--profile", "main"]).out;
    let names: Vec<&str> = parts(&text).iter().map(|(name, _)| *name).collect();
    let expected = [
        "certvigil-scan-main.service",
        "certvigil-scan-main.timer",
        "certvigil-outbox.service",
        "certvigil-outbox.timer",
    ];
    assert_eq!(names, expected);
    verify(&home, &text);
    let program = env!("CARGO_BIN_EXE_certvigil");
    let profile = home.path(".config/certvigil/profiles/main.toml");
    assert_eq!(
        line(&text, "ExecStart="),
        [
            format!("{program} scan --profile {} --no-progress", profile.display()),
            format!("{program} notify outbox flush --due")
        ]
    );
    assert_eq!(line(&text, "SuccessExitStatus="), ["1", "1"]);
    assert_eq!(line(&text, "OnCalendar="), ["daily", "*:0/15"]);
    assert_eq!(line(&text, "Persistent="), ["true"]);
    assert_eq!(line(&text, "ProtectSystem="), ["strict", "strict"]);
    assert_eq!(line(&text, "ReadWritePaths=")[0], home.store().parent().unwrap().to_str().unwrap());
    assert!(
        text.contains("systemctl enable --now certvigil-scan-main.timer certvigil-outbox.timer"),
        "{text}"
    );
}

#[test]
fn odd_paths_and_names_mean_themselves() {
    let home = Home::new();
    let folder = home.path("a b 100% $HOME");
    std::fs::create_dir_all(&folder).unwrap();
    let binary = folder.join("cert vigil%n");
    symlink(env!("CARGO_BIN_EXE_certvigil"), &binary).unwrap();
    let profile = folder.join("my scan%i.toml");
    std::fs::write(&profile, PROFILE).unwrap();
    let settings = folder.join("settings \"x\".toml");
    std::fs::write(&settings, "").unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let store = text(&folder.join("the store"));
    let (binary, profile, settings) = (text(&binary), text(&profile), text(&settings));
    let arguments = [
        "extras",
        "timer",
        "--profile",
        &profile,
        "--binary",
        &binary,
        "--store",
        &store,
        "--config",
        &settings,
    ];
    let printed = home.expect(0, &arguments).out;
    verify(&home, &printed);
    let doubled = |text: &str| text.replace('%', "%%");
    let command = format!(
        "\"{}\" scan --profile \"{}\" --no-progress",
        doubled(&binary),
        doubled(&profile).replace('$', "$$")
    );
    assert_eq!(line(&printed, "ExecStart=")[0], command);
    assert_eq!(parts(&printed)[0].0, "certvigil-scan-my\\x20scan\\x25i.service");
    // A line break would begin a line of its own.
    let broken = format!("{}/x\nExecStart=/bin/sh", home.path("").display());
    let refused = home.expect(2, &["extras", "timer", "--profile", &profile, "--store", &broken]).err;
    assert!(refused.contains("cannot stand in a unit") && refused.lines().count() == 1, "{refused}");
}

#[test]
fn the_printed_commands_put_the_units_in_their_place() {
    let home = Home::new();
    home.write(".config/certvigil/profiles/main.toml", PROFILE);
    let text = home.expect(0, &["extras", "timer", "--profile", "main", "--user"]).out;
    verify(&home, &text);
    assert_eq!(line(&text, "ProtectSystem="), Vec::<&str>::new());
    let commands: String = text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("#   "))
        .filter(|line| !line.contains("systemctl") && !line.contains("loginctl"))
        .map(|line| format!("{line}\n"))
        .collect();
    let bin = home.path("bin");
    std::fs::create_dir_all(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_certvigil"), bin.join("certvigil")).unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-e", "-c", &commands]);
    home.dress(&mut command);
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let done = run(command);
    assert_eq!(
        (done.code, done.err.as_str()),
        (Some(0), "warning: the settings have no [mail]: the timer scans, and nobody is told\n"),
        "{commands}"
    );
    for (name, unit) in parts(&text) {
        let path = home.path(&format!(".config/systemd/user/{name}"));
        let written = std::fs::read_to_string(&path).unwrap();
        let body = written.split_once('\n').unwrap().1;
        assert_eq!(body.trim_end(), unit.trim_end(), "{name}");
    }
}

#[test]
fn every_period_is_one_that_systemd_reads() {
    let home = Home::new();
    for (every, expected) in [
        ("7d", "OnCalendar=weekly"),
        ("12h", "OnCalendar=0/12:00:00"),
        ("1h", "OnCalendar=hourly"),
        ("15m", "OnCalendar=*:0/15"),
        ("2d", "OnUnitActiveSec=172800s"),
        ("90m", "OnUnitActiveSec=5400s"),
    ] {
        let profile = home.write("own.toml", format!("targets = [\"127.0.0.1\"]\nevery = \"{every}\"\n"));
        let text = home.expect(0, &["extras", "timer", "--profile", &profile]).out;
        assert!(text.lines().any(|line| line == expected), "{every}: {text}");
        verify(&home, &text);
    }
}

#[test]
fn units_hold_no_secret_and_name_what_hooks_need() {
    let home = Home::new();
    let settings = home.write(
        "certvigil.toml",
        "[mail]\nserver = \"mail.example.com\"\nfrom = \"c@example.com\"\nusername = \"c\"\npassword_env = \"MAIL_PASSWORD\"\n\
         [[route]]\nname = \"all\"\nto = [\"o@example.com\"]\ndefault = true\n\
         [[hook]]\nname = \"certbot\"\ncommand = [\"certbot\", \"renew\"]\n",
    );
    let profile = home.write("own.toml", PROFILE);
    let mut command = home.command(&["extras", "timer", "--profile", &profile, "--config", &settings]);
    command.env("MAIL_PASSWORD", "geheim").env("CERTVIGIL_STORE", "/var/lib/certvigil/certvigil.redb");
    let done = run(command);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(!done.out.contains("geheim"));
    assert_eq!(line(&done.out, "StateDirectory="), ["certvigil", "certvigil"]);
    assert!(done.out.contains("# EnvironmentFile=/etc/certvigil/environment"), "{}", done.out);
    assert!(done.out.contains("# Hooks run in this unit: certbot."), "{}", done.out);
    assert_eq!(done.err.lines().count(), 2, "{}", done.err);
    verify(&home, &done.out);
}

#[test]
fn a_profile_that_no_timer_can_run_says_why() {
    let home = Home::new();
    let lists = home.write("certvigil.toml", "");
    for (text, expected) in [
        ("targets = [\"127.0.0.1\"]\n", "says not how often; add `every = \"1d\"`"),
        ("every = \"1d\"\n", "has no targets"),
        (
            "targets = [\"127.0.0.1\"]\nevery = \"1d\"\nhooks = [\"certbot\"]\n",
            "own.toml:3: hook `certbot` is not known",
        ),
    ] {
        let profile = home.write("own.toml", text);
        let refused = home.expect(2, &["extras", "timer", "--profile", &profile, "--config", &lists]).err;
        assert!(refused.contains(expected) && refused.lines().count() == 1, "{refused}");
    }
    let refused = home.expect(2, &["extras", "timer", "--profile", "web", "--no-store"]).err;
    assert!(refused.starts_with("error: "), "{refused}");
}
