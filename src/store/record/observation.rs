//! Observations: in full, or as "the same as that earlier one".
//!
//! ```text
//! full  kind ‖ endpoint id (16) ‖ time ‖ chains ‖ facts ‖ inspection ‖ digest (16) ‖ endpoint ‖ target ‖ aside
//!       ‖ gathered, where kind | 8
//! same  kind | 4 ‖ endpoint id (16) ‖ time ‖ certificates ‖ position of the full one ‖ gathered, where kind | 8
//!       ‖ connections, where inspected
//! ```
//!
//! Chains are numbers of certificates. The digest is over what makes an outcome (kind, chains, facts, inspection and
//! the target's text): equal digests of one endpoint are "the same". Not in it: the time, what stands aside, which
//! is a failure's sentence and the connections of an inspection, and what was gathered of others, but for certificates
//! found revoked.

use std::sync::Arc;

use super::codes::Code;
use super::gathered::{decode_gathered, put_essence, put_gathered};
use super::inspection::{decode_connections, decode_inspection, put_connections, put_inspection};
use super::{
    Decoder, Encoder, StoreError, Table, answer, open_version, put_address, put_ascending, put_bytes,
    put_length, put_option, put_position, put_sized, put_text, put_time, put_varint, tri,
};
use crate::model::{EndedBy, PostQuantum, Purpose, Transport};
use crate::model::{
    Endpoint, EndpointId, Failure, Gathered, Handshake, Observation, OtherChain, Outcome, ServerName, Stage,
    TlsFacts,
};
use crate::store::position::Position;
use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::tls::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};
use crate::x509::Fingerprint;

const VERSION: u8 = 1;
const SAME: u8 = 4;
/// Beside the stage of a failure: an inspection follows.
const INSPECTED: u8 = 0x80;
const GATHERED: u8 = 8;

/// Digest of an outcome.
pub(in crate::store) type Digest = [u8; 16];

/// What an outcome was, without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Handshake = 0,
    Failure = 1,
    Read = 2,
}

impl Kind {
    pub(in crate::store) fn of<C>(outcome: &Outcome<C>) -> Self {
        match outcome {
            Outcome::Handshake(_) => Self::Handshake,
            Outcome::Failure(_) => Self::Failure,
            Outcome::Read(_) => Self::Read,
        }
    }

    pub(in crate::store) fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Handshake),
            1 => Some(Self::Failure),
            2 => Some(Self::Read),
            _ => None,
        }
    }

    /// The outcome holds a chain.
    pub(in crate::store) fn has_chain(self) -> bool {
        self != Self::Failure
    }
}

/// The target's text, or its place among the targets of the scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Target<'a> {
    Listed(u64),
    Written(&'a str),
}

/// The part of an observation that the merge needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Head {
    pub(in crate::store) kind: Kind,
    pub(in crate::store) endpoint: EndpointId,
    pub(in crate::store) seen_at: UnixTime,
    pub(in crate::store) body: Body,
}

/// New, or the same as an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Body {
    Full(Digest),
    Same(Position),
}

/// The outcome's bytes that count for sameness: kind, chains, facts, inspection.
pub(in crate::store) fn put_outcome(out: &mut Vec<u8>, outcome: &Outcome<Vec<u64>>) {
    match outcome {
        Outcome::Handshake(handshake) => {
            put_length(out, handshake.other_chains.len().saturating_add(1));
            put_chain(out, &handshake.presented);
            handshake.other_chains.iter().for_each(|other| put_chain(out, &other.presented));
            handshake.other_chains.iter().for_each(|other| out.push(other.offered_for.code()));
            put_facts(out, &handshake.tls, handshake.inspection.is_some());
            if let Some(inspection) = &handshake.inspection {
                put_sized(out, |out| put_inspection(out, inspection));
            }
        }
        Outcome::Failure(failure) => {
            put_length(out, 0);
            let inspected = if failure.inspection.is_some() { INSPECTED } else { 0 };
            out.push(failure.stage.code() | inspected);
            out.push(failure.reason.code());
            if let Some(inspection) = &failure.inspection {
                put_sized(out, |out| put_inspection(out, inspection));
            }
        }
        Outcome::Read(chain) => {
            put_length(out, 1);
            put_chain(out, chain);
        }
    }
}

/// What was gathered beside a handshake.
pub(in crate::store) fn gathered<C>(outcome: &Outcome<C>) -> Option<&Gathered> {
    match outcome {
        Outcome::Handshake(handshake) => {
            handshake.gathered.as_deref().filter(|found| !found.revocation.is_empty())
        }
        Outcome::Failure(_) | Outcome::Read(_) => None,
    }
}

/// Digest of [`put_outcome`]'s bytes with the target's text, and with what was found revoked.
pub(in crate::store) fn digest(
    kind: Kind,
    outcome: &[u8],
    target: &str,
    gathered: Option<&Gathered>,
) -> Digest {
    let mut bytes = Vec::with_capacity(outcome.len() + target.len() + 10);
    bytes.push(kind as u8);
    put_bytes(&mut bytes, outcome);
    bytes.extend_from_slice(target.as_bytes());
    if let Some(gathered) = gathered {
        put_essence(&mut bytes, gathered);
    }
    Fingerprint::of(&bytes).0.first_chunk().copied().unwrap_or_default()
}

/// What an outcome has that does not count for sameness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Aside<'a> {
    /// A failure's.
    sentence: Option<&'a str>,
    /// An inspection's.
    pub(in crate::store) connections: Option<&'a [(Purpose, u32)]>,
}

impl<'a> Aside<'a> {
    pub(in crate::store) fn of<C>(outcome: &'a Outcome<C>) -> Self {
        let sentence = match outcome {
            Outcome::Failure(failure) => Some(failure.detail.raw()),
            Outcome::Handshake(_) | Outcome::Read(_) => None,
        };
        Self { sentence, connections: outcome.inspection().map(|found| found.connections.as_slice()) }
    }
}

/// A whole observation.
pub(in crate::store) struct Full<'a> {
    pub(in crate::store) id: EndpointId,
    pub(in crate::store) kind: Kind,
    pub(in crate::store) seen_at: UnixTime,
    /// From [`put_outcome`].
    pub(in crate::store) outcome: &'a [u8],
    pub(in crate::store) digest: Digest,
    pub(in crate::store) endpoint: &'a Endpoint,
    pub(in crate::store) target: Target<'a>,
    pub(in crate::store) aside: Aside<'a>,
    pub(in crate::store) gathered: Option<&'a Gathered>,
}

impl Full<'_> {
    pub(in crate::store) fn encode<'e>(&self, encoder: &'e mut Encoder, key: &[u8]) -> &'e [u8] {
        let out = encoder.begin(Table::Observation, key, VERSION);
        out.push(self.kind as u8 | self.gathered.map_or(0, |_| GATHERED));
        out.extend_from_slice(&self.id.0);
        put_time(out, self.seen_at);
        out.extend_from_slice(self.outcome);
        out.extend_from_slice(&self.digest);
        put_endpoint(out, self.endpoint);
        match self.target {
            Target::Written(text) => {
                put_varint(out, 0);
                put_text(out, text);
            }
            Target::Listed(index) => put_varint(out, index.saturating_add(1)),
        }
        if let Some(text) = self.aside.sentence {
            put_text(out, text);
        }
        if let Some(connections) = self.aside.connections {
            put_connections(out, connections);
        }
        if let Some(gathered) = self.gathered {
            put_gathered(out, gathered);
        }
        encoder.finish()
    }
}

/// An observation whose outcome is that of `outcome`; `certificates` are those of its chains, ascending,
/// `connections` those of its inspection, and `gathered` is this visit's.
pub(in crate::store) fn encode_same<'e>(
    encoder: &'e mut Encoder,
    key: &[u8],
    (kind, id, seen_at): (Kind, EndpointId, UnixTime),
    certificates: &[u64],
    outcome: &Position,
    gathered: Option<&Gathered>,
    connections: Option<&[(Purpose, u32)]>,
) -> &'e [u8] {
    let out = encoder.begin(Table::Observation, key, VERSION);
    out.push(kind as u8 | SAME | gathered.map_or(0, |_| GATHERED));
    out.extend_from_slice(&id.0);
    put_time(out, seen_at);
    put_ascending(out, certificates);
    put_position(out, outcome);
    if let Some(gathered) = gathered {
        put_gathered(out, gathered);
    }
    if let Some(connections) = connections {
        put_connections(out, connections);
    }
    encoder.finish()
}

/// Reads the head, and appends the certificates of all its chains to `certificates`, ascending and once each.
pub(in crate::store) fn decode_head(
    key: &[u8],
    record: &[u8],
    certificates: &mut Vec<u64>,
) -> Result<Head, StoreError> {
    let mut decoder = open_version(Table::Observation, key, record, VERSION)?;
    let (tag, endpoint, seen_at) = decode_start(&mut decoder)?;
    let kind = Kind::from_code(tag & !(SAME | GATHERED)).ok_or_else(|| decoder.corrupt())?;
    if tag & SAME != 0 {
        certificates.extend(decoder.ascending()?);
        return Ok(Head { kind, endpoint, seen_at, body: Body::Same(decoder.position()?) });
    }
    let chains = decode_chains(&mut decoder)?;
    let mut numbers: Vec<u64> = chains.iter().flatten().copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    certificates.extend(numbers);
    skip_facts(&mut decoder, kind, chains.len())?;
    Ok(Head { kind, endpoint, seen_at, body: Body::Full(decoder.array()?) })
}

/// A decoded record.
pub(in crate::store) enum Decoded<'a> {
    Full {
        observation: Box<Observation<Vec<u64>>>,
        target: Target<'a>,
        digest: Digest,
    },
    Same {
        endpoint: EndpointId,
        seen_at: UnixTime,
        outcome: Position,
        /// Of this visit.
        gathered: Option<Box<Gathered>>,
        /// Of this visit's inspection.
        connections: Option<Vec<(Purpose, u32)>>,
    },
}

/// Reads a whole record; the observation's target is empty, for the caller to fill in.
pub(in crate::store) fn decode<'a>(key: &'a [u8], record: &'a [u8]) -> Result<Decoded<'a>, StoreError> {
    let mut decoder = open_version(Table::Observation, key, record, VERSION)?;
    let (tag, id, observed_at) = decode_start(&mut decoder)?;
    let kind = Kind::from_code(tag & !(SAME | GATHERED)).ok_or_else(|| decoder.corrupt())?;
    if tag & SAME != 0 {
        decoder.ascending()?;
        let outcome = decoder.position()?;
        let gathered = decode_gathered_where(tag, &mut decoder)?;
        let is_inspected = !decoder.is_empty();
        let connections = is_inspected.then(|| decode_connections(&mut decoder)).transpose()?;
        decoder.end()?;
        return Ok(Decoded::Same { endpoint: id, seen_at: observed_at, outcome, gathered, connections });
    }
    let mut outcome = decode_outcome(&mut decoder, kind)?;
    let digest = decoder.array()?;
    let endpoint = decode_endpoint(&mut decoder)?;
    let target = match decoder.varint()? {
        0 => Target::Written(decoder.text()?),
        index => Target::Listed(index - 1),
    };
    if let Outcome::Failure(failure) = &mut outcome {
        failure.detail = Untrusted::new(decoder.text()?);
    }
    if let Some(inspection) = outcome.inspection_mut() {
        inspection.connections = decode_connections(&mut decoder)?;
    }
    let gathered = decode_gathered_where(tag, &mut decoder)?;
    if let Outcome::Handshake(handshake) = &mut outcome {
        handshake.gathered = gathered;
    }
    decoder.end()?;
    let observation = Box::new(Observation { endpoint, target: Arc::from(""), observed_at, outcome });
    Ok(Decoded::Full { observation, target, digest })
}

fn decode_gathered_where(tag: u8, decoder: &mut Decoder<'_>) -> Result<Option<Box<Gathered>>, StoreError> {
    (tag & GATHERED != 0).then(|| decode_gathered(decoder).map(Box::new)).transpose()
}

fn decode_start(decoder: &mut Decoder<'_>) -> Result<(u8, EndpointId, UnixTime), StoreError> {
    Ok((decoder.byte()?, EndpointId(decoder.array()?), decoder.time()?))
}

fn put_chain(out: &mut Vec<u8>, chain: &[u64]) {
    put_length(out, chain.len());
    chain.iter().for_each(|&number| put_varint(out, number));
}

fn decode_chains(decoder: &mut Decoder<'_>) -> Result<Vec<Vec<u64>>, StoreError> {
    decoder.list(|decoder| decoder.list(Decoder::varint))
}

fn decode_outcome(decoder: &mut Decoder<'_>, kind: Kind) -> Result<Outcome<Vec<u64>>, StoreError> {
    let mut chains = decode_chains(decoder)?.into_iter();
    let outcome = match kind {
        Kind::Handshake => {
            let presented = chains.next().ok_or_else(|| decoder.corrupt())?;
            let other_chains = chains
                .by_ref()
                .map(|presented| Ok(OtherChain { offered_for: decoder.code()?, presented }))
                .collect::<Result<_, StoreError>>()?;
            let (tls, is_inspected) = decode_facts(decoder)?;
            let inspection =
                is_inspected.then(|| decoder.sized(decode_inspection).map(Box::new)).transpose()?;
            Outcome::Handshake(Box::new(Handshake {
                tls,
                presented,
                other_chains,
                inspection,
                gathered: None,
            }))
        }
        Kind::Failure => {
            let (stage, is_inspected) = decode_stage(decoder)?;
            let failure = Failure::new(stage, decoder.code()?, Untrusted::default());
            let inspection =
                is_inspected.then(|| decoder.sized(decode_inspection).map(Box::new)).transpose()?;
            Outcome::Failure(Failure { inspection, ..failure })
        }
        Kind::Read => Outcome::Read(chains.next().ok_or_else(|| decoder.corrupt())?),
    };
    if chains.next().is_some() { Err(decoder.corrupt()) } else { Ok(outcome) }
}

/// A failure's stage, and whether an inspection follows.
fn decode_stage(decoder: &mut Decoder<'_>) -> Result<(Stage, bool), StoreError> {
    let byte = decoder.byte()?;
    let stage = Stage::from_code(byte & !INSPECTED).ok_or_else(|| decoder.corrupt())?;
    Ok((stage, byte & INSPECTED != 0))
}

fn skip_facts(decoder: &mut Decoder<'_>, kind: Kind, chains: usize) -> Result<(), StoreError> {
    match kind {
        Kind::Handshake => {
            decoder.take(chains.saturating_sub(1))?;
            let (_, is_inspected) = decode_facts(decoder)?;
            if is_inspected {
                decoder.bytes()?;
            }
        }
        Kind::Failure => {
            let (_, is_inspected) = decode_stage(decoder)?;
            decoder.take(1)?;
            if is_inspected {
                decoder.bytes()?;
            }
        }
        Kind::Read => {}
    }
    Ok(())
}

/// Bits of the facts that are there, in the order they follow.
mod present {
    pub(super) const VERSION: u64 = 1;
    pub(super) const CIPHER_SUITE: u64 = 1 << 1;
    pub(super) const GROUP: u64 = 1 << 2;
    pub(super) const ALPN: u64 = 1 << 3;
    pub(super) const ENDED_BY: u64 = 1 << 4;
    pub(super) const SCT_COUNT: u64 = 1 << 5;
    pub(super) const CA_NAMES: u64 = 1 << 6;
    pub(super) const POST_QUANTUM: u64 = 1 << 7;
    /// Follows the facts.
    pub(super) const INSPECTION: u64 = 1 << 8;
    pub(super) const ALL: u64 = INSPECTION * 2 - 1;
}

fn put_facts(out: &mut Vec<u8>, tls: &TlsFacts, is_inspected: bool) {
    let mut bits = 0;
    let mut set = |bit: u64, there: bool| bits |= if there { bit } else { 0 };
    set(present::VERSION, tls.version.is_some());
    set(present::CIPHER_SUITE, tls.cipher_suite.is_some());
    set(present::GROUP, tls.group.is_some());
    set(present::ALPN, tls.alpn.is_some());
    set(present::ENDED_BY, tls.ended_by.is_some());
    set(present::SCT_COUNT, tls.sct_count.is_some());
    set(present::CA_NAMES, !tls.client_auth_ca_names.is_empty());
    set(present::POST_QUANTUM, tls.post_quantum.is_some());
    set(present::INSPECTION, is_inspected);
    put_varint(out, bits);
    let answers = tri(tls.completed) | tri(tls.possession_proved) << 2 | tri(tls.ocsp_stapled) << 4;
    out.push(answers | tls.client_auth.code() << 6);
    if let Some(version) = tls.version {
        out.extend_from_slice(&version.0.to_be_bytes());
    }
    if let Some(suite) = tls.cipher_suite {
        out.extend_from_slice(&suite.0.to_be_bytes());
    }
    if let Some(group) = tls.group {
        out.extend_from_slice(&group.0.to_be_bytes());
    }
    if let Some(alpn) = &tls.alpn {
        put_text(out, alpn.raw());
    }
    if let Some(ended_by) = &tls.ended_by {
        put_ended_by(out, ended_by);
    }
    if let Some(count) = tls.sct_count {
        put_varint(out, count.into());
    }
    if !tls.client_auth_ca_names.is_empty() {
        put_length(out, tls.client_auth_ca_names.len());
        tls.client_auth_ca_names.iter().for_each(|name| put_text(out, name.raw()));
    }
    match tls.post_quantum {
        None => {}
        Some(PostQuantum::Refused) => out.push(0),
        Some(PostQuantum::Group(group)) => {
            out.push(1);
            out.extend_from_slice(&group.0.to_be_bytes());
        }
    }
}

/// The facts, and whether an inspection follows.
fn decode_facts(decoder: &mut Decoder<'_>) -> Result<(TlsFacts, bool), StoreError> {
    let bits = decoder.varint()?;
    if bits & !present::ALL != 0 {
        return Err(decoder.corrupt());
    }
    let answers = decoder.byte()?;
    let number = |decoder: &mut Decoder<'_>, bit: u64| {
        (bits & bit != 0).then(|| decoder.array().map(u16::from_be_bytes)).transpose()
    };
    let facts = TlsFacts {
        completed: answer(answers).ok_or_else(|| decoder.corrupt())?,
        possession_proved: answer(answers >> 2).ok_or_else(|| decoder.corrupt())?,
        ocsp_stapled: answer(answers >> 4).ok_or_else(|| decoder.corrupt())?,
        client_auth: Code::from_code(answers >> 6).ok_or_else(|| decoder.corrupt())?,
        version: number(decoder, present::VERSION)?.map(ProtocolVersion),
        cipher_suite: number(decoder, present::CIPHER_SUITE)?.map(CipherSuite),
        group: number(decoder, present::GROUP)?.map(NamedGroup),
        alpn: (bits & present::ALPN != 0).then(|| decoder.text().map(Untrusted::from)).transpose()?,
        ended_by: (bits & present::ENDED_BY != 0).then(|| decode_ended_by(decoder)).transpose()?,
        sct_count: (bits & present::SCT_COUNT != 0).then(|| decoder.number()).transpose()?,
        client_auth_ca_names: if bits & present::CA_NAMES != 0 {
            decoder.list(|decoder| decoder.text().map(Untrusted::from))?
        } else {
            Vec::new()
        },
        post_quantum: (bits & present::POST_QUANTUM != 0)
            .then(|| decode_post_quantum(decoder))
            .transpose()?,
    };
    Ok((facts, bits & present::INSPECTION != 0))
}

fn decode_post_quantum(decoder: &mut Decoder<'_>) -> Result<PostQuantum, StoreError> {
    Ok(match decoder.byte()? {
        0 => PostQuantum::Refused,
        1 => PostQuantum::Group(NamedGroup(u16::from_be_bytes(decoder.array()?))),
        _ => return Err(decoder.corrupt()),
    })
}

fn put_ended_by(out: &mut Vec<u8>, ended_by: &EndedBy) {
    match ended_by {
        EndedBy::OurChoice => out.push(0),
        EndedBy::ClientAuth => out.push(1),
        EndedBy::Alert(alert) => out.extend_from_slice(&[2, alert.0]),
        EndedBy::Timeout => out.push(3),
        EndedBy::Reset => out.push(4),
        EndedBy::Closed => out.push(5),
        EndedBy::Misbehaved(how) => {
            out.push(6);
            put_text(out, how.raw());
        }
    }
}

fn decode_ended_by(decoder: &mut Decoder<'_>) -> Result<EndedBy, StoreError> {
    Ok(match decoder.byte()? {
        0 => EndedBy::OurChoice,
        1 => EndedBy::ClientAuth,
        2 => EndedBy::Alert(AlertDescription(decoder.byte()?)),
        3 => EndedBy::Timeout,
        4 => EndedBy::Reset,
        5 => EndedBy::Closed,
        6 => EndedBy::Misbehaved(Untrusted::new(decoder.text()?)),
        _ => return Err(decoder.corrupt()),
    })
}

fn put_endpoint(out: &mut Vec<u8>, endpoint: &Endpoint) {
    out.push(endpoint.transport.code());
    put_address(out, endpoint.address);
    put_option(out, endpoint.port, |out, port| put_varint(out, port.into()));
    put_option(out, endpoint.server_name.as_ref(), |out, name| put_text(out, name.as_str()));
    put_option(out, endpoint.starttls, |out, protocol| out.push(protocol.code()));
    put_option(out, endpoint.path.as_deref(), put_text);
}

fn decode_endpoint(decoder: &mut Decoder<'_>) -> Result<Endpoint, StoreError> {
    let transport: Transport = decoder.code()?;
    let address = decoder.address()?;
    Ok(Endpoint {
        transport,
        address,
        port: decoder.option(|decoder| decoder.number())?,
        server_name: decoder.option(|decoder| {
            let name = decoder.text()?;
            ServerName::parse(name).map_err(|_| decoder.corrupt())
        })?,
        starttls: decoder.option(Decoder::code)?,
        path: decoder.option(|decoder| decoder.text().map(Arc::from))?,
    })
}
