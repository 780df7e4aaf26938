//! Lanes of the outbox: their keys, the keys of their items, and how far each has come.
//!
//! ```text
//! lane  kind of channel (1) ‖ urgency (1) ‖ length of the name (4, big-endian) ‖ name
//! item  lane ‖ number (8, big-endian)
//! ```
//!
//! No lane's key is the start of another's, so that a lane's items stand together, in their order.

use super::codes::Code;
use super::{
    Decoder, Encoder, StoreError, Table, open_version, put_key_text, put_option, put_text, put_time,
    put_varint, take_key_text,
};
use crate::model::{Channel, LaneId, LaneState, Seal, Setback, Urgency};
use crate::time::UnixTime;

const VERSION: u8 = 1;
const MAIL: u8 = 0;
const HOOK: u8 = 1;

pub(in crate::store) fn key(channel: &Channel, urgency: Urgency) -> Vec<u8> {
    let (kind, name) = match channel {
        Channel::Mail(to) => (MAIL, to),
        Channel::Hook(name) => (HOOK, name),
    };
    let mut key = vec![kind, urgency.code()];
    put_key_text(&mut key, name);
    key
}

pub(in crate::store) fn item_key(lane: &[u8], number: u64) -> Vec<u8> {
    [lane, &number.to_be_bytes()].concat()
}

/// Reads what [`key`] wrote; `None` for any other bytes.
pub(in crate::store) fn lane_of(key: &[u8]) -> Option<LaneId> {
    let (lane, rest) = take_lane(key)?;
    rest.is_empty().then_some(lane)
}

/// Reads what [`item_key`] wrote: the lane, its key, the item's number.
pub(in crate::store) fn item_of(key: &[u8]) -> Option<(LaneId, &[u8], u64)> {
    let (lane, rest) = take_lane(key)?;
    let number = u64::from_be_bytes(rest.try_into().ok()?);
    Some((lane, key.strip_suffix(rest)?, number))
}

fn take_lane(key: &[u8]) -> Option<(LaneId, &[u8])> {
    let ([kind, urgency], rest) = key.split_first_chunk()?;
    let (name, rest) = take_key_text(rest)?;
    let channel = match *kind {
        MAIL => Channel::Mail(name.to_owned()),
        HOOK => Channel::Hook(name.to_owned()),
        _ => return None,
    };
    Some((LaneId { channel, urgency: Urgency::from_code(*urgency)? }, rest))
}

/// What the table of lanes knows of one. Kept when the lane is empty, for the next number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct LaneRecord {
    /// Items in the lane.
    pub(in crate::store) waiting: u64,
    /// The number that the next item gets; from 1.
    pub(in crate::store) next: u64,
    /// Time of the first item; of no meaning in an empty lane.
    pub(in crate::store) oldest: UnixTime,
    pub(in crate::store) state: LaneState,
}

impl Default for LaneRecord {
    fn default() -> Self {
        Self { waiting: 0, next: 1, oldest: UnixTime(0), state: LaneState::Ready }
    }
}

impl LaneRecord {
    pub(in crate::store) fn encode<'e>(&self, encoder: &'e mut Encoder, key: &[u8]) -> &'e [u8] {
        let out = encoder.begin(Table::Lane, key, VERSION);
        put_varint(out, self.waiting);
        put_varint(out, self.next);
        put_time(out, self.oldest);
        match &self.state {
            LaneState::Ready => out.push(0),
            LaneState::Deferred(setback) => {
                out.push(1);
                put_setback(out, setback);
            }
            LaneState::Sealed(seal) => {
                out.push(2);
                put_varint(out, seal.through);
                put_time(out, seal.sealed_at);
                put_option(out, seal.setback.as_ref(), put_setback);
            }
            LaneState::Refused(setback) => {
                out.push(3);
                put_setback(out, setback);
            }
        }
        encoder.finish()
    }

    pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<Self, StoreError> {
        let mut decoder = open_version(Table::Lane, key, record, VERSION)?;
        let lane = Self {
            waiting: decoder.varint()?,
            next: decoder.varint()?,
            oldest: decoder.time()?,
            state: match decoder.byte()? {
                0 => LaneState::Ready,
                1 => LaneState::Deferred(decode_setback(&mut decoder)?),
                2 => LaneState::Sealed(Seal {
                    through: decoder.varint()?,
                    sealed_at: decoder.time()?,
                    setback: decoder.option(decode_setback)?,
                }),
                3 => LaneState::Refused(decode_setback(&mut decoder)?),
                _ => return Err(decoder.corrupt()),
            },
        };
        decoder.end()?;
        Ok(lane)
    }
}

fn put_setback(out: &mut Vec<u8>, setback: &Setback) {
    put_varint(out, setback.attempts.into());
    put_time(out, setback.next_at);
    put_text(out, &setback.error);
}

fn decode_setback(decoder: &mut Decoder<'_>) -> Result<Setback, StoreError> {
    Ok(Setback { attempts: decoder.number()?, next_at: decoder.time()?, error: decoder.string()? })
}
