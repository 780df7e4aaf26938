//! What is known of endpoints: now, at a past time, and how it came about.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::position::Position;
use super::read::Resolver;
use super::record::state::{EndpointState, Span};
use super::schema::{ENDPOINTS, HISTORY};
use super::{Flow, Store, StoreError, StoredObservation};
use crate::model::EndpointId;
use crate::time::UnixTime;

type Bytes = &'static [u8];

/// A run of equal outcomes of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSpan {
    /// The observation that holds the outcome.
    pub observation: StoredObservation,
    /// First seen so.
    pub since: UnixTime,
    /// Last seen so.
    pub until: UnixTime,
    /// Sequence number of the last scan that saw it so.
    pub last_scan: u64,
}

/// What is known of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRecord {
    pub id: EndpointId,
    pub first_seen: UnixTime,
    pub current: EndpointSpan,
    /// The last span with a chain, where the current one has none: the endpoint is unreachable, not gone.
    pub last_chain: Option<EndpointSpan>,
}

impl Store {
    /// What is known of the endpoint, as of the last finished scan.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn endpoint(&self, id: &EndpointId) -> Result<Option<EndpointRecord>, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let states = transaction.open_table(ENDPOINTS)?;
            let Some(record) = states.get(&id.0)? else { return Ok(None) };
            let state = EndpointState::decode(&id.0, record.value())?;
            endpoint_record(*id, &state, &mut Resolver::open(&transaction)?).map(Some)
        })
    }

    /// Walks what is known of every endpoint, until `visit` breaks.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn inventory(&self, mut visit: impl FnMut(EndpointRecord) -> Flow) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let mut resolver = Resolver::open(&transaction)?;
            for row in transaction.open_table(ENDPOINTS)?.iter()? {
                let (key, record) = row?;
                let state = EndpointState::decode(key.value(), record.value())?;
                if visit(endpoint_record(EndpointId(*key.value()), &state, &mut resolver)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Everything the endpoint has been, oldest first; the last one is the current span.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn history(&self, id: &EndpointId) -> Result<Vec<EndpointSpan>, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let timeline = Timeline::open(&transaction)?;
            let Some(state) = timeline.state(id)? else { return Ok(Vec::new()) };
            let mut resolver = Resolver::open(&transaction)?;
            let spans = timeline.past(id)?.into_iter().chain([state.current]);
            spans.map(|span| endpoint_span(&span, &mut resolver)).collect()
        })
    }

    /// Walks what each endpoint was at `time`, as last seen by then, until `visit` breaks. Endpoints first seen later
    /// are left out. `until` is cut at `time`.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn inventory_at(
        &self,
        time: UnixTime,
        mut visit: impl FnMut(EndpointId, EndpointSpan) -> Flow,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let timeline = Timeline::open(&transaction)?;
            let mut resolver = Resolver::open(&transaction)?;
            for row in transaction.open_table(ENDPOINTS)?.iter()? {
                let (key, record) = row?;
                let id = EndpointId(*key.value());
                let state = EndpointState::decode(key.value(), record.value())?;
                let Some(span) = timeline.span_at(&id, &state, time)? else { continue };
                let mut span = endpoint_span(&span, &mut resolver)?;
                span.until = span.until.min(time);
                span.observation.observed_at = span.until;
                if visit(id, span).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

fn endpoint_record(
    id: EndpointId,
    state: &EndpointState,
    resolver: &mut Resolver,
) -> Result<EndpointRecord, StoreError> {
    Ok(EndpointRecord {
        id,
        first_seen: state.first_seen,
        current: endpoint_span(&state.current, resolver)?,
        last_chain: state.last_chain.map(|span| endpoint_span(&span, resolver)).transpose()?,
    })
}

fn endpoint_span(span: &Span, resolver: &mut Resolver) -> Result<EndpointSpan, StoreError> {
    let mut observation = resolver.at(&span.outcome)?;
    observation.observed_at = span.last;
    Ok(EndpointSpan { observation, since: span.since, until: span.last, last_scan: span.last_scan })
}

/// The spans of endpoints.
pub(super) struct Timeline {
    states: ReadOnlyTable<&'static [u8; 16], Bytes>,
    history: ReadOnlyTable<Bytes, Bytes>,
}

impl Timeline {
    pub(super) fn open(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self { states: transaction.open_table(ENDPOINTS)?, history: transaction.open_table(HISTORY)? })
    }

    pub(super) fn state(&self, id: &EndpointId) -> Result<Option<EndpointState>, StoreError> {
        match self.states.get(&id.0)? {
            Some(record) => EndpointState::decode(&id.0, record.value()).map(Some),
            None => Ok(None),
        }
    }

    /// Past spans, in the order they began.
    fn past(&self, id: &EndpointId) -> Result<Vec<Span>, StoreError> {
        let start = id.0.as_slice();
        let end = [start, &[u8::MAX]].concat();
        let mut spans = self
            .history
            .range::<&[u8]>(start..end.as_slice())?
            .map(|row| {
                let (key, record) = row?;
                Span::decode_history(key.value(), record.value())
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        spans.sort_by_key(|span| (span.since, span.first));
        Ok(spans)
    }

    /// The span that holds at `time`: the newest that began by then.
    fn span_at(
        &self,
        id: &EndpointId,
        state: &EndpointState,
        time: UnixTime,
    ) -> Result<Option<Span>, StoreError> {
        if state.current.since <= time {
            return Ok(Some(state.current));
        }
        if state.first_seen > time {
            return Ok(None);
        }
        Ok(self.past(id)?.into_iter().rev().find(|span| span.since <= time))
    }

    /// The span that scan `sequence` saw or that stood when it ran.
    pub(super) fn span_in_scan(&self, id: &EndpointId, sequence: u64) -> Result<Option<Span>, StoreError> {
        let Some(state) = self.state(id)? else { return Ok(None) };
        let began = |span: &Span, sequence: u64| span.first < Position::after_scan(sequence);
        if began(&state.current, sequence) {
            return Ok(Some(state.current));
        }
        Ok(self.past(id)?.into_iter().filter(|span| began(span, sequence)).max_by_key(|span| span.first))
    }
}
