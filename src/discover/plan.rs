//! From what a person asked to a plan: everything parsed and counted, nothing looked up, nothing listed.
//!
//! Networks and ranges, also those in files, become one interval set. Names and single addresses stay where
//! they are written: files are read through to check and count them and read again when their turn comes.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::block::{Block, Promoted, Rules, ports};
use super::digest::PlanDigest;
use super::exclude::Exclusions;
use super::labels::Labels;
use super::lines::{Lines, shown};
use super::source::{Cursor, Entry, Feed, Pipe, PipeFrom, Source, parse};
use super::{
    AddressRange, BLOCK, DiscoverError, IntervalSet, MAX_PROMOTED, MAX_RANGES, Origin, PortSet, Position,
    Ranges, Sweep, Target,
};
use crate::dns::{DnsError, Resolve};
use crate::model::{Exclusion, ServerName, StartTlsChoice, Transport};
use crate::x509::Fingerprint;

/// What to scan, as asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// In the grammar of targets; also `@FILE`, and `-` for standard input.
    pub targets: Vec<String>,
    /// Files with one target a line.
    pub target_files: Vec<PathBuf>,
    /// Reads further targets from standard input, lazily.
    pub stdin: bool,
    /// For every target that names no port.
    pub ports: PortSet,
    /// Names to ask bare addresses for, beside asking without a name.
    pub server_names: Vec<ServerName>,
    /// Asks bare addresses for their PTR name too.
    pub ptr_names: bool,
    /// Where TLS starts, for every target that does not say it.
    pub starttls: StartTlsChoice,
    /// How every target is reached; none means TCP.
    pub transports: Vec<Transport>,
    pub exclude: Vec<Exclusion>,
    /// Files with one exclusion a line, the reason behind a `#`.
    pub exclude_files: Vec<PathBuf>,
}

/// A scan that is ready to be walked; may be walked again unless a pipe is among its targets.
pub struct Plan {
    targets: Vec<String>,
    ports: PortSet,
    server_names: Arc<[ServerName]>,
    ptr_names: bool,
    starttls: StartTlsChoice,
    transports: Vec<Transport>,
    exclusions: Exclusions,
    pub(super) ranges: IntervalSet,
    excluded_ranges: IntervalSet,
    pub(super) labels: Labels,
    pub(super) promoted: Promoted,
    pub(super) sources: Vec<Source>,
    /// Where each block of singly named targets starts; empty where a pipe makes that unknown.
    pub(super) marks: Vec<Mark>,
    has_pipe: bool,
    named: u64,
    units: Option<u128>,
    probes: Option<u128>,
    excluded: u128,
    notices: Vec<String>,
    digest: Fingerprint,
    /// Exclusions met only during the walk.
    excluded_later: AtomicU64,
    /// Addresses behind excluded host names.
    excluded_hosts: OnceLock<IntervalSet>,
}

/// Start and identity of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) cursor: Cursor,
    pub(super) fingerprint: Fingerprint,
}

/// Most notices kept: one tells as much as a thousand.
const MAX_NOTICES: usize = 20;

/// Parses and counts everything asked for, standard input and pipes apart. Looks nothing up.
///
/// Reads each target file once, twice if it holds names or single addresses: 10 million lines take seconds.
///
/// # Errors
/// The first thing that is wrong, with its place and remedy.
pub fn plan(request: Request) -> Result<Plan, DiscoverError> {
    plan_with_input(request, Box::new(std::io::stdin()))
}

/// [`plan()`] with another reader in the place of standard input.
///
/// # Errors
/// As [`plan()`].
pub fn plan_with_input(request: Request, input: Box<dyn Read + Send>) -> Result<Plan, DiscoverError> {
    let exclusions = Exclusions::read(request.exclude, &request.exclude_files)?;
    let transports = distinct(request.transports);
    let over_tcp = transports.contains(&Transport::Tcp);
    let mut reading = Reading { over_tcp, ..Reading::default() };
    for (index, text) in request.targets.iter().enumerate() {
        reading.argument(index, text)?;
    }
    for path in &request.target_files {
        reading.targets.push(format!("@{}", path.display()));
        reading.files.push(path.clone());
    }
    if request.stdin && !reading.stdin {
        reading.stdin = true;
        reading.targets.push("-".to_owned());
    }
    reading.read_files()?;
    if reading.stdin {
        let from = Mutex::new(Some(PipeFrom::Reader(input)));
        reading.pipes.push(Pipe { shown: "standard input".into(), from, over_tcp });
    }
    let mut server_names = Vec::new();
    for name in request.server_names {
        if !server_names.contains(&name) {
            server_names.push(name);
        }
    }
    let choices = Choices {
        ports: request.ports,
        server_names,
        ptr_names: request.ptr_names,
        starttls: request.starttls,
        transports,
    };
    reading.finish(choices, exclusions)
}

impl Plan {
    /// The targets as written, files as `@FILE`, standard input as `-`.
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// How many targets were named, each line of a file counted; `None` where a pipe makes it unknown.
    pub fn target_count(&self) -> Option<u64> {
        (!self.has_pipe).then_some(self.named)
    }

    /// How many units a sweep hands out; `None` where a pipe makes it unknown.
    pub fn units(&self) -> Option<u128> {
        self.units
    }

    /// How many connections that will be at the least, over each transport: an address once without a name and once for
    /// each server name, a host name as if it had one address. `None` where a pipe makes it unknown.
    pub fn probes(&self) -> Option<u128> {
        self.probes
    }

    /// About how many probes go to one host at the most: those of a target that names no port.
    pub fn probes_of_one_host(&self) -> u128 {
        let all = ports(&self.ports).saturating_mul(self.rules().per_address());
        all.min(self.probes.unwrap_or(u128::MAX))
    }

    /// About how many probes go to one network of 256 addresses at the most, as far as ranges tell.
    pub fn probes_of_one_network(&self) -> u128 {
        self.ranges.count().unwrap_or(u128::MAX).min(256).saturating_mul(self.probes_of_one_host())
    }

    /// Probes not made because of an exclusion, those met during sweeps so far included.
    pub fn excluded(&self) -> u128 {
        self.excluded.saturating_add(u128::from(self.excluded_later.load(Ordering::Relaxed)))
    }

    /// What is excluded, with reasons.
    pub fn exclusions(&self) -> &[Exclusion] {
        &self.exclusions.list
    }

    /// Identity of what will be visited: equal digests, equal units in equal positions.
    pub fn digest(&self) -> Fingerprint {
        self.digest
    }

    /// The ports of targets that name none.
    pub fn ports(&self) -> &PortSet {
        &self.ports
    }

    /// What was read into targets beyond their letters, such as host bits that were masked.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Whether a sweep can start at a position: not with standard input or a pipe among the targets.
    pub fn is_resumable(&self) -> bool {
        !self.has_pipe
    }

    /// Starts a walk in the order that `seed` chooses, at `resume` or from the beginning.
    pub fn sweep(self: &Arc<Self>, seed: u64, resume: Option<Position>) -> Sweep {
        Sweep::new(Arc::clone(self), seed, resume)
    }

    /// Looks up the addresses of excluded host names, so that they are not visited as members of a network or
    /// behind another name either. Call it once, before the sweep. Gives the names that did not resolve, with
    /// the reason: their addresses, if there are any, are not excluded.
    pub async fn resolve_exclusions(&self, resolver: &dyn Resolve) -> Vec<(ServerName, DnsError)> {
        let mut names: Vec<&ServerName> = self.exclusions.names.iter().collect();
        names.sort_unstable();
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        for name in names {
            match resolver.addresses(name).await {
                Ok(addresses) => {
                    found.extend(addresses.into_iter().map(|a| AddressRange::single(a.to_canonical())))
                }
                Err(error) => failed.push((name.clone(), error)),
            }
        }
        // A second call changes nothing: the first answer is pinned.
        let _ = self.excluded_hosts.set(IntervalSet::union(found.into_iter().map(|range| (range, 0))));
        failed
    }

    /// Whether `address` is never visited.
    pub fn excludes_address(&self, address: IpAddr) -> bool {
        self.exclusions.covers_address(address)
            || self.excluded_hosts.get().is_some_and(|hosts| hosts.contains(address))
    }

    /// Whether `name` is never asked for.
    pub(super) fn excludes_name(&self, name: &ServerName) -> bool {
        self.exclusions.names.contains(name)
    }

    /// Counts probes that an exclusion prevented during the walk.
    pub(super) fn count_excluded(&self, probes: u128) {
        let probes = u64::try_from(probes).unwrap_or(u64::MAX);
        let add = |counted: u64| Some(counted.saturating_add(probes));
        // The closure always gives a value.
        let _ = self.excluded_later.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(super) fn server_names(&self) -> &Arc<[ServerName]> {
        &self.server_names
    }

    pub(super) fn ptr_names(&self) -> bool {
        self.ptr_names
    }

    pub(super) fn starttls(&self) -> StartTlsChoice {
        self.starttls
    }

    /// How every target is reached: each transport once, in a fixed order.
    pub fn transports(&self) -> &[Transport] {
        &self.transports
    }

    pub(super) fn has_pipe(&self) -> bool {
        self.has_pipe
    }

    /// The target files, for messages.
    pub(super) fn files(&self) -> Arc<str> {
        let files = self.sources.iter().filter_map(|source| match source {
            Source::File { shown, .. } => Some(shown.as_ref()),
            Source::Given(_) | Source::Pipe(_) => None,
        });
        files.collect::<Vec<_>>().join(", ").into()
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        Rules {
            ports: &self.ports,
            exclusions: &self.exclusions,
            ranges: &self.ranges,
            excluded_ranges: &self.excluded_ranges,
            names: super::block::wide(self.server_names.len()) + 1,
            transports: &self.transports,
            starttls: self.starttls,
        }
    }

    /// Units of the ranges.
    pub(super) fn range_units(&self) -> u128 {
        self.ranges.count().unwrap_or(0) * ports(&self.ports)
    }

    /// Reads the sources through once: counts, marks the blocks, finds what ranges cover.
    fn survey(&mut self, digest: &mut PlanDigest) -> Result<(), DiscoverError> {
        let mut feed = Feed::at(&self.sources, Cursor::default())?;
        let mut units = self.range_units();
        let mut probes =
            units.checked_mul(self.rules().per_address()).ok_or(DiscoverError::TooManyAddresses)?;
        loop {
            let cursor = feed.cursor();
            let gathered = feed.gather(&self.sources, true)?;
            let at_end = gathered.at_end;
            if !gathered.entries.is_empty() {
                self.named += u64::try_from(gathered.entries.len()).unwrap_or(u64::MAX);
                let block = Block::new(gathered, &self.rules())?;
                let fingerprint = block.fingerprint(&self.rules());
                digest.block(&fingerprint);
                units =
                    units.checked_add(block.units(&self.rules())).ok_or(DiscoverError::TooManyAddresses)?;
                probes =
                    probes.checked_add(block.probes(&self.rules())).ok_or(DiscoverError::TooManyAddresses)?;
                self.excluded = self.excluded.saturating_add(block.excluded);
                self.promote(block.covered);
                self.marks.push(Mark { cursor, fingerprint });
            }
            if at_end {
                break;
            }
        }
        (self.units, self.probes) = (Some(units), Some(probes));
        Ok(())
    }

    /// Beyond the bound, an address of a file that a range covers is visited as a member of the range.
    fn promote(&mut self, covered: Vec<Entry>) {
        for entry in covered {
            if let super::Place::Address(address) = entry.place
                && (self.promoted.len() < MAX_PROMOTED || self.promoted.contains_key(&address))
            {
                let texts = self.promoted.entry(address).or_default();
                if !texts.iter().any(|(port, _)| port.is_none() || *port == entry.port) {
                    texts.push((entry.port, entry.text));
                }
            }
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("targets", &self.targets)
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}

/// What holds for every target.
struct Choices {
    ports: PortSet,
    server_names: Vec<ServerName>,
    ptr_names: bool,
    starttls: StartTlsChoice,
    transports: Vec<Transport>,
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    targets: Vec<String>,
    ranges: Ranges,
    labels: Labels,
    given: Vec<Entry>,
    files: Vec<PathBuf>,
    sources: Vec<Source>,
    pipes: Vec<Pipe>,
    stdin: bool,
    notices: Vec<String>,
    /// Targets are reached over TCP, among others.
    over_tcp: bool,
    /// Ranges, which no block counts.
    named: u64,
}

impl Reading {
    fn argument(&mut self, index: usize, text: &str) -> Result<(), DiscoverError> {
        let text = text.trim();
        self.targets.push(text.to_owned());
        let origin = || Origin::Argument(index + 1);
        if text == "-" {
            self.stdin = true;
            return Ok(());
        }
        if let Some(path) = text.strip_prefix('@') {
            if path.is_empty() {
                let why = "a file name follows the @".to_owned();
                return Err(DiscoverError::Target { origin: origin(), text: text.into(), why });
            }
            self.files.push(PathBuf::from(path));
            return Ok(());
        }
        match parse(text, origin, self.over_tcp)? {
            Target::Single { place, port, starttls } => {
                self.given.push(Entry::new(place, port, starttls, text));
            }
            Target::Range { range, note } => self.range(range, note, text, origin)?,
        }
        Ok(())
    }

    fn range(
        &mut self,
        range: AddressRange,
        note: Option<String>,
        text: &str,
        origin: impl Fn() -> Origin,
    ) -> Result<(), DiscoverError> {
        let owner = self.labels.push(text).filter(|_| self.ranges.len() < MAX_RANGES);
        let Some(owner) = owner else {
            return Err(DiscoverError::TooMany {
                origin: origin(),
                what: "networks and ranges",
                limit: MAX_RANGES,
            });
        };
        if let Some(note) = note
            && self.notices.len() < MAX_NOTICES
        {
            self.notices.push(format!("{}: {note}", origin()));
        }
        self.ranges.push(range, owner);
        self.named += 1;
        Ok(())
    }

    /// Takes the ranges of each file; remembers which files hold more.
    fn read_files(&mut self) -> Result<(), DiscoverError> {
        let mut done: HashMap<PathBuf, ()> = HashMap::new();
        for path in std::mem::take(&mut self.files) {
            if done.insert(path.clone(), ()).is_some() {
                continue;
            }
            let shown = shown(&path);
            if is_pipe(&path, &shown)? {
                let from = Mutex::new(Some(PipeFrom::Path(path)));
                self.pipes.push(Pipe { shown, from, over_tcp: self.over_tcp });
            } else if self.read_file(&path, &shown)? {
                self.sources.push(Source::File { path, shown });
            }
        }
        Ok(())
    }

    /// `true` if there are names or single addresses in it.
    fn read_file(&mut self, path: &Path, shown: &Arc<str>) -> Result<bool, DiscoverError> {
        let mut lines = Lines::open(path, Arc::clone(shown))?;
        let mut has_singles = false;
        while let Some(line) = lines.next()? {
            let origin = || Origin::Line { file: Arc::clone(shown), number: line.number };
            match parse(line.text, origin, self.over_tcp)? {
                Target::Single { .. } => has_singles = true,
                Target::Range { range, note } => self.range(range, note, line.text, origin)?,
            }
        }
        Ok(has_singles)
    }

    fn finish(self, choices: Choices, exclusions: Exclusions) -> Result<Plan, DiscoverError> {
        let Choices { ports, server_names, ptr_names, starttls, transports } = choices;
        let mut sources = Vec::new();
        if !self.given.is_empty() {
            sources.push(Source::Given(self.given));
        }
        sources.extend(self.sources);
        let has_pipe = !self.pipes.is_empty();
        sources.extend(self.pipes.into_iter().map(Source::Pipe));
        if sources.is_empty() && self.ranges.is_empty() {
            return Err(DiscoverError::NoTarget);
        }
        let all = self.ranges.union();
        let ranges = all.subtract(&exclusions.addresses);
        let excluded_ranges = all.subtract(&ranges);
        drop(all);
        let mut plan = Plan {
            targets: self.targets,
            ports,
            server_names: server_names.into(),
            ptr_names,
            starttls,
            transports,
            exclusions,
            ranges,
            excluded_ranges,
            labels: self.labels,
            promoted: Promoted::new(),
            sources,
            marks: Vec::new(),
            has_pipe,
            named: self.named,
            units: None,
            probes: None,
            excluded: 0,
            notices: self.notices,
            digest: Fingerprint([0; 32]),
            excluded_later: AtomicU64::new(0),
            excluded_hosts: OnceLock::new(),
        };
        let probes = count_probes(&plan.ranges, &plan)?;
        plan.excluded = count_probes(&plan.excluded_ranges, &plan)?;
        probes.checked_add(plan.excluded).ok_or(DiscoverError::TooManyAddresses)?;
        let mut digest = PlanDigest::new(&plan.ports, &plan.server_names, plan.ptr_names);
        digest.starttls(plan.starttls);
        digest.transports(&plan.transports);
        digest.exclusions(&plan.exclusions.addresses, &plan.exclusions.names);
        digest.ranges(&plan.ranges);
        if has_pipe {
            digest.pipe();
        } else {
            plan.survey(&mut digest)?;
        }
        plan.digest = digest.finish();
        Ok(plan)
    }
}

/// Whether `path` can be read only once.
fn is_pipe(path: &Path, shown: &Arc<str>) -> Result<bool, DiscoverError> {
    let error = |source| DiscoverError::File { file: Arc::clone(shown), source };
    let metadata = std::fs::metadata(path).map_err(error)?;
    if metadata.is_dir() {
        return Err(error(std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(!metadata.is_file())
}

fn distinct(mut transports: Vec<Transport>) -> Vec<Transport> {
    transports.sort_unstable();
    transports.dedup();
    if transports.is_empty() { vec![Transport::Tcp] } else { transports }
}

fn count_probes(set: &IntervalSet, plan: &Plan) -> Result<u128, DiscoverError> {
    set.count()
        .and_then(|count| count.checked_mul(ports(&plan.ports)))
        .and_then(|units| units.checked_mul(plan.rules().per_address()))
        .ok_or(DiscoverError::TooManyAddresses)
}

/// Range units that a block takes beside its names, so that both make progress.
pub(super) fn slice_units(ports_of_plan: &PortSet) -> u128 {
    super::block::wide(BLOCK) * ports(ports_of_plan)
}
