//! Holds the map in `src/lib.rs`: who may import whom, what each file must have, how large it may grow.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each room may import from this crate. `text` and `time` are free to all.
const ROOMS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("time", &[]),
    ("x509", &[]),
    ("tls", &["x509"]),
    ("model", &["x509", "tls"]),
    ("assess", &["model", "x509", "tls"]),
    ("lifecycle", &["model", "x509", "tls"]),
    ("wire", &["model", "x509", "tls"]),
    ("report", &["model", "x509", "tls", "wire"]),
    ("clock", &[]),
    ("exec", &[]),
    ("dns", &["model"]),
    ("fetch", &["model", "dns"]),
    ("config", &["model", "x509", "tls", "wire"]),
    ("discover", &["model", "x509", "tls", "dns", "clock"]),
    ("probe", &["model", "x509", "tls", "dns", "clock"]),
    ("trust", &["model", "x509"]),
    ("estate", &["model", "x509", "tls", "dns", "clock"]),
    ("store", &["model", "x509", "tls", "clock"]),
    ("notify", &["model", "x509", "wire", "report", "clock", "dns", "exec"]),
    (
        "app",
        &[
            "model",
            "x509",
            "tls",
            "assess",
            "lifecycle",
            "wire",
            "report",
            "clock",
            "dns",
            "exec",
            "fetch",
            "notify",
            "config",
            "discover",
            "probe",
            "trust",
            "estate",
            "store",
        ],
    ),
    ("cli", &["app", "config", "model", "report", "clock", "x509"]),
];

const PURE: &[&str] = &["text", "time", "x509", "tls", "model", "assess", "lifecycle", "wire", "report"];

/// Words that betray IO, a clock, randomness or a panic in a pure room.
const IMPURE: &[&str] = &[
    "tokio",
    "std::net::Tcp",
    "std::net::Udp",
    "std::fs",
    "File::open",
    "SystemTime",
    "Instant::now",
    "std::env::",
    "std::process",
    "SystemRandom",
    "rand::",
    "unreachable!(",
    "todo!(",
    "unimplemented!(",
    "println!(",
    "eprintln!(",
    "tracing::",
    "std::thread",
];

const BANNED_MODULES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "manager"];

const LONGEST_FILE: usize = 600;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
    /// Without tests.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.into_iter().map(|path| source(&root, path)).collect()
}

fn source(root: &Path, path: PathBuf) -> Source {
    let text = std::fs::read_to_string(&path).unwrap();
    let inside = path.strip_prefix(root).unwrap();
    let room =
        inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
    let is_test = inside.components().any(|c| matches!(c.as_os_str().to_str(), Some("tests" | "tests.rs")));
    let code =
        if is_test { String::new() } else { text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned() };
    Source { path, room, text, code }
}

/// Top-level names of this crate that the code mentions by `crate::name` or inside `use crate::{…}`.
fn imports(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line_start = code[..at].rfind('\n').map_or(0, |n| n + 1);
        if code[line_start..at].trim_start().starts_with("//") {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(std::mem::take(&mut word)),
                    c => word.push(c),
                }
                if c == '}' && depth == 0 {
                    word.push(' ');
                }
            }
            names.push(word);
        } else {
            names.push(rest.to_owned());
        }
    }
    let first_word = |text: &String| {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    names.iter().map(first_word).filter(|name| !name.is_empty()).collect()
}

#[test]
fn imports_run_downward_only() {
    let allowed: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|s| !matches!(s.room.as_str(), "lib" | "main")) {
        let Some(allowed) = allowed.get(source.room.as_str()) else {
            faults.push(format!("{}: the room `{}` is not on the map", source.path.display(), source.room));
            continue;
        };
        for import in imports(&source.code) {
            let free = import == source.room || import == "text" || import == "time";
            if ROOMS.iter().any(|(room, _)| *room == import) && !free && !allowed.contains(&import.as_str()) {
                faults.push(format!(
                    "{}: `{}` must not import `{import}`",
                    source.path.display(),
                    source.room
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_rooms_do_no_io() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|s| PURE.contains(&s.room.as_str())) {
        for (number, line) in
            source.code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{}: `{word}` in a pure room", source.path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn serde_stands_in_wire_and_outward() {
    let inner = ["text", "time", "x509", "tls", "model", "assess", "lifecycle", "store"];
    for source in sources().iter().filter(|s| inner.contains(&s.room.as_str())) {
        let serde =
            source.code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("serde"));
        assert!(!serde, "{}: serde is a boundary", source.path.display());
    }
}

#[test]
fn only_the_command_line_knows_clap_and_stdout() {
    for source in sources().iter().filter(|s| !matches!(s.room.as_str(), "cli" | "main")) {
        for word in ["clap::", "std::io::stdout", "io::stdout()", "indicatif::"] {
            assert!(!source.code.contains(word), "{}: `{word}` belongs to `cli`", source.path.display());
        }
    }
}

#[test]
fn each_file_says_what_it_is_and_keeps_its_size() {
    let mut faults = Vec::new();
    for source in sources() {
        let name = source.path.file_stem().unwrap().to_string_lossy().into_owned();
        if !source.text.starts_with("//! ") {
            faults.push(format!("{}: no `//!` header", source.path.display()));
        }
        if BANNED_MODULES.contains(&name.as_str()) {
            faults.push(format!("{}: a module is named after what it holds", source.path.display()));
        }
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            faults.push(format!("{}: {lines} lines; split it", source.path.display()));
        }
        if name == "main" && lines > 40 {
            faults.push(format!("{}: main is a sentence, not {lines} lines", source.path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_map_names_every_room() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for (room, _) in ROOMS {
        assert!(lib.contains(&format!("pub mod {room};")), "`{room}` is not declared");
        assert!(
            lib.lines().any(|l| l.starts_with("//!") && l.contains(&format!("[`{room}`]"))),
            "`{room}` is not on the map"
        );
    }
}
