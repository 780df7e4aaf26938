//! The walk: order, blocks, positions, shards.

use std::collections::BTreeSet;

use super::*;

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
