//! The settings file that `certvigil init` writes: every key, documented, and commented out until somebody wants it.

use std::fmt::Write as _;

use super::written::mail_address;

const TEMPLATE: &str = include_str!("certvigil.toml");

/// Text of a settings file. With `to`, mail goes there, from the same domain; the second value is then the mail server
/// that was guessed. Without it, the mail part is commented out, so that the file loads.
///
/// # Errors
/// `to` is not a mail address; the sentence says why.
pub fn settings_text(to: Option<&str>) -> Result<(String, Option<String>), String> {
    let Some(to) = to else {
        return Ok((render(|line| format!("# {line}")), None));
    };
    let to = mail_address(to)?;
    let domain = to.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let server = format!("mail.{domain}");
    let text = render(|line| match line.split_once(" = ").map(|(key, _)| key) {
        Some("server") => {
            format!("# A guess: write the name of your mail server.\nserver = {}", quoted(&server))
        }
        Some("from") => format!("from = {}", quoted(&format!("Certvigil <certvigil@{domain}>"))),
        Some("to") => format!("to = [{}]", quoted(&to)),
        _ => line.to_owned(),
    });
    Ok((text, Some(server)))
}

/// The template, with `active` for the lines that mail cannot do without.
fn render(active: impl Fn(&str) -> String) -> String {
    let mut text = String::with_capacity(TEMPLATE.len());
    for line in TEMPLATE.lines() {
        let line = match (line.strip_prefix("#! "), line.strip_prefix("## ")) {
            (Some(code), _) => active(code),
            // An alternative to the key above it.
            (None, Some(code)) => format!("# {code}"),
            (None, None) => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// A TOML basic string. Nothing in it can end the string or the line.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if crate::text::is_unsafe_for_terminal(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// One line of a TOML comment; what somebody else wrote cannot end it. Longer text is cut.
pub fn comment(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = crate::text::escape_for_terminal(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("# {}…", line.get(..end).unwrap_or_default()),
        None => format!("# {line}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{MailSecurity, Settings};
    use super::*;

    fn read(text: &str) -> Settings {
        Settings::parse(Path::new("/etc/certvigil/certvigil.toml"), text).unwrap()
    }

    /// Lines that are code in a comment.
    fn uncommented(text: &str) -> String {
        let is_key = |key: &str| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let code =
            |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| is_key(key));
        let lines = text.lines().map(|line| match line.trim_start_matches(['#', '!']).strip_prefix(' ') {
            Some(rest) if line.starts_with('#') && code(rest) => rest,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_file_loads_as_it_is_written() {
        let (text, server) = settings_text(None).unwrap();
        assert_eq!((read(&text).mail, server), (None, None));
        let (text, server) = settings_text(Some("ops@corp.example")).unwrap();
        assert_eq!(server.as_deref(), Some("mail.corp.example"));
        let settings = read(&text);
        let mail = settings.mail.as_ref().unwrap();
        assert_eq!((mail.from.as_str(), mail.port), ("\"Certvigil\" <certvigil@corp.example>", 465));
        assert_eq!(settings.default_route().unwrap().to, ["ops@corp.example"]);
        assert!(!text.contains("#!"));
        assert!(settings_text(Some("ops\"]\n[[hook]]")).is_err());
    }

    #[test]
    fn commented_examples_are_true() {
        let (text, _) = settings_text(None).unwrap();
        assert!(!text.lines().any(|line| line.starts_with("##") || line.starts_with("#!")));
        let alternative = "# password_env = \"CERTVIGIL_MAIL_PASSWORD\"\n";
        assert!(text.contains(alternative));
        let all = read(&uncommented(&text.replace(alternative, "")));
        let mail = all.mail.as_ref().unwrap();
        assert_eq!(mail.security, MailSecurity::Implicit);
        assert_eq!(mail.port, mail.security.port());
        assert!(mail.login.is_some() && mail.ca_file.is_some() && mail.server_name.is_some());
        assert_eq!(all.route.len(), 2);
        assert!(all.vantage.is_some() && all.store.is_some());
        // What the comments call the default is the default.
        let (bare, _) = settings_text(Some("ops@example.com")).unwrap();
        let bare = read(&bare);
        let default = bare.default_route().unwrap();
        let shown = all.default_route().unwrap();
        assert_eq!((default.min_severity, &default.time_zone), (shown.min_severity, &shown.time_zone));
        assert_eq!(bare.mail.as_ref().unwrap().timeout, mail.timeout);
        assert_eq!(bare.still_watching, all.still_watching);
        let hook = read("[[hook]]\nname = \"h\"\ncommand = [\"true\"]\n").hook.remove(0);
        let example = &all.hook[0];
        assert_eq!((hook.deadline, hook.verify_within), (example.deadline, example.verify_within));
        assert_eq!(
            (hook.per_week, hook.min_severity, &hook.on),
            (example.per_week, example.min_severity, &example.on)
        );
    }

    #[test]
    fn every_key_is_documented() {
        let (text, _) = settings_text(None).unwrap();
        let code = uncommented(&text);
        let has = |key: &str| {
            code.lines().any(|line| line.split(" = ").next() == Some(key))
                || text.contains(&format!("# {key} = "))
        };
        // The keys that the parser itself lists when it meets one that it does not know.
        for (section, wrong) in [
            ("", "xx = 1"),
            ("[mail]\nserver = \"a\"\nfrom = \"a@example.com\"", "xx = 1"),
            ("[[route]]\nname = \"a\"\nto = [\"a@example.com\"]", "xx = 1"),
            ("[[hook]]\nname = \"a\"\ncommand = [\"true\"]", "xx = 1"),
            ("[watch]", "xx = 1"),
        ] {
            let error = Settings::parse(Path::new("a.toml"), &format!("{section}\n{wrong}\n"))
                .unwrap_err()
                .to_string();
            let keys: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
            assert!(!keys.is_empty(), "{error}");
            for key in keys {
                let is_section = matches!(key, "mail" | "route" | "hook" | "watch");
                let is_told = key == "plain_is_accepted" && text.contains("`plain_is_accepted = true`");
                assert!(is_section || is_told || has(key), "`{key}` is not documented");
            }
        }
    }

    #[test]
    fn text_of_others_forges_nothing() {
        assert_eq!(comment("a\n[[hook]]\r\u{85}\u{2028}b"), "# a\\u{a}[[hook]]\\u{d}\\u{85}\\u{2028}b");
        assert!(comment(&"x".repeat(900)).chars().count() < 210);
        for hostile in ["\"]\n[[hook]]\n", "\\", "a\u{0}b", "\u{202e}"] {
            let line = format!("a = {}", quoted(hostile));
            assert_eq!(line.lines().count(), 1);
            let table: toml::Table = line.parse().unwrap();
            assert_eq!(table["a"].as_str(), Some(hostile));
        }
    }
}
