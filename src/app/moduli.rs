//! Compare moduli: at the end of a scan, the RSA moduli that are new against each other and against all that are known.
//! Whoever shares a prime is kept in the store, where judgement asks for it.
//!
//! Bounded in memory and time: what would take longer is left to `certvigil inventory factor`, and said to be.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::AppError;
use crate::assess::keys::{ModuliProduct, Multiplier, Part, SharedFactor, Suspects, have_common_factor};
use crate::store::{Flow, KeyName, Store, key_name};
use crate::x509::{Fingerprint, rsa_modulus_of};

/// How much is compared at the end of a scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Octets of new moduli: 16,384 keys of 2,048 bits, some 100 MiB of memory.
    pub(super) new_octets: usize,
    /// Until the known ones are all met.
    pub(super) time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { new_octets: 4 << 20, time: Duration::from_secs(60) }
    }
}

/// A block of known moduli is at least this long: its product costs less than meeting each.
const LEAST_BLOCK_OCTETS: usize = 1_024;
/// Shorter moduli are broken anyway; longer ones are no key that works.
const COMPARED_OCTETS: std::ops::RangeInclusive<usize> = 64..=2_048;

/// One modulus with the keys that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Modulus {
    pub(super) octets: Box<[u8]>,
    pub(super) keys: Vec<KeyName>,
}

/// Different moduli, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Moduli {
    pub(super) all: Vec<Modulus>,
    /// By half of the modulus's hash.
    places: HashMap<KeyName, usize>,
    keys: HashSet<KeyName>,
    pub(super) octets: usize,
}

impl Moduli {
    /// Takes out what was taken so far, and goes on knowing its keys.
    pub(super) fn drain(&mut self) -> Vec<Modulus> {
        self.octets = 0;
        self.places.clear();
        std::mem::take(&mut self.all)
    }

    /// Takes the modulus of a certificate that has one worth comparing.
    pub(super) fn take(&mut self, spki: Option<Fingerprint>, der: &[u8]) {
        let Some(key) = spki.as_ref().map(key_name).filter(|key| !self.keys.contains(key)) else { return };
        let Some(octets) = comparable(der) else { return };
        self.keys.insert(key);
        let name = key_name(&Fingerprint::of(&octets));
        match self.places.get(&name).and_then(|place| self.all.get_mut(*place)) {
            Some(known) => known.keys.push(key),
            None => {
                self.places.insert(name, self.all.len());
                self.octets += octets.len();
                self.all.push(Modulus { octets, keys: vec![key] });
            }
        }
    }

    fn place(&self, octets: &[u8]) -> Option<usize> {
        self.places.get(&key_name(&Fingerprint::of(octets))).copied()
    }
}

/// The modulus of a certificate, if it is of a length that keys have.
fn comparable(der: &[u8]) -> Option<Box<[u8]>> {
    rsa_modulus_of(der).filter(|octets| COMPARED_OCTETS.contains(&octets.len()))
}

/// Compares the moduli that came since moduli were compared last; gives what a person should know if not all were.
pub(super) fn compare_new_moduli(store: &Store, bounds: Bounds) -> Result<Option<String>, AppError> {
    let started = Instant::now();
    let (compared, next) = store.compared_moduli()?;
    if compared >= next {
        return Ok(None);
    }
    let mut new = Moduli::default();
    store.each_certificate(compared..next, |spki, der| {
        new.take(spki, der);
        if new.octets > bounds.new_octets { Flow::Break(()) } else { Flow::Continue(()) }
    })?;
    if new.octets > bounds.new_octets {
        return Ok(Some(left_undone("there are too many new ones")));
    }
    let is_late = || started.elapsed() > bounds.time;
    let mut pairs = Vec::new();
    if !new.all.is_empty() {
        let Some(found) = compare_with_known(store, &new, compared, &is_late)? else {
            return Ok(Some(left_undone("it takes too long")));
        };
        let Some(shared) = partners(store, &new, &found, compared, &is_late)? else {
            return Ok(Some(left_undone("it takes too long")));
        };
        pairs = shared;
    }
    store.put_shared_factors(&pairs, next)?;
    Ok(None)
}

fn left_undone(why: &str) -> String {
    format!(
        "RSA moduli that are new were not compared with the others, as {why}; `certvigil inventory factor` does it"
    )
}

/// What of the new moduli shares a factor with any other; `None` if that takes too long.
fn compare_with_known(
    store: &Store,
    new: &Moduli,
    compared: u64,
    is_late: &dyn Fn() -> bool,
) -> Result<Option<Vec<SharedFactor>>, AppError> {
    let mut multiplier = Multiplier::default();
    let Some(mut part) = Part::new(&mut multiplier, new.all.iter().map(|modulus| &*modulus.octets)) else {
        return Ok(Some(Vec::new()));
    };
    let full = new.octets.max(LEAST_BLOCK_OCTETS);
    let mut block = Moduli::default();
    let mut meet = |block: &mut Moduli| {
        let octets = std::mem::take(&mut block.all);
        block.octets = 0;
        block.places.clear();
        let product = ModuliProduct::of(&mut multiplier, octets.iter().map(|modulus| &*modulus.octets));
        part.meet(&mut multiplier, &product);
    };
    let mut late = false;
    store.each_certificate(0..compared, |spki, der| {
        let before = block.all.len();
        block.take(spki, der);
        // What is known already is not new: it meets all others but itself.
        if block.all.len() > before
            && block.all.last().is_some_and(|modulus| new.place(&modulus.octets).is_some())
            && let Some(again) = block.all.pop()
        {
            block.octets -= again.octets.len();
        }
        if block.octets >= full {
            meet(&mut block);
        }
        late = is_late();
        if late { Flow::Break(()) } else { Flow::Continue(()) }
    })?;
    if late {
        return Ok(None);
    }
    meet(&mut block);
    Ok(Some(part.shared(&mut multiplier)))
}

/// Which keys share with which: those found among the new ones with each other, and with the known ones. `None` if that
/// takes too long.
fn partners(
    store: &Store,
    new: &Moduli,
    found: &[SharedFactor],
    compared: u64,
    is_late: &dyn Fn() -> bool,
) -> Result<Option<Vec<(KeyName, KeyName)>>, AppError> {
    let mut multiplier = Multiplier::default();
    let Some(suspects) = Suspects::of(&mut multiplier, found) else { return Ok(Some(Vec::new())) };
    let mut guilty = Moduli::default();
    store.each_certificate(0..compared, |spki, der| {
        if comparable(der).is_some_and(|octets| suspects.touch(&octets)) {
            guilty.take(spki, der);
        }
        if is_late() { Flow::Break(()) } else { Flow::Continue(()) }
    })?;
    let mut all: Vec<&Modulus> = found.iter().filter_map(|shared| new.all.get(shared.index)).collect();
    all.extend(guilty.all.iter().filter(|modulus| new.place(&modulus.octets).is_none()));
    Ok(pairs_among(&all, is_late))
}

/// Pairs of keys whose moduli, which are different, share a factor; `None` if it takes too long. Of very many, each is
/// compared with the first only, and with so many that share as it takes to hang together.
pub(super) fn pairs_among(
    moduli: &[&Modulus],
    is_late: &dyn Fn() -> bool,
) -> Option<Vec<(KeyName, KeyName)>> {
    const MOST: usize = 4_096;
    const MOST_PARTNERS: usize = 8;
    const MOST_KEYS: usize = 16;
    let keys = |modulus: &Modulus| modulus.keys.iter().copied().take(MOST_KEYS).collect::<Vec<_>>();
    let mut pairs = Vec::new();
    for (index, one) in moduli.iter().enumerate() {
        if is_late() {
            return None;
        }
        let earlier = moduli.iter().take(index.min(MOST));
        let partners = earlier.filter(|other| have_common_factor(&one.octets, &other.octets));
        for other in partners.take(MOST_PARTNERS) {
            let others = keys(other);
            pairs.extend(keys(one).into_iter().flat_map(|key| others.iter().map(move |other| (key, *other))));
        }
    }
    Some(pairs)
}
