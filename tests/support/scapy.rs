//! Scapy's TLS server, which still speaks SSL 2. One connection at a time.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, write, write_identity};

/// The system's own interpreter: another one that comes first in the path does not see Debian's modules.
const PYTHON: &str = "/usr/bin/python3";

const SERVER: &str = "\
import sys
from scapy.layers.tls.automaton_srv import TLSServerAutomaton
chain, key, address, port = sys.argv[1:]
TLSServerAutomaton(mycert=chain, mykey=key, server=address, sport=int(port), max_client_idle_time=5).run()
";

/// Starts a server that takes SSL 2 with every cipher, and newer versions.
pub(crate) fn ssl2_server(identity: &Identity) -> Peer {
    let imported = Command::new(PYTHON).args(["-c", "import scapy"]).output();
    assert!(
        imported.is_ok_and(|output| output.status.success()),
        "scapy is missing: apt-get install python3-scapy (tests/install-peers does it)"
    );
    let address = own_address();
    let folder = folder();
    // It takes a file of several certificates for one.
    let end_entity = identity.with_chain(|chain| chain.truncate(1));
    let files = write_identity(folder.path(), "server", &end_entity);
    let script = write(folder.path(), "server.py", SERVER);
    let mut command = Command::new(PYTHON);
    command.arg("-u").arg(script).arg(files.chain).arg(files.key);
    command.args([address.ip().to_string(), address.port().to_string()]);
    Peer::start(command, folder, address, Fact::Log("Waiting for a new client"))
}
