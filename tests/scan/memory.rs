//! Memory does not follow the number of targets.

use crate::support::program::Home;
use crate::support::stage::Stage;

const CONCURRENCY: usize = 512;
/// The bound at sweep depth: 64 MiB, and 4 KiB for each connection in flight.
const MOST_KIB: usize = 64 * 1_024 + 4 * CONCURRENCY;

/// The most memory the process has held so far, from `/proc` (`VmHWM`); `None` once it has ended.
#[cfg(target_os = "linux")]
fn peak_kib(process: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_range_that_refuses_is_swept_in_bounded_memory() {
    let stage = Stage::new();
    let home = Home::new();
    let concurrency = CONCURRENCY.to_string();
    let mut running = home.start(&[
        "scan",
        "127.20.0.0/14",
        "--ports",
        &stage.ports(),
        "--rate",
        "max",
        "--depth",
        "sweep",
        "--concurrency",
        &concurrency,
        "--no-store",
        "-f",
        "jsonl",
        "--yes",
    ]);
    // The whole network, or as much of it as a busy machine does in this time.
    let started = std::time::Instant::now();
    let mut most = 0;
    while running.is_alive() {
        most = most.max(peak_kib(running.id()).unwrap_or_default());
        if started.elapsed() > std::time::Duration::from_secs(6) {
            running.signal(nix::sys::signal::Signal::SIGTERM);
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let last = running.rest();
    let scan: serde_json::Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    let visited = scan["counts"]["endpoints"].as_u64().unwrap();
    assert!(visited > 4_000, "{visited} addresses tell nothing");
    assert_eq!(scan["counts"]["unlisted"], visited);
    assert!(most > 0 && most < MOST_KIB, "{most} KiB after {visited} addresses");
}
