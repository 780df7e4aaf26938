//! Knot DNS: a real name server on loopback.

use std::process::Command;

use super::{Fact, Peer, folder, own_address, program, write};

/// Starts `knotd` with one zone; `records` are lines of a zone file, without the SOA and NS records.
pub(crate) fn knotd(zone: &str, records: &str) -> Peer {
    let address = own_address();
    let folder = folder();
    let path = folder.path().display().to_string();
    let header = format!(
        "$ORIGIN {zone}.\n$TTL 60\n@ SOA ns.{zone}. host.{zone}. 1 60 60 600 60\n@ NS ns\nns A 127.0.0.1\n"
    );
    let file = write(folder.path(), "zone", &format!("{header}{records}\n"));
    let settings = format!(
        "server:\n    rundir: {path}\n    listen: {ip}@{port}\n\
         database:\n    storage: {path}/db\n\
         log:\n  - target: stderr\n    any: info\n\
         zone:\n  - domain: {zone}\n    file: {file}\n",
        ip = address.ip(),
        port = address.port(),
        file = file.display()
    );
    let settings = write(folder.path(), "knot.conf", &settings);
    let mut command = Command::new(program("knotd", "knot"));
    command.arg("--config").arg(settings);
    Peer::start(command, folder, address, Fact::Log("server started"))
}
