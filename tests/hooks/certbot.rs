//! certbot as a hook: a real directory, a real ACME server (Pebble) and nginx that serves the lineage.

use std::path::Path;
use std::process::{Command, Stdio};

use certvigil::estate::{Authority, Leaf};
use certvigil::model::{EventName, News, Rule};
use certvigil::notify::hook::{HookFate, run};
use certvigil::x509::Fingerprint;

use crate::alerts::expiring;
use crate::examples::example;
use crate::script::Script;
use crate::support::openssl::{s_client, served};
use crate::support::program::within;
use crate::support::{Fact, Peer, authority, folder, own_address, program, write, write_identity};

const NAME: &str = "pay.example.test";

#[tokio::test]
async fn certbot_renews_and_nginx_serves_the_new_certificate() {
    let acme = AcmeServer::start();
    let site = Site::new(&acme);
    let nginx = site.serve();
    let old = site.served(&nginx);

    let [mut hook] = example("certbot.toml").try_into().unwrap();
    assert_eq!(hook.command[0], "certbot");
    hook.command[0] = program("certbot", "certbot").to_str().unwrap().to_owned();
    hook.command.extend(site.folders());
    // As the example says for an issuer with a private root.
    hook.command.splice(0..0, ["env".to_owned(), acme.trust()]);
    let mut alert = expiring(Rule::Expiring, &[NAME], &["pay.example.test:443"]);
    if let News::Finding(news) = &mut alert.news {
        news.certificate.as_mut().unwrap().sha256 = Fingerprint::of(&old);
    }
    let outcome = run(&hook, EventName::CertificateExpiring, &[alert]).await;
    assert_eq!(outcome.fate, HookFate::Succeeded, "{} {}", outcome.words, outcome.output.raw());
    assert!(outcome.output.raw().contains("all renewals succeeded"), "{}", outcome.output.raw());

    let new = within("the new certificate", || Some(site.served(&nginx)).filter(|served| *served != old));
    let text = std::fs::read(site.live("cert.pem")).unwrap();
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    assert!(CertificateDer::from_pem_slice(&text).unwrap().as_ref() == new);
}

#[tokio::test]
async fn certbot_that_cannot_reach_its_server_has_failed() {
    let acme = AcmeServer::start();
    let site = Site::new(&acme);
    let [mut hook] = example("certbot.toml").try_into().unwrap();
    hook.command.extend(site.folders());
    // No trust in the server's certificate.
    let outcome = run(&hook, EventName::CertificateExpiring, &[crate::alerts::pay()]).await;
    assert_eq!(outcome.fate, HookFate::Failed);
    assert!(outcome.words.starts_with("exited with 1 after "), "{}", outcome.words);
    assert!(outcome.output.raw().contains("renew failure(s)"), "{}", outcome.output.raw());
}

/// Pebble, and the name server that it asks.
struct AcmeServer {
    authority: Authority,
    script: Script,
    pebble: Peer,
    _names: Peer,
    /// Where Pebble looks for the answers to its http-01 challenges.
    challenges: std::net::SocketAddr,
}

impl AcmeServer {
    fn start() -> Self {
        let (authority, folder) = (authority(), folder());
        let [names, management, acme, acme_management, challenges] = [(); 5].map(|()| own_address());
        let mut command = Command::new(program("pebble-challtestsrv", "pebble"));
        command.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", &names.to_string()]);
        command.args(["-management", &management.to_string()]);
        // Without an empty -defaultIPv6 every name has the address ::1, and Pebble asks there.
        command.args(["-defaultIPv6", "", "-defaultIPv4", &challenges.ip().to_string()]);
        let name_server = Peer::start(command, crate::support::folder(), names, Fact::Accepts);

        let identity = authority.issue(&Leaf::new(&acme.ip().to_string())).unwrap();
        let files = write_identity(folder.path(), "pebble", &identity);
        let settings = serde_json::json!({"pebble": {
            "listenAddress": acme.to_string(), "managementListenAddress": acme_management.to_string(),
            "certificate": files.chain, "privateKey": files.key, "httpPort": challenges.port(), "tlsPort": 1,
            "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        let settings = write(folder.path(), "pebble.json", &settings.to_string());
        let mut command = Command::new(program("pebble", "pebble"));
        command.arg("-config").arg(settings).args(["-dnsserver", &names.to_string()]);
        command
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_AUTHZREUSE", "0")
            .env("PEBBLE_WFE_NONCEREJECT", "0");
        let pebble = Peer::start(command, folder, acme, Fact::Log("ACME directory available at"));
        let script = Script::new("");
        script.write("root.pem", &authority.root_pem(), 0o644);
        Self { authority, script, pebble, _names: name_server, challenges }
    }

    /// The variable that makes certbot trust its certificate.
    fn trust(&self) -> String {
        format!("REQUESTS_CA_BUNDLE={}", self.script.path("root.pem").display())
    }
}

/// A certbot directory with one lineage that is due, and the settings of an nginx that serves it.
struct Site<'a> {
    acme: &'a AcmeServer,
    script: Script,
    address: std::net::SocketAddr,
}

impl<'a> Site<'a> {
    fn new(acme: &'a AcmeServer) -> Self {
        let site = Self { acme, script: Script::new(""), address: own_address() };
        let (variable, root) = (acme.trust(), "REQUESTS_CA_BUNDLE");
        let mut command = Command::new(program("certbot", "certbot"));
        command.env(root, variable.split_once('=').unwrap().1);
        command.args(["certonly", "--standalone", "--non-interactive", "--agree-tos", "--domain", NAME]);
        command.args(["--register-unsafely-without-email", "--no-eff-email"]);
        command.args(["--server", &format!("https://{}/dir", acme.pebble.address)]);
        command.args(["--http-01-address", &acme.challenges.ip().to_string()]);
        command.args(["--http-01-port", &acme.challenges.port().to_string()]);
        let output = command.args(site.folders()).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}\n{}", acme.pebble.log());
        site.make_due();
        site.write_nginx_settings();
        site
    }

    /// certbot's options that keep everything in a folder of the test.
    fn folders(&self) -> [String; 6] {
        let of =
            |option: &str, name| [option.to_owned(), self.script.path(name).to_str().unwrap().to_owned()];
        let folders = [of("--config-dir", "etc"), of("--work-dir", "lib"), of("--logs-dir", "log")].concat();
        folders.try_into().unwrap()
    }

    /// Pebble's certificates are valid for five years; the lineage's own setting makes this one due.
    fn make_due(&self) {
        let path = self.script.path(&format!("etc/renewal/{NAME}.conf"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("renew_before_expiry = 3650 days\n{text}")).unwrap();
    }

    fn live(&self, name: &str) -> std::path::PathBuf {
        self.script.path(&format!("etc/live/{NAME}/{name}"))
    }

    fn write_nginx_settings(&self) {
        let folder = self.script.folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
            .concat();
        let settings = format!(
            "daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log stderr notice;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}server {{\nlisten {address} ssl;\n\
             ssl_certificate {chain};\nssl_certificate_key {key};\nreturn 200 \"ok\\n\";\n}}\n}}\n",
            address = self.address,
            chain = self.live("fullchain.pem").display(),
            key = self.live("privkey.pem").display(),
        );
        write(self.script.folder.path(), "nginx.conf", &settings);
        let reload = format!("#!/bin/sh\nexec {} -s reload\n", self.nginx().join(" "));
        self.script.write("etc/renewal-hooks/deploy/reload", &reload, 0o755);
    }

    fn nginx(&self) -> Vec<String> {
        let settings = self.script.path("nginx.conf");
        let words = [
            &program("nginx", "nginx-light"),
            Path::new("-e"),
            Path::new("stderr"),
            Path::new("-c"),
            &settings,
        ];
        words.iter().map(|word| word.to_str().unwrap().to_owned()).collect()
    }

    fn serve(&self) -> Nginx<'_> {
        let words = self.nginx();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        Nginx { peer: Peer::start(command, folder(), self.address, Fact::Accepts), site: self }
    }

    /// The end-entity certificate served now.
    fn served(&self, nginx: &Nginx<'_>) -> Vec<u8> {
        let output = s_client(self.address, NAME, &self.acme.authority.root_pem(), &[]);
        served(&output).into_iter().next().unwrap_or_else(|| panic!("{output}\n{}", nginx.peer.log()))
    }
}

/// A master with a worker: without one nginx cannot reload. The master must end the worker before it goes.
struct Nginx<'a> {
    peer: Peer,
    site: &'a Site<'a>,
}

impl Drop for Nginx<'_> {
    fn drop(&mut self) {
        let words = self.site.nginx();
        let _ = Command::new(&words[0]).args(&words[1..]).args(["-s", "stop"]).stderr(Stdio::null()).status();
        let pid = self.site.script.path("pid");
        within("nginx to end its worker", || (!pid.exists()).then_some(()));
    }
}
