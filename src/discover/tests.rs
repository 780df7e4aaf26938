//! The room as a whole: plan, sweep, expand.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::dns::{DnsError, FixedResolver};
use crate::model::{Exclusion, ServerName};

fn request(targets: &[&str]) -> Request {
    Request { targets: targets.iter().map(|t| (*t).to_owned()).collect(), ..Request::default() }
}

fn excluding(mut request: Request, what: &[&str]) -> Request {
    request.exclude = what.iter().map(|w| Exclusion { what: (*w).to_owned(), reason: None }).collect();
    request
}

fn on_ports(mut request: Request, ports: &str) -> Request {
    request.ports = PortSet::parse(ports).unwrap();
    request
}

fn planned(request: Request) -> Arc<Plan> {
    Arc::new(plan(request).unwrap())
}

fn piped(request: Request, input: impl Into<Vec<u8>>) -> Arc<Plan> {
    Arc::new(plan_with_input(request, Box::new(std::io::Cursor::new(input.into()))).unwrap())
}

fn name(text: &str) -> ServerName {
    ServerName::parse(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn walk(mut sweep: Sweep) -> Vec<Unit> {
    let mut all = Vec::new();
    loop {
        let mut out = Vec::new();
        sweep.next_units(1_000, &mut out).unwrap();
        assert!(out.len() <= 1_000);
        if out.is_empty() {
            return all;
        }
        all.extend(out);
    }
}

fn shown(unit: &Unit) -> String {
    let place = match &unit.place {
        Place::Address(address) => address.to_string(),
        Place::Name(name) => name.to_string(),
    };
    let named = if unit.named { " named" } else { "" };
    format!("{place} {} by {}{named}", unit.port, unit.target)
}

fn sorted(plan: &Arc<Plan>) -> Vec<String> {
    let mut all: Vec<String> = walk(plan.sweep(7, None)).iter().map(shown).collect();
    all.sort();
    all
}

fn file(lines: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    file
}

fn from_file(file: &tempfile::NamedTempFile, targets: &[&str]) -> Request {
    Request { target_files: vec![file.path().to_owned()], ..request(targets) }
}

#[test]
fn every_address_of_a_network_is_visited_once_on_every_port() {
    let plan = planned(on_ports(request(&["10.0.0.0/30", "2001:db8::/127"]), "443,8443"));
    assert_eq!((plan.units(), plan.probes(), plan.target_count()), (Some(12), Some(12), Some(2)));
    let all = sorted(&plan);
    assert_eq!(all.len(), 12);
    assert_eq!(all[0], "10.0.0.0 443 by 10.0.0.0/30");
    assert_eq!(all[11], "2001:db8::1 8443 by 2001:db8::/127");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 12);
}

#[test]
fn the_first_target_that_covers_an_address_gives_its_text() {
    let plan = planned(request(&["10.0.0.2-3", "10.0.0.0/29", "10.0.0.3-5"]));
    assert_eq!(
        sorted(&plan),
        [
            "10.0.0.0 443 by 10.0.0.0/29",
            "10.0.0.1 443 by 10.0.0.0/29",
            "10.0.0.2 443 by 10.0.0.2-3",
            "10.0.0.3 443 by 10.0.0.2-3",
            "10.0.0.4 443 by 10.0.0.0/29",
            "10.0.0.5 443 by 10.0.0.0/29",
            "10.0.0.6 443 by 10.0.0.0/29",
            "10.0.0.7 443 by 10.0.0.0/29",
        ]
    );
}

#[test]
fn an_address_named_within_a_range_is_visited_once_in_its_own_name() {
    let plan =
        planned(on_ports(request(&["10.0.0.0/31", "10.0.0.1:443", "10.0.0.1:9", "10.0.0.1"]), "80,443"));
    assert_eq!(plan.units(), Some(5));
    assert_eq!(
        sorted(&plan),
        [
            "10.0.0.0 443 by 10.0.0.0/31",
            "10.0.0.0 80 by 10.0.0.0/31",
            "10.0.0.1 443 by 10.0.0.1:443 named",
            "10.0.0.1 80 by 10.0.0.1 named",
            "10.0.0.1 9 by 10.0.0.1:9 named",
        ]
    );
}

#[test]
fn names_are_visited_once_and_their_own_port_wins() {
    let targets = [
        "a.example",
        "A.example.",
        "a.example:8443",
        "b.example:443",
        "b.example",
        "https://c.example/x",
        "c.example:443",
    ];
    let plan = planned(on_ports(request(&targets), "443,993"));
    assert_eq!(
        sorted(&plan),
        [
            "a.example 443 by a.example named",
            "a.example 8443 by a.example:8443 named",
            "a.example 993 by a.example named",
            "b.example 443 by b.example:443 named",
            "b.example 993 by b.example named",
            "c.example 443 by https://c.example/x named",
        ]
    );
    assert_eq!((plan.units(), plan.target_count()), (Some(6), Some(7)));
}

#[test]
fn exclusions_win_and_are_counted_exactly() {
    let targets = [
        "10.0.0.0/28",
        "10.0.0.3",
        "10.0.0.4:8443",
        "192.0.2.1",
        "db.example",
        "db.example:9",
        "www.example",
    ];
    let exclude = ["10.0.0.0/29", "192.0.2.0/24", "db.example"];
    let mut asked = excluding(on_ports(request(&targets), "443,444"), &exclude);
    asked.server_names = vec![name("x.example"), name("x.example")];
    let plan = planned(asked);
    // Eight addresses on two ports, one more on a port of its own, one elsewhere on two: each asked twice; the
    // name on two ports and on its own.
    assert_eq!(plan.excluded(), (8 * 2 + 1 + 2) * 2 + 3);
    assert_eq!(plan.units(), Some(8 * 2 + 2));
    assert_eq!(plan.probes(), Some(8 * 2 * 2 + 2));
    assert_eq!(plan.exclusions().len(), 3);
    let all = sorted(&plan);
    assert_eq!(all.len(), 18);
    assert!(all.iter().all(|unit| !unit.contains("db.example") && !unit.contains("192.0.2.1")));
}

#[test]
fn everything_excluded_leaves_an_empty_walk() {
    let plan = planned(excluding(request(&["10.0.0.0/24", "10.0.0.7", "::1"]), &["0.0.0.0/0", "::/0"]));
    assert_eq!((plan.units(), plan.excluded()), (Some(0), 257));
    assert!(walk(plan.sweep(1, None)).is_empty());
}

#[test]
fn a_huge_network_is_planned_and_walked_without_a_list() {
    let plan = planned(on_ports(request(&["10.0.0.0/8", "2001:db8::/32"]), "1-1000"));
    assert_eq!(plan.units(), Some(((1 << 24) + (1 << 96)) * 1_000));
    let mut out = Vec::new();
    plan.sweep(3, None).next_units(10_000, &mut out).unwrap();
    let distinct: BTreeSet<String> = out.iter().map(shown).collect();
    assert_eq!(distinct.len(), 10_000);
    let far = Position { block: 0, index: (1 << 96) * 999 };
    let mut out = Vec::new();
    plan.sweep(3, Some(far)).next_units(3, &mut out).unwrap();
    assert_eq!((out.len(), out[0].position), (3, far));
}

#[test]
fn more_addresses_than_numbers_are_refused() {
    let error = plan(on_ports(request(&["8000::/1", "4000::/2"]), "1-65535")).unwrap_err();
    assert!(matches!(error, DiscoverError::TooManyAddresses));
}

#[test]
fn errors_name_the_place_the_text_and_the_remedy() {
    let error = plan(request(&["a.example", "10.0.0.0/33"])).unwrap_err().to_string();
    assert_eq!(
        error,
        "argument 2: `10.0.0.0/33` is not a target: an IPv4 prefix is 0 to 32 bits; did you mean 10.0.0.0/8?"
    );
    let bad = file("a.example\n\n# x\nb\u{1b}[2J.example\n");
    let error = plan(from_file(&bad, &[])).unwrap_err().to_string();
    assert!(
        error.ends_with(":4: `b\\u{1b}[2J.example` is not a target: it holds control characters"),
        "{error}"
    );
    let error = plan(request(&["https://me:secret@a.example/"])).unwrap_err().to_string();
    assert!(error.contains("`…@a.example/`") && !error.contains("secret"), "{error}");
    for (targets, why) in [
        (&[][..], "no target"),
        (&["@"], "a file name follows the @"),
        (&["@/no/such/file"], "/no/such/file: cannot be read"),
        (&["@/"], "/: cannot be read: is a directory"),
    ] {
        let error = plan(request(targets)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let nested = file("@other.txt\n");
    assert!(plan(from_file(&nested, &[])).unwrap_err().to_string().contains("cannot name another list"));
    assert!(plan(from_file(&file("# nothing\n"), &[])).is_err());
}

#[test]
fn masked_host_bits_are_said() {
    let plan = planned(request(&["10.0.0.5/24"]));
    assert_eq!(plan.notices(), ["argument 1: 10.0.0.5/24 has host bits set; all of 10.0.0.0/24 is meant"]);
}

#[test]
fn equal_seeds_walk_equally_and_others_do_not() {
    let plan = planned(request(&["10.0.0.0/24", "a.example"]));
    let order = |seed| walk(plan.sweep(seed, None)).iter().map(shown).collect::<Vec<_>>();
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}

/// Names in a file, more than a block of them, with networks among them.
fn long_file(names: usize) -> tempfile::NamedTempFile {
    let mut text = String::from("10.1.0.0/26 # first\n");
    for i in 0..names {
        text.push_str(&format!("h{i}.example\n"));
    }
    text.push_str("10.2.0.0/26\n10.1.0.1\n");
    file(&text)
}

#[test]
fn a_long_file_is_walked_in_blocks_and_resumed_in_any_of_them() {
    let list = long_file(BLOCK + 500);
    let plan = planned(from_file(&list, &["10.0.0.0/16", "given.example"]));
    let ranges = 65_536 + 128;
    assert_eq!(plan.units(), Some(ranges + 1 + wide(BLOCK) + 500));
    assert_eq!(plan.target_count(), Some(5 + u64::try_from(BLOCK + 500).unwrap()));
    let all = walk(plan.sweep(5, None));
    assert_eq!(wide(all.len()), plan.units().unwrap());
    assert_eq!(all.iter().map(shown).collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.is_sorted_by_key(|unit| unit.position));
    // Names and ranges make progress side by side.
    let early = &all[..1_000];
    assert!(early.iter().any(|unit| unit.named) && early.iter().any(|unit| !unit.named));
    assert!(all.iter().any(|unit| shown(unit) == "10.1.0.1 443 by 10.1.0.1 named"));
    for at in [0, 1, 65_536, 131_071, 131_072, 131_073, 131_500, all.len() - 1] {
        let rest = walk(plan.sweep(5, Some(all[at].position)));
        assert_eq!(rest.len(), all.len() - at, "from {at}");
        assert_eq!(rest[0], all[at]);
        assert_eq!(rest.last(), all.last());
    }
    let mut sweep = plan.sweep(5, None);
    let mut out = Vec::new();
    sweep.next_units(usize::MAX, &mut out).unwrap();
    assert!(walk(plan.sweep(5, Some(sweep.position()))).is_empty());
}

fn wide(number: usize) -> u128 {
    number as u128
}

#[test]
fn the_rest_of_the_ranges_comes_in_a_last_block() {
    let plan = planned(request(&["10.0.0.0/14", "a.example"]));
    let all = walk(plan.sweep(5, None));
    assert_eq!(wide(all.len()), plan.units().unwrap());
    assert_eq!(all.iter().map(|u| u.place.clone()).collect::<BTreeSet<_>>().len(), all.len());
    assert_eq!(all.last().unwrap().position.block, 1);
    let at = 70_000;
    assert_eq!(walk(plan.sweep(5, Some(all[at].position))), all[at..]);
}

#[test]
fn a_position_outside_the_plan_is_refused() {
    let plan = planned(request(&["10.0.0.0/30", "a.example"]));
    for (block, index) in [(0, 6), (1, 1), (2, 0), (u64::MAX, 0), (0, u128::MAX)] {
        let mut sweep = plan.sweep(1, Some(Position { block, index }));
        let error = sweep.next_units(1, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, DiscoverError::Position { .. }), "{block} {index}");
        let mut out = Vec::new();
        sweep.next_units(1, &mut out).unwrap();
        assert!(out.is_empty());
    }
    for end in [Position { block: 0, index: 5 }, Position { block: 1, index: 0 }] {
        assert!(walk(plan.sweep(1, Some(end))).is_empty(), "{end:?}");
    }
}

#[test]
fn a_file_that_changes_under_the_walk_is_noticed() {
    let list = file("a.example\nb.example\n");
    let plan = planned(from_file(&list, &[]));
    std::fs::write(list.path(), "a.example\nc.example\n").unwrap();
    let error = plan.sweep(1, None).next_units(10, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("changed while it was being scanned"), "{error}");
    std::fs::remove_file(list.path()).unwrap();
    assert!(matches!(plan.sweep(1, None).next_units(10, &mut Vec::new()), Err(DiscoverError::File { .. })));
}

#[test]
fn shards_are_disjoint_and_together_the_whole() {
    let list = long_file(BLOCK + 10);
    let plan = planned(on_ports(from_file(&list, &["2001:db8::/120"]), "443,444"));
    let whole = walk(plan.sweep(9, None));
    let mut together = Vec::new();
    for index in 0..3 {
        let shard = walk(plan.sweep(9, None).shard(index, 3).unwrap());
        assert!(shard.len().abs_diff(whole.len() / 3) <= 2, "{}", shard.len());
        let at = shard.len() / 2;
        let rest = walk(plan.sweep(9, Some(shard[at].position)).shard(index, 3).unwrap());
        assert_eq!(rest, shard[at..]);
        together.extend(shard);
    }
    together.sort_by_key(|unit| unit.position);
    assert_eq!(together, whole);
    assert!(plan.sweep(9, None).shard(3, 3).is_err());
    assert!(plan.sweep(9, None).shard(0, 0).is_err());
}

#[test]
fn standard_input_is_read_lazily_with_networks_and_names() {
    let input = "a.example\n10.9.0.0/30\n10.9.0.1\na.example\n10.0.0.1\nx.example # no\n";
    let plan = piped(excluding(request(&["10.0.0.0/30", "-"]), &["10.9.0.2", "x.example"]), input);
    assert_eq!((plan.units(), plan.probes(), plan.target_count()), (None, None, None));
    assert_eq!(plan.targets(), ["10.0.0.0/30", "-"]);
    assert!(!plan.is_resumable());
    assert_eq!(
        sorted(&plan),
        [
            "10.0.0.0 443 by 10.0.0.0/30",
            "10.0.0.1 443 by 10.0.0.0/30",
            "10.0.0.2 443 by 10.0.0.0/30",
            "10.0.0.3 443 by 10.0.0.0/30",
            "10.9.0.0 443 by 10.9.0.0/30",
            "10.9.0.1 443 by 10.9.0.1 named",
            "10.9.0.3 443 by 10.9.0.0/30",
            "a.example 443 by a.example named",
        ]
    );
    assert_eq!(plan.excluded(), 2);
    let error = plan.sweep(1, None).next_units(1, &mut Vec::new()).unwrap_err().to_string();
    assert_eq!(error, "standard input was already read; it can be walked only once");
}

#[test]
fn standard_input_cannot_be_resumed_and_its_errors_name_the_line() {
    let plan = piped(request(&["-"]), "a.example\n10.0.0.0/33\n");
    let resumed = plan.sweep(1, Some(Position::default())).next_units(1, &mut Vec::new());
    assert!(matches!(resumed, Err(DiscoverError::NotResumable)));
    let error = plan.sweep(1, None).next_units(1, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("standard input:2: `10.0.0.0/33` is not a target"), "{error}");
    assert!(walk(piped(request(&["-"]), "").sweep(1, None)).is_empty());
}

/// A reader that gives what it is sent, and nothing before.
struct Slow(std::sync::mpsc::Receiver<Vec<u8>>);

impl std::io::Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Ok(bytes) = self.0.recv() else { return Ok(0) };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

#[test]
fn a_silent_pipe_holds_up_neither_names_already_there_nor_ranges() {
    let (send, receive) = std::sync::mpsc::channel();
    let plan = plan_with_input(request(&["10.0.0.0/24", "-"]), Box::new(Slow(receive))).unwrap();
    let plan = Arc::new(plan);
    let mut sweep = plan.sweep(1, None);
    let mut out = Vec::new();
    sweep.next_units(256, &mut out).unwrap();
    assert_eq!(out.len(), 256);
    send.send(b"a.example\nb.exam".to_vec()).unwrap();
    out.clear();
    sweep.next_units(1, &mut out).unwrap();
    assert_eq!(shown(&out[0]), "a.example 443 by a.example named");
    send.send(b"ple\n".to_vec()).unwrap();
    drop(send);
    let rest = walk(sweep);
    assert_eq!(rest.iter().map(shown).collect::<Vec<_>>(), ["b.example 443 by b.example named"]);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_walked_like_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let plan = planned(Request { target_files: vec![path.clone()], ..Request::default() });
    let writer = std::thread::spawn(move || std::fs::write(path, "a.example\n10.0.0.0/31\n"));
    assert_eq!(walk(plan.sweep(1, None)).len(), 3);
    writer.join().unwrap().unwrap();
}

#[test]
fn the_digest_follows_what_is_visited() {
    let digest = |request| planned(request).digest();
    let base = || on_ports(request(&["10.0.0.0/24", "a.example"]), "443,8443");
    assert_eq!(digest(base()), digest(base()));
    // The way it is written does not matter.
    let written_otherwise = request(&["10.0.0.128/25", "10.0.0.0-10.0.0.127", "A.example."]);
    assert_eq!(digest(base()), digest(on_ports(written_otherwise, "8443,443")));
    let others = [
        on_ports(request(&["10.0.0.0/24", "a.example"]), "443"),
        on_ports(request(&["10.0.0.0/25", "a.example"]), "443,8443"),
        on_ports(request(&["10.0.0.0/24", "b.example"]), "443,8443"),
        on_ports(request(&["10.0.0.0/24", "a.example:443"]), "443,8443"),
        on_ports(request(&["10.0.0.0/24", "a.example", "10.0.0.1"]), "443,8443"),
        excluding(base(), &["192.0.2.1"]),
        excluding(base(), &["z.example"]),
        Request { server_names: vec![name("s.example")], ..base() },
        Request { ptr_names: true, ..base() },
    ];
    let mut digests: BTreeSet<_> = others.into_iter().map(digest).collect();
    digests.insert(digest(base()));
    assert_eq!(digests.len(), 10);
}

async fn expanded(plan: &Plan, unit: &Unit, resolver: &FixedResolver) -> Vec<String> {
    let all = expand(unit, plan, resolver).await;
    all.iter()
        .map(|one| match one {
            Expanded::Endpoint(e) => {
                let server_name = e.server_name.as_ref().map_or("-", |n| n.as_str());
                format!("{} {server_name}", e.socket_address().unwrap())
            }
            Expanded::Failed(e, failure) => {
                assert_eq!(e.address, None);
                format!("{} {}", e.label(), failure.code())
            }
        })
        .collect()
}

#[tokio::test]
async fn a_name_becomes_all_its_addresses_or_one_failure() {
    let resolver = FixedResolver::new()
        .with(name("a.example"), [ip("2001:db8::1"), ip("10.0.0.1"), ip("::ffff:10.0.0.1"), ip("10.9.9.9")])
        .with(name("none.example"), [])
        .with(name("hidden.example"), [ip("::ffff:10.9.9.9")])
        .with_error(name("broken.example"), DnsError::Failure("Server Failure".into()))
        .with_error(name("slow.example"), DnsError::Timeout(std::time::Duration::from_secs(1)));
    let targets = [
        "a.example",
        "none.example",
        "gone.example",
        "broken.example:8443",
        "slow.example",
        "hidden.example",
    ];
    let plan = planned(excluding(request(&targets), &["10.9.9.0/24"]));
    let mut all = Vec::new();
    for unit in walk(plan.sweep(1, None)) {
        all.extend(expanded(&plan, &unit, &resolver).await);
    }
    all.sort();
    assert_eq!(
        all,
        [
            "10.0.0.1:443 a.example",
            "[2001:db8::1]:443 a.example",
            "broken.example:8443 resolve.dns_failure",
            "gone.example:443 resolve.no_such_name",
            "none.example:443 resolve.no_address",
            "slow.example:443 resolve.timeout",
        ]
    );
    assert_eq!(plan.excluded(), 2);
}

#[tokio::test]
async fn an_address_is_asked_without_a_name_and_with_each() {
    let asked = Request {
        server_names: vec![name("s.example"), name("t.example")],
        ptr_names: true,
        ..request(&["10.0.0.1"])
    };
    let plan = planned(excluding(asked, &["secret.example"]));
    let resolver = FixedResolver::new()
        .with_ptr(ip("10.0.0.1"), name("host.example"))
        .with_ptr(ip("10.0.0.1"), name("t.example"))
        .with_ptr(ip("10.0.0.1"), name("secret.example"));
    let unit = &walk(plan.sweep(1, None))[0];
    assert_eq!(
        expanded(&plan, unit, &resolver).await,
        ["10.0.0.1:443 -", "10.0.0.1:443 s.example", "10.0.0.1:443 t.example", "10.0.0.1:443 host.example"]
    );
    assert_eq!(expanded(&plan, unit, &FixedResolver::new()).await.len(), 3);
}

#[tokio::test]
async fn the_addresses_of_excluded_hosts_are_not_visited_either() {
    let plan =
        planned(excluding(request(&["10.0.0.0/31", "alias.example"]), &["db.example", "lost.example"]));
    let resolver = FixedResolver::new()
        .with(name("db.example"), [ip("10.0.0.1")])
        .with(name("alias.example"), [ip("10.0.0.1"), ip("10.0.0.2")]);
    let failed = plan.resolve_exclusions(&resolver).await;
    assert_eq!(failed, [(name("lost.example"), DnsError::NoSuchName)]);
    let mut all = Vec::new();
    for unit in walk(plan.sweep(1, None)) {
        all.extend(expanded(&plan, &unit, &resolver).await);
    }
    all.sort();
    assert_eq!(all, ["10.0.0.0:443 -", "10.0.0.2:443 alias.example"]);
    assert_eq!(plan.excluded(), 2);
}

/// A target as text, and what it covers, over a world of 16 addresses, two names and four ports.
fn small_target() -> impl Strategy<Value = String> {
    let address = (0_u8..16).prop_map(|i| format!("10.0.0.{i}"));
    let single = prop_oneof![address, Just("a.example".to_owned()), Just("b.example".to_owned())];
    let port = prop_oneof![3 => Just(String::new()), 2 => (1_u16..5).prop_map(|p| format!(":{p}"))];
    let range = (0_u8..16, 0_u8..16).prop_map(|(a, b)| format!("10.0.0.{}-{}", a.min(b), a.max(b)));
    prop_oneof![3 => (single, port).prop_map(|(s, p)| s + &p), 1 => range]
}

/// What a list of targets covers, by listing: place and port to whether it is singly named.
fn listed(
    targets: &[String],
    ports: &PortSet,
    excluded: &[String],
) -> (BTreeMap<(String, u16), bool>, usize) {
    let mut all = BTreeMap::new();
    for text in targets {
        let (place, own) = match Target::parse(text).unwrap() {
            Target::Single { place: Place::Address(a), port } => (vec![a.to_string()], port.map(|p| vec![p])),
            Target::Single { place: Place::Name(n), port } => (vec![n.to_string()], port.map(|p| vec![p])),
            Target::Range { range: AddressRange::V4(first, last), .. } => {
                let all = (first.octets()[3]..=last.octets()[3]).map(|i| format!("10.0.0.{i}"));
                (all.collect(), None)
            }
            Target::Range { .. } => unreachable!("the world is IPv4"),
        };
        let named = !text.contains('-');
        for place in place {
            for port in own.clone().unwrap_or_else(|| ports.iter().collect()) {
                *all.entry((place.clone(), port)).or_insert(false) |= named;
            }
        }
    }
    let before = all.len();
    let (out, _) = if excluded.is_empty() { (BTreeMap::new(), 0) } else { listed(excluded, ports, &[]) };
    let places: BTreeSet<String> = out.into_keys().map(|(place, _)| place).collect();
    all.retain(|(place, _), _| !places.contains(place));
    let dropped = before - all.len();
    (all, dropped)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_is_visited_exactly_once_and_adds_up(
        given in prop::collection::vec(small_target(), 1..8),
        in_file in prop::collection::vec(small_target(), 0..8),
        excluded in prop::collection::vec(small_target(), 0..3),
        piped_in: bool,
        seed: u64,
    ) {
        let excluded: Vec<String> =
            excluded.into_iter().map(|e| e.split(':').next().unwrap().to_owned()).collect();
        let ports = PortSet::parse("2,3").unwrap();
        let lines = in_file.join("\n");
        let list = file(&lines);
        let texts: Vec<&str> = given.iter().map(String::as_str).collect();
        let out: Vec<&str> = excluded.iter().map(String::as_str).collect();
        let mut asked = excluding(on_ports(request(&texts), "2,3"), &out);
        if piped_in {
            asked.stdin = true;
        } else {
            asked.target_files.push(list.path().to_owned());
        }
        let plan = Arc::new(plan_with_input(asked, Box::new(std::io::Cursor::new(lines))).unwrap());
        let all = walk(plan.sweep(seed, None));

        let together: Vec<String> = given.iter().chain(&in_file).cloned().collect();
        let (expected, dropped) = listed(&together, &ports, &excluded);
        let mut got = BTreeMap::new();
        for unit in &all {
            let place = match &unit.place {
                Place::Address(a) => a.to_string(),
                Place::Name(n) => n.to_string(),
            };
            prop_assert!(together.iter().any(|t| **t == *unit.target));
            prop_assert!(got.insert((place, unit.port), unit.named).is_none(), "{} twice", shown(unit));
        }
        if piped_in {
            prop_assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        } else {
            prop_assert_eq!(got, expected);
            prop_assert_eq!(plan.units(), Some(wide(all.len())));
            let at = all.len() / 2;
            if let Some(unit) = all.get(at) {
                prop_assert_eq!(&walk(plan.sweep(seed, Some(unit.position)))[..], &all[at..]);
            }
        }
        prop_assert_eq!(plan.excluded(), wide(dropped));
    }
}
