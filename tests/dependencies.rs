//! Licences and bans over the dependency graph as it is really built.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand};

/// Licences a dependency may be taken under.
const PERMISSIVE: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unlicense",
    "CC0-1.0",
    "MIT-0",
    "0BSD",
    "BSL-1.0",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    "OpenSSL",
];

/// A second TLS provider or library, and crates that are no longer kept.
const BANNED: &[&str] = &[
    "ring",
    "openssl",
    "openssl-sys",
    "native-tls",
    "rustls-pemfile",
    "trust-dns-resolver",
    "trust-dns-proto",
    "rsa",
    "bincode",
    "paste",
    "instant",
    "number_prefix",
    "atty",
    "dotenv",
    "chrono",
];

fn metadata() -> Metadata {
    let target = std::env::consts::ARCH.to_owned() + "-unknown-linux-gnu";
    MetadataCommand::new()
        .other_options(["--offline".to_owned(), "--filter-platform".to_owned(), target])
        .exec()
        .expect("cargo metadata reads the lock file")
}

/// Packages linked into the binary or run to build it; development dependencies are not. Which they are is asked of
/// `cargo tree`: `cargo metadata` also follows optional dependencies that a weak feature (`ring?/alloc`) names and
/// nothing turns on.
fn normal_graph(metadata: &Metadata) -> Vec<&cargo_metadata::Package> {
    let arguments =
        ["tree", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let output = std::process::Command::new(env!("CARGO")).args(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("cargo tree prints text");
    let linked: BTreeSet<(String, String)> = lines
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
        })
        .collect();
    assert!(linked.len() > 50, "cargo tree printed no graph");
    let is_linked =
        |p: &&cargo_metadata::Package| linked.contains(&(p.name.to_string(), p.version.to_string()));
    metadata.packages.iter().filter(is_linked).collect()
}

/// Whether a licence expression can be met by permissive licences alone. `OR` chooses, `AND` demands both.
fn is_permissive(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Flat expressions only: one that mixes both words is read as its strictest meaning, all of `AND`.
    let terms = |text: &str, word: &str| text.split(word).map(|t| t.trim().to_owned()).collect::<Vec<_>>();
    terms(&expression, " AND ")
        .iter()
        .all(|part| terms(part, " OR ").iter().any(|licence| PERMISSIVE.contains(&licence.as_str())))
}

#[test]
fn every_linked_crate_has_a_permissive_licence() {
    let metadata = metadata();
    let faults: Vec<_> = normal_graph(&metadata)
        .into_iter()
        .filter(|p| !p.license.as_deref().is_some_and(is_permissive))
        .map(|p| format!("{} {}: {:?}", p.name, p.version, p.license))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_banned_is_linked() {
    let metadata = metadata();
    for package in normal_graph(&metadata) {
        assert!(!BANNED.contains(&package.name.as_str()), "{} {} is banned", package.name, package.version);
    }
}

#[test]
fn copyleft_is_refused() {
    assert!(is_permissive("MIT OR GPL-3.0"));
    assert!(is_permissive("ISC AND (Apache-2.0 OR ISC)"));
    assert!(!is_permissive("LGPL-3.0-only"));
    assert!(!is_permissive("MIT AND GPL-2.0"));
}

#[test]
fn each_dependency_says_why_it_is_there() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let mut inside = false;
    let mut reason_given = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies]");
        } else if line.starts_with('#') {
            reason_given = true;
        } else if inside && line.contains('=') {
            // Crates that belong together may share a reason.
            assert!(reason_given || line.starts_with("serde_json"), "no reason for: {line}");
            reason_given = false;
        }
    }
}
