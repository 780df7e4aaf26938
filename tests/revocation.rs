//! Certificates that their issuer took back, as the built program sees it: OpenSSL as authority, responder and maker of
//! lists, nginx that staples, and servers that mean harm.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::program::Home;
use support::{Fact, Peer, folder, own_address, program, write};
use tempfile::TempDir;

/// An authority that OpenSSL keeps, and the HTTP server of its responder and lists.
struct Authority {
    folder: Arc<TempDir>,
    http: SocketAddr,
    /// Requests by path.
    asked: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Authority {
    fn new() -> Self {
        let folder = Arc::new(folder());
        let path = folder.path();
        write(path, "index.txt", "");
        write(path, "serial", "1000\n");
        write(path, "crlnumber", "01\n");
        write(path, "ca.cnf", CONFIGURATION);
        new_key(path, "ca");
        let subject =
            ["-subj", "/CN=Evidence CA", "-days", "365", "-config", "ca.cnf", "-extensions", "authority"];
        openssl(
            path,
            &[&["req", "-x509", "-new", "-key", "ca.key", "-out", "ca.pem"][..], &subject].concat(),
        );
        let asked = Arc::default();
        let http = serve(Arc::clone(&folder), Arc::clone(&asked));
        Self { folder, http, asked }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A certificate with these extension lines; `HTTP` stands for the HTTP server's address.
    fn issue(&self, name: &str, extensions: &str) {
        let extensions = extensions.replace("HTTP", &format!("http://{}", self.http));
        write(self.path(), "extensions.cnf", &format!("subjectAltName = DNS:a.test\n{extensions}\n"));
        new_key(self.path(), name);
        let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
        let subject = format!("/CN={name}");
        let arguments =
            ["req", "-new", "-key", &key, "-subj", &subject, "-config", "ca.cnf", "-out", &request];
        openssl(self.path(), &arguments);
        let out = format!("{name}.pem");
        let arguments = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", &request, "-out", &out];
        openssl(self.path(), &[&arguments[..], &["-extfile", "extensions.cnf"]].concat());
    }

    fn revoke(&self, name: &str) {
        let file = format!("{name}.pem");
        openssl(self.path(), &["ca", "-config", "ca.cnf", "-revoke", &file, "-crl_reason", "keyCompromise"]);
    }

    fn publish_list(&self) {
        openssl(self.path(), &["ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem"]);
        openssl(self.path(), &["crl", "-in", "list.pem", "-outform", "der", "-out", "ca.crl"]);
    }

    /// An nginx with one server for each of these certificates, and where each is.
    fn nginx(&self, names: &[&str], staple: Option<&str>) -> (Peer, Vec<SocketAddr>) {
        let addresses: Vec<SocketAddr> = names.iter().map(|_| own_address()).collect();
        let mut servers = String::new();
        for (name, address) in names.iter().zip(&addresses) {
            let at = |file: String| self.path().join(file).display().to_string();
            let stapling = staple.map_or(String::new(), |file| {
                format!("ssl_stapling on; ssl_stapling_file {};", at(file.to_owned()))
            });
            let (certificate, key) = (at(format!("{name}.pem")), at(format!("{name}.key")));
            servers.push_str(&format!(
                "server {{ listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; {stapling} }}\n"
            ));
        }
        let folder = support::folder();
        let configuration = format!(
            "daemon off; master_process off; pid {0}/pid; error_log stderr info; events {{}}\n\
             http {{ access_log off; client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c; \
             uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;\n{servers}}}\n",
            folder.path().display()
        );
        let file = write(folder.path(), "nginx.conf", &configuration);
        let mut command = Command::new(program("nginx", "nginx-light"));
        command.arg("-e").arg("stderr").arg("-p").arg(folder.path()).arg("-c").arg(file);
        let first = addresses[0];
        (Peer::start(command, folder, first, Fact::Accepts), addresses)
    }

    fn asked(&self, path: &str) -> u32 {
        self.asked.lock().unwrap().get(path).copied().unwrap_or(0)
    }
}

const CONFIGURATION: &str = "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\n\
    crlnumber = crlnumber\ncertificate = ca.pem\nprivate_key = ca.key\ndefault_md = sha256\ndefault_days = 90\n\
    default_crl_days = 7\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n[req]\n\
    distinguished_name = dn\n[dn]\n[authority]\nbasicConstraints = critical,CA:TRUE\n\
    keyUsage = critical,keyCertSign,cRLSign\n";

fn openssl(folder: &Path, arguments: &[&str]) {
    let done =
        Command::new(program("openssl", "openssl")).args(arguments).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn new_key(folder: &Path, name: &str) {
    let out = format!("{name}.key");
    openssl(folder, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &out]);
}

/// Answers until the test program ends.
fn serve(folder: Arc<TempDir>, asked: Arc<Mutex<BTreeMap<String, u32>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, asked) = (Arc::clone(&folder), Arc::clone(&asked));
            std::thread::spawn(move || answer(stream, folder.path(), &asked));
        }
    });
    address
}

fn answer(mut stream: TcpStream, folder: &Path, asked: &Mutex<BTreeMap<String, u32>>) {
    let (path, body) = read_request(&mut stream);
    *asked.lock().unwrap().entry(path.clone()).or_default() += 1;
    let reply = match path.as_str() {
        "/ocsp" => respond(folder, &body),
        "/later" => vec![0x30, 3, 0x0a, 1, 3],
        "/noise" => vec![0x30; 5_000],
        "/redirect" => {
            let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n");
            return;
        }
        "/drip" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            while stream.write_all(b"0").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
            return;
        }
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n\x30\x84\x7f\xff\xff\xff");
            while stream.write_all(&[0x30; 65_536]).is_ok() {}
            return;
        }
        list => std::fs::read(folder.join(list.trim_start_matches('/'))).unwrap(),
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", reply.len());
    let _ = stream.write_all(&[head.as_bytes(), &reply].concat());
}

fn read_request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let read = stream.read(&mut piece).unwrap_or(0);
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
            if read == 0 {
                return (String::new(), Vec::new());
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.split("\r\n").next().unwrap().trim().parse::<usize>().unwrap());
        if read == 0 || bytes.len() >= end + 4 + length {
            return (head.split(' ').nth(1).unwrap().to_owned(), bytes.split_off(end + 4));
        }
    }
}

/// `openssl ocsp` as the responder of one question.
fn respond(folder: &Path, question: &[u8]) -> Vec<u8> {
    let work = support::folder();
    let [request, response] =
        ["request", "response"].map(|name| work.path().join(name).display().to_string());
    std::fs::write(&request, question).unwrap();
    let files =
        ["-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-nmin", "60"];
    openssl(folder, &[&["ocsp"][..], &files, &["-reqin", &request, "-respout", &response]].concat());
    std::fs::read(response).unwrap()
}

const BOTH: &str = "authorityInfoAccess = OCSP;URI:HTTP/ocsp\ncrlDistributionPoints = URI:HTTP/ca.crl";
const LIST_ONLY: &str = "crlDistributionPoints = URI:HTTP/ca.crl";

/// Scans and gives the endpoints by port, and the exit code.
fn scan(
    home: &Home,
    authority: &Authority,
    addresses: &[SocketAddr],
    further: &[&str],
) -> (BTreeMap<u16, Value>, i32) {
    let targets: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let root = authority.path().join("ca.pem").display().to_string();
    let mut arguments = vec!["scan", "-f", "json", "--no-progress", "--sni", "a.test", "--trust", &root];
    arguments.extend(further);
    arguments.extend(targets.iter().map(String::as_str));
    let done = home.run(&arguments);
    let report = done.json();
    let endpoints = report["endpoints"].as_array().unwrap().iter();
    let named = endpoints.filter(|endpoint| endpoint["server_name"] == "a.test");
    let by_port =
        named.map(|endpoint| (u16::try_from(endpoint["port"].as_u64().unwrap()).unwrap(), endpoint.clone()));
    (by_port.collect(), done.code.unwrap())
}

fn findings(endpoint: &Value) -> Vec<&str> {
    let findings = endpoint["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["id"].as_str().unwrap()).filter(|id| id.contains("revo")).collect()
}

#[test]
fn a_responder_and_a_list_tell_good_from_revoked_and_each_is_asked_once() {
    let authority = Authority::new();
    for name in ["good", "bad"] {
        authority.issue(name, BOTH);
    }
    authority.issue("listed", LIST_ONLY);
    authority.issue("unlisted", LIST_ONLY);
    authority.revoke("bad");
    authority.revoke("listed");
    authority.publish_list();
    let names = ["good", "bad", "listed", "unlisted", "good"];
    let (_nginx, at) = authority.nginx(&names, None);
    let home = Home::new();
    let flags = ["--revocation=all", "--fetch-allow", "127.0.0.0/8"];
    let (endpoints, code) = scan(&home, &authority, &at, &flags);
    assert_eq!(code, 1);
    let expected =
        [("good", "ocsp"), ("revoked", "ocsp"), ("revoked", "crl"), ("good", "crl"), ("good", "ocsp")];
    for ((status, method), address) in expected.iter().zip(&at) {
        let endpoint = &endpoints[&address.port()];
        let revocation = &endpoint["revocation"];
        assert_eq!(
            (&revocation["status"], &revocation["method"]),
            (&(*status).into(), &(*method).into()),
            "{endpoint}"
        );
        assert!(revocation["checked_at"].is_string() && revocation["next_update"].is_string());
        let is_revoked = *status == "revoked";
        assert_eq!(findings(endpoint), if is_revoked { vec!["trust.revoked"] } else { vec![] });
        assert_eq!(endpoint["trust"]["verdict"], if is_revoked { "untrusted" } else { "trusted" });
        if is_revoked {
            assert_eq!(endpoint["trust"]["stores"][0]["reason"], "revoked");
            assert_eq!(revocation["reason"], "keyCompromise");
            assert!(endpoint["findings"][0]["severity"] == "critical");
        }
    }
    // Five servers, asked with and without a name: two certificates with a responder, one list.
    assert_eq!((authority.asked("/ocsp"), authority.asked("/ca.crl")), (2, 1));

    // Kept: the same report again, and an unchanged endpoint is unchanged.
    let kept = home.run(&["report", "-f", "json"]).json();
    let bad = kept["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["port"] == at[1].port() && e["server_name"] == "a.test");
    assert_eq!(bad.unwrap()["revocation"]["status"], "revoked");
    scan(&home, &authority, &at[..1], &flags);
    scan(&home, &authority, &at[..1], &[]);
    let history = home.json(&["inventory", "history", &format!("a.test:{}", at[0].port()), "-f", "json"]);
    assert_eq!(history["total"], 1, "{history}");
}

#[test]
fn what_nginx_staples_is_read_without_asking_anybody() {
    let authority = Authority::new();
    authority.issue("bad", BOTH);
    authority.issue("other", BOTH);
    authority.revoke("bad");
    let request = ["-issuer", "ca.pem", "-cert", "bad.pem", "-reqout", "bad.req", "-no_nonce"];
    openssl(authority.path(), &[&["ocsp"][..], &request].concat());
    let staple = respond(authority.path(), &std::fs::read(authority.path().join("bad.req")).unwrap());
    std::fs::write(authority.path().join("bad.ocsp"), staple).unwrap();
    // One server staples a response about its certificate, the other one about somebody else's.
    let (_nginx, at) = authority.nginx(&["bad", "other"], Some("bad.ocsp"));
    let (endpoints, _) = scan(&Home::new(), &authority, &at, &["--revocation=stapled"]);
    let revocation = |index: usize| &endpoints[&at[index].port()]["revocation"];
    assert_eq!((&revocation(0)["status"], &revocation(0)["method"]), (&"revoked".into(), &"stapled".into()));
    assert_eq!(revocation(1)["status"], "unknown");
    assert!(revocation(1)["not_determined"].as_str().unwrap().contains("another certificate"));
    let (endpoints, _) = scan(&Home::new(), &authority, &at, &[]);
    assert_eq!(endpoints[&at[0].port()]["revocation"]["status"], "not_checked", "off unless asked for");
    assert_eq!(authority.asked("/ocsp") + authority.asked("/ca.crl"), 0);
}

#[test]
fn loopback_is_not_asked_unless_it_is_named() {
    let authority = Authority::new();
    authority.issue("good", BOTH);
    let (_nginx, at) = authority.nginx(&["good"], None);
    let (endpoints, code) = scan(&Home::new(), &authority, &at, &["--revocation=all"]);
    let endpoint = &endpoints[&at[0].port()];
    assert_eq!((&endpoint["revocation"]["status"], code), (&"unknown".into(), 0));
    assert_eq!(findings(endpoint), ["trust.revocation.not_determined"]);
    assert!(
        endpoint["revocation"]["not_determined"].as_str().unwrap().contains("127.0.0.1 is loopback"),
        "{endpoint}"
    );
    let flags = ["--revocation=all", "--fetch-allow", "127.0.0.0/8", "--exclude", "127.0.0.1"];
    let (endpoints, _) = scan(&Home::new(), &authority, &at, &flags);
    let why = endpoints[&at[0].port()]["revocation"]["not_determined"].as_str().unwrap().to_owned();
    assert!(why.contains("excluded"), "{why}");
    assert_eq!(authority.asked.lock().unwrap().len(), 0, "nobody was asked");
}

#[test]
fn hostile_responders_and_lists_end_undetermined_and_in_time() {
    let authority = Authority::new();
    let names = ["later", "noise", "redirect", "drip", "endless"];
    for name in names {
        authority.issue(
            name,
            &format!("authorityInfoAccess = OCSP;URI:HTTP/{name}\ncrlDistributionPoints = URI:HTTP/{name}"),
        );
    }
    let (_nginx, at) = authority.nginx(&names, None);
    let home = Home::new();
    let profile = "[revocation]\ncheck = \"all\"\n[fetch]\nallow = [\"127.0.0.0/8\"]\ntimeout = \"1s\"\nlist_timeout = \"2s\"\n\
        largest_list_mib = 4\n";
    home.write("hostile.toml", profile);
    let began = Instant::now();
    let (endpoints, code) =
        scan(&home, &authority, &at, &["--profile", "./hostile.toml", "--fail-on", "medium"]);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(code, 0);
    let words = ["tryLater", "cannot be read", "redirects", "no whole answer within", "longer than"];
    for (word, address) in words.iter().zip(&at) {
        let endpoint = &endpoints[&address.port()];
        assert_eq!(endpoint["revocation"]["status"], "unknown", "{endpoint}");
        let why = endpoint["revocation"]["not_determined"].as_str().unwrap();
        assert!(why.contains(word), "{word}: {why}");
        assert_eq!(findings(endpoint), ["trust.revocation.not_determined"]);
    }
}
