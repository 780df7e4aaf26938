//! What is never probed: networks, ranges, addresses and host names, with the reason a person gave.
//!
//! An exclusion beats every target. A host name excludes the name; the addresses behind it are excluded too
//! once [`super::Plan::resolve_exclusions`] has looked them up.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::lines::{Lines, shown};
use super::{AddressRange, DiscoverError, IntervalSet, Origin, Place, Target};
use crate::model::{Exclusion, ServerName};
use crate::text::Untrusted;

/// Most exclusions of one scan.
pub const MAX_EXCLUSIONS: usize = 100_000;

/// Longest reason kept, in characters.
const MAX_REASON: usize = 200;

/// Everything excluded, ready to be asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Exclusions {
    /// As written, with reasons; each text once.
    pub(super) list: Vec<Exclusion>,
    pub(super) addresses: IntervalSet,
    pub(super) names: HashSet<ServerName>,
}

impl Exclusions {
    /// Reads those given directly, then those in files.
    pub(super) fn read(given: Vec<Exclusion>, files: &[PathBuf]) -> Result<Self, DiscoverError> {
        let mut reading = Reading::default();
        for (index, exclusion) in given.into_iter().enumerate() {
            reading.add(&exclusion.what, exclusion.reason, || Origin::Argument(index + 1))?;
        }
        for path in files {
            let file = shown(path);
            let mut lines = Lines::open(path, Arc::clone(&file))?;
            while let Some(line) = lines.next()? {
                let reason = line.comment.map(|comment| comment.chars().take(MAX_REASON).collect());
                let origin = || Origin::Line { file: Arc::clone(&file), number: line.number };
                reading.add(line.text, reason, origin)?;
            }
        }
        let addresses = IntervalSet::union(reading.ranges.into_iter().map(|range| (range, 0)));
        Ok(Self { list: reading.list, addresses, names: reading.names })
    }

    /// Whether `place` is never probed.
    pub(super) fn covers(&self, place: &Place) -> bool {
        match place {
            Place::Address(address) => self.covers_address(*address),
            Place::Name(name) => self.names.contains(name),
        }
    }

    /// Whether `address`, in its canonical form, is never probed.
    pub(super) fn covers_address(&self, address: IpAddr) -> bool {
        self.addresses.contains(address)
    }
}

#[derive(Default)]
struct Reading {
    list: Vec<Exclusion>,
    seen: HashSet<String>,
    ranges: Vec<AddressRange>,
    names: HashSet<ServerName>,
}

impl Reading {
    fn add(
        &mut self,
        text: &str,
        reason: Option<String>,
        origin: impl Fn() -> Origin,
    ) -> Result<(), DiscoverError> {
        let text = text.trim();
        if !self.seen.insert(text.to_owned()) {
            return Ok(());
        }
        if self.list.len() >= MAX_EXCLUSIONS {
            return Err(DiscoverError::TooMany {
                origin: origin(),
                what: "exclusions",
                limit: MAX_EXCLUSIONS,
            });
        }
        match excluded(text) {
            Ok(Excluded::Range(range)) => self.ranges.push(range),
            Ok(Excluded::Name(name)) => {
                self.names.insert(name);
            }
            Err(why) => {
                return Err(DiscoverError::Exclusion { origin: origin(), text: Untrusted::new(text), why });
            }
        }
        self.list.push(Exclusion { what: text.to_owned(), reason });
        Ok(())
    }
}

enum Excluded {
    Range(AddressRange),
    Name(ServerName),
}

fn excluded(text: &str) -> Result<Excluded, String> {
    if let Some(all) = whole_family(text) {
        return Ok(Excluded::Range(all));
    }
    if text.contains("://") {
        return Err("an exclusion is a network, a range, an address or a host name".to_owned());
    }
    match Target::parse(text)? {
        Target::Range { range, .. } => Ok(Excluded::Range(range)),
        Target::Single { port: Some(_), .. } => {
            Err("an exclusion holds for every port; leave the port out".to_owned())
        }
        Target::Single { place: Place::Address(address), .. } => {
            Ok(Excluded::Range(AddressRange::single(address)))
        }
        Target::Single { place: Place::Name(name), .. } => Ok(Excluded::Name(name)),
    }
}

/// `::/0` is no target, as nobody can visit it, but a fair exclusion.
fn whole_family(text: &str) -> Option<AddressRange> {
    let network: ipnetwork::Ipv6Network = text.parse().ok()?;
    (network.prefix() == 0).then(|| AddressRange::V6(network.network(), network.broadcast()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(texts: &[&str]) -> Result<Exclusions, DiscoverError> {
        let given = texts.iter().map(|t| Exclusion { what: (*t).to_owned(), reason: None }).collect();
        Exclusions::read(given, &[])
    }

    #[test]
    fn networks_ranges_addresses_and_names_are_excluded() {
        let all = given(&["10.0.0.0/24", "10.0.1.5-9", "::1", "DB.example.", "::/0"]).unwrap();
        for inside in ["10.0.0.0", "10.0.0.255", "10.0.1.5", "10.0.1.9", "::1", "2001:db8::1"] {
            assert!(all.covers_address(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.0.1.4", "10.0.1.10", "9.255.255.255"] {
            assert!(!all.covers_address(outside.parse().unwrap()), "{outside}");
        }
        assert!(all.covers(&Place::Name(ServerName::parse("db.example").unwrap())));
        assert!(!all.covers(&Place::Name(ServerName::parse("x.db.example").unwrap())));
        assert_eq!(all.list.len(), 5);
    }

    #[test]
    fn an_ipv4_mapped_exclusion_holds_for_ipv4() {
        assert!(given(&["::ffff:10.0.0.0/120"]).unwrap().covers_address("10.0.0.7".parse().unwrap()));
    }

    #[test]
    fn files_carry_reasons() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# plant\n10.0.0.0/8 # fragile controllers\n\ndb.example\n10.0.0.0/8\n")
            .unwrap();
        let all = Exclusions::read(Vec::new(), &[file.path().to_owned()]).unwrap();
        let shown: Vec<_> = all.list.iter().map(|e| (e.what.as_str(), e.reason.as_deref())).collect();
        assert_eq!(shown, [("10.0.0.0/8", Some("fragile controllers")), ("db.example", None)]);
    }

    #[test]
    fn malformed_exclusions_name_place_and_remedy() {
        let error = given(&["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "argument 2: `10.0.0.0/33` is not an exclusion: an IPv4 prefix is 0 to 32 bits; did you mean 10.0.0.0/8?"
        );
        for bad in ["a.example:443", "https://a.example/", "", "*.example", "@file"] {
            assert!(given(&[bad]).is_err(), "{bad}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a.example\nb example\n").unwrap();
        let error = Exclusions::read(Vec::new(), &[file.path().to_owned()]).unwrap_err().to_string();
        assert!(error.contains(":2: `b example` is not an exclusion"), "{error}");
        assert!(Exclusions::read(Vec::new(), &["/no/such/file".into()]).is_err());
    }
}
