//! What changed between two scans: new, replaced, gone, unreachable this time (which is not gone), changed.
//!
//! The two scans are joined by endpoint in slices of the id space, so that memory is bounded whatever their size.

use std::cmp::Ordering;

use redb::{ReadOnlyTable, ReadTransaction};

use super::certificates::Shelf;
use super::history::Timeline;
use super::position::Position;
use super::read::Resolver;
use super::record::Table;
use super::record::observation::{self, Body, Head, Kind};
use super::schema::OBSERVATIONS;
use super::{Flow, Store, StoreError, StoredObservation};
use crate::model::{Endpoint, EndpointId, Outcome, Reason, ScanState};
use crate::x509::Fingerprint;

/// Endpoints of one scan that are joined at once: about 30 MB for both scans.
const SLICE: usize = 1 << 18;

/// One endpoint that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub id: EndpointId,
    pub kind: ChangeKind,
    /// As the earlier scan saw it.
    pub before: Option<StoredObservation>,
    /// As the later scan saw it.
    pub after: Option<StoredObservation>,
}

/// How an endpoint changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A chain where the earlier scan saw none and nothing was known.
    New,
    /// A chain again, after the earlier scan saw a failure.
    Recovered,
    /// Another end-entity certificate.
    Replaced { same_key: bool },
    /// The same end-entity certificate; something else is different.
    Changed,
    /// Tried this time, without a chain.
    Unreachable,
    /// Not there any more: the later scan finished and did not meet it.
    Gone,
    /// The later scan was cut short before it came here.
    NotAttempted,
}

impl ChangeKind {
    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Recovered => "recovered",
            Self::Replaced { .. } => "replaced",
            Self::Changed => "changed",
            Self::Unreachable => "unreachable",
            Self::Gone => "gone",
            Self::NotAttempted => "not_attempted",
        }
    }
}

impl Store {
    /// Walks the changes from the earlier scan to the later one (ids or `latest`) in the order of endpoint ids,
    /// until `visit` breaks.
    ///
    /// # Errors
    /// [`StoreError::UnknownScan`], or if a record is damaged or cannot be read.
    pub fn diff(
        &self,
        earlier: &str,
        later: &str,
        mut visit: impl FnMut(Change) -> Flow,
    ) -> Result<(), StoreError> {
        let earlier = self.scan(earlier)?.sequence;
        let later = self.scan(later)?;
        self.placed(|| {
            let transaction = self.read()?;
            let mut join = Join {
                observations: transaction.open_table(OBSERVATIONS)?,
                resolver: Resolver::open(&transaction)?,
                shelf: Shelf::open(&transaction)?,
                timeline: Timeline::open(&transaction)?,
                later: later.sequence,
                later_is_complete: later.scan.state == ScanState::Complete,
            };
            let slices = slices(&transaction, [earlier, later.sequence])?;
            for slice in 0..slices {
                let in_slice = |id: &EndpointId| slice_of(id, slices) == slice;
                let before = join.load(earlier, in_slice)?;
                let after = join.load(later.sequence, in_slice)?;
                if join.walk(&before, &after, &mut visit)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// How many slices keep each at [`SLICE`] endpoints or so.
fn slices(transaction: &ReadTransaction, scans: [u64; 2]) -> Result<u64, StoreError> {
    let table = transaction.open_table(OBSERVATIONS)?;
    let mut most = 0;
    for scan in scans {
        let (start, end) = (Position::scan_start(scan), Position::after_scan(scan).key());
        most = most.max(table.range::<&[u8]>(start.as_slice()..end.as_slice())?.count());
    }
    Ok(u64::try_from(most.div_ceil(SLICE)).unwrap_or(1).max(1))
}

/// Ids are hashes: their start tells the slice, in ascending order.
fn slice_of(id: &EndpointId, slices: u64) -> u64 {
    let start = id.0.first_chunk().copied().map_or(0, u32::from_be_bytes);
    (u64::from(start) * slices) >> 32
}

/// The endpoints of one scan in one slice, ascending.
#[derive(Debug, Default)]
struct Side {
    met: Vec<Met>,
    /// Keys of observations, one after another.
    keys: Vec<u8>,
}

/// An endpoint in one of the two scans.
#[derive(Debug, Clone, Copy)]
struct Met {
    id: EndpointId,
    kind: Kind,
    /// Where the key of its observation is, and of the one that holds the outcome in full.
    own: (usize, u8),
    outcome: (usize, u8),
}

impl Side {
    fn push_key(&mut self, key: &[u8]) -> (usize, u8) {
        let place = (self.keys.len(), u8::try_from(key.len()).unwrap_or(0));
        self.keys.extend_from_slice(key);
        place
    }

    fn key(&self, (start, length): (usize, u8)) -> &[u8] {
        self.keys.get(start..start.saturating_add(length.into())).unwrap_or_default()
    }
}

struct Join {
    observations: ReadOnlyTable<&'static [u8], &'static [u8]>,
    resolver: Resolver,
    shelf: Shelf,
    timeline: Timeline,
    later: u64,
    later_is_complete: bool,
}

impl Join {
    /// The endpoints of a scan that are wanted; of several observations of one, the last.
    fn load(&self, scan: u64, wanted: impl Fn(&EndpointId) -> bool) -> Result<Side, StoreError> {
        let (start, end) = (Position::scan_start(scan), Position::after_scan(scan).key());
        let mut side = Side::default();
        let mut unused = Vec::new();
        for row in self.observations.range::<&[u8]>(start.as_slice()..end.as_slice())? {
            let (key, record) = row?;
            unused.clear();
            let Head { kind, endpoint: id, body, .. } =
                observation::decode_head(key.value(), record.value(), &mut unused)?;
            if wanted(&id) {
                let own = side.push_key(key.value());
                let outcome = match body {
                    Body::Full(_) => own,
                    Body::Same(outcome) => side.push_key(outcome.key().as_slice()),
                };
                side.met.push(Met { id, kind, own, outcome });
            }
        }
        // Keys were appended in their order.
        side.met.sort_unstable_by_key(|met| (met.id, std::cmp::Reverse(met.own.0)));
        side.met.dedup_by_key(|met| met.id);
        Ok(side)
    }

    fn walk(
        &mut self,
        before: &Side,
        after: &Side,
        visit: &mut impl FnMut(Change) -> Flow,
    ) -> Result<Flow, StoreError> {
        let (mut olds, mut news) = (before.met.iter().peekable(), after.met.iter().peekable());
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => return Ok(Flow::Continue(())),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.id.cmp(&other.id),
            };
            let old = olds.next_if(|_| order.is_le());
            let new = news.next_if(|_| order.is_ge());
            if let (Some(old), Some(new)) = (old, new)
                && before.key(old.outcome) == after.key(new.outcome)
            {
                continue;
            }
            let old = old.map(|met| (met, before.key(met.own)));
            let new = new.map(|met| (met, after.key(met.own)));
            if let Some(change) = self.compare(old, new)?
                && visit(change).is_break()
            {
                return Ok(Flow::Break(()));
            }
        }
    }

    fn compare(
        &mut self,
        before: Option<(&Met, &[u8])>,
        after: Option<(&Met, &[u8])>,
    ) -> Result<Option<Change>, StoreError> {
        let had_chain = before.is_some_and(|(met, _)| met.kind.has_chain());
        let has_chain = after.is_some_and(|(met, _)| met.kind.has_chain());
        let Some((Met { id, .. }, _)) = before.or(after) else { return Ok(None) };
        if !had_chain && !has_chain {
            return Ok(None);
        }
        let old = before.map(|(_, key)| self.observation(key)).transpose()?;
        let new = after.map(|(_, key)| self.observation(key)).transpose()?;
        let kind = match (&old, &new) {
            (Some(old), Some(new)) if had_chain && has_chain => match self.compare_chains(old, new)? {
                Some(kind) => kind,
                None => return Ok(None),
            },
            (Some(_), Some(_)) if had_chain => ChangeKind::Unreachable,
            (Some(_), _) if has_chain => ChangeKind::Recovered,
            (Some(old), _) => self.absent(&old.endpoint)?,
            (None, _) => ChangeKind::New,
        };
        Ok(Some(Change { id: *id, kind, before: old, after: new }))
    }

    fn observation(&mut self, key: &[u8]) -> Result<StoredObservation, StoreError> {
        let record = self.observations.get(key)?.ok_or_else(|| Table::Observation.corrupt(key))?;
        self.resolver.resolve(key, record.value())
    }

    fn compare_chains(
        &self,
        old: &StoredObservation,
        new: &StoredObservation,
    ) -> Result<Option<ChangeKind>, StoreError> {
        if old.outcome == new.outcome {
            return Ok(None);
        }
        let end_entity = |observation: &StoredObservation| -> Option<Fingerprint> {
            observation.outcome.presented().and_then(|chain| chain.first().copied())
        };
        Ok(Some(match (end_entity(old), end_entity(new)) {
            (Some(old), Some(new)) if old != new => {
                let (old, new) = (self.shelf.key_of(&old)?, self.shelf.key_of(&new)?);
                ChangeKind::Replaced { same_key: old.is_some() && old == new }
            }
            _ => ChangeKind::Changed,
        }))
    }

    /// The later scan did not meet the endpoint. If its name failed to resolve for another reason than that it no
    /// longer exists, the endpoint is unreachable.
    fn absent(&mut self, endpoint: &Endpoint) -> Result<ChangeKind, StoreError> {
        let unresolved = Endpoint { address: None, ..endpoint.clone() };
        if endpoint.server_name.is_some()
            && endpoint.address.is_some()
            && let Some(span) = self.timeline.span_in_scan(&unresolved.id(), self.later)?
            && span.last_scan >= self.later
            && let Outcome::Failure(failure) = self.resolver.at(&span.outcome)?.outcome
            && !matches!(failure.reason, Reason::NoSuchName | Reason::NoAddress)
        {
            return Ok(ChangeKind::Unreachable);
        }
        Ok(if self.later_is_complete { ChangeKind::Gone } else { ChangeKind::NotAttempted })
    }
}
