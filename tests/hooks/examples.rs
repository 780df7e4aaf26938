//! The examples in `fixtures/hooks/` as programs to run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use certvigil::estate::{Identity, Leaf};
use certvigil::model::EventName;
use certvigil::notify::hook::{HookFate, HookOutcome, HookProgram, document, run};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::alerts::pay;
use crate::script::Script;
use crate::support::{authority, folder, own_address, program, write};

/// Keys of a hook in the settings.
const KEYS: [&str; 7] = ["name", "command", "on", "rules", "deadline", "verify_within", "per_week"];

/// The hooks of one example.
pub(crate) fn example(name: &str) -> Vec<HookProgram> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hooks").join(name);
    let settings: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let hooks = settings["hook"].as_array().unwrap().iter().map(|hook| {
        let hook = hook.as_table().unwrap();
        assert!(hook.keys().all(|key| KEYS.contains(&key.as_str())), "{hook:?}");
        let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
        for event in hook["on"].as_array().unwrap() {
            assert_eq!(EventName::from_name(event.as_str().unwrap()), Some(EventName::CertificateExpiring));
        }
        let command = hook["command"].as_array().unwrap().iter().map(text).collect();
        HookProgram::new(text(&hook["name"]), command)
    });
    hooks.collect()
}

/// A stand-in for a program that the registries do not have: it records its arguments and variables, and says so.
const STAND_IN: &str = "printf '%s\\n' \"$@\" >$here/arguments\nenv >$here/variables\ncat >$here/stdin\n\
                        echo stand-in for $(basename $0)";

async fn expect_arguments_of_stand_in(mut hook: HookProgram, arguments: &[&str]) {
    let script = Script::new(STAND_IN);
    hook.command[0].clone_from(&script.command[0]);
    let alerts = [pay()];
    let outcome = run(&hook, EventName::CertificateExpiring, &alerts).await;
    assert_eq!(outcome.fate, HookFate::Succeeded, "{outcome:?}");
    assert_eq!(outcome.output.raw(), "stand-in for hook\n");
    let read = |name| std::fs::read_to_string(script.path(name)).unwrap();
    assert_eq!(read("arguments").lines().collect::<Vec<_>>(), arguments);
    for line in ["CERTVIGIL_EVENT=certificate.expiring", "CERTVIGIL_NAMES=pay.example.test"] {
        assert!(read("variables").lines().any(|variable| variable == line), "{line}");
    }
    assert_eq!(read("stdin").into_bytes(), document(EventName::CertificateExpiring, &alerts));
}

#[tokio::test]
async fn a_stand_in_for_acme_sh_gets_the_examples_arguments() {
    let [all, one] = example("acme-sh.toml").try_into().unwrap();
    let home = "/root/.acme.sh";
    assert_eq!(all.command[0], "/root/.acme.sh/acme.sh");
    expect_arguments_of_stand_in(all, &["--cron", "--home", home]).await;
    expect_arguments_of_stand_in(one, &["--renew", "--home", home, "--domain", "pay.example.com"]).await;
}

#[tokio::test]
async fn a_stand_in_for_cmctl_gets_the_examples_arguments() {
    let [hook] = example("cmctl.toml").try_into().unwrap();
    assert_eq!(hook.command[0], "cmctl");
    let kubeconfig = ["--kubeconfig", "/etc/certvigil/kubeconfig"];
    let arguments = [&["renew"][..], &kubeconfig, &["--namespace", "shop", "pay-tls"]].concat();
    expect_arguments_of_stand_in(hook, &arguments).await;
}

#[tokio::test]
async fn curl_posts_the_event_to_an_appliance() {
    let (outcome, request) = call("200 OK").await;
    assert_eq!(outcome.fate, HookFate::Succeeded, "{outcome:?}");
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/renew HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nAuthorization: Bearer from-a-file"), "{head}");
    assert!(head.to_ascii_lowercase().contains("\r\ncontent-type: application/json"), "{head}");
    assert_eq!(body.as_bytes(), document(EventName::CertificateExpiring, &[pay()]));
}

#[tokio::test]
async fn curl_fails_where_the_appliance_refuses() {
    let (outcome, _) = call("503 Service Unavailable").await;
    assert_eq!(outcome.fate, HookFate::Failed);
    assert!(outcome.words.starts_with("exited with 22 after "), "{}", outcome.words);
    assert!(outcome.output.raw().contains("503"), "{:?}", outcome.output);
}

/// Runs the example against an appliance that answers so: what became of it, and what it sent.
async fn call(status: &'static str) -> (HookOutcome, String) {
    let (authority, folder) = (authority(), folder());
    let address = own_address();
    let identity = authority.issue(&Leaf::new(&address.ip().to_string())).unwrap();
    let server = appliance(TcpListener::bind(address).unwrap(), &identity, status);
    let root = write(folder.path(), "root.pem", &authority.root_pem());
    let header = write(folder.path(), "header", "Authorization: Bearer from-a-file\n");

    let [mut hook] = example("http.toml").try_into().unwrap();
    assert_eq!(hook.command[0], "curl");
    hook.command[0] = program("curl", "curl").to_str().unwrap().to_owned();
    for word in &mut hook.command {
        match word.as_str() {
            "@/etc/certvigil/appliance.header" => *word = format!("@{}", header.display()),
            "https://appliance.example.com/api/renew" => *word = format!("https://{address}/api/renew"),
            _ => {}
        }
    }
    let own = ["--noproxy", "*", "--cacert", root.to_str().unwrap()].map(str::to_owned);
    hook.command.extend(own);
    let outcome = run(&hook, EventName::CertificateExpiring, &[pay()]).await;
    // Whatever went wrong, the server must not wait for a call that never comes.
    drop(std::net::TcpStream::connect(address));
    (outcome, server.join().unwrap())
}

/// An HTTPS server for one request: what it got.
fn appliance(listener: TcpListener, identity: &Identity, status: &'static str) -> JoinHandle<String> {
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain_der(), identity.private_key_der().unwrap())
        .unwrap();
    std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(connection, socket));
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            if stream.read_line(&mut request).unwrap_or(0) == 0 {
                return request;
            }
        }
        let length = request.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        let mut body = vec![0; length.unwrap()];
        stream.read_exact(&mut body).unwrap();
        request.push_str(&String::from_utf8(body).unwrap());
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
        stream.get_mut().conn.send_close_notify();
        stream.get_mut().flush().unwrap();
        request
    })
}
