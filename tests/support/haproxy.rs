//! HAProxy: a proxy that ends TLS, with an order of suites and options of its own.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write};

/// Starts HAProxy with this chain and further words of its `bind` line, such as `alpn h2,http/1.1`.
pub(crate) fn haproxy(identity: &Identity, bind: &str) -> Peer {
    let address = own_address();
    let folder = folder();
    let path = folder.path();
    let pem = identity.chain_pem() + &identity.private_key_pem().unwrap();
    let pem = write(path, "server.pem", &pem);
    let settings = format!(
        "global\n  maxconn 200\ndefaults\n  mode http\n  timeout client 10s\n  timeout server 10s\n  timeout connect 1s\n\
         frontend front\n  bind {address} ssl crt {pem} {bind}\n  http-request return status 200\n",
        pem = pem.display(),
    );
    let settings = write(path, "haproxy.cfg", &settings);
    let mut command = Command::new(program("haproxy", "haproxy"));
    command.arg("-db").arg("-f").arg(settings);
    Peer::start(command, folder, address, Fact::Accepts)
}
