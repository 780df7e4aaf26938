//! Decisions of people, and silences: standing orders not to tell what they match.

use super::codes::Code;
use super::{Decoder, Encoder, StoreError, Table, open_version, put_option, put_text, put_time};
use crate::model::{Decision, Matcher, Rule, Silence};

const VERSION: u8 = 1;

pub(super) fn put_decision(out: &mut Vec<u8>, decision: &Decision) {
    put_text(out, &decision.by);
    put_time(out, decision.at);
    put_text(out, &decision.reason);
    put_option(out, decision.until, put_time);
}

pub(super) fn decode_decision(decoder: &mut Decoder<'_>) -> Result<Decision, StoreError> {
    Ok(Decision {
        by: decoder.string()?,
        at: decoder.time()?,
        reason: decoder.string()?,
        until: decoder.option(Decoder::time)?,
    })
}

/// The key is the silence's number.
pub(in crate::store) fn encode<'e>(encoder: &'e mut Encoder, silence: &Silence) -> &'e [u8] {
    let out = encoder.begin(Table::Silence, &silence.id.to_be_bytes(), VERSION);
    let Matcher { key, profile, rule, endpoint, owner, tag, max_severity } = &silence.matcher;
    for text in [key, profile, endpoint, owner, tag] {
        put_option(out, text.as_deref(), put_text);
    }
    put_option(out, *rule, |out, rule| put_text(out, rule.id()));
    put_option(out, *max_severity, |out, severity| out.push(severity.code()));
    put_decision(out, &silence.decision);
    encoder.finish()
}

pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<Silence, StoreError> {
    let mut decoder = open_version(Table::Silence, key, record, VERSION)?;
    let id = key.try_into().map(u64::from_be_bytes).map_err(|_| decoder.corrupt())?;
    let mut text = || decoder.option(Decoder::string);
    let (key, profile, endpoint, owner, tag) = (text()?, text()?, text()?, text()?, text()?);
    let rule = decoder.option(Decoder::rule)?;
    let max_severity = decoder.option(Decoder::code)?;
    let decision = decode_decision(&mut decoder)?;
    decoder.end()?;
    Ok(Silence { id, matcher: Matcher { key, profile, rule, endpoint, owner, tag, max_severity }, decision })
}

impl Decoder<'_> {
    /// A rule by its public id, which never changes its meaning.
    pub(super) fn rule(&mut self) -> Result<Rule, StoreError> {
        self.text().map(Rule::from_id)?.ok_or_else(|| self.corrupt())
    }
}
