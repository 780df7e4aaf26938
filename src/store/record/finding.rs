//! Findings by profile and key, and the endpoints that are members of each.
//!
//! Version 1 holds the finding and the scan that last reported it. Human decisions come with a later version.

use super::codes::Code;
use super::{Decoder, Encoder, StoreError, Table, open_version, put_option, put_text, put_time, put_varint};
use crate::model::{EndpointId, Finding, FindingKey, Rule, Subject};
use crate::x509::Fingerprint;

const VERSION: u8 = 1;

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

fn put_key_text(key: &mut Vec<u8>, text: &str) {
    key.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend_from_slice(text.as_bytes());
}

/// The profile and the finding's key in a member's key.
pub(in crate::store) fn finding_of_member(key: &[u8]) -> Option<(&str, &str)> {
    let (profile, rest) = take_key_text(key)?;
    let (finding, id) = take_key_text(rest)?;
    let texts = (std::str::from_utf8(profile).ok()?, std::str::from_utf8(finding).ok()?);
    (id.len() == 16).then_some(texts)
}

fn take_key_text(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = key.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
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
    encoder.finish()
}

pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<StoredFinding, StoreError> {
    let mut decoder = open_version(Table::Finding, key, record, VERSION)?;
    let finding = Finding {
        profile: decoder.string()?,
        key: FindingKey(decoder.string()?),
        rule: decoder.text().map(Rule::from_id)?.ok_or_else(|| decoder.corrupt())?,
        severity: decoder.code()?,
        state: decoder.code()?,
        title: decoder.string()?,
        detail: decoder.string()?,
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
        returns: 0,
    };
    let scan = decoder.varint()?;
    decoder.end()?;
    Ok(StoredFinding { finding, scan })
}

pub(in crate::store) fn encode_member<'e>(encoder: &'e mut Encoder, key: &[u8], scan: u64) -> &'e [u8] {
    put_varint(encoder.begin(Table::Member, key, VERSION), scan);
    encoder.finish()
}

/// The member's endpoint and the last scan that saw it so.
pub(in crate::store) fn decode_member(key: &[u8], record: &[u8]) -> Result<(EndpointId, u64), StoreError> {
    let mut decoder = open_version(Table::Member, key, record, VERSION)?;
    let endpoint = key.last_chunk().copied().map(EndpointId).ok_or_else(|| decoder.corrupt())?;
    let scan = decoder.varint()?;
    decoder.end()?;
    Ok((endpoint, scan))
}
