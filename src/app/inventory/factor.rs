//! Compare all RSA moduli of the inventory with each other, in parts: memory is that of one part whatever their number, and
//! what is done is kept beside the store until all is done.

mod work;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use work::{Plan, Work};

use crate::app::AppError;
use crate::app::moduli::{Moduli, Modulus, pairs_among};
use crate::app::parts::Parts;
use crate::app::report::{ListForm, write_list};
use crate::assess::keys::{ModuliProduct, Multiplier, Part};
use crate::report::{counted, shared_factors_table};
use crate::store::{Flow, KeyName, Store};
use crate::wire::v1::{CertificateReference, SharedFactorGroup, SharedFactorsDocument};
use crate::x509::{self, Certificate};

/// Octets of moduli in a part: 25,000 keys of 2,048 bits, half a gibibyte of memory. Larger parts would save little.
const PART_OCTETS: usize = 6_400_000;
/// Of each certificate, at most, on disk: modulus, product, key.
const DISK_EACH: u64 = 600;

/// How to compare.
#[derive(Debug, Clone, Default)]
pub struct FactorRequest {
    /// Go on with what an earlier run left.
    pub resume: bool,
    /// Where to work, instead of beside the store.
    pub work: Option<PathBuf>,
}

/// Compares all RSA moduli, keeps which keys share a prime, and shows them; gives how many groups there are. `say` hears how
/// far it is.
///
/// # Errors
/// There is no record, it cannot be read or written, or the work cannot be kept; what was done stays for a later run.
pub fn factor(
    parts: &Parts,
    request: &FactorRequest,
    form: ListForm,
    say: &mut dyn FnMut(&str),
    out: &mut dyn Write,
) -> Result<usize, AppError> {
    let (plan, pairs) = {
        let store = parts.read_store()?;
        let folder = work_folder(parts.kept_store()?, request.work.as_deref());
        let work = Work::open(folder, request.resume)?;
        let plan = match work.plan()? {
            Some(plan) => plan,
            None => collect(&store, &work, PART_OCTETS, say)?,
        };
        let pairs = compare(&work, plan, say)?;
        drop(store);
        parts.write_store()?.put_shared_factors(&pairs, plan.next)?;
        work.remove()?;
        (plan, pairs)
    };
    show(parts, plan, &pairs, form, out)
}

fn work_folder(store: &Path, given: Option<&Path>) -> PathBuf {
    match given {
        Some(folder) => folder.join("certvigil-factor"),
        None => {
            let mut name = store.as_os_str().to_owned();
            name.push(".factor");
            name.into()
        }
    }
}

/// Writes the different moduli of the inventory into the parts.
fn collect(
    store: &Store,
    work: &Work,
    part_octets: usize,
    say: &mut dyn FnMut(&str),
) -> Result<Plan, AppError> {
    let (_, next) = store.compared_moduli()?;
    let most = next.saturating_mul(DISK_EACH).div_ceil(1 << 20);
    say(&format!("working in {}, at most {most} MiB until it is done", work.folder().display()));
    let mut moduli = Moduli::default();
    let (mut count, mut written) = (0, 0);
    let mut failed = None;
    let mut write = |moduli: &mut Moduli| {
        let part = moduli.drain();
        count += part.len() as u64;
        let outcome = work.put_moduli(written, &part);
        written += 1;
        outcome
    };
    store.each_certificate(0..next, |spki, der| {
        moduli.take(spki, der);
        if moduli.octets < part_octets {
            return Flow::Continue(());
        }
        crate::app::assess::flow(write(&mut moduli), &mut failed)
    })?;
    failed.map_or(Ok(()), Err)?;
    if !moduli.all.is_empty() {
        write(&mut moduli)?;
    }
    let plan = Plan { next, count, parts: written };
    work.put_plan(plan)?;
    Ok(plan)
}

/// The pairs of keys that share a prime.
fn compare(work: &Work, plan: Plan, say: &mut dyn FnMut(&str)) -> Result<Vec<(KeyName, KeyName)>, AppError> {
    say(&format!(
        "{} in {}",
        counted(plan.count, "different RSA modulus", "different RSA moduli"),
        counted(plan.parts.into(), "part", "parts")
    ));
    let mut multiplier = Multiplier::default();
    let mut pace = Pace::of(if plan.parts > 1 { 2 * plan.parts } else { plan.parts });
    if plan.parts > 1 {
        for number in 0..plan.parts {
            if !work.has_product(number) {
                let moduli = work.moduli(number)?;
                let product =
                    ModuliProduct::of(&mut multiplier, moduli.iter().map(|modulus| &*modulus.octets));
                work.put_product(number, &product)?;
            }
            say(&pace.step(&format!("product {} of {}", number + 1, plan.parts)));
        }
    }
    let mut found: Vec<Modulus> = Vec::new();
    for number in 0..plan.parts {
        let moduli = work.moduli(number)?;
        let shared = match work.shared(number)? {
            Some(shared) => shared,
            None => {
                let shared = examine(work, plan, number, &moduli, &mut multiplier)?;
                work.put_shared(number, &shared)?;
                shared
            }
        };
        found.extend(shared.iter().filter_map(|index| moduli.get(usize::try_from(*index).ok()?).cloned()));
        say(&pace.step(&format!(
            "part {} of {} compared, {} so far",
            number + 1,
            plan.parts,
            counted(found.len() as u64, "weak modulus", "weak moduli")
        )));
    }
    Ok(pairs_among(&found.iter().collect::<Vec<_>>(), &|| false).unwrap_or_default())
}

/// Which moduli of a part share a factor with any modulus of any part.
fn examine(
    work: &Work,
    plan: Plan,
    number: u32,
    moduli: &[Modulus],
    multiplier: &mut Multiplier,
) -> Result<Vec<u32>, AppError> {
    let Some(mut part) = Part::new(multiplier, moduli.iter().map(|modulus| &*modulus.octets)) else {
        return Ok(Vec::new());
    };
    for other in (0..plan.parts).filter(|other| *other != number) {
        part.meet(multiplier, &work.product(other)?);
    }
    let shared = part.shared(multiplier);
    Ok(shared.iter().filter_map(|shared| u32::try_from(shared.index).ok()).collect())
}

/// How long the rest will take, from what was done.
struct Pace {
    started: Instant,
    done: u32,
    all: u32,
}

impl Pace {
    fn of(all: u32) -> Self {
        Self { started: Instant::now(), done: 0, all }
    }

    fn step(&mut self, what: &str) -> String {
        self.done += 1;
        let left = self.all.saturating_sub(self.done);
        let each = self.started.elapsed().checked_div(self.done).unwrap_or(Duration::ZERO);
        match each.saturating_mul(left).as_secs() {
            0 => what.to_owned(),
            seconds => format!("{what}, about {seconds} s left"),
        }
    }
}

fn show(
    parts: &Parts,
    plan: Plan,
    pairs: &[(KeyName, KeyName)],
    form: ListForm,
    out: &mut dyn Write,
) -> Result<usize, AppError> {
    let store = parts.read_store()?;
    let mut groups: Vec<(u64, Vec<Certificate>)> = Vec::new();
    for keys in groups_of(pairs) {
        let mut certificates = Vec::new();
        for key in &keys {
            for sha256 in store.certificates_of_key(*key)? {
                if let Some(stored) = store.certificate(&sha256)? {
                    certificates.push(x509::read(&stored.der));
                }
            }
        }
        groups.push((keys.len() as u64, certificates));
    }
    let now = parts.clock.now();
    let rows = groups.iter().map(|(keys, certificates)| SharedFactorGroup {
        keys: *keys,
        certificates: certificates.iter().map(CertificateReference::of).collect(),
    });
    let document = SharedFactorsDocument::new(now, plan.count, rows.collect());
    let next = if groups.is_empty() { "" } else { "certvigil inventory show SHA256 tells who serves it" };
    write_list(form, now, &document, |options| shared_factors_table(&document, options, next), out)?;
    Ok(groups.len())
}

/// Keys that hang together, in the order of the pairs.
fn groups_of(pairs: &[(KeyName, KeyName)]) -> Vec<Vec<KeyName>> {
    let mut place: HashMap<KeyName, usize> = HashMap::new();
    let mut groups: Vec<Vec<KeyName>> = Vec::new();
    for (one, other) in pairs {
        let mut at = |key: &KeyName| {
            *place.entry(*key).or_insert_with(|| {
                groups.push(vec![*key]);
                groups.len() - 1
            })
        };
        let (from, to) = (at(one), at(other));
        if from != to {
            let moved = groups.get_mut(from).map(std::mem::take).unwrap_or_default();
            moved.iter().for_each(|key| {
                place.insert(*key, to);
            });
            if let Some(group) = groups.get_mut(to) {
                group.extend(moved);
            }
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

#[cfg(test)]
mod tests;
