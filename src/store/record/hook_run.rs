//! What hooks did for certificates and findings.

use super::{
    Decoder, Encoder, StoreError, Table, open_version, put_key_text, put_list, put_option, put_text,
    put_time, put_varint, take_key_text,
};
use crate::model::{FindingKey, HookRun, Verification};
use crate::x509::Fingerprint;

const VERSION: u8 = 1;

/// The hook's name, then the subject.
pub(in crate::store) fn key(hook: &str, subject: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(hook.len() + subject.len() + 4);
    put_key_text(&mut key, hook);
    key.extend_from_slice(subject.as_bytes());
    key
}

pub(in crate::store) fn encode<'e>(encoder: &'e mut Encoder, key: &[u8], run: &HookRun) -> &'e [u8] {
    let out = encoder.begin(Table::HookRun, key, VERSION);
    put_list(out, &run.tries, |out, time| put_time(out, *time));
    put_time(out, run.next_at);
    put_text(out, &run.outcome);
    put_varint(out, run.failures.into());
    put_option(out, run.verification.as_ref(), |out, verification| {
        put_text(out, &verification.profile);
        out.extend_from_slice(&verification.old.0);
        put_list(out, &verification.findings, |out, key| put_text(out, &key.0));
        put_time(out, verification.since);
        put_time(out, verification.until);
    });
    encoder.finish()
}

pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<HookRun, StoreError> {
    let mut decoder = open_version(Table::HookRun, key, record, VERSION)?;
    let (hook, subject) = take_key_text(key).ok_or_else(|| decoder.corrupt())?;
    let run = HookRun {
        hook: hook.to_owned(),
        subject: std::str::from_utf8(subject).map_err(|_| decoder.corrupt())?.to_owned(),
        tries: decoder.list(Decoder::time)?,
        next_at: decoder.time()?,
        outcome: decoder.string()?,
        failures: decoder.number()?,
        verification: decoder.option(decode_verification)?,
    };
    decoder.end()?;
    Ok(run)
}

fn decode_verification(decoder: &mut Decoder<'_>) -> Result<Verification, StoreError> {
    Ok(Verification {
        profile: decoder.string()?,
        old: Fingerprint(decoder.array()?),
        findings: decoder.list(|decoder| decoder.string().map(FindingKey))?,
        since: decoder.time()?,
        until: decoder.time()?,
    })
}
