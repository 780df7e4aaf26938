//! Mail, routes, hooks and thresholds: what is read, and what each mistake says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::model::{EventName, ExpiryStep, Rule, Severity, Thresholds};

const MAIL: &str = "[mail]\nserver = \"mail.example.com\"\nfrom = \"certvigil@example.com\"\n";
const ROUTE: &str = "[[route]]\nname = \"everybody\"\nto = [\"ops@example.com\"]\ndefault = true\n";

fn settings(text: &str) -> Result<Settings, ConfigError> {
    Settings::parse(Path::new("/etc/certvigil/certvigil.toml"), text)
}

fn profile(text: &str) -> Result<Profile, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    std::fs::write(&path, text).unwrap();
    Profile::load(path.to_str().unwrap())
}

/// Each text is refused with one line that names the line and says this.
fn refused<T: std::fmt::Debug>(read: impl Fn(&str) -> Result<T, ConfigError>, cases: &[(String, &str)]) {
    for (text, expected) in cases {
        let error = read(text).unwrap_err().to_string();
        let place_and_message = error.rsplit_once('/').map_or(error.as_str(), |(_, rest)| rest);
        let shown = error.split(".toml:").nth(1).unwrap_or(place_and_message);
        assert!(shown.starts_with(expected) || shown.contains(expected), "{text}\n---\n{expected}\n{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(".toml:"), "{error}");
    }
}

#[test]
fn mail_routes_and_hooks_are_read() {
    let text = format!(
        "store = \"record.redb\"\n{MAIL}username = \"certvigil\"\npassword_file = \"secrets/mail\"\n\
         mechanism = \"xoauth2\"\nca_file = \"ca.pem\"\nserver_name = \"mx.example.com\"\ntimeout = \"5s\"\n\
         security = \"starttls\"\n{ROUTE}\
         [[route]]\nname = \"pay\"\nto = [\"Pay@Example.com\", \"Pay@example.com\"]\nowner = \"payments\"\n\
         min_severity = \"low\"\ntime_zone = \"Europe/Berlin\"\ngoes_on = true\nrule = \"sig.md5\"\n\
         [[hook]]\nname = \"renew\"\ncommand = [\"certbot\", \"renew\"]\nrules = [\"sig.sha1\"]\n\
         names = [\"*.example.com\"]\ndirectory = \"work\"\nper_week = 3\n\
         [watch]\nstill_watching = \"never\"\n"
    );
    let settings = settings(&text).unwrap();
    let mail = settings.mail.as_ref().unwrap();
    assert_eq!(
        (mail.server.as_str(), mail.port, mail.security),
        ("mail.example.com", 587, MailSecurity::StartTls)
    );
    assert_eq!(mail.ca_file, Some(PathBuf::from("/etc/certvigil/ca.pem")));
    assert_eq!((mail.server_name.as_deref(), mail.timeout), (Some("mx.example.com"), Duration::from_secs(5)));
    let login = mail.login.as_ref().unwrap();
    assert_eq!(login.password, SecretSource::File("/etc/certvigil/secrets/mail".into()));
    assert_eq!((login.username.as_str(), login.mechanism), ("certvigil", Some(MailMechanism::XOAuth2)));
    assert_eq!(settings.default_route().unwrap().name, "everybody");
    assert_eq!(settings.default_route().unwrap().min_severity, Severity::Medium);
    let pay = &settings.route[1];
    assert_eq!(
        (pay.to.as_slice(), pay.rule, pay.goes_on),
        (&["Pay@example.com".to_owned()][..], Some(Rule::SignatureMd5), true)
    );
    assert_eq!(pay.time_zone.iana_name(), Some("Europe/Berlin"));
    let hook = &settings.hook[0];
    assert_eq!(
        (hook.on.as_slice(), hook.rules.as_slice()),
        (&[EventName::CertificateExpiring][..], &[Rule::SignatureSha1][..])
    );
    assert_eq!(hook.directory, Some("/etc/certvigil/work".into()));
    assert_eq!(
        (hook.deadline, hook.verify_within, hook.per_week),
        (Duration::from_secs(300), Duration::from_secs(1_800), 3)
    );
    assert!(hook.names[0].matches("*.EXAMPLE.com") && !hook.names[0].matches("example.com"));
    assert_eq!(settings.still_watching, None);
    assert_eq!(settings.store, Some("/etc/certvigil/record.redb".into()));
}

#[test]
fn an_empty_file_has_no_mail_and_a_weekly_sign_of_life() {
    let settings = settings("").unwrap();
    assert_eq!(settings, Settings { file: settings.file.clone(), ..Settings::default() });
    assert_eq!(settings.still_watching, Some(Period::WEEK));
}

#[test]
fn a_mistake_in_the_settings_names_its_line_and_its_remedy() {
    let both = format!("{MAIL}{ROUTE}");
    let hook = "[[hook]]\nname = \"h\"\ncommand = [\"true\"]\n";
    refused(settings, &[
        (MAIL.to_owned(), "1: there is mail, but no default route"),
        (format!("\n{MAIL}[[route]]\nname = \"a\"\nto = [\"a@example.com\"]\n"), "2: there is mail, but no default route"),
        (ROUTE.to_owned(), "1: a route needs a mail server; add a [mail] section"),
        (format!("{both}{}", ROUTE.replace("everybody", "b")), "11: route `everybody` is the default already"),
        (format!("{both}[[route]]\nto = [\"a@example.com\"]\nname = \"everybody\"\n"), "10: a route `everybody` is there already"),
        (format!("{both}owner = \"me\"\n"), "8: the default route takes what no other route takes; leave out `owner`"),
        (format!("{both}time_zone = \"Europe/Bonn\"\n"), "8: `Europe/Bonn`: expected a time zone"),
        (format!("{both}min_severity = \"bad\"\n"), "8: `bad`: expected info, low"),
        (format!("{both}rule = \"x\"\n"), "8: `x`: expected a rule's id"),
        (both.replace("[\"ops@example.com\"]", "[\n\"a@example.com\",\n\"ops\"]"), "8: `ops` is not a mail address"),
        (both.replace("[\"ops@example.com\"]", "[]"), "6: nobody is named"),
        (both.replace("\"everybody\"", "\"every body\""), "5: `every body`: expected a name"),
        (both.replace("certvigil@example.com", "Certvigil"), "3: `Certvigil` is not a mail address"),
        (both.replace("[mail]", "[mail]\nsever = 1"), "2: unknown field `sever`"),
        (both.replace("[mail]", "[mail]\npassword = \"geheim\""), "2: a password does not belong in this file"),
        (both.replace("[mail]", "[mail]\nusername = \"me\""), "2: this username has no password"),
        (both.replace("[mail]", "[mail]\npassword_file = \"x\""), "2: says how to log in, but not as whom"),
        (both.replace("[mail]", "[mail]\nusername = \"me\"\npassword_file = \"x\"\npassword_env = \"X\""), "4: give password_file or password_env, not both"),
        (both.replace("[mail]", "[mail]\nusername = \"me\"\npassword_env = \"pass word\""), "3: password_env is the name of a variable"),
        (both.replace("[mail]", "[mail]\nsecurity = \"plain\""), "2: anybody on the way can read"),
        (both.replace("[mail]", "[mail]\nsecurity = \"plain\"\nplain_is_accepted = true\nusername = \"me\"\npassword_env = \"X\""), "4: a password never goes over a plain connection"),
        (both.replace("[mail]", "[mail]\nsecurity = \"tls\""), "2: unknown variant `tls`, expected one of `implicit`, `starttls`, `plain`"),
        (both.replace("mail.example.com", "mail.example.com:25"), "2: `mail.example.com:25`: expected a host name or an address; a port"),
        (both.replace("[mail]", "[mail]\nport = 0"), "2: there is no port 0"),
        ("mail = 5\n".to_owned(), "1: invalid type: integer `5`, expected a section such as [mail]"),
        (both.replace("[mail]", "[mail]\ntimeout = \"0s\""), "2: this time is too short"),
        (format!("{both}[watch]\nstill_watching = \"weekly\""), "9: `weekly` is not a duration"),
        (format!("{hook}on = [\"certificate.deployed\"]"), "4: `certificate.deployed`: expected one of finding.opened"),
        (format!("{hook}on = []"), "2: hook `h` would never run"),
        (format!("{hook}{hook}"), "5: a hook `h` is there already"),
        (format!("{hook}rules = [\"sig.md5\",\n\"x\"]"), "5: `x`: expected a rule's id"),
        (format!("{hook}per_week = 51"), "4: `51`: expected 1 to 50"),
        (format!("{hook}deadline = \"500ms\""), "4: this time is too short"),
        (format!("{hook}names = [\"a b\"]"), "4: `a b` is not a name"),
        (hook.replace("[\"true\"]", "\"certbot renew\""), "3: expected an array: the program and its arguments"),
        (hook.replace("[\"true\"]", "[]"), "3: names no program"),
        (hook.replace("\"true\"", "\"bin/renew\""), "3: `bin/renew`: a program is named by its absolute path"),
    ]);
}

#[test]
fn a_plain_relay_is_an_exception_that_somebody_made() {
    let text = format!("{MAIL}security = \"plain\"\nplain_is_accepted = true\n{ROUTE}");
    let mail = settings(&text).unwrap().mail.unwrap();
    assert_eq!((mail.security, mail.port, mail.login), (MailSecurity::Plain, 25, None));
}

#[test]
fn a_profile_has_routes_hooks_and_thresholds() {
    let text = "hooks = [\"renew\"]\n[[route]]\nname = \"own\"\nto = [\"a@example.com\"]\n[expiry]\n\
                medium = { share = 30, days = 45 }\nca_days = [360, 90, 30]\n";
    let own = profile(text).unwrap();
    assert_eq!(own.hooks.as_deref(), Some(&["renew".to_owned()][..]));
    assert_eq!(own.route[0].name, "own");
    let expected = Thresholds {
        medium: ExpiryStep { share: 30, days: 45 },
        ca_days: [360, 90, 30],
        ..Thresholds::default()
    };
    assert_eq!(own.expiry, expected);
    let plain = profile("").unwrap();
    assert_eq!((plain.hooks, plain.expiry), (None, Thresholds::default()));
}

#[test]
fn a_mistake_in_a_profile_names_its_line_and_its_remedy() {
    let route = "[[route]]\nname = \"own\"\nto = [\"a@example.com\"]\n";
    refused(
        profile,
        &[
            (format!("{route}default = true"), "4: the default route stands in the settings file"),
            (format!("{route}profile = \"x\""), "4: a route of a profile holds for this profile"),
            (format!("{route}{route}"), "5: a route `own` is there already"),
            (format!("{route}time_zone = \"Mars\""), "4: `Mars`: expected a time zone"),
            ("[[hook]]\nname = \"x\"\ncommand = [\"true\"]\n".to_owned(), "1: unknown field `hook`"),
            ("[mail]\nserver = \"x\"".to_owned(), "1: unknown field `mail`"),
            ("every = \"1s\"".to_owned(), "1: `1s`: expected something from 1m"),
            (
                "[expiry]\n\nmedium = { share = 10, days = 30 }".to_owned(),
                "3: medium must not begin after high, which is { share = 15, days = 14 }",
            ),
            ("[expiry]\nhigh = { share = 15, days = 2 }".to_owned(), "2: high must not begin after critical"),
            (
                "[expiry]\ncritical = { share = 5, days = 20 }".to_owned(),
                "2: high must not begin after critical",
            ),
            ("[expiry]\nhigh = { share = 0, days = 2 }".to_owned(), "2: share is percent"),
            ("[expiry]\nhigh = { share = 15 }".to_owned(), "2: missing field `days`"),
            ("[expiry]\nhihg = { share = 15, days = 2 }".to_owned(), "2: unknown field `hihg`"),
            (
                "[expiry]\nca_days = [30, 90, 180]".to_owned(),
                "2: expected days left at medium, high and critical, in falling order",
            ),
        ],
    );
}

#[test]
fn what_a_profile_names_is_in_the_settings() {
    let with_mail =
        settings(&format!("{MAIL}{ROUTE}[[hook]]\nname = \"renew\"\ncommand = [\"true\"]\n")).unwrap();
    let route =
        |name: &str| profile(&format!("\n[[route]]\nname = \"{name}\"\nto = [\"a@example.com\"]\n")).unwrap();
    let hooks = profile("hooks = [\"renew\",\n\"rebew\"]").unwrap();
    let says =
        |settings: &Settings, profile: &Profile| settings.check_profile(profile).unwrap_err().to_string();
    let unknown = says(&with_mail, &hooks);
    assert!(unknown.contains("own.toml:2: hook `rebew` is not known; add a [[hook]]"), "{unknown}");
    assert!(unknown.contains("/etc/certvigil/certvigil.toml"), "{unknown}");
    let taken = says(&with_mail, &route("everybody"));
    assert!(taken.contains("own.toml:3:") && taken.contains("rename one"), "{taken}");
    let no_mail = says(&Settings::default(), &route("own"));
    assert!(no_mail.contains("own.toml:3: a route needs a mail server; add [mail]"), "{no_mail}");
    with_mail.check_profile(&route("own")).unwrap();
    Settings::default().check_profile(&Profile::load("internal").unwrap()).unwrap();
}
