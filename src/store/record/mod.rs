//! The record codec: what each value in the store looks like in bytes. Versioned, checked, without serde.
//!
//! A record is `version (1 byte) ‖ payload ‖ checksum (8 bytes)`. The checksum is the start of SHA-256 over the
//! table's tag, the key's length, the key, the version and the payload: a flipped bit, or a value under another
//! key, is [`StoreError::Corrupt`], never a wrong value. redb itself checks no page on ordinary reads.
//!
//! Numbers are LEB128, signed ones zigzag first; text and bytes are length-prefixed. A reader never reserves
//! memory for a length it has not seen the bytes of.

pub(super) mod alert;
pub(super) mod audit;
pub(super) mod certificate;
pub(super) mod codes;
pub(super) mod decision;
pub(super) mod finding;
mod gathered;
pub(super) mod hook_run;
mod inspection;
pub(super) mod lane;
pub(super) mod observation;
pub(super) mod progress;
pub(super) mod scan;
pub(super) mod state;
pub(super) mod watch;

use std::net::IpAddr;

use super::StoreError;
use super::position::{Position, UnitPosition};
use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::x509::Fingerprint;

const CHECKSUM_LENGTH: usize = 8;

/// Tables that hold records. The number is part of each checksum and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Meta = 1,
    Scan = 2,
    ScanId = 3,
    Observation = 4,
    Certificate = 5,
    Fingerprint = 6,
    CertificateNumber = 7,
    CertificateState = 8,
    Endpoint = 9,
    History = 10,
    Progress = 11,
    Finding = 12,
    Member = 13,
    Audit = 14,
    Outbox = 15,
    Lane = 16,
    HookRun = 17,
    Silence = 18,
    Watch = 19,
}

impl Table {
    /// The name in messages and in the file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Scan => "scans",
            Self::ScanId => "scan_ids",
            Self::Observation => "observations",
            Self::Certificate => "certificates",
            Self::Fingerprint => "certificate_numbers",
            Self::CertificateNumber => "certificate_fingerprints",
            Self::CertificateState => "certificate_states",
            Self::Endpoint => "endpoints",
            Self::History => "endpoint_history",
            Self::Progress => "scan_progress",
            Self::Finding => "findings",
            Self::Member => "finding_members",
            Self::Audit => "audit",
            Self::Outbox => "outbox",
            Self::Lane => "lanes",
            Self::HookRun => "hook_runs",
            Self::Silence => "silences",
            Self::Watch => "watch",
        }
    }

    /// The error for a record of this table that cannot be trusted.
    pub(super) fn corrupt(self, key: &[u8]) -> StoreError {
        let key = key.iter().take(48).map(|byte| format!("{byte:02x}")).collect();
        StoreError::Corrupt { table: self.name(), key }
    }
}

/// Builds records, one after another, in one buffer.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    bytes: Vec<u8>,
    start: usize,
}

impl Encoder {
    /// Starts the record of `key` in `table`.
    pub(super) fn begin(&mut self, table: Table, key: &[u8], version: u8) -> &mut Vec<u8> {
        self.bytes.clear();
        put_frame(&mut self.bytes, table, key);
        self.start = self.bytes.len();
        self.bytes.push(version);
        &mut self.bytes
    }

    /// Ends the record and gives its bytes.
    pub(super) fn finish(&mut self) -> &[u8] {
        let sum = checksum(&self.bytes);
        self.bytes.extend_from_slice(&sum);
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

fn put_frame(bytes: &mut Vec<u8>, table: Table, key: &[u8]) {
    bytes.push(table as u8);
    put_length(bytes, key.len());
    bytes.extend_from_slice(key);
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    Fingerprint::of(bytes).0.first_chunk().copied().unwrap_or_default()
}

/// Checks a record and gives its version and payload.
///
/// # Errors
/// [`StoreError::Corrupt`] if the checksum does not match.
pub(super) fn open<'a>(
    table: Table,
    key: &'a [u8],
    record: &'a [u8],
) -> Result<(u8, Decoder<'a>), StoreError> {
    let corrupt = || table.corrupt(key);
    let body = record.len().checked_sub(CHECKSUM_LENGTH).ok_or_else(corrupt)?;
    let (body, sum) = record.split_at_checked(body).ok_or_else(corrupt)?;
    let mut framed = Vec::with_capacity(key.len() + body.len() + 12);
    put_frame(&mut framed, table, key);
    framed.extend_from_slice(body);
    if checksum(&framed) != sum {
        return Err(corrupt());
    }
    let (&version, rest) = body.split_first().ok_or_else(corrupt)?;
    Ok((version, Decoder { rest, table, key }))
}

/// As [`open`], for a record that has had one version only.
pub(super) fn open_version<'a>(
    table: Table,
    key: &'a [u8],
    record: &'a [u8],
    expected: u8,
) -> Result<Decoder<'a>, StoreError> {
    match open(table, key, record)? {
        (version, decoder) if version == expected => Ok(decoder),
        _ => Err(table.corrupt(key)),
    }
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        out.push(number.to_le_bytes()[0] | 128);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

pub(super) fn put_wide(out: &mut Vec<u8>, mut number: u128) {
    while number >= 128 {
        out.push(number.to_le_bytes()[0] | 128);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    let zigzag = number.wrapping_shl(1) ^ (number >> 63);
    put_varint(out, u64::from_ne_bytes(zigzag.to_ne_bytes()));
}

pub(super) fn put_time(out: &mut Vec<u8>, time: UnixTime) {
    put_signed(out, time.0);
}

pub(super) fn put_length(out: &mut Vec<u8>, length: usize) {
    put_varint(out, u64::try_from(length).unwrap_or(u64::MAX));
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// What `put` writes, after its length.
pub(super) fn put_sized(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = Vec::with_capacity(256);
    put(&mut bytes);
    put_bytes(out, &bytes);
}

/// An answer as two bits.
pub(super) fn tri(answer: Option<bool>) -> u8 {
    match answer {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

/// Reads the lowest two bits as [`tri`] makes them.
pub(super) fn answer(bits: u8) -> Option<Option<bool>> {
    match bits & 3 {
        0 => Some(None),
        1 => Some(Some(false)),
        2 => Some(Some(true)),
        _ => None,
    }
}

pub(super) fn put_list<T>(out: &mut Vec<u8>, items: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    put_length(out, items.len());
    items.iter().for_each(|item| put(out, item));
}

pub(super) fn put_texts(out: &mut Vec<u8>, texts: &[String]) {
    put_list(out, texts, |out, text| put_text(out, text));
}

/// Text inside a key: its length, then its bytes, so that no key is the start of another.
pub(super) fn put_key_text(key: &mut Vec<u8>, text: &str) {
    key.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend_from_slice(text.as_bytes());
}

/// Reads what [`put_key_text`] wrote, and gives what follows.
pub(super) fn take_key_text(key: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = key.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// A byte that tells whether a value follows, then the value.
pub(super) fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

/// No address, or its family and octets.
pub(super) fn put_address(out: &mut Vec<u8>, address: Option<IpAddr>) {
    match address {
        None => out.push(0),
        Some(IpAddr::V4(address)) => {
            out.push(4);
            out.extend_from_slice(&address.octets());
        }
        Some(IpAddr::V6(address)) => {
            out.push(6);
            out.extend_from_slice(&address.octets());
        }
    }
}

pub(super) fn put_position(out: &mut Vec<u8>, position: &Position) {
    put_varint(out, position.scan);
    put_varint(out, position.unit.block);
    put_wide(out, position.unit.index);
    put_varint(out, position.sub.into());
}

/// Ascending numbers as their differences.
pub(super) fn put_ascending(out: &mut Vec<u8>, numbers: &[u64]) {
    put_length(out, numbers.len());
    let mut last = 0;
    for &number in numbers {
        put_varint(out, number.wrapping_sub(last));
        last = number;
    }
}

/// Reads a payload; each method is [`StoreError::Corrupt`] where the bytes do not fit.
#[derive(Debug, Clone)]
pub(super) struct Decoder<'a> {
    rest: &'a [u8],
    table: Table,
    key: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(super) fn corrupt(&self) -> StoreError {
        self.table.corrupt(self.key)
    }

    pub(super) fn byte(&mut self) -> Result<u8, StoreError> {
        let (&byte, rest) = self.rest.split_first().ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(byte)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn wide(&mut self) -> Result<u128, StoreError> {
        let mut number = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let septet = u128::from(byte & 127);
            if shift == 126 && byte > 3 {
                break;
            }
            number |= septet << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(self.corrupt())
    }

    pub(super) fn varint(&mut self) -> Result<u64, StoreError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(self.corrupt())
    }

    /// A number that must fit a narrower type.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, StoreError> {
        let number = self.varint()?;
        T::try_from(number).map_err(|_| self.corrupt())
    }

    pub(super) fn signed(&mut self) -> Result<i64, StoreError> {
        let zigzag = self.varint()?;
        let magnitude = i64::from_ne_bytes((zigzag >> 1).to_ne_bytes());
        Ok(if zigzag & 1 == 0 { magnitude } else { !magnitude })
    }

    pub(super) fn time(&mut self) -> Result<UnixTime, StoreError> {
        self.signed().map(UnixTime)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], StoreError> {
        let length = self.number()?;
        self.take(length)
    }

    /// What [`put_sized`] wrote: `read` must use it up.
    pub(super) fn sized<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut inner = Self { rest: self.bytes()?, table: self.table, key: self.key };
        let value = read(&mut inner)?;
        inner.end()?;
        Ok(value)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, StoreError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.corrupt())
    }

    pub(super) fn string(&mut self) -> Result<String, StoreError> {
        self.text().map(str::to_owned)
    }

    pub(super) fn untrusted(&mut self) -> Result<Untrusted, StoreError> {
        self.text().map(Untrusted::from)
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>, StoreError> {
        self.list(Self::string)
    }

    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt()),
        }
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let length: usize = self.number()?;
        // Each item takes a byte at least, so a longer list cannot be there.
        if length > self.rest.len() {
            return Err(self.corrupt());
        }
        let mut items = Vec::with_capacity(length.min(64));
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(super) fn address(&mut self) -> Result<Option<IpAddr>, StoreError> {
        Ok(match self.byte()? {
            0 => None,
            4 => Some(IpAddr::from(self.array::<4>()?)),
            6 => Some(IpAddr::from(self.array::<16>()?)),
            _ => return Err(self.corrupt()),
        })
    }

    pub(super) fn position(&mut self) -> Result<Position, StoreError> {
        let scan = self.varint()?;
        let unit = UnitPosition { block: self.varint()?, index: self.wide()? };
        Ok(Position { scan, unit, sub: self.number()? })
    }

    pub(super) fn ascending(&mut self) -> Result<Vec<u64>, StoreError> {
        let mut last = 0u64;
        self.list(|decoder| {
            last = last.wrapping_add(decoder.varint()?);
            Ok(last)
        })
    }

    /// Nothing follows.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The payload must end here.
    pub(super) fn end(&self) -> Result<(), StoreError> {
        if self.is_empty() { Ok(()) } else { Err(self.corrupt()) }
    }
}

#[cfg(test)]
mod tests;
