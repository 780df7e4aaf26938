//! nats-server: TLS after its first line.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// Starts nats-server with this chain, or without TLS. `is_required`: clients without TLS are turned away.
pub(crate) fn nats(identity: Option<&Identity>, is_required: bool) -> Peer {
    let address = own_address();
    let folder = folder();
    let mut settings = format!("listen: \"{address}\"\nallow_non_tls: {}\n", !is_required);
    if let Some(identity) = identity {
        let files = write_identity(folder.path(), "server", identity);
        let (chain, key) = (files.chain.display(), files.key.display());
        settings.push_str(&format!("tls {{ cert_file: \"{chain}\", key_file: \"{key}\" }}\n"));
    }
    let settings = write(folder.path(), "nats.conf", &settings);
    let mut command = Command::new(program("nats-server", "nats-server"));
    command.arg("-c").arg(settings);
    Peer::start(command, folder, address, Fact::Log("Server is ready"))
}
