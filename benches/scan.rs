//! What a visit costs the client, as a ratio to a bare TCP connect and close taken in the same run.
//!
//! `cargo bench --bench scan` (with a part of a case's name behind `--`, that case only) starts a farm of TLS 1.3 servers (ECDSA P-256, chains of three certificates, one hundred
//! of them different) in another process on loopback, takes every case in turn for several rounds, and prints the
//! median of each case's client CPU (user + system) for an endpoint, and of its ratio to the floor of the same round.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

mod farm;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certvigil::app::parts::{Parts, StoreChoice};
use certvigil::app::progress::ScanProgress;
use certvigil::app::request::ScanRequest;
use certvigil::app::scan;
use certvigil::config::Settings;
use certvigil::config::profile::Rate;
use certvigil::model::{Depth, Endpoint, Outcome};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use nix::sys::resource::{UsageWho, getrusage};

const HOSTS: usize = 16_384;
const WORKERS: usize = 64;
const ROUNDS: usize = 7;

fn main() {
    if let Some(ports) = farm::asked_to_serve() {
        return farm::serve(ports);
    }
    let farm = farm::Farm::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut cases = cases(&farm);
    // The floors stay: the others are measured against them.
    cases.iter_mut().for_each(|case| {
        case.skipped = wanted.as_ref().is_some_and(|w| !case.name.contains(w.as_str()) && case.goal != "1.00")
    });
    // So do those that are taken off from others.
    let needed: Vec<usize> =
        cases.iter().filter(|case| !case.skipped).filter_map(|case| case.without).collect();
    needed.into_iter().for_each(|index| cases[index].skipped = false);
    let mut costs = vec![Vec::new(); cases.len()];
    for round in 0..=ROUNDS {
        for (case, costs) in cases.iter().zip(&mut costs).filter(|(case, _)| !case.skipped) {
            let (user, system) = cpu_micros();
            let visited = (case.run)(&runtime) as f64;
            let (user_after, system_after) = cpu_micros();
            let user = (user_after - user) / visited;
            let cost = (user + (system_after - system) / visited, user);
            // The first round warms caches, the farm and the allocator.
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    println!("{HOSTS} endpoints, {WORKERS} in flight, medians of {ROUNDS} rounds\n");
    println!("{:<46} {:>8} {:>8} {:>8} {:>8}", "case", "CPU µs", "of user", "ratio", "goal");
    for (case, own) in cases.iter().zip(&costs).filter(|(case, _)| !case.skipped) {
        let floor = &costs[case.floor];
        let own: Vec<(f64, f64)> = match case.without {
            Some(other) => {
                own.iter().zip(&costs[other]).map(|(own, less)| (own.0 - less.0, own.1 - less.1)).collect()
            }
            None => own.clone(),
        };
        let ratio = median(own.iter().zip(floor).map(|((own, _), (floor, _))| own / floor));
        let total = median(own.iter().map(|(total, _)| *total));
        let user = median(own.iter().map(|(_, user)| *user));
        println!("{:<46} {total:>8.1} {user:>8.1} {ratio:>8.2} {:>8}", case.name, case.goal);
    }
    if wanted.is_none() {
        silence(&farm, &runtime);
    }
    println!(
        "\npeak memory of this process: {:.0} MiB",
        getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss() as f64 / 1024.0
    );
}

struct Case {
    name: &'static str,
    goal: &'static str,
    /// Index of the case it is measured against.
    floor: usize,
    /// Index of the case whose cost is taken off first: what is left is the price of what this case does more.
    without: Option<usize>,
    skipped: bool,
    run: Box<dyn Fn(&tokio::runtime::Runtime) -> usize>,
}

fn cases(farm: &farm::Farm) -> Vec<Case> {
    let live: Arc<Vec<Endpoint>> = Arc::new(endpoints(farm.port));
    let canned: Arc<Vec<Endpoint>> = Arc::new(endpoints(farm.canned_port));
    let dead: Arc<Vec<Endpoint>> = Arc::new(endpoints(farm.refusing_port));
    let sweep = ProbeSettings { depth: Depth::Sweep, ..ProbeSettings::default() };
    let standard = ProbeSettings { depth: Depth::Standard, other_chains: false, ..ProbeSettings::default() };
    let asking = ProbeSettings { ask_post_quantum: true, ..sweep.clone() };
    let classical = ProbeSettings { post_quantum: false, ..standard.clone() };
    vec![
        connect("connect + close", 0, &live),
        visit("sweep capture, TLS 1.3", "1.70", &live, sweep.clone(), true),
        visit("sweep capture, TLS 1.2 flight made beforehand", "1.70", &canned, sweep.clone(), true),
        visit("standard, X25519, possession proved", "6.50", &live, classical, true),
        visit("standard, X25519MLKEM768, possession proved", "7.50", &live, standard, true),
        pipeline("sweep scan: judged, kept in a store", "2.30", farm, farm.port, 0),
        Case {
            without: Some(1),
            ..visit("post-quantum hello of a sweep capture", "1.40", &live, asking, true)
        },
        connect("connect refused", 7, &dead),
        Case { floor: 7, ..visit("sweep of a refusing address", "1.15", &dead, sweep, false) },
        Case { floor: 7, ..pipeline("sweep scan of refusing addresses", "-", farm, farm.refusing_port, 7) },
    ]
}

fn endpoints(port: u16) -> Vec<Endpoint> {
    (0..HOSTS).map(|n| Endpoint::tcp(farm::address(n, port), None)).collect()
}

fn connect(name: &'static str, floor: usize, endpoints: &Arc<Vec<Endpoint>>) -> Case {
    let endpoints = Arc::clone(endpoints);
    let run = move |runtime: &tokio::runtime::Runtime| {
        each(runtime, &endpoints, |endpoint| async move {
            if let Ok(stream) = tokio::net::TcpStream::connect(endpoint.socket_address().unwrap()).await {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            }
        })
    };
    Case { name, goal: "1.00", floor, without: None, skipped: false, run: Box::new(run) }
}

fn visit(
    name: &'static str,
    goal: &'static str,
    endpoints: &Arc<Vec<Endpoint>>,
    settings: ProbeSettings,
    live: bool,
) -> Case {
    let endpoints = Arc::clone(endpoints);
    let pace = Pace { concurrency: WORKERS, ..Pace::unlimited() };
    let run = move |runtime: &tokio::runtime::Runtime| {
        let prober = Arc::new(Prober::new(settings.clone(), pace).unwrap());
        each(runtime, &endpoints, move |endpoint| {
            let prober = Arc::clone(&prober);
            async move {
                let outcome = prober.visit(&endpoint).await;
                assert_eq!(matches!(outcome, Outcome::Handshake(_)), live, "{outcome:?}");
            }
        })
    };
    Case { name, goal, floor: 0, without: None, skipped: false, run: Box::new(run) }
}

/// A whole scan of the farm's network, its root trusted, into a temporary store. Loading the trust store and opening
/// the store are part of it, as they are of any scan.
fn pipeline(name: &'static str, goal: &'static str, farm: &farm::Farm, port: u16, floor: usize) -> Case {
    let request = request(farm, port, HOSTS);
    let run = move |runtime: &tokio::runtime::Runtime| {
        let finished = scan_farm(runtime, request.clone());
        assert_eq!(finished.counts().endpoints, HOSTS as u64);
        HOSTS
    };
    Case { name, goal, floor, without: None, skipped: false, run: Box::new(run) }
}

fn request(farm: &farm::Farm, port: u16, hosts: usize) -> ScanRequest {
    ScanRequest {
        targets: vec![farm::network(hosts)],
        ports: Some(port.to_string()),
        trust: vec![farm.root.path().display().to_string()],
        depth: Some(Depth::Sweep),
        rate: Some(Rate::Max),
        concurrency: Some(WORKERS),
        ..ScanRequest::default()
    }
}

fn scan_farm(runtime: &tokio::runtime::Runtime, request: ScanRequest) -> scan::Finished {
    let parts = Parts::new(Settings::default(), StoreChoice::Temporary).unwrap();
    let prepared = scan::prepare(request, &parts).unwrap();
    runtime.block_on(scan::run(prepared, Arc::new(ScanProgress::default()), None)).unwrap()
}

/// A silent network takes ⌈addresses ÷ concurrency⌉ timeouts.
fn silence(farm: &farm::Farm, runtime: &tokio::runtime::Runtime) {
    const ADDRESSES: usize = 4_096;
    const IN_FLIGHT: usize = 2_048;
    const TIMEOUT: Duration = Duration::from_millis(900);
    let mut request = request(farm, farm.silent_port, ADDRESSES);
    (request.concurrency, request.timeout) = (Some(IN_FLIGHT), Some(TIMEOUT));
    let started = std::time::Instant::now();
    let finished = scan_farm(runtime, request);
    assert_eq!(finished.counts().failures.get("connect.timeout"), Some(&(ADDRESSES as u64)));
    let rounds = u32::try_from(ADDRESSES.div_ceil(IN_FLIGHT)).unwrap();
    let ratio = started.elapsed().as_secs_f64() / (TIMEOUT * rounds).as_secs_f64();
    println!(
        "\n{ADDRESSES} silent addresses, {IN_FLIGHT} in flight: {ratio:.2} x the {rounds} timeouts they need (goal 1.10)"
    );
}

/// Runs `act` on every endpoint with a fixed number of workers.
fn each<F, Fut>(runtime: &tokio::runtime::Runtime, endpoints: &Arc<Vec<Endpoint>>, act: F) -> usize
where
    F: Fn(Endpoint) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..WORKERS {
            let (endpoints, next, act) = (Arc::clone(endpoints), Arc::clone(&next), act.clone());
            workers.spawn(async move {
                while let Some(endpoint) = endpoints.get(next.fetch_add(1, Ordering::Relaxed)) {
                    act(endpoint.clone()).await;
                }
            });
        }
        workers.join_all().await;
    });
    endpoints.len()
}

/// User and system time of this process so far.
fn cpu_micros() -> (f64, f64) {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64;
    (micros(usage.user_time()), micros(usage.system_time()))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
