//! nginx: two keys on one host, old protocols, client certificates.

use std::net::SocketAddr;
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
    /// Further directives of the server, each with its semicolon.
    pub(crate) further: String,
    /// Further servers, as nginx writes them.
    pub(crate) beside: String,
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
            further: String::new(),
            beside: String::new(),
        }
    }

    /// TLS 1.0 only, as far as OpenSSL 3 still speaks it.
    pub(crate) fn old(identity: &'a Identity) -> Self {
        Self { protocols: "TLSv1", ciphers: "ALL:@SECLEVEL=0", ..Self::modern(vec![identity]) }
    }

    /// TLS 1.0 to 1.3 with every suite that OpenSSL 3 has for an RSA key, in the server's own order.
    pub(crate) fn legacy(identity: &'a Identity) -> Self {
        Self {
            protocols: "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
            ciphers: "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
            further: "ssl_prefer_server_ciphers on;\n".to_owned(),
            ..Self::modern(vec![identity])
        }
    }

    /// The same with suites that need Diffie-Hellman over a finite field: the 2,048-bit prime of RFC 7919.
    pub(crate) fn start_with_dh(mut self) -> Peer {
        let folder = folder();
        let file = folder.path().join("dh.pem");
        let made = Command::new(program("openssl", "openssl"))
            .args(["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        self.further.push_str(&format!("ssl_dhparam {};\n", file.display()));
        self.start()
    }

    pub(crate) fn start(&self) -> Peer {
        self.start_at(own_address())
    }

    /// Starts where another server was before.
    pub(crate) fn start_at(&self, address: SocketAddr) -> Peer {
        let folder = folder();
        let path = folder.path();
        let mut server = format!("listen {address} ssl http2;\nssl_protocols {};\n", self.protocols);
        server.push_str(&format!("ssl_ciphers {};\n{}", self.ciphers, self.further));
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
             http {{\naccess_log off;\n{temporary}server {{\n{server}return 200 \"ok\\n\";\n}}\n{beside}}}\n",
            beside = self.beside,
            folder = path.display(),
            level = self.log_level
        );
        let settings = write(path, "nginx.conf", &settings);
        let mut command = Command::new(program("nginx", "nginx-light"));
        command.arg("-p").arg(path).arg("-e").arg("stderr").arg("-c").arg(settings);
        Peer::start(command, folder, address, Fact::Accepts)
    }
}
