//! Findings by profile and key, and the endpoints that are members of each.
//!
//! Version 1 holds the finding and the scan that last reported it. Version 2 adds who looks after it, what somebody
//! decided about it, when somebody was told of it and how bad it was said to be, and how often it came back; a finding
//! of version 1 has none of these.

use super::codes::Code;
use super::decision::{decode_decision, put_decision};
use super::{
    Decoder, Encoder, StoreError, Table, open, open_version, put_key_text, put_option, put_text, put_texts,
    put_time, put_varint, take_key_text,
};
use crate::model::{EndpointId, Finding, FindingKey, Subject};
use crate::x509::Fingerprint;

const VERSION: u8 = 2;
const MEMBER_VERSION: u8 = 1;

/// A finding, and the sequence number of the scan that touched it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFinding {
    pub finding: Finding,
    pub scan: u64,
}

/// Start of the keys of one profile: its length, then its name.
pub(in crate::store) fn profile_prefix(profile: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(profile.len() + 40);
    put_key_text(&mut key, profile);
    key
}

pub(in crate::store) fn key(profile: &str, finding: &FindingKey) -> Vec<u8> {
    let mut key = profile_prefix(profile);
    key.extend_from_slice(finding.0.as_bytes());
    key
}

/// Start of the keys of one finding's members.
pub(in crate::store) fn member_prefix(profile: &str, finding: &FindingKey) -> Vec<u8> {
    let mut key = profile_prefix(profile);
    put_key_text(&mut key, &finding.0);
    key
}

/// The profile and the finding's key in a member's key.
pub(in crate::store) fn finding_of_member(key: &[u8]) -> Option<(&str, &str)> {
    let (profile, rest) = take_key_text(key)?;
    let (finding, id) = take_key_text(rest)?;
    (id.len() == 16).then_some((profile, finding))
}

pub(in crate::store) fn encode<'e>(
    encoder: &'e mut Encoder,
    key: &[u8],
    finding: &Finding,
    scan: u64,
) -> &'e [u8] {
    let out = encoder.begin(Table::Finding, key, VERSION);
    put_text(out, &finding.profile);
    put_text(out, &finding.key.0);
    put_text(out, finding.rule.id());
    out.push(finding.severity.code());
    out.push(finding.state.code());
    put_text(out, &finding.title);
    put_text(out, &finding.detail);
    match finding.subject {
        Subject::Certificate(fingerprint) => {
            out.push(0);
            out.extend_from_slice(&fingerprint.0);
        }
        Subject::Endpoint(id) => {
            out.push(1);
            out.extend_from_slice(&id.0);
        }
    }
    put_time(out, finding.first_seen);
    put_time(out, finding.last_seen);
    put_option(out, finding.resolved_at, put_time);
    put_varint(out, scan);
    put_option(out, finding.owner.as_deref(), put_text);
    put_texts(out, &finding.tags);
    put_option(out, finding.decision.as_ref(), put_decision);
    put_text(out, &finding.remediation);
    put_option(out, finding.told_at, put_time);
    put_option(out, finding.told_severity, |out, severity| out.push(severity.code()));
    put_varint(out, finding.returns.into());
    encoder.finish()
}

pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<StoredFinding, StoreError> {
    let (version, mut decoder) = open(Table::Finding, key, record)?;
    if !(1..=VERSION).contains(&version) {
        return Err(decoder.corrupt());
    }
    let mut finding = Finding {
        profile: decoder.string()?,
        key: FindingKey(decoder.string()?),
        rule: decoder.rule()?,
        severity: decoder.code()?,
        state: decoder.code()?,
        title: decoder.string()?,
        detail: decoder.string()?,
        remediation: String::new(),
        subject: match decoder.byte()? {
            0 => Subject::Certificate(Fingerprint(decoder.array()?)),
            1 => Subject::Endpoint(EndpointId(decoder.array()?)),
            _ => return Err(decoder.corrupt()),
        },
        first_seen: decoder.time()?,
        last_seen: decoder.time()?,
        resolved_at: decoder.option(Decoder::time)?,
        owner: None,
        tags: Vec::new(),
        decision: None,
        told_at: None,
        told_severity: None,
        returns: 0,
    };
    let scan = decoder.varint()?;
    if version >= 2 {
        finding.owner = decoder.option(Decoder::string)?;
        finding.tags = decoder.texts()?;
        finding.decision = decoder.option(decode_decision)?;
        finding.remediation = decoder.string()?;
        finding.told_at = decoder.option(Decoder::time)?;
        finding.told_severity = decoder.option(Decoder::code)?;
        finding.returns = decoder.number()?;
    }
    decoder.end()?;
    Ok(StoredFinding { finding, scan })
}

pub(in crate::store) fn encode_member<'e>(encoder: &'e mut Encoder, key: &[u8], scan: u64) -> &'e [u8] {
    put_varint(encoder.begin(Table::Member, key, MEMBER_VERSION), scan);
    encoder.finish()
}

/// The member's endpoint and the last scan that saw it so.
pub(in crate::store) fn decode_member(key: &[u8], record: &[u8]) -> Result<(EndpointId, u64), StoreError> {
    let mut decoder = open_version(Table::Member, key, record, MEMBER_VERSION)?;
    let endpoint = key.last_chunk().copied().map(EndpointId).ok_or_else(|| decoder.corrupt())?;
    let scan = decoder.varint()?;
    decoder.end()?;
    Ok((endpoint, scan))
}
