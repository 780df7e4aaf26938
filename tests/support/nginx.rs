//! nginx: two keys on one host, old protocols, client certificates.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// An nginx to be.
pub(crate) struct Nginx<'a> {
    /// One `ssl_certificate` each.
    pub(crate) identities: Vec<&'a Identity>,
    /// nginx's names, such as `TLSv1.2 TLSv1.3`.
    pub(crate) protocols: &'a str,
    /// An OpenSSL cipher string for TLS 1.2 and older; `@SECLEVEL=0` allows the old ones.
    pub(crate) ciphers: &'a str,
    /// PEM of the root that client certificates must have: nginx asks for one, completes the handshake, and
    /// answers requests without one with status 400.
    pub(crate) client_root: Option<String>,
    /// nginx's name for the least severe line it logs; its own default is `error`.
    pub(crate) log_level: &'a str,
}

impl<'a> Nginx<'a> {
    /// TLS 1.2 and 1.3 with OpenSSL's default ciphers.
    pub(crate) fn modern(identities: Vec<&'a Identity>) -> Self {
        Self {
            identities,
            protocols: "TLSv1.2 TLSv1.3",
            ciphers: "DEFAULT",
            client_root: None,
            log_level: "info",
        }
    }

    /// TLS 1.0 only, as far as OpenSSL 3 still speaks it.
    pub(crate) fn old(identity: &'a Identity) -> Self {
        Self { protocols: "TLSv1", ciphers: "ALL:@SECLEVEL=0", ..Self::modern(vec![identity]) }
    }

    pub(crate) fn start(&self) -> Peer {
        let address = own_address();
        let folder = folder();
        let path = folder.path();
        let mut server = format!("listen {address} ssl http2;\nssl_protocols {};\n", self.protocols);
        server.push_str(&format!("ssl_ciphers {};\n", self.ciphers));
        for (number, identity) in self.identities.iter().enumerate() {
            let files = write_identity(path, &format!("identity{number}"), identity);
            let (chain, key) = (files.chain.display(), files.key.display());
            server.push_str(&format!("ssl_certificate {chain};\nssl_certificate_key {key};\n"));
        }
        if let Some(root) = &self.client_root {
            let root = write(path, "clients.pem", root);
            server.push_str(&format!("ssl_client_certificate {};\nssl_verify_client on;\n", root.display()));
        }
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", path.display()))
            .concat();
        let settings = format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr {level};\n\
             events {{ worker_connections 512; }}\n\
             http {{\naccess_log off;\n{temporary}server {{\n{server}return 200 \"ok\\n\";\n}}\n}}\n",
            folder = path.display(),
            level = self.log_level
        );
        let settings = write(path, "nginx.conf", &settings);
        let mut command = Command::new(program("nginx", "nginx-light"));
        command.arg("-p").arg(path).arg("-e").arg("stderr").arg("-c").arg(settings);
        Peer::start(command, folder, address, Fact::Accepts)
    }
}
