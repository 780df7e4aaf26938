//! Sets of addresses as sorted, disjoint intervals: union, difference, count, the n-th address by binary search.
//!
//! Never lists addresses. A network means every address in it, the first and the last too.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of one family from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressRange {
    V4(Ipv4Addr, Ipv4Addr),
    V6(Ipv6Addr, Ipv6Addr),
}

impl AddressRange {
    /// From `first` to `last`; `None` for two families or a range that runs backwards.
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => Some(Self::V4(first, last)),
            (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => Some(Self::V6(first, last)),
            _ => None,
        }
    }

    /// One address.
    pub fn single(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address, address),
            IpAddr::V6(address) => Self::V6(address, address),
        }
    }

    /// The first and the last address.
    pub fn bounds(self) -> (IpAddr, IpAddr) {
        match self {
            Self::V4(first, last) => (first.into(), last.into()),
            Self::V6(first, last) => (first.into(), last.into()),
        }
    }
}

/// Ranges with their owners, not yet united; an IPv4 range takes 12 bytes.
#[derive(Debug, Clone, Default)]
pub struct Ranges {
    v4: Vec<(u32, u32, u32)>,
    v6: Vec<(u128, u128, u32)>,
}

impl Ranges {
    /// Adds a range of `owner`.
    pub fn push(&mut self, range: AddressRange, owner: u32) {
        match range {
            AddressRange::V4(first, last) => self.v4.push((first.into(), last.into(), owner)),
            AddressRange::V6(first, last) => self.v6.push((first.into(), last.into(), owner)),
        }
    }

    /// How many ranges.
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether there is no range.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The union. Where ranges overlap, an address belongs to the smallest owner.
    pub fn union(self) -> IntervalSet {
        IntervalSet { v4: Segments::union(self.v4), v6: Segments::union(self.v6) }
    }
}

/// A set of addresses; each belongs to the owner that was named first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalSet {
    v4: Segments<u32>,
    v6: Segments<u128>,
}

impl IntervalSet {
    /// The union. Where ranges overlap, an address belongs to the smallest owner.
    pub fn union(ranges: impl IntoIterator<Item = (AddressRange, u32)>) -> Self {
        let mut collected = Ranges::default();
        for (range, owner) in ranges {
            collected.push(range, owner);
        }
        collected.union()
    }

    /// What is in `self` and not in `other`; owners stay.
    pub fn subtract(&self, other: &Self) -> Self {
        Self { v4: self.v4.subtract(&other.v4), v6: self.v6.subtract(&other.v6) }
    }

    /// How many addresses; `None` for 2^128 and more.
    pub fn count(&self) -> Option<u128> {
        self.v4.count()?.checked_add(self.v6.count()?)
    }

    /// Whether there is no address.
    pub fn is_empty(&self) -> bool {
        self.v4.0.is_empty() && self.v6.0.is_empty()
    }

    /// The owner of `address`, if it is in the set.
    pub fn owner(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(address) => self.v4.owner(address.into()),
            IpAddr::V6(address) => self.v6.owner(address.into()),
        }
    }

    /// Whether `address` is in the set.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.owner(address).is_some()
    }

    /// The address at `index`, IPv4 first, ascending; with its owner.
    pub fn nth(&self, index: u128) -> Option<(IpAddr, u32)> {
        let v4_count = self.v4.count()?;
        if index < v4_count {
            let (address, owner) = self.v4.nth(index)?;
            return Some((Ipv4Addr::from(address).into(), owner));
        }
        let (address, owner) = self.v6.nth(index - v4_count)?;
        Some((Ipv6Addr::from(address).into(), owner))
    }

    /// The intervals, IPv4 first, ascending. Neighbours of one owner are joined.
    pub fn ranges(&self) -> impl Iterator<Item = AddressRange> + '_ {
        let v4 = self.v4.0.iter().map(|s| AddressRange::V4(s.first.into(), s.last.into()));
        let v6 = self.v6.0.iter().map(|s| AddressRange::V6(s.first.into(), s.last.into()));
        v4.chain(v6)
    }
}

/// An address as a number. Sums of sizes are kept in the number itself, as what comes before the last
/// interval of a family always fits it: a million IPv4 networks take 16 MB.
trait Number: Copy + Ord + Into<u128> + TryFrom<u128> {
    fn next(self) -> Option<Self>;
    fn previous(self) -> Option<Self>;
}

impl Number for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }
}

impl Number for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment<A> {
    first: A,
    last: A,
    /// Addresses in the segments before this one.
    before: A,
    owner: u32,
}

/// Sorted by address, disjoint.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segments<A>(Vec<Segment<A>>);

impl<A> Default for Segments<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A: Number> Segments<A> {
    fn union(mut ranges: Vec<(A, A, u32)>) -> Self {
        ranges.sort_unstable_by_key(|(first, _, owner)| (*first, *owner));
        let mut out = Self::default();
        // Ranges that hold the address at hand, the smallest owner on top.
        let mut open: BinaryHeap<Reverse<(u32, A)>> = BinaryHeap::new();
        let mut waiting = ranges.iter().peekable();
        let mut at = None;
        loop {
            if open.is_empty() {
                match waiting.peek() {
                    Some((first, _, _)) => at = Some(*first),
                    None => break,
                }
            }
            let Some(start) = at else { break };
            while let Some((_, last, owner)) = waiting.next_if(|(first, _, _)| *first <= start) {
                open.push(Reverse((*owner, *last)));
            }
            let Some(Reverse((owner, last))) = open.peek().copied() else { continue };
            if last < start {
                open.pop();
                continue;
            }
            let end = match waiting.peek().and_then(|(first, _, _)| first.previous()) {
                Some(end) if end < last => end,
                _ => last,
            };
            out.push(start, end, owner);
            at = end.next();
        }
        out.0.shrink_to_fit();
        out
    }

    /// Appends behind all others; joins with a neighbour of the same owner.
    fn push(&mut self, first: A, last: A, owner: u32) {
        if let Some(previous) = self.0.last_mut()
            && previous.owner == owner
            && previous.last.next() == Some(first)
        {
            previous.last = last;
            return;
        }
        let before = self.count().and_then(|count| A::try_from(count).ok());
        // Something follows only where what comes before is smaller than the whole family.
        let Some(before) = before else { return };
        self.0.push(Segment { first, last, before, owner });
    }

    fn subtract(&self, other: &Self) -> Self {
        if other.0.is_empty() {
            return self.clone();
        }
        let mut out = Self::default();
        let mut cuts = other.0.iter().peekable();
        for segment in &self.0 {
            let mut start = Some(segment.first);
            while let (Some(from), Some(cut)) = (start, cuts.peek().copied()) {
                if cut.last < from {
                    cuts.next();
                    continue;
                }
                if cut.first > segment.last {
                    break;
                }
                if let Some(end) = cut.first.previous()
                    && end >= from
                {
                    out.push(from, end, segment.owner);
                }
                start = cut.last.next().filter(|next| *next <= segment.last);
            }
            if let Some(from) = start {
                out.push(from, segment.last, segment.owner);
            }
        }
        out
    }

    fn count(&self) -> Option<u128> {
        let Some(last) = self.0.last() else { return Some(0) };
        let inside = last.last.into() - last.first.into();
        last.before.into().checked_add(inside)?.checked_add(1)
    }

    fn owner(&self, address: A) -> Option<u32> {
        let after = self.0.partition_point(|s| s.first <= address);
        let segment = self.0.get(after.checked_sub(1)?)?;
        (address <= segment.last).then_some(segment.owner)
    }

    fn nth(&self, index: u128) -> Option<(A, u32)> {
        let after = self.0.partition_point(|s| s.before.into() <= index);
        let segment = self.0.get(after.checked_sub(1)?)?;
        let address = segment.first.into().checked_add(index - segment.before.into())?;
        if address > segment.last.into() {
            return None;
        }
        Some((A::try_from(address).ok()?, segment.owner))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn range(first: &str, last: &str) -> AddressRange {
        AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_whole_of_ipv4_is_counted_and_walked() {
        let all = IntervalSet::union([(range("0.0.0.0", "255.255.255.255"), 0)]);
        assert_eq!(all.count(), Some(1 << 32));
        assert_eq!(all.nth(0), Some(("0.0.0.0".parse().unwrap(), 0)));
        assert_eq!(all.nth((1 << 32) - 1), Some(("255.255.255.255".parse().unwrap(), 0)));
        assert_eq!(all.nth(1 << 32), None);
        assert_eq!(all.subtract(&all).count(), Some(0));
    }

    #[test]
    fn the_whole_of_ipv6_cannot_be_counted_but_can_be_excluded() {
        let all = IntervalSet::union([(range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 0)]);
        assert_eq!(all.count(), None);
        let some = IntervalSet::union([
            (range("2001:db8::", "2001:db8::ff"), 3),
            (range("10.0.0.0", "10.0.0.9"), 1),
        ]);
        assert_eq!(some.subtract(&all).count(), Some(10));
        let rest = all.subtract(&IntervalSet::union([(range("::", "::"), 0)]));
        assert_eq!(rest.count(), Some(u128::MAX));
        assert_eq!(rest.nth(0), Some(("::1".parse().unwrap(), 0)));
        assert_eq!(rest.nth(u128::MAX - 1).unwrap().0, IpAddr::V6(Ipv6Addr::from(u128::MAX)));
    }

    #[test]
    fn both_families_stand_in_one_order() {
        let set =
            IntervalSet::union([(range("2001:db8::", "2001:db8::1"), 0), (range("10.0.0.0", "10.0.0.1"), 1)]);
        let listed: Vec<String> =
            (0..5).filter_map(|i| set.nth(i)).map(|(a, o)| format!("{a}/{o}")).collect();
        assert_eq!(listed, ["10.0.0.0/1", "10.0.0.1/1", "2001:db8::/0", "2001:db8::1/0"]);
    }

    #[test]
    fn a_range_neither_mixes_families_nor_runs_backwards() {
        assert_eq!(AddressRange::new("::1".parse().unwrap(), "127.0.0.1".parse().unwrap()), None);
        assert_eq!(AddressRange::new("10.0.0.2".parse().unwrap(), "10.0.0.1".parse().unwrap()), None);
    }

    /// Ranges over a small space, near both ends of IPv4.
    fn small_ranges() -> impl Strategy<Value = Vec<(u32, u32)>> {
        let point = prop_oneof![0_u32..40, (u32::MAX - 40)..=u32::MAX];
        prop::collection::vec((point.clone(), point).prop_map(|(a, b)| (a.min(b), a.max(b))), 0..12)
    }

    fn set(ranges: &[(u32, u32)]) -> IntervalSet {
        IntervalSet::union(
            ranges.iter().zip(0..).map(|((a, b), owner)| (AddressRange::V4((*a).into(), (*b).into()), owner)),
        )
    }

    /// The same by listing, over the two ends only.
    fn listed(ranges: &[(u32, u32)]) -> BTreeMap<u32, u32> {
        let mut out = BTreeMap::new();
        for ((first, last), owner) in ranges.iter().zip(0..) {
            for address in (0..40).chain((u32::MAX - 40)..=u32::MAX) {
                if (*first..=*last).contains(&address) {
                    out.entry(address).or_insert(owner);
                }
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn union_and_difference_agree_with_lists(a in small_ranges(), b in small_ranges()) {
            let (left, right) = (set(&a), set(&b));
            let (left_list, right_list) = (listed(&a), listed(&b));
            let difference = left.subtract(&right);
            for address in (0..40).chain((u32::MAX - 40)..=u32::MAX) {
                let ip = IpAddr::V4(address.into());
                prop_assert_eq!(left.owner(ip), left_list.get(&address).copied());
                let kept = left_list.get(&address).filter(|_| !right_list.contains_key(&address)).copied();
                prop_assert_eq!(difference.owner(ip), kept);
            }
        }

        #[test]
        fn the_nth_address_is_in_order_and_owned(a in small_ranges()) {
            let set = set(&a);
            let count = set.count().unwrap();
            let mut previous = None;
            for index in 0..count.min(100) {
                let (address, owner) = set.nth(index).unwrap();
                prop_assert_eq!(set.owner(address), Some(owner));
                prop_assert!(previous < Some(address));
                previous = Some(address);
            }
            if let Some(last) = count.checked_sub(1) {
                prop_assert!(set.nth(last).unwrap().0 >= previous.unwrap());
            }
            prop_assert_eq!(set.nth(count), None);
        }
    }

    #[test]
    fn a_hundred_thousand_nested_ranges_take_no_quadratic_time() {
        let nested = (0..100_000_u32).map(|i| (AddressRange::V4(i.into(), (u32::MAX - i).into()), i));
        let set = IntervalSet::union(nested);
        assert_eq!(set.count(), Some(1 << 32));
        assert_eq!(set.owner("128.0.0.0".parse().unwrap()), Some(0));
        let reversed =
            (0..100_000_u32).map(|i| (AddressRange::V4(i.into(), (u32::MAX - i).into()), 100_000 - i));
        assert_eq!(IntervalSet::union(reversed).owner("128.0.0.0".parse().unwrap()), Some(1));
    }
}
