//! Other inspectors of TLS, run on a loopback server, and what they found in one form.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

use certvigil::tls::CipherSuite;
use serde_json::Value;

use super::{folder, program, unpacked};

/// Suites by version, both in the report's names.
pub(crate) type Suites = BTreeMap<String, Vec<String>>;

/// What one inspector found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Accepted suites, in the order the inspector lists them; versions without any are left out.
    pub(crate) suites: Suites,
    /// Suites it asked for; empty where it does not say: then it knows them all.
    pub(crate) asked: BTreeSet<String>,
    /// Whether the server has an order of its own, by version.
    pub(crate) server_order: BTreeMap<String, bool>,
    /// Answers to yes-or-no questions, by a name of ours.
    pub(crate) answers: BTreeMap<&'static str, bool>,
    /// Groups accepted, in any order.
    pub(crate) groups: BTreeSet<String>,
}

impl Found {
    /// The suites of one version as a set.
    pub(crate) fn set(&self, version: &str) -> BTreeSet<String> {
        self.suites.get(version).into_iter().flatten().cloned().collect()
    }
}

fn run(mut command: Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The value of an attribute in a line of XML, as sslscan and nmap write it.
fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// sslscan.
pub(crate) fn sslscan(address: SocketAddr, server_name: &str) -> Found {
    let mut command = Command::new(program("sslscan", "sslscan"));
    command.args(["--no-colour", "--xml=-", &format!("--sni-name={server_name}"), &address.to_string()]);
    let output = run(command);
    let mut found = Found::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if line.contains("<cipher ") {
            let version = attribute(line, "sslversion").unwrap().to_owned();
            let number = attribute(line, "id").and_then(|id| id.strip_prefix("0x")).unwrap();
            let suite = CipherSuite(u16::from_str_radix(number, 16).unwrap());
            found.suites.entry(version).or_default().push(suite.to_string());
        }
        if line.contains("<renegotiation ") {
            found.answers.insert("secure_renegotiation", attribute(line, "secure") == Some("1"));
        }
        if line.contains("<compression ") {
            found.answers.insert("compression", attribute(line, "supported") == Some("1"));
        }
        if line.contains("<fallback ") {
            found.answers.insert("fallback_scsv", attribute(line, "supported") == Some("1"));
        }
        if line.contains("<heartbleed ") && attribute(line, "vulnerable") == Some("1") {
            found.answers.insert("heartbleed", true);
        }
    }
    found
}

/// nmap's `ssl-enum-ciphers`.
pub(crate) fn nmap(address: SocketAddr, server_name: &str) -> Found {
    let mut command = Command::new(program("nmap", "nmap"));
    command.args(["-Pn", "-sT", "-n", "-p", &address.port().to_string(), "--script", "+ssl-enum-ciphers"]);
    command.args(["--script-args", &format!("tls.servername={server_name}"), &address.ip().to_string()]);
    let output = run(command);
    let mut found = Found::default();
    let mut version = String::new();
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines().filter_map(|line| line.strip_prefix('|')) {
        let words = line.trim_start_matches('_').trim();
        if let Some(name) =
            words.strip_suffix(':').filter(|name| name.starts_with("TLSv") || name.starts_with("SSLv"))
        {
            version = name.to_owned();
        } else if words.starts_with("TLS_") || words.starts_with("SSL_") {
            // nmap's own names of TLS 1.3 suites carry the letters AKE.
            let name = words.split_whitespace().next().unwrap().replace("TLS_AKE_WITH_", "TLS_");
            found.suites.entry(version.clone()).or_default().push(name);
        } else if let Some(whose) = words.strip_prefix("cipher preference: ")
            && whose != "indeterminate"
        {
            found.server_order.insert(version.clone(), whose == "server");
        }
    }
    assert!(!found.suites.is_empty(), "nmap found nothing:\n{text}");
    found
}

/// SSLyze.
pub(crate) fn sslyze(address: SocketAddr) -> Found {
    let folder = folder();
    let file = folder.path().join("sslyze.json");
    let mut command = Command::new(unpacked("sslyze/bin/sslyze"));
    command.arg(address.to_string()).arg(format!("--json_out={}", file.display()));
    command.args([
        "--sslv2",
        "--sslv3",
        "--tlsv1",
        "--tlsv1_1",
        "--tlsv1_2",
        "--tlsv1_3",
        "--elliptic_curves",
    ]);
    command.args([
        "--reneg",
        "--resum",
        "--fallback",
        "--heartbleed",
        "--robot",
        "--openssl_ccs",
        "--compression",
    ]);
    command.args(["--ems", "--early_data"]);
    // Its exit code also says whether the server meets a policy.
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let document: Value = serde_json::from_slice(&text).unwrap();
    let result = &document["server_scan_results"][0]["scan_result"];
    assert!(result.is_object(), "{document:#}");
    let mut found = Found::default();
    for (key, version) in [
        ("ssl_3_0_cipher_suites", "SSLv3"),
        ("tls_1_0_cipher_suites", "TLSv1.0"),
        ("tls_1_1_cipher_suites", "TLSv1.1"),
        ("tls_1_2_cipher_suites", "TLSv1.2"),
        ("tls_1_3_cipher_suites", "TLSv1.3"),
    ] {
        let names = |list: &str| {
            let suites = result[key]["result"][list].as_array().cloned().unwrap_or_default();
            suites
                .iter()
                .map(|one| one["cipher_suite"]["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let accepted = names("accepted_cipher_suites");
        found.asked.extend(accepted.iter().cloned().chain(names("rejected_cipher_suites")));
        if !accepted.is_empty() {
            found.suites.insert(version.to_owned(), accepted);
        }
    }
    for (name, pointer) in [
        ("compression", "/tls_compression/result/supports_compression"),
        ("fallback_scsv", "/tls_fallback_scsv/result/supports_fallback_scsv"),
        ("heartbleed", "/heartbleed/result/is_vulnerable_to_heartbleed"),
        ("ccs_injection", "/openssl_ccs_injection/result/is_vulnerable_to_ccs_injection"),
        ("secure_renegotiation", "/session_renegotiation/result/supports_secure_renegotiation"),
        ("client_renegotiation", "/session_renegotiation/result/is_vulnerable_to_client_renegotiation_dos"),
        ("early_data", "/tls_1_3_early_data/result/supports_early_data"),
        ("extended_master_secret", "/tls_extended_master_secret/result/supports_ems_extension"),
    ] {
        if let Some(answer) = result.pointer(pointer).and_then(Value::as_bool) {
            found.answers.insert(name, answer);
        }
    }
    let curves = result.pointer("/elliptic_curves/result/supported_curves").and_then(Value::as_array);
    for curve in curves.into_iter().flatten() {
        found.groups.insert(curve["name"].as_str().unwrap().to_owned());
    }
    found
}
