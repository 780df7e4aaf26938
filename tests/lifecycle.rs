//! What becomes of findings and certificates from scan to scan, told by the built program.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]
#![allow(clippy::cast_possible_truncation, reason = "labels are short")]

mod support;

#[path = "lifecycle/decisions.rs"]
mod decisions;
#[path = "lifecycle/findings.rs"]
mod findings;
#[path = "lifecycle/inventory.rs"]
mod inventory;

use support::program::Home;
use support::stage::Stage;

/// Writes a profile that scans these targets without haste and trusts this root.
fn write_profile(home: &Home, name: &str, root_pem: &str, targets: &[String]) {
    home.write("root.pem", root_pem);
    let targets: Vec<String> = targets.iter().map(|target| format!("\"{target}\"")).collect();
    let text = format!(
        "targets = [{}]\ntrust = [\"root.pem\"]\n[pace]\nrate = \"max\"\nconnect_timeout = \"5s\"\n",
        targets.join(", ")
    );
    home.write(&format!("{name}.toml"), text);
}

/// Waits until nobody listens there any more.
fn wait_until_gone(stage: &Stage, last: u8) {
    support::program::within("a host to leave", || std::net::TcpStream::connect(stage.at(last)).err());
}
