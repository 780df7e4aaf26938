//! MariaDB without accounts: it greets and shakes hands, and that is all there is to see.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write_identity};

/// Starts MariaDB with this chain, or without TLS.
pub(crate) fn mariadb(identity: Option<&Identity>) -> Peer {
    let address = own_address();
    let folder = folder();
    let path = folder.path();
    let data = path.join("data");
    std::fs::create_dir(&data).unwrap();
    let mut command = Command::new(program("mariadbd", "mariadb-server"));
    command.args(["--no-defaults", "--skip-grant-tables", "--skip-name-resolve", "--innodb=OFF"]);
    // Without the tables of accounts and plug-ins there is nothing to install first.
    command
        .args(["--default-storage-engine=Aria", "--aria-log-dir-path"])
        .arg(&data)
        .arg("--datadir")
        .arg(&data);
    command.arg("--socket").arg(path.join("socket")).arg("--pid-file").arg(path.join("pid"));
    command.args(["--bind-address", &address.ip().to_string(), "--port", &address.port().to_string()]);
    if nix::unistd::geteuid().is_root() {
        command.args(["--user", "root"]);
    }
    if let Some(identity) = identity {
        let files = write_identity(path, "server", identity);
        command.arg("--ssl-cert").arg(&files.chain).arg("--ssl-key").arg(&files.key);
    }
    Peer::start(command, folder, address, Fact::Log("ready for connections"))
}
