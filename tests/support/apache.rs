//! Apache httpd with mod_ssl: another front for OpenSSL, with defaults of its own.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// Starts Apache with this chain and further directives of mod_ssl, such as `SSLProtocol all`.
pub(crate) fn apache(identity: &Identity, directives: &str) -> Peer {
    let address = own_address();
    let folder = folder();
    let path = folder.path();
    let files = write_identity(path, "server", identity);
    let settings = format!(
        "ServerRoot {path}\nServerName a.test\nListen {address}\nPidFile {path}/pid\nErrorLog /dev/stderr\n\
         Mutex pthread\nLoadModule mpm_event_module {modules}/mod_mpm_event.so\n\
         LoadModule authz_core_module {modules}/mod_authz_core.so\nLoadModule ssl_module {modules}/mod_ssl.so\n\
         SSLEngine on\nSSLCertificateFile {chain}\nSSLCertificateKeyFile {key}\n{directives}\n",
        path = path.display(),
        modules = "/usr/lib/apache2/modules",
        chain = files.chain.display(),
        key = files.key.display(),
    );
    let settings = write(path, "apache.conf", &settings);
    let mut command = Command::new(program("apache2", "apache2-bin"));
    command.arg("-f").arg(settings).args(["-D", "FOREGROUND"]);
    Peer::start(command, folder, address, Fact::Log("resuming normal operations"))
}
