//! Units to endpoints.

use super::*;
use crate::dns::{DnsError, FixedResolver};
use crate::model::Transport;

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

/// Label and way to TLS of each endpoint.
async fn labels(plan: &Arc<Plan>) -> Vec<String> {
    let resolver = FixedResolver::new().with(name("a.example"), [ip("10.0.0.1")]);
    let mut all = Vec::new();
    for unit in walk(plan.sweep(1, None)) {
        for one in expand(&unit, plan, &resolver).await {
            let (Expanded::Endpoint(e) | Expanded::Failed(e, _)) = one;
            all.push(format!("{} {}", e.label(), e.starttls.map_or("-", crate::tls::StartTls::name)));
        }
    }
    all.sort();
    all
}

#[tokio::test]
async fn every_transport_makes_an_endpoint_and_only_tcp_is_upgraded() {
    let over = |transports: &[Transport], targets: &[&str]| {
        planned(Request { transports: transports.to_vec(), ..on_ports(request(targets), "443,587") })
    };
    let plan = over(&[Transport::Quic, Transport::Tcp, Transport::Quic], &["a.example", "gone.example:443"]);
    assert_eq!(plan.transports(), [Transport::Tcp, Transport::Quic]);
    assert_eq!(
        labels(&plan).await,
        [
            "a.example:443 -",
            "a.example:443/quic -",
            "a.example:587 smtp",
            "a.example:587/quic -",
            "gone.example:443 -",
        ]
    );
    assert_eq!(plan.probes(), Some(6), "a name that does not resolve would have been two");
    let plan = over(&[Transport::Dtls], &["10.0.0.1:443"]);
    assert_eq!((labels(&plan).await, plan.probes()), (vec!["10.0.0.1:443/dtls -".to_owned()], Some(1)));
}

#[tokio::test]
async fn an_upgrade_named_by_itself_is_of_tcp_and_no_endpoint_stands_twice() {
    let targets = ["a.example:443", "smtp://a.example:443"];
    let transports = vec![Transport::Tcp, Transport::Quic];
    let plan = planned(Request { transports, ..request(&targets) });
    let expected = ["a.example:443 -", "a.example:443 smtp", "a.example:443/quic -"];
    assert_eq!(labels(&plan).await, expected);
    assert_eq!(plan.probes(), Some(wide(expected.len())));
}

#[test]
fn a_target_that_is_upgraded_over_tcp_is_an_error_where_nothing_is() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a.example\nxmpp://b.example\n").unwrap();
    let in_file = format!("@{}", file.path().display());
    for (target, place) in [("smtp://a.example", "argument 1"), (&*in_file, ":2")] {
        let over = |transports| plan(Request { transports, ..request(&[target]) });
        let error = over(vec![Transport::Quic, Transport::Dtls]).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains("add tcp to them"), "{error}");
        assert!(over(vec![Transport::Quic, Transport::Tcp]).is_ok());
    }
    let direct = Request { transports: vec![Transport::Quic], ..request(&["https://a.example"]) };
    assert!(plan(direct).is_ok());
}

#[test]
fn a_plan_over_other_transports_is_another_plan() {
    let digest = |transports: &[Transport]| {
        planned(Request { transports: transports.to_vec(), ..request(&["a.example"]) }).digest()
    };
    assert_eq!(digest(&[]), digest(&[Transport::Tcp]));
    assert_ne!(digest(&[]), digest(&[Transport::Tcp, Transport::Quic]));
}

#[tokio::test]
async fn an_endpoint_has_the_upgrade_that_is_to_be_tried_first() {
    let resolver = FixedResolver::new().with(name("a.example"), [ip("10.0.0.1")]);
    let targets = ["a.example", "imap://a.example:443", "smtps://a.example:25", "gone.example:25"];
    for (starttls, expected) in [
        (
            StartTlsChoice::Auto,
            [
                "a.example:25 -",
                "a.example:25 smtp",
                "a.example:443 -",
                "a.example:443 imap",
                "gone.example:25 smtp",
            ],
        ),
        (
            StartTlsChoice::Never,
            // The scheme says what holds anyway.
            ["a.example:25 -", "a.example:443 -", "a.example:443 imap", "gone.example:25 -", ""],
        ),
    ] {
        let plan = planned(Request { starttls, ..on_ports(request(&targets), "25,443") });
        let mut all = Vec::new();
        for unit in walk(plan.sweep(1, None)) {
            for one in expand(&unit, &plan, &resolver).await {
                let (Expanded::Endpoint(endpoint) | Expanded::Failed(endpoint, _)) = one;
                let starttls = endpoint.starttls.map_or("-", crate::tls::StartTls::name);
                all.push(format!("{} {starttls}", endpoint.label()));
            }
        }
        all.sort();
        let expected: Vec<&str> = expected.into_iter().filter(|line| !line.is_empty()).collect();
        assert_eq!(all, expected);
    }
}
