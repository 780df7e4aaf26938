//! What deep inspection costs beside the other inspectors of the field, on the same servers in the same run.
//!
//! `cargo bench --bench deep` starts two kinds of nginx on loopback: a modern one (TLS 1.2 and 1.3, nine pairs of version
//! and suite) and one with every suite that OpenSSL has for an RSA
//! and an ECDSA key. Each program runs as a child; its connections are
//! those that nginx accepted, its CPU is what the kernel says of the child (user + system). Peers that are not installed
//! are named and left out. Before that, a fleet of TLS 1.3 servers (see `farm`): what 5,000 of them take.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

mod farm;
#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;

use certvigil::estate::{Identity, Leaf, LeafKey};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;
use support::nginx::Nginx;
use support::program::Home;
use support::{Peer, authority, own_address};

const NAME: &str = "a.test";
const HOSTS: usize = 20;
const ROUNDS: usize = 3;

/// Endpoints of a fleet, the smaller one first: peak memory is that of the largest child so far.
const FLEETS: [usize; 2] = [500, 5_000];

/// Six suites of TLS 1.2; three more come with TLS 1.3.
const SIX: &str = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:\
    DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";

/// One nginx that counts its connections.
struct Counted {
    peer: Peer,
    status: SocketAddr,
}

impl Counted {
    fn start(nginx: Nginx<'_>) -> Self {
        let status = own_address();
        let nginx = Nginx { beside: format!("server {{ listen {status}; stub_status; }}\n"), ..nginx };
        Self { peer: nginx.start_with_dh(), status }
    }

    /// Connections accepted so far on the port under inspection.
    fn accepted(&self) -> u64 {
        let mut stream = TcpStream::connect(self.status).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let mut numbers = text.lines().skip_while(|line| !line.starts_with("server accepts")).skip(1);
        let accepted: u64 = numbers.next().unwrap().split_whitespace().next().unwrap().parse().unwrap();
        accepted
    }
}

struct Cost {
    connections: u64,
    cpu_seconds: f64,
    wall_seconds: f64,
}

/// Runs a program on some servers; its own questions to the status page are not counted.
fn measure(servers: &[Counted], run: impl Fn(&[Counted])) -> Cost {
    let accepted = || servers.iter().map(Counted::accepted).sum::<u64>();
    let (before, cpu, started) = (accepted(), children_cpu(), Instant::now());
    run(servers);
    let (wall_seconds, cpu_seconds) = (started.elapsed().as_secs_f64(), children_cpu() - cpu);
    // Each status request is a connection, too.
    let connections = accepted() - before - servers.len() as u64;
    Cost { connections, cpu_seconds, wall_seconds }
}

fn children_cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|a, b| a.cpu_seconds.total_cmp(&b.cpu_seconds));
    costs.swap_remove(costs.len() / 2)
}

/// One program on one set of servers.
type Case = (&'static str, Run);

/// Runs a program on some servers.
type Run = Box<dyn Fn(&[Counted])>;

fn ours(parts: &'static str) -> Run {
    Box::new(move |servers| {
        inspect(servers, parts, "json");
    })
}

/// Our report; `parts` are lines of a profile's `[deep]` section.
fn inspect(servers: &[Counted], parts: &str, format: &str) -> String {
    let home = Home::new();
    let targets: Vec<String> = servers.iter().map(|server| format!("\"{}\"", server.peer.address)).collect();
    let profile = format!(
        "targets = [{}]\ndepth = \"deep\"\ntrust = [\"mozilla\"]\nfail_on = \"none\"\n[pace]\nrate = \"max\"\n[deep]\n{parts}\n",
        targets.join(", ")
    );
    let profile = home.write("bench.toml", profile);
    home.expect(0, &["scan", "--profile", &profile, "--no-store", "--no-progress", "-f", format]).out
}

fn peer(program: &'static str, arguments: &'static [&'static str], by_port: bool) -> Option<Case> {
    let is_there =
        Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !is_there {
        println!("{program} is not installed");
        return None;
    }
    let run = move |servers: &[Counted]| {
        for server in servers {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if by_port {
                let address = server.peer.address;
                command.args(["-p", &address.port().to_string(), &address.ip().to_string()]);
            } else {
                command.arg(server.peer.address.to_string());
            }
            command.status().unwrap();
        }
    };
    Some((program.rsplit('/').next().unwrap(), Box::new(run)))
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = vec![
        ("certvigil: versions, suites, order", ours("parts = []")),
        ("certvigil: everything", ours("")),
        ("certvigil: only what is forbidden", ours("enumerate = \"forbidden\"")),
    ];
    cases.extend(peer("nmap", &["-Pn", "-sT", "-n", "--script", "+ssl-enum-ciphers"], true));
    cases.extend(peer("sslscan", &["--no-colour"], false));
    let sslyze = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/sslyze/bin/sslyze");
    cases.extend(peer(
        sslyze,
        &["--quiet", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--sslv2", "--sslv3"],
        false,
    ));
    cases
}

fn table(title: &str, servers: &[Counted]) {
    println!("\n{title}\n{:<40} {:>12} {:>10} {:>10}", "", "connections", "CPU s", "wall s");
    for (name, run) in cases() {
        let cost = median((0..ROUNDS).map(|_| measure(servers, &run)).collect());
        println!(
            "{name:<40} {:>12} {:>10.3} {:>10.2}",
            cost.connections, cost.cpu_seconds, cost.wall_seconds
        );
    }
}

/// Connections by purpose, as the report says.
fn by_purpose(servers: &[Counted]) {
    let report: Value = serde_json::from_str(&inspect(servers, "", "json")).unwrap();
    let connections = &report["endpoints"][0]["tls"]["inspection"]["connections"];
    println!("  by purpose: {connections}");
}

/// How many pairs of version and suite the report has.
fn pairs(servers: &[Counted]) {
    let report: Value = serde_json::from_str(&inspect(servers, "parts = []", "json")).unwrap();
    let versions = report["endpoints"][0]["tls"]["versions"].as_object().unwrap();
    let count = |facts: &Value| facts["cipher_suites"].as_array().unwrap().len();
    println!("  pairs of version and suite: {}", versions.values().map(count).sum::<usize>());
}

/// Everything about many endpoints: time, CPU and whether memory grows with them.
fn fleet() {
    let farm = farm::Farm::start();
    println!(
        "{:<40} {:>12} {:>10} {:>10} {:>10}",
        "a fleet, everything", "connections", "CPU s", "wall s", "MiB"
    );
    for endpoints in FLEETS {
        let (first, last) = (farm::address(0, farm.port), farm::address(endpoints - 1, farm.port));
        let profile = format!(
            "targets = [\"{}-{}\"]\nports = \"{}\"\ndepth = \"deep\"\ntrust = [\"mozilla\"]\nfail_on = \"none\"\n\
             [pace]\nrate = \"max\"\n",
            first.ip(),
            last.ip(),
            farm.port
        );
        let home = Home::new();
        let profile = home.write("fleet.toml", profile);
        let (cpu, started) = (children_cpu(), Instant::now());
        let scan = ["scan", "--profile", &profile, "--no-store", "--no-progress", "-f", "jsonl"];
        // Not by `expect`, which has a deadline of its own.
        let done = home.command(&scan).stderr(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{:?}", done.status);
        let report = String::from_utf8(done.stdout).unwrap();
        let (wall, cpu) = (started.elapsed().as_secs_f64(), children_cpu() - cpu);
        let inspected = report.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let connections: Vec<u64> =
            inspected.filter_map(|line| line["tls"]["inspection"]["connections"]["total"].as_u64()).collect();
        assert_eq!(connections.len(), endpoints);
        let peak = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as f64 / 1024.0;
        let all: u64 = connections.iter().sum();
        println!("{endpoints:<40} {all:>12} {cpu:>10.1} {wall:>10.1} {peak:>10.0}");
    }
}

fn modern(identity: &Identity) -> Counted {
    Counted::start(Nginx { ciphers: SIX, ..Nginx::modern(vec![identity]) })
}

fn main() {
    if let Some(ports) = farm::asked_to_serve() {
        return farm::serve(ports);
    }
    fleet();
    let rsa = authority().issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let one = [modern(&rsa)];
    table("a modern server, nine pairs of version and suite", &one);
    pairs(&one);
    by_purpose(&one);
    let ecdsa = authority().issue(&Leaf::new(NAME)).unwrap();
    let ciphers = "ALL:!aNULL:!eNULL:@SECLEVEL=0";
    let legacy = [Counted::start(Nginx { identities: vec![&ecdsa, &rsa], ciphers, ..Nginx::legacy(&rsa) })];
    table("a server with every suite that OpenSSL has for two keys, from TLS 1.0 on", &legacy);
    pairs(&legacy);
    by_purpose(&legacy);
    let many: Vec<Counted> = (0..HOSTS).map(|_| modern(&rsa)).collect();
    table("twenty modern servers", &many);
}
