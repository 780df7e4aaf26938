//! What is known of an endpoint: a run of equal outcomes is a span; the state is the current span and the last
//! span that showed a chain. Past spans are its history. All of it is derived from the observations.

use super::observation::{Digest, Kind};
use super::{Decoder, Encoder, StoreError, Table, open_version, put_ascending, put_option, put_position};
use super::{put_time, put_varint};
use crate::model::EndpointId;
use crate::store::position::Position;
use crate::time::UnixTime;

const VERSION: u8 = 1;
const BEGAN_ELSEWHERE: u8 = 4;

/// Equal outcomes of one endpoint, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Span {
    pub(in crate::store) kind: Kind,
    /// When it was first seen so.
    pub(in crate::store) since: UnixTime,
    /// When it was last seen so.
    pub(in crate::store) last: UnixTime,
    /// The last scan that saw it so.
    pub(in crate::store) last_scan: u64,
    /// The observation that began it.
    pub(in crate::store) first: Position,
    /// The observation that holds the outcome in full.
    pub(in crate::store) outcome: Position,
    pub(in crate::store) digest: Digest,
}

impl Span {
    fn put(&self, out: &mut Vec<u8>) {
        let elsewhere = self.first != self.outcome;
        out.push(self.kind as u8 | if elsewhere { BEGAN_ELSEWHERE } else { 0 });
        put_time(out, self.since);
        put_time(out, UnixTime(self.last.seconds_since(self.since)));
        put_varint(out, self.last_scan);
        put_position(out, &self.outcome);
        if elsewhere {
            put_position(out, &self.first);
        }
        out.extend_from_slice(&self.digest);
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, StoreError> {
        let tag = decoder.byte()?;
        let kind = Kind::from_code(tag & !BEGAN_ELSEWHERE).ok_or_else(|| decoder.corrupt())?;
        let since = decoder.time()?;
        let last = since.plus_seconds(decoder.signed()?);
        let last_scan = decoder.varint()?;
        let outcome = decoder.position()?;
        let first = if tag & BEGAN_ELSEWHERE != 0 { decoder.position()? } else { outcome };
        Ok(Self { kind, since, last, last_scan, first, outcome, digest: decoder.array()? })
    }

    /// A past span's key: the endpoint, then where the span began.
    pub(in crate::store) fn history_key(endpoint: &EndpointId, first: &Position) -> Vec<u8> {
        [endpoint.0.as_slice(), first.key().as_slice()].concat()
    }

    pub(in crate::store) fn encode_history<'e>(&self, encoder: &'e mut Encoder, key: &[u8]) -> &'e [u8] {
        self.put(encoder.begin(Table::History, key, VERSION));
        encoder.finish()
    }

    pub(in crate::store) fn decode_history(key: &[u8], record: &[u8]) -> Result<Self, StoreError> {
        let mut decoder = open_version(Table::History, key, record, VERSION)?;
        let span = Self::decode(&mut decoder)?;
        decoder.end()?;
        Ok(span)
    }
}

/// What is known of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct EndpointState {
    pub(in crate::store) first_seen: UnixTime,
    pub(in crate::store) current: Span,
    /// The last span with a chain, where the current one has none.
    pub(in crate::store) last_chain: Option<Span>,
    /// Certificates of the chains seen last, ascending and once each.
    pub(in crate::store) serving: Vec<u64>,
}

impl EndpointState {
    /// The last span that showed a chain.
    pub(in crate::store) fn chain(&self) -> Option<&Span> {
        if self.current.kind.has_chain() { Some(&self.current) } else { self.last_chain.as_ref() }
    }

    pub(in crate::store) fn encode<'e>(&self, encoder: &'e mut Encoder, id: &EndpointId) -> &'e [u8] {
        let out = encoder.begin(Table::Endpoint, &id.0, VERSION);
        put_time(out, self.first_seen);
        self.current.put(out);
        put_option(out, self.last_chain.as_ref(), |out, span| span.put(out));
        put_ascending(out, &self.serving);
        encoder.finish()
    }

    pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<Self, StoreError> {
        let mut decoder = open_version(Table::Endpoint, key, record, VERSION)?;
        let state = Self {
            first_seen: decoder.time()?,
            current: Span::decode(&mut decoder)?,
            last_chain: decoder.option(Span::decode)?,
            serving: decoder.ascending()?,
        };
        decoder.end()?;
        Ok(state)
    }
}
