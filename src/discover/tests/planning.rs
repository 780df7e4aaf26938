//! What a plan holds and counts, and what it refuses.

use std::collections::BTreeSet;

use super::*;

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
fn a_scheme_that_says_another_way_to_tls_is_an_endpoint_of_its_own() {
    let targets = [
        "a.example",
        "smtp://a.example",
        "smtps://a.example:25",
        "imap://a.example:443",
        "imap://a.example:443/again",
        "https://a.example",
        "10.0.0.0/31",
        "smtp://10.0.0.1",
        "ldap://10.0.0.1:25",
    ];
    let plan = planned(on_ports(request(&targets), "25,443"));
    let mut all: Vec<String> = walk(plan.sweep(7, None))
        .iter()
        .map(|unit| format!("{} {}", shown(unit), unit.starttls.name()))
        .collect();
    all.sort();
    assert_eq!(
        all,
        [
            "10.0.0.0 25 by 10.0.0.0/31 auto",
            "10.0.0.0 443 by 10.0.0.0/31 auto",
            "10.0.0.1 25 by ldap://10.0.0.1:25 named ldap",
            "10.0.0.1 25 by smtp://10.0.0.1 named auto",
            "10.0.0.1 443 by 10.0.0.0/31 auto",
            "a.example 25 by a.example named auto",
            "a.example 25 by smtps://a.example:25 named none",
            "a.example 443 by a.example named auto",
            "a.example 443 by imap://a.example:443 named imap",
        ]
    );
    assert_eq!(plan.probes(), Some(9));
}

#[test]
fn the_digest_follows_what_is_visited() {
    let digest = |request| planned(request).digest();
    let base = || on_ports(request(&["10.0.0.0/24", "a.example"]), "443,8443");
    assert_eq!(digest(base()), digest(base()));
    // The way it is written does not matter.
    let written_otherwise = request(&["10.0.0.128/25", "10.0.0.0-10.0.0.127", "A.example."]);
    assert_eq!(digest(base()), digest(on_ports(written_otherwise, "8443,443")));
    // A scheme that says what the port says already.
    let (schemed, plain) = (["smtp://a.example", "https://a.example"], ["a.example:25", "a.example:443"]);
    assert_eq!(digest(request(&schemed)), digest(request(&plain)));
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
        Request { starttls: StartTlsChoice::Never, ..base() },
        on_ports(request(&["10.0.0.0/24", "a.example", "imap://a.example:443"]), "443,8443"),
    ];
    let mut digests: BTreeSet<_> = others.into_iter().map(digest).collect();
    digests.insert(digest(base()));
    assert_eq!(digests.len(), 12);
}
