//! `certvigil init`: what it writes loads, says what was found, and overwrites nothing.

use std::os::unix::fs::PermissionsExt as _;

use certvigil::config::{Profile, Settings};
use certvigil::estate::{Leaf, TlsHost};

use crate::support::authority;
use crate::support::program::Home;
use crate::support::stage::Stage;

const SETTINGS: &str = ".config/certvigil/certvigil.toml";

fn read(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path(name)).unwrap()
}

#[test]
fn the_settings_file_is_written_once_and_for_its_owner_only() {
    let home = Home::new();
    let done = home.expect(0, &["init"]);
    assert_eq!(done.out, "");
    assert!(
        done.err.contains("certvigil notify test") && done.err.contains("certvigil init TARGET…"),
        "{}",
        done.err
    );
    let path = home.path(SETTINGS);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let settings = Settings::load(Some(&path)).unwrap();
    assert_eq!((settings.mail, settings.route.len()), (None, 0));
    std::fs::write(&path, "vantage = \"mine\"\n").unwrap();
    let refused = home.expect(2, &["init"]).err;
    assert!(
        refused.contains(
            "certvigil.toml: is there already and is not overwritten; edit it, or name another place"
        ),
        "{refused}"
    );
    assert_eq!(refused.lines().count(), 1);
    assert_eq!(read(&home, SETTINGS), "vantage = \"mine\"\n");
    assert!(!home.store().exists());
}

#[test]
fn an_address_fills_the_mail_part() {
    let home = Home::new();
    let folder = home.path("etc");
    let folder = folder.to_str().unwrap();
    let done = home.expect(0, &["init", "--to", "ops@corp.example", "--directory", folder]);
    let file = format!("{folder}/certvigil.toml");
    assert!(done.err.contains(&format!("certvigil notify test --config {file}")), "{}", done.err);
    assert!(done.err.contains("is mail.corp.example your mail server?"), "{}", done.err);
    let settings = Settings::load(Some(file.as_ref())).unwrap();
    assert_eq!(settings.default_route().unwrap().to, ["ops@corp.example"]);
    assert_eq!(settings.mail.unwrap().from, "\"Certvigil\" <certvigil@corp.example>");
    for wrong in ["ops", "ops@corp.example\"]\n[[hook]]", ""] {
        let refused =
            home.expect(2, &["init", "--to", wrong, "--directory", home.path("x").to_str().unwrap()]).err;
        assert!(refused.contains("is not a mail address") && refused.lines().count() == 1, "{refused}");
    }
    assert!(!home.path("x").exists());
}

#[test]
fn a_first_scan_becomes_a_profile() {
    let (stage, other) = (Stage::new(), Stage::new());
    let authority = authority();
    let home = Home::new();
    // One host on both ports, one on one of them, one hostile, one that is not there.
    let identity = authority.issue(&Leaf::new("a.pay.example.com")).unwrap();
    let _first = (stage.tls(1, &identity), other.tls(1, &identity));
    let _second = stage.tls(2, &authority.issue(&Leaf::new("b.shop.example.com")).unwrap());
    let _hostile = stage.tls(3, &authority.self_signed(&Leaf::hostile("c.example.com")).unwrap());
    let ports = format!("{},{}", stage.port, other.port);
    let hosts: Vec<String> = (1..=4).map(|last| stage.address(last).to_string()).collect();
    let mut arguments = vec!["init", "--ports", &ports, "--to", "ops@corp.example"];
    arguments.extend(hosts.iter().map(String::as_str));
    let done = home.expect(0, &arguments);
    assert_eq!(done.out, "");
    for expected in [
        "4 endpoints answered with 4 certificates",
        "certvigil scan --profile main",
        "certvigil extras timer --profile main",
    ] {
        assert!(done.err.contains(expected), "{expected}: {}", done.err);
    }

    let text = read(&home, ".config/certvigil/profiles/main.toml");
    let profile = Profile::load(home.path(".config/certvigil/profiles/main.toml").to_str().unwrap()).unwrap();
    // A named target that is silent is a finding: each is watched on the ports where it answered.
    let expected = [
        hosts[0].clone(),
        format!("{}:{}", hosts[1], stage.port),
        format!("{}:{}", hosts[2], stage.port),
        hosts[3].clone(),
    ];
    assert_eq!(profile.targets, expected);
    assert!(text.contains(&format!("\"{}\", # did not answer", hosts[3])), "{text}");
    assert_eq!(profile.ports.as_deref(), Some(ports.as_str()));
    assert_eq!(profile.every.map(|every| every.seconds()), Some(86_400));
    for expected in [
        "# Some chains end at issuers",
        "# trust = [\"mozilla\", \"system\", \"corporate-root.pem\"]",
        "\"*.pay.example.com\"",
        "#   high: ",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // Text of hosts stays inside comments, and nothing in it moves a cursor.
    assert!(!text.contains(['\u{1b}', '\r', '\u{202e}', '\0']), "{text}");
    assert_eq!((profile.owner.len(), profile.severity.len(), profile.exclude.len()), (0, 0, 0));
    // What stands in comments is true: uncommented, it is read.
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|code| code.starts_with("[[") || code.contains(" = "))
                .unwrap_or(line)
        })
        .collect();
    let all = home.write("all.toml", uncommented.join("\n"));
    let all = Profile::load(&all).unwrap();
    assert!(all.owner.iter().any(|rule| rule.owner.as_deref() == Some("team of pay.example.com")));

    // The scan was no profile's: nothing is open, and the profile's own first scan goes through its names.
    let findings = home.json(&["findings", "list", "-f", "json"]);
    assert_eq!(findings["findings"].as_array().map(Vec::len), Some(0), "{findings}");
    let again = home.expect(2, &arguments).err;
    assert!(again.contains("certvigil.toml: is there already"), "{again}");
    let kept: Vec<&str> = vec!["init", "--ports", &ports, &hosts[0]];
    let again = home.expect(2, &kept).err;
    assert!(again.contains("main.toml: is there already") && again.contains("--profile NAME"), "{again}");
    let beside = home.expect(0, &[&kept[..], &["--profile", "second"]].concat()).err;
    assert!(beside.contains("certvigil.toml: there already, left as it is"), "{beside}");
    assert!(home.path(".config/certvigil/profiles/second.toml").exists());
}

#[test]
fn a_host_without_a_name_of_its_own_is_watched_by_its_network() {
    let stage = Stage::new();
    let home = Home::new();
    let _host = stage.host(9, TlsHost::new(authority().issue(&Leaf::new("a.test")).unwrap()).role().unwrap());
    let network = stage.network(8, 30);
    home.expect(0, &["init", "--ports", &stage.ports(), &network, "--directory", "etc", "--store", "record"]);
    let profile = Profile::load(home.path("etc/profiles/main.toml").to_str().unwrap()).unwrap();
    assert_eq!((profile.targets, profile.ports), (vec![network], Some(stage.ports())));
    assert!(home.path("record").exists() && !home.store().exists());
}

#[test]
fn what_cannot_be_watched_is_told_before_anything_is_written() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["-"][..], "cannot read standard input"),
        (&["bad host"], "`bad host` is not a target"),
        (&["127.0.0.1", "--ports", "0"], "a port is a number"),
        (&["127.0.0.1", "--profile", "../x"], "a profile's name has letters"),
        (&["10.0.0.0/8"], "say --yes if you mean it, or name fewer --ports"),
        (&["--directory", "/proc/none"], "/proc/none/certvigil.toml: cannot be written"),
    ] {
        let refused = home.expect(2, &[&["init"], arguments].concat()).err;
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(!home.path(".config").exists());
}
