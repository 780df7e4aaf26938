//! The walk over a plan: units in pseudo-random order, computed one by one.
//!
//! Block `b` holds the `b`-th 65,536 singly named targets and, beside them, the `b`-th slice of the ranges; the
//! last block holds the rest of the ranges. The ranges have one permutation over (address × port) for the whole
//! plan, each block one over its units. So a position is two numbers, and a shard takes every n-th of them.

use std::net::IpAddr;
use std::sync::Arc;

use super::block::{Block, Promoted, ports, wide};
use super::plan::{Mark, slice_units};
use super::source::{Feed, Gathered};
use super::{DiscoverError, Permutation, Place, Plan};
use crate::model::{ServerName, StartTlsChoice};

/// Where a walk is: the first unit not yet handed out. Orders as the walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position {
    pub block: u64,
    pub index: u128,
}

/// One place to visit on one port. It may become several endpoints: see [`super::expand()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its own position: a walk resumed there starts with this unit.
    pub position: Position,
    /// The first target that covers it, as written; for what is singly named within a range, the single one.
    pub target: Arc<str>,
    pub place: Place,
    pub port: u16,
    /// Names to ask a bare address for, beside asking without a name.
    pub server_names: Arc<[ServerName]>,
    /// Singly named by a person, not a member of a network or range.
    pub named: bool,
    /// Where TLS starts.
    pub starttls: StartTlsChoice,
}

/// A walk over a plan. Without a pipe among the targets, equal seeds give equal walks.
pub struct Sweep {
    plan: Arc<Plan>,
    seed: u64,
    shard: (u64, u64),
    ranges: Permutation,
    texts: TextCache,
    no_names: Arc<[ServerName]>,
    feed: Feed,
    /// The sources are at their end.
    dry: bool,
    block: Loaded,
    next: Position,
    /// What [`Sweep::new`] found wrong; told by the first call.
    refused: Option<DiscoverError>,
    done: bool,
}

/// A block with its slice of the ranges.
#[derive(Default)]
struct Loaded {
    is_loaded: bool,
    slice_start: u128,
    slice_length: u128,
    singles: Block,
    single_range_units: u128,
    units: u128,
    /// `None` where the slice is alone: the ranges' own permutation is enough.
    order: Option<Permutation>,
}

impl Sweep {
    pub(super) fn new(plan: Arc<Plan>, seed: u64, resume: Option<Position>) -> Self {
        let ranges = Permutation::new(plan.range_units(), seed, "ranges");
        let texts = TextCache::new(plan.labels.len());
        // The beginning is where every walk starts, also one that cannot be resumed.
        let resume = resume.filter(|position| *position != Position::default());
        let next = resume.unwrap_or_default();
        let mut sweep = Self {
            plan,
            seed,
            shard: (0, 1),
            ranges,
            texts,
            no_names: Arc::new([]),
            feed: Feed::default(),
            dry: false,
            block: Loaded::default(),
            next,
            refused: None,
            done: false,
        };
        if let Some(position) = resume {
            sweep.refused = sweep.resume(position).err();
        }
        sweep
    }

    /// Takes only the units whose turn is `index` of every `of`: the shards of one plan and seed are disjoint and
    /// together the whole. Call it before the first unit.
    ///
    /// # Errors
    /// [`DiscoverError::Shard`] for a shard that does not exist.
    pub fn shard(mut self, index: u64, of: u64) -> Result<Self, DiscoverError> {
        if index >= of {
            return Err(DiscoverError::Shard { index, of });
        }
        self.shard = (index, of);
        Ok(self)
    }

    /// The first unit not yet handed out, of whichever shard.
    pub fn position(&self) -> Position {
        self.next
    }

    /// Appends up to `max` further units to `out`; none at the end. Files are read here, at most 65,536 lines at
    /// a time; where targets come through a pipe it waits for the next line, so that a runtime should let it block.
    ///
    /// # Errors
    /// A malformed line of a pipe, a file that changed, a position that is not in the plan. The walk ends there.
    pub fn next_units(&mut self, max: usize, out: &mut Vec<Unit>) -> Result<(), DiscoverError> {
        if let Some(error) = self.refused.take() {
            self.done = true;
            return Err(error);
        }
        let mut room = max;
        while room > 0 && !self.done {
            if !self.block.is_loaded
                && let Err(error) = self.load()
            {
                self.done = true;
                return Err(error);
            }
            if self.done {
                break;
            }
            room -= self.hand_out(room, out);
        }
        Ok(())
    }

    /// Hands out units of the block at hand; moves on at its end.
    fn hand_out(&mut self, room: usize, out: &mut Vec<Unit>) -> usize {
        let (shard, of) = (u128::from(self.shard.0), u128::from(self.shard.1));
        let mut given = 0;
        if of > 1 {
            // Blocks take turns in which shard they start with, so that many small ones stay balanced.
            let turn = (self.next.index % of + u128::from(self.next.block) % of) % of;
            self.next.index = self.next.index.saturating_add((shard + of - turn) % of);
        }
        while given < room && self.next.index < self.block.units {
            if let Some(unit) = self.unit(self.next) {
                out.push(unit);
                given += 1;
            }
            self.next.index = self.next.index.saturating_add(of);
        }
        if self.next.index >= self.block.units {
            self.next = Position { block: self.next.block + 1, index: 0 };
            self.block = Loaded::default();
        }
        given
    }

    fn unit(&mut self, position: Position) -> Option<Unit> {
        let order = &self.block.order;
        let mut at = order.as_ref().map_or(position.index, |order| order.apply(position.index));
        if at < self.block.slice_length {
            let (address, port) =
                split(self.ranges.apply(self.block.slice_start + at), self.plan.ports().len());
            let (ip, owner) = self.plan.ranges.nth(address)?;
            let port = self.plan.ports().get(port)?;
            let own = single_text(&self.plan.promoted, ip, port);
            let named = own.is_some();
            let target = own.unwrap_or_else(|| self.texts.get(owner, &self.plan));
            return Some(self.of_address(position, target, ip, port, named));
        }
        at -= self.block.slice_length;
        let block = &self.block.singles;
        if at < self.block.single_range_units {
            let (address, port) = split(at, self.plan.ports().len());
            let (ip, owner) = block.ranges.nth(address)?;
            let port = self.plan.ports().get(port)?;
            let own = single_text(&block.promoted, ip, port);
            let named = own.is_some();
            let target = own.or_else(|| block.range_texts.get(usize::try_from(owner).ok()?).cloned())?;
            return Some(self.of_address(position, target, ip, port, named));
        }
        at -= self.block.single_range_units;
        let spread_units = wide(block.spread.len()) * ports(self.plan.ports());
        if at < spread_units {
            let (entry, port) = split(at, self.plan.ports().len());
            let entry = block.spread.get(usize::try_from(entry).ok()?)?;
            let port = self.plan.ports().get(port)?;
            let mut target = &entry.text;
            if !block.earlier.is_empty() {
                target = block.earlier.get(&(entry.place.clone(), port)).unwrap_or(target);
            }
            return Some(self.of_single(position, Arc::clone(target), entry.place.clone(), port));
        }
        let (entry, port) = block.fixed.get(usize::try_from(at - spread_units).ok()?)?;
        let unit = self.of_single(position, Arc::clone(&entry.text), entry.place.clone(), *port);
        Some(Unit { starttls: entry.starttls.unwrap_or(unit.starttls), ..unit })
    }

    fn of_single(&self, position: Position, target: Arc<str>, place: Place, port: u16) -> Unit {
        match place {
            Place::Address(ip) => self.of_address(position, target, ip, port, true),
            Place::Name(_) => {
                let (server_names, starttls) = (Arc::clone(&self.no_names), self.plan.starttls());
                Unit { position, target, place, port, server_names, named: true, starttls }
            }
        }
    }

    fn of_address(&self, position: Position, target: Arc<str>, ip: IpAddr, port: u16, named: bool) -> Unit {
        let (server_names, starttls) = (Arc::clone(self.plan.server_names()), self.plan.starttls());
        Unit { position, target, place: Place::Address(ip), port, server_names, named, starttls }
    }

    /// Checks the position and goes to its block.
    fn resume(&mut self, position: Position) -> Result<(), DiscoverError> {
        if self.plan.has_pipe() {
            return Err(DiscoverError::NotResumable);
        }
        let outside = DiscoverError::Position { block: position.block, index: position.index };
        let Ok(block) = usize::try_from(position.block) else { return Err(outside) };
        let blocks = self.plan.marks.len();
        if block > blocks {
            // The end of a walk whose last block held the rest of the ranges.
            let has_rest =
                slice_units(self.plan.ports()).saturating_mul(wide(blocks)) < self.plan.range_units();
            self.done = has_rest && block == blocks + 1 && position.index == 0;
            return if self.done { Ok(()) } else { Err(outside) };
        }
        if let Some(mark) = self.plan.marks.get(block) {
            self.feed = Feed::at(&self.plan.sources, mark.cursor)?;
        }
        self.load()?;
        let units = if self.done { 0 } else { self.block.units };
        if position.index > units { Err(outside) } else { Ok(()) }
    }

    /// Loads the block at hand; finds the end.
    fn load(&mut self) -> Result<(), DiscoverError> {
        let plan = Arc::clone(&self.plan);
        let rules = plan.rules();
        let all = plan.range_units();
        let slice = slice_units(plan.ports());
        // Once the sources were dry, a block took all that was left.
        let slice_start =
            if self.dry { all } else { slice.saturating_mul(u128::from(self.next.block)).min(all) };
        let mark = usize::try_from(self.next.block).ok().and_then(|block| plan.marks.get(block));
        let gathered = self.gather(&plan, mark, slice_start >= all)?;
        let singles = Block::new(gathered, &rules)?;
        if let Some(mark) = mark
            && mark.fingerprint != singles.fingerprint(&rules)
        {
            return Err(DiscoverError::Changed { file: plan.files() });
        }
        if plan.has_pipe() {
            plan.count_excluded(singles.excluded);
        }
        let rest = all - slice_start;
        let slice_length = if self.dry { rest } else { slice.min(rest) };
        let single_units = singles.units(&rules);
        let units = slice_length.checked_add(single_units).ok_or(DiscoverError::TooManyAddresses)?;
        self.done = units == 0 && self.dry;
        let order = (single_units > 0)
            .then(|| Permutation::new(units, self.seed, &format!("block {}", self.next.block)));
        let single_range_units = singles.range_units(&rules);
        self.block =
            Loaded { is_loaded: true, slice_start, slice_length, singles, single_range_units, units, order };
        Ok(())
    }

    /// The singly named targets of the block at hand.
    fn gather(
        &mut self,
        plan: &Plan,
        mark: Option<&Mark>,
        ranges_are_done: bool,
    ) -> Result<Gathered, DiscoverError> {
        if self.dry || (!plan.has_pipe() && mark.is_none()) {
            self.dry = true;
            return Ok(Gathered::default());
        }
        let gathered = self.feed.gather(&plan.sources, ranges_are_done)?;
        self.dry = plan.has_pipe() && gathered.at_end;
        Ok(gathered)
    }
}

impl std::fmt::Debug for Sweep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweep").field("next", &self.next).field("shard", &self.shard).finish_non_exhaustive()
    }
}

/// Place and port of a unit number. Most numbers fit 64 bits, where division is several times faster.
fn split(unit: u128, ports: usize) -> (u128, usize) {
    let ports = u64::try_from(ports.max(1)).unwrap_or(u64::MAX);
    let (place, port) = match u64::try_from(unit) {
        Ok(unit) => (u128::from(unit / ports), unit % ports),
        Err(_) => (unit / u128::from(ports), u64::try_from(unit % u128::from(ports)).unwrap_or(0)),
    };
    (place, usize::try_from(port).unwrap_or(0))
}

fn single_text(promoted: &Promoted, ip: IpAddr, port: u16) -> Option<Arc<str>> {
    if promoted.is_empty() {
        return None;
    }
    let texts = promoted.get(&ip)?;
    texts.iter().find(|(own, _)| own.is_none_or(|own| own == port)).map(|(_, text)| Arc::clone(text))
}

/// The texts of ranges as shared strings; made when needed, a bounded number kept.
struct TextCache(Vec<Option<(u32, Arc<str>)>>);

impl TextCache {
    /// Texts kept: enough that plans of up to that many ranges allocate nothing for a unit.
    const SIZE: usize = 4_096;

    fn new(ranges: usize) -> Self {
        Self(vec![None; ranges.clamp(1, Self::SIZE)])
    }

    fn get(&mut self, owner: u32, plan: &Plan) -> Arc<str> {
        let slot = usize::try_from(owner).unwrap_or(0) % self.0.len().max(1);
        let Some(slot) = self.0.get_mut(slot) else { return plan.labels.get(owner).into() };
        if let Some((kept, text)) = slot
            && *kept == owner
        {
            return Arc::clone(text);
        }
        let text: Arc<str> = plan.labels.get(owner).into();
        *slot = Some((owner, Arc::clone(&text)));
        text
    }
}
