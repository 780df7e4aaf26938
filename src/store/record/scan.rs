//! Scans: what was asked for, and the accounts.
//!
//! Version 2 adds the upgrades and the transports that were asked for; a scan of version 1 asked for TLS over TCP, and
//! is read as what that is called today.

use std::collections::BTreeMap;

use super::codes::Code;
use super::{
    Decoder, Encoder, StoreError, Table, open, put_length, put_list, put_option, put_text, put_time,
    put_varint,
};
use crate::model::{Counts, Exclusion, Scan, ScanId, ScanParameters, StartTlsChoice, Transport};
use crate::x509::Fingerprint;

const VERSION: u8 = 2;

/// A scan with what the record needs beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredScan {
    /// Ascending in the order scans were begun.
    pub sequence: u64,
    pub scan: Scan,
    /// Seed of the walk.
    pub seed: u64,
    /// Digest of the input, for finding the scan to resume.
    pub input_digest: Fingerprint,
}

pub(in crate::store) fn key(sequence: u64) -> [u8; 8] {
    sequence.to_be_bytes()
}

pub(in crate::store) fn encode<'e>(encoder: &'e mut Encoder, stored: &StoredScan) -> &'e [u8] {
    let StoredScan { sequence, scan, seed, input_digest } = stored;
    let out = encoder.begin(Table::Scan, &key(*sequence), VERSION);
    put_varint(out, *seed);
    out.extend_from_slice(&input_digest.0);
    put_text(out, &scan.id.0);
    put_option(out, scan.profile.as_deref(), put_text);
    put_time(out, scan.started_at);
    put_option(out, scan.finished_at, put_time);
    out.push(scan.state.code());
    put_text(out, &scan.vantage);
    put_text(out, &scan.actor);
    put_parameters(out, &scan.parameters);
    put_length(out, scan.exclusions.len());
    for exclusion in &scan.exclusions {
        put_text(out, &exclusion.what);
        put_option(out, exclusion.reason.as_deref(), put_text);
    }
    put_counts(out, &scan.counts);
    encoder.finish()
}

pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<StoredScan, StoreError> {
    let (version, mut decoder) = open(Table::Scan, key, record)?;
    if !(1..=VERSION).contains(&version) {
        return Err(decoder.corrupt());
    }
    let sequence = key.try_into().map(u64::from_be_bytes).map_err(|_| decoder.corrupt())?;
    let seed = decoder.varint()?;
    let input_digest = Fingerprint(decoder.array()?);
    let scan = Scan {
        id: ScanId(decoder.string()?),
        profile: decoder.option(Decoder::string)?,
        started_at: decoder.time()?,
        finished_at: decoder.option(Decoder::time)?,
        state: decoder.code()?,
        vantage: decoder.string()?,
        actor: decoder.string()?,
        parameters: decode_parameters(&mut decoder, version)?,
        exclusions: decoder.list(|decoder| {
            Ok(Exclusion { what: decoder.string()?, reason: decoder.option(Decoder::string)? })
        })?,
        counts: decode_counts(&mut decoder)?,
    };
    decoder.end()?;
    Ok(StoredScan { sequence, scan, seed, input_digest })
}

fn put_parameters(out: &mut Vec<u8>, parameters: &ScanParameters) {
    put_length(out, parameters.targets.len());
    parameters.targets.iter().for_each(|target| put_text(out, target));
    put_text(out, &parameters.ports);
    out.push(parameters.depth.code());
    put_option(out, parameters.rate, |out, rate| put_varint(out, rate.into()));
    put_option(out, parameters.resolver.as_deref(), put_text);
    put_option(out, parameters.profile_sha256.as_deref(), put_text);
    put_option(out, parameters.profile_source.as_deref(), put_text);
    put_length(out, parameters.trust.len());
    parameters.trust.iter().for_each(|store| put_text(out, store));
    put_choice(out, parameters.starttls);
    put_list(out, &parameters.transports, |out, transport| out.push(transport.code()));
}

fn decode_parameters(decoder: &mut Decoder<'_>, version: u8) -> Result<ScanParameters, StoreError> {
    let mut parameters = ScanParameters {
        targets: decoder.list(Decoder::string)?,
        ports: decoder.string()?,
        depth: decoder.code()?,
        starttls: StartTlsChoice::default(),
        transports: vec![Transport::Tcp],
        rate: decoder.option(Decoder::number)?,
        resolver: decoder.option(Decoder::string)?,
        profile_sha256: decoder.option(Decoder::string)?,
        profile_source: decoder.option(Decoder::string)?,
        trust: decoder.list(Decoder::string)?,
    };
    if version >= 2 {
        parameters.starttls = decode_choice(decoder)?;
        parameters.transports = decoder.list(Decoder::code)?;
        if parameters.transports.is_empty() {
            return Err(decoder.corrupt());
        }
    }
    Ok(parameters)
}

fn put_choice(out: &mut Vec<u8>, choice: StartTlsChoice) {
    match choice {
        StartTlsChoice::Auto => out.push(0),
        StartTlsChoice::Never => out.push(1),
        StartTlsChoice::Always(protocol) => out.extend_from_slice(&[2, protocol.code()]),
    }
}

fn decode_choice(decoder: &mut Decoder<'_>) -> Result<StartTlsChoice, StoreError> {
    Ok(match decoder.byte()? {
        0 => StartTlsChoice::Auto,
        1 => StartTlsChoice::Never,
        2 => StartTlsChoice::Always(decoder.code()?),
        _ => return Err(decoder.corrupt()),
    })
}

pub(super) fn put_counts(out: &mut Vec<u8>, counts: &Counts) {
    for number in [
        counts.targets,
        counts.endpoints,
        counts.handshake,
        counts.failure,
        counts.read,
        counts.unlisted,
        counts.excluded,
        counts.known_not_reached,
        counts.certificates,
    ] {
        put_varint(out, number);
    }
    put_length(out, counts.failures.len());
    for (code, number) in &counts.failures {
        put_text(out, code);
        put_varint(out, *number);
    }
}

pub(super) fn decode_counts(decoder: &mut Decoder<'_>) -> Result<Counts, StoreError> {
    Ok(Counts {
        targets: decoder.varint()?,
        endpoints: decoder.varint()?,
        handshake: decoder.varint()?,
        failure: decoder.varint()?,
        read: decoder.varint()?,
        unlisted: decoder.varint()?,
        excluded: decoder.varint()?,
        known_not_reached: decoder.varint()?,
        certificates: decoder.varint()?,
        failures: BTreeMap::from_iter(decoder.list(|decoder| Ok((decoder.string()?, decoder.varint()?)))?),
    })
}
