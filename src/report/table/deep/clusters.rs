//! Servers that are alike: the same JARM, and the same answers to the inspection. The largest are shown first.
//!
//! So many kinds are kept at most; when there are more, those met least often make room, and the numbers of the others
//! are least numbers from then on.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::super::super::TableOptions;
use super::super::super::layout::{Cell, Column, Grid};
use super::super::super::phrases::{counted, number};
use super::super::super::style::Style;
use super::super::push_wrapped;
use crate::model::{Inspection, TlsFacts};
use crate::x509::Fingerprint;

/// Kinds kept at once: about 1 MB.
const CAPACITY: usize = 4_096;
/// Kinds shown.
const SHOWN: usize = 10;
/// Kinds shown where somebody asks for more.
const SHOWN_DETAILED: usize = 100;
/// Digits of a JARM that are shown where nobody asks for more.
const JARM_DIGITS: usize = 16;

const COLUMNS: [Column; 4] = [
    Column::new("ALIKE", 5, 12).right(),
    Column::new("FOR EXAMPLE", 18, 44).weight(2),
    Column::new("OFFERS", 16, 60).weight(2),
    Column::new("JARM", JARM_DIGITS + 1, JARM_DIGITS + 1),
];
/// With room for a JARM on one line.
const DETAILED_COLUMNS: [Column; 4] = [
    Column::new("ALIKE", 5, 12).right(),
    Column::new("FOR EXAMPLE", 18, 44).weight(2),
    Column::new("OFFERS", 16, 60).weight(2),
    Column::new("JARM", 62, 62),
];

/// Kinds of servers.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    kinds: HashMap<[u8; 16], Cluster>,
    /// Kinds met at most this often have made room.
    floor: u64,
    /// Endpoints of kinds that have made room.
    forgotten: u64,
}

#[derive(Debug)]
struct Cluster {
    endpoints: u64,
    example: String,
    offers: String,
    jarm: Option<String>,
}

impl Clusters {
    pub(super) fn add(&mut self, label: &str, tls: &TlsFacts, inspection: &Inspection) {
        let shape = shape(tls, inspection);
        if let Some(cluster) = self.kinds.get_mut(&shape) {
            cluster.endpoints += 1;
            return;
        }
        if self.kinds.len() >= CAPACITY {
            self.make_room();
        }
        let cluster = Cluster {
            endpoints: 1,
            example: label.to_owned(),
            offers: offers(inspection),
            jarm: inspection.fingerprints.jarm.clone(),
        };
        self.kinds.insert(shape, cluster);
    }

    fn make_room(&mut self) {
        while self.kinds.len() > CAPACITY / 2 {
            self.floor += 1;
            let (floor, forgotten) = (self.floor, &mut self.forgotten);
            self.kinds.retain(|_, cluster| {
                let stays = cluster.endpoints > floor;
                *forgotten += if stays { 0 } else { cluster.endpoints };
                stays
            });
        }
    }

    pub(super) fn render(&self, out: &mut String, options: &TableOptions, detailed: bool) {
        let (shown, digits) = if detailed { (SHOWN_DETAILED, usize::MAX) } else { (SHOWN, JARM_DIGITS) };
        let mut clusters: Vec<&Cluster> = self.kinds.values().collect();
        clusters.sort_by_key(|cluster| (Reverse(cluster.endpoints), &cluster.example));
        let mut grid = Grid::new(if detailed { &DETAILED_COLUMNS } else { &COLUMNS });
        for cluster in clusters.iter().take(shown) {
            let jarm = cluster.jarm.as_deref().map(|jarm| cut(jarm, digits)).unwrap_or_default();
            grid.push([
                Cell::new(&number(cluster.endpoints)),
                Cell::new(&cluster.example),
                Cell::new(&cluster.offers),
                Cell::styled(&jarm, Style::Dim),
            ]);
        }
        grid.render(out, options.width, options.colour);
        let hidden = clusters.get(shown..).unwrap_or_default();
        if !hidden.is_empty() {
            let kinds = counted(u64::try_from(hidden.len()).unwrap_or(u64::MAX), "more kind", "more kinds");
            let endpoints = hidden.iter().map(|cluster| cluster.endpoints).sum();
            let endpoints = counted(endpoints, "endpoint", "endpoints");
            push_wrapped(out, &format!("And {kinds} of server, {endpoints}."), options.width);
        }
        if self.forgotten > 0 {
            let endpoints = counted(self.forgotten, "endpoint is", "endpoints are");
            let sentence = format!(
                "{endpoints} of kinds met too seldom to be told apart; the numbers above are least numbers."
            );
            push_wrapped(out, &sentence, options.width);
        }
    }
}

/// A digest of what makes a kind. What differs from server to server of one kind is not in it: names of protocols,
/// lifetimes, primes of their own, evidence, connections. Compared within one run only.
fn shape(tls: &TlsFacts, inspection: &Inspection) -> [u8; 16] {
    let Inspection { scope, versions, dh_parameters, features, intolerances, probes, fingerprints, .. } =
        inspection;
    let mut features = features.clone();
    features.alpn = None;
    features.ticket_lifetime_seconds = None;
    let primes: Vec<_> = dh_parameters.iter().map(|prime| (prime.bits, prime.known_prime)).collect();
    let reactions: Vec<_> = probes.iter().map(|probe| (probe.name, probe.reaction.name())).collect();
    let answers = (tls.post_quantum, scope, versions, primes, features, intolerances, reactions);
    let text = format!("{answers:?} {:?}", fingerprints.jarm);
    Fingerprint::of(text.as_bytes()).0.first_chunk().copied().unwrap_or_default()
}

/// `TLSv1.2, TLSv1.3; 9 suites`.
fn offers(inspection: &Inspection) -> String {
    let names: Vec<String> = inspection.offered().map(|facts| facts.version.to_string()).collect();
    let suites: usize =
        inspection.offered().map(|facts| facts.cipher_suites.len() + facts.ssl2_ciphers.len()).sum();
    let suites = counted(u64::try_from(suites).unwrap_or(u64::MAX), "suite", "suites");
    format!("{}; {suites}", names.join(", "))
}

fn cut(jarm: &str, digits: usize) -> String {
    match jarm.char_indices().nth(digits) {
        Some((at, _)) => format!("{}…", jarm.get(..at).unwrap_or_default()),
        None => jarm.to_owned(),
    }
}
