//! testssl.sh 3.2 and its rating by SSL Labs' guide, edition 2009q.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{folder, unpacked, write};

/// How testssl.sh rates a server; all points are 0 where the grade is F, T or M by a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rating {
    pub(crate) grade: String,
    pub(crate) total: u64,
    pub(crate) protocol: u64,
    pub(crate) key_exchange: u64,
    pub(crate) cipher: u64,
    /// Why it is no better.
    pub(crate) reasons: Vec<String>,
}

/// Rates a web server; takes a minute.
pub(crate) fn rating(address: SocketAddr, server_name: &str, root_pem: &str) -> Rating {
    let script = unpacked("testssl/usr/bin/testssl");
    let folder = folder();
    let root = write(folder.path(), "root.pem", root_pem);
    let json = folder.path().join("out.json");
    let output = Command::new("bash")
        .arg(&script)
        .args(["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none"])
        .args(["--ip", &address.ip().to_string(), "--add-ca"])
        .arg(&root)
        .arg("--jsonfile")
        .arg(&json)
        .arg(format!("{server_name}:{}", address.port()))
        .env("TESTSSL_INSTALL_DIR", script.ancestors().nth(3).unwrap().join("etc/testssl"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = std::fs::read(&json).unwrap_or_else(|error| panic!("{error}: {said}"));
    let entries: Vec<Value> = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}: {said}"));
    let finding = |id: &str| {
        let entry = entries.iter().find(|entry| entry["id"] == id);
        entry.unwrap_or_else(|| panic!("no {id}: {said}"))["finding"].as_str().unwrap().to_owned()
    };
    let points = |id: &str| finding(id).parse().unwrap();
    let is_reason = |entry: &&Value| entry["id"].as_str().unwrap().starts_with("grade_cap_reason_");
    Rating {
        grade: finding("overall_grade"),
        total: points("final_score"),
        protocol: points("protocol_support_score"),
        key_exchange: points("key_exchange_score"),
        cipher: points("cipher_strength_score"),
        reasons: entries
            .iter()
            .filter(is_reason)
            .map(|entry| entry["finding"].as_str().unwrap().to_owned())
            .collect(),
    }
}
