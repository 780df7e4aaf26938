//! Inspections inside observations, compact: answers are two bits each, numbers of a registry two bytes.
//!
//! ```text
//! inspection  scope ‖ versions ‖ parameters ‖ features ‖ intolerances ‖ probes ‖ fingerprints [‖ HSTS]
//! version     number (2) ‖ answers (2) ‖ suites ‖ SSL 2 kinds ‖ groups ‖ schemes
//! ```
//!
//! The connections that were made are apart: they do not count for sameness. A prime's name is not kept, for its
//! hash tells it. HSTS came later: where it was not looked at, nothing stands for it.

use super::codes::Code;
use super::{
    Decoder, StoreError, answer, put_length, put_list, put_option, put_signed, put_text, put_varint, tri,
};
use crate::model::finding::EvidenceValue;
use crate::model::{
    DhParameters, Evidence, Features, Fingerprints, Hsts, Inspection, Probe, Purpose, Reaction, VersionFacts,
};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, Ssl2Cipher, known_prime};
use crate::x509::Fingerprint;

/// All but the connections.
pub(super) fn put_inspection(out: &mut Vec<u8>, inspection: &Inspection) {
    let Inspection {
        scope,
        versions,
        dh_parameters,
        features,
        intolerances,
        probes,
        fingerprints,
        hsts,
        connections: _,
    } = inspection;
    out.push(scope.code());
    put_list(out, versions, put_version);
    put_list(out, dh_parameters, put_parameters);
    put_features(out, features);
    put_option(out, intolerances.as_deref(), |out, all| put_list(out, all, |out, one| out.push(one.code())));
    put_list(out, probes, put_probe);
    let Fingerprints { jarm, ja3s } = fingerprints;
    put_option(out, jarm.as_deref(), put_text);
    put_option(out, ja3s.as_deref(), put_text);
    if let Some(hsts) = hsts {
        put_hsts(out, *hsts);
    }
}

/// All but the connections, which are none.
pub(super) fn decode_inspection(decoder: &mut Decoder<'_>) -> Result<Inspection, StoreError> {
    Ok(Inspection {
        scope: decoder.code()?,
        versions: decoder.list(decode_version)?,
        dh_parameters: decoder.list(decode_parameters)?,
        features: decode_features(decoder)?,
        intolerances: decoder.option(|decoder| decoder.list(Decoder::code))?,
        probes: decoder.list(decode_probe)?,
        fingerprints: Fingerprints {
            jarm: decoder.option(Decoder::string)?,
            ja3s: decoder.option(Decoder::string)?,
        },
        hsts: (!decoder.is_empty()).then(|| decode_hsts(decoder)).transpose()?,
        connections: Vec::new(),
    })
}

const HSTS_ABSENT: u8 = 0;
const HSTS_INVALID: u8 = 1;
/// With one bit each for subdomains and preload.
const HSTS_POLICY: u8 = 4;

fn put_hsts(out: &mut Vec<u8>, hsts: Hsts) {
    match hsts {
        Hsts::Absent => out.push(HSTS_ABSENT),
        Hsts::Invalid => out.push(HSTS_INVALID),
        Hsts::Policy { max_age_seconds, include_subdomains, preload } => {
            out.push(HSTS_POLICY | u8::from(include_subdomains) | u8::from(preload) << 1);
            put_varint(out, max_age_seconds);
        }
    }
}

fn decode_hsts(decoder: &mut Decoder<'_>) -> Result<Hsts, StoreError> {
    match decoder.byte()? {
        HSTS_ABSENT => Ok(Hsts::Absent),
        HSTS_INVALID => Ok(Hsts::Invalid),
        flags if flags & !3 == HSTS_POLICY => Ok(Hsts::Policy {
            max_age_seconds: decoder.varint()?,
            include_subdomains: flags & 1 != 0,
            preload: flags & 2 != 0,
        }),
        _ => Err(decoder.corrupt()),
    }
}

pub(super) fn put_connections(out: &mut Vec<u8>, connections: &[(Purpose, u32)]) {
    put_list(out, connections, |out, (purpose, count)| {
        out.push(purpose.code());
        put_varint(out, (*count).into());
    });
}

pub(super) fn decode_connections(decoder: &mut Decoder<'_>) -> Result<Vec<(Purpose, u32)>, StoreError> {
    decoder.list(|decoder| Ok((decoder.code()?, decoder.number()?)))
}

fn put_version(out: &mut Vec<u8>, facts: &VersionFacts) {
    let VersionFacts {
        version,
        offered,
        cipher_suites,
        ssl2_ciphers,
        suites_complete,
        server_order,
        chacha_prioritised,
        groups,
        groups_complete,
        group_order,
        signature_schemes,
        schemes_complete,
        compression,
    } = facts;
    put_number(out, version.0);
    out.push(
        tri(*offered) | tri(*server_order) << 2 | tri(*chacha_prioritised) << 4 | tri(*group_order) << 6,
    );
    let complete =
        u8::from(*suites_complete) | u8::from(*groups_complete) << 1 | u8::from(*schemes_complete) << 2;
    out.push(tri(*compression) | complete << 2);
    put_list(out, cipher_suites, |out, suite| put_number(out, suite.0));
    put_list(out, ssl2_ciphers, |out, kind| put_varint(out, kind.0.into()));
    put_list(out, groups, |out, group| put_number(out, group.0));
    put_list(out, signature_schemes, |out, scheme| put_number(out, scheme.0));
}

fn decode_version(decoder: &mut Decoder<'_>) -> Result<VersionFacts, StoreError> {
    let version = ProtocolVersion(decode_number(decoder)?);
    let (orders, rest) = (decoder.byte()?, decoder.byte()?);
    if rest >> 5 != 0 {
        return Err(decoder.corrupt());
    }
    let tri = |bits: u8| answer(bits).ok_or_else(|| decoder.corrupt());
    Ok(VersionFacts {
        version,
        offered: tri(orders)?,
        server_order: tri(orders >> 2)?,
        chacha_prioritised: tri(orders >> 4)?,
        group_order: tri(orders >> 6)?,
        compression: tri(rest)?,
        suites_complete: rest & 1 << 2 != 0,
        groups_complete: rest & 1 << 3 != 0,
        schemes_complete: rest & 1 << 4 != 0,
        cipher_suites: decoder.list(|decoder| decode_number(decoder).map(CipherSuite))?,
        ssl2_ciphers: decoder.list(|decoder| decoder.number().map(Ssl2Cipher))?,
        groups: decoder.list(|decoder| decode_number(decoder).map(NamedGroup))?,
        signature_schemes: decoder.list(|decoder| decode_number(decoder).map(SignatureScheme))?,
    })
}

fn put_number(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn decode_number(decoder: &mut Decoder<'_>) -> Result<u16, StoreError> {
    decoder.array().map(u16::from_be_bytes)
}

fn put_parameters(out: &mut Vec<u8>, parameters: &DhParameters) {
    let DhParameters { bits, prime_sha256, known_prime: _, export, key_reused } = parameters;
    out.push(tri(*key_reused) | u8::from(*export) << 2);
    put_varint(out, (*bits).into());
    out.extend_from_slice(&prime_sha256.0);
}

fn decode_parameters(decoder: &mut Decoder<'_>) -> Result<DhParameters, StoreError> {
    let flags = decoder.byte()?;
    if flags >> 3 != 0 {
        return Err(decoder.corrupt());
    }
    let key_reused = answer(flags).ok_or_else(|| decoder.corrupt())?;
    let bits = decoder.number()?;
    let prime_sha256 = Fingerprint(decoder.array()?);
    let known_prime = known_prime(&prime_sha256);
    Ok(DhParameters { bits, prime_sha256, known_prime, export: flags & 1 << 2 != 0, key_reused })
}

/// Answers in the order they are kept, two bits each.
const ANSWERS: usize = 11;
/// Bits of what is there, above the answers.
const ALPN: u64 = 1 << (2 * ANSWERS);
const LIFETIME: u64 = ALPN << 1;
const EARLY_DATA: u64 = ALPN << 2;

fn put_features(out: &mut Vec<u8>, features: &Features) {
    let Features {
        alpn,
        session_tickets,
        ticket_lifetime_seconds,
        resumption_by_id,
        resumption_by_ticket,
        resumption_tls13,
        early_data_bytes,
        secure_renegotiation,
        client_renegotiation,
        extended_master_secret,
        encrypt_then_mac,
        fallback_scsv,
        heartbeat,
        ocsp_stapling,
    } = features;
    let answers: [Option<bool>; ANSWERS] = [
        *session_tickets,
        *resumption_by_id,
        *resumption_by_ticket,
        *resumption_tls13,
        *secure_renegotiation,
        *client_renegotiation,
        *extended_master_secret,
        *encrypt_then_mac,
        *fallback_scsv,
        *heartbeat,
        *ocsp_stapling,
    ];
    let mut bits = answers.iter().rev().fold(0, |bits, answer| bits << 2 | u64::from(tri(*answer)));
    let mut set = |bit: u64, there: bool| bits |= if there { bit } else { 0 };
    set(ALPN, alpn.is_some());
    set(LIFETIME, ticket_lifetime_seconds.is_some());
    set(EARLY_DATA, early_data_bytes.is_some());
    put_varint(out, bits);
    if let Some(names) = alpn {
        put_list(out, names, |out, name| put_text(out, name.raw()));
    }
    for number in [ticket_lifetime_seconds, early_data_bytes].into_iter().flatten() {
        put_varint(out, (*number).into());
    }
}

fn decode_features(decoder: &mut Decoder<'_>) -> Result<Features, StoreError> {
    let bits = decoder.varint()?;
    if bits >= EARLY_DATA << 1 {
        return Err(decoder.corrupt());
    }
    let mut left = bits;
    let mut next = || {
        let answer = answer(left.to_le_bytes()[0]).ok_or_else(|| decoder.corrupt());
        left >>= 2;
        answer
    };
    let mut features = Features {
        session_tickets: next()?,
        resumption_by_id: next()?,
        resumption_by_ticket: next()?,
        resumption_tls13: next()?,
        secure_renegotiation: next()?,
        client_renegotiation: next()?,
        extended_master_secret: next()?,
        encrypt_then_mac: next()?,
        fallback_scsv: next()?,
        heartbeat: next()?,
        ocsp_stapling: next()?,
        ..Features::default()
    };
    let there = |bit: u64| bits & bit != 0;
    features.alpn = there(ALPN).then(|| decoder.list(Decoder::untrusted)).transpose()?;
    features.ticket_lifetime_seconds = there(LIFETIME).then(|| decoder.number()).transpose()?;
    features.early_data_bytes = there(EARLY_DATA).then(|| decoder.number()).transpose()?;
    Ok(features)
}

fn put_probe(out: &mut Vec<u8>, probe: &Probe) {
    out.push(probe.name.code());
    match &probe.reaction {
        Reaction::Weak => out.push(0),
        Reaction::Sound => out.push(1),
        Reaction::NotApplicable => out.push(2),
        Reaction::NotDetermined(why) => {
            out.push(3);
            put_text(out, why);
        }
    }
    put_length(out, probe.evidence.0.len());
    for (name, value) in &probe.evidence.0 {
        put_text(out, name);
        put_value(out, value);
    }
}

fn decode_probe(decoder: &mut Decoder<'_>) -> Result<Probe, StoreError> {
    let name = decoder.code()?;
    let reaction = match decoder.byte()? {
        0 => Reaction::Weak,
        1 => Reaction::Sound,
        2 => Reaction::NotApplicable,
        3 => Reaction::not_determined(decoder.string()?),
        _ => return Err(decoder.corrupt()),
    };
    let facts = decoder.list(|decoder| Ok((decoder.string()?.into(), decode_value(decoder)?)))?;
    Ok(Probe { name, reaction, evidence: Evidence(facts) })
}

fn put_value(out: &mut Vec<u8>, value: &EvidenceValue) {
    match value {
        EvidenceValue::Text(text) => {
            out.push(0);
            put_text(out, text);
        }
        EvidenceValue::Number(number) => {
            out.push(1);
            put_signed(out, *number);
        }
        EvidenceValue::List(list) => {
            out.push(2);
            put_list(out, list, |out, text| put_text(out, text));
        }
    }
}

fn decode_value(decoder: &mut Decoder<'_>) -> Result<EvidenceValue, StoreError> {
    Ok(match decoder.byte()? {
        0 => EvidenceValue::Text(decoder.string()?),
        1 => EvidenceValue::Number(decoder.signed()?),
        2 => EvidenceValue::List(decoder.texts()?),
        _ => return Err(decoder.corrupt()),
    })
}
