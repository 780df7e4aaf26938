//! Any mixture of targets against the same by listing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

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
            Target::Single { place: Place::Address(a), port, .. } => {
                (vec![a.to_string()], port.map(|p| vec![p]))
            }
            Target::Single { place: Place::Name(n), port, .. } => {
                (vec![n.to_string()], port.map(|p| vec![p]))
            }
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
