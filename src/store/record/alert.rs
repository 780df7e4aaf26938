//! News on its way: an item of the outbox, with the whole of its alert.
//!
//! Channel and urgency stand in the key (see `lane`). An alert's forms are numbered here; a number never changes its
//! meaning, and one that is not known is a damaged record.

use std::sync::Arc;

use super::codes::Code;
use super::lane::item_of;
use super::{
    Decoder, Encoder, StoreError, Table, open_version, put_address, put_length, put_list, put_option,
    put_signed, put_text, put_texts, put_time, put_varint,
};
use crate::model::{
    Alert, AlertEndpoint, AlertKey, CertificateBrief, FindingKey, FindingNews, News, Outgoing,
    ProfileSummary, ScanId, SeverityCounts, WatchNews,
};
use crate::text::Untrusted;
use crate::x509::Fingerprint;

const VERSION: u8 = 1;

pub(in crate::store) fn encode<'e>(encoder: &'e mut Encoder, key: &[u8], outgoing: &Outgoing) -> &'e [u8] {
    let out = encoder.begin(Table::Outbox, key, VERSION);
    put_text(out, &outgoing.route);
    put_alert(out, &outgoing.alert);
    encoder.finish()
}

/// The item's number, and the item.
pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<(u64, Outgoing), StoreError> {
    let mut decoder = open_version(Table::Outbox, key, record, VERSION)?;
    let (lane, _, number) = item_of(key).ok_or_else(|| decoder.corrupt())?;
    let route = decoder.string()?;
    let alert = Arc::new(decode_alert(&mut decoder)?);
    decoder.end()?;
    Ok((number, Outgoing { channel: lane.channel, urgency: lane.urgency, route, alert }))
}

fn put_alert(out: &mut Vec<u8>, alert: &Alert) {
    put_text(out, &alert.key.0);
    put_time(out, alert.at);
    put_option(out, alert.profile.as_deref(), put_text);
    put_option(out, alert.scan.as_ref(), |out, id| put_text(out, &id.0));
    put_text(out, &alert.vantage);
    match &alert.news {
        News::Finding(news) => {
            out.push(0);
            put_finding(out, news);
        }
        News::Watch(news) => {
            out.push(1);
            put_watch(out, news);
        }
    }
}

fn decode_alert(decoder: &mut Decoder<'_>) -> Result<Alert, StoreError> {
    Ok(Alert {
        key: AlertKey(decoder.string()?),
        at: decoder.time()?,
        profile: decoder.option(Decoder::string)?,
        scan: decoder.option(Decoder::string)?.map(ScanId),
        vantage: decoder.string()?,
        news: match decoder.byte()? {
            0 => News::Finding(Box::new(decode_finding(decoder)?)),
            1 => News::Watch(decode_watch(decoder)?),
            _ => return Err(decoder.corrupt()),
        },
    })
}

fn put_finding(out: &mut Vec<u8>, news: &FindingNews) {
    out.push(news.occasion.code());
    put_text(out, &news.finding.0);
    put_text(out, news.rule.id());
    out.push(news.severity.code());
    put_text(out, &news.title);
    put_text(out, &news.detail);
    put_text(out, &news.remediation);
    put_time(out, news.first_seen);
    put_time(out, news.last_seen);
    put_option(out, news.owner.as_deref(), put_text);
    put_texts(out, &news.tags);
    put_list(out, &news.endpoints, |out, endpoint| {
        put_text(out, &endpoint.label);
        put_address(out, endpoint.address);
    });
    put_varint(out, news.endpoint_count);
    put_option(out, news.certificate.as_ref(), put_certificate);
    put_varint(out, news.returns.into());
}

fn decode_finding(decoder: &mut Decoder<'_>) -> Result<FindingNews, StoreError> {
    Ok(FindingNews {
        occasion: decoder.code()?,
        finding: FindingKey(decoder.string()?),
        rule: decoder.rule()?,
        severity: decoder.code()?,
        title: decoder.string()?,
        detail: decoder.string()?,
        remediation: decoder.string()?,
        first_seen: decoder.time()?,
        last_seen: decoder.time()?,
        owner: decoder.option(Decoder::string)?,
        tags: decoder.texts()?,
        endpoints: decoder
            .list(|decoder| Ok(AlertEndpoint { label: decoder.string()?, address: decoder.address()? }))?,
        endpoint_count: decoder.varint()?,
        certificate: decoder.option(decode_certificate)?,
        returns: decoder.number()?,
    })
}

fn put_certificate(out: &mut Vec<u8>, certificate: &CertificateBrief) {
    out.extend_from_slice(&certificate.sha256.0);
    put_list(out, &certificate.names, put_untrusted);
    put_untrusted(out, &certificate.issuer);
    put_option(out, certificate.not_before, put_time);
    put_option(out, certificate.not_after, put_time);
}

fn decode_certificate(decoder: &mut Decoder<'_>) -> Result<CertificateBrief, StoreError> {
    Ok(CertificateBrief {
        sha256: Fingerprint(decoder.array()?),
        names: decoder.list(Decoder::untrusted)?,
        issuer: decoder.untrusted()?,
        not_before: decoder.option(Decoder::time)?,
        not_after: decoder.option(Decoder::time)?,
    })
}

fn put_watch(out: &mut Vec<u8>, news: &WatchNews) {
    match news {
        WatchNews::Baseline { is_first, endpoints, with_chain, open } => {
            out.extend_from_slice(&[0, u8::from(*is_first)]);
            put_varint(out, *endpoints);
            put_varint(out, *with_chain);
            put_counts(out, *open);
        }
        WatchNews::CutOff { lost, answered_before, reasons } => {
            out.push(1);
            put_varint(out, *lost);
            put_varint(out, *answered_before);
            put_list(out, reasons, |out, (reason, count)| {
                put_text(out, reason);
                put_varint(out, *count);
            });
        }
        WatchNews::ScanMissed { last_finished, every_seconds } => {
            out.push(2);
            put_time(out, *last_finished);
            put_signed(out, *every_seconds);
        }
        WatchNews::ClockJumped { trusted, now } => {
            out.push(3);
            put_time(out, *trusted);
            put_time(out, *now);
        }
        WatchNews::StillWatching { profiles } => {
            out.push(4);
            put_list(out, profiles, put_summary);
        }
        WatchNews::HookFailed { hook, outcome, output, tries, next_try, names } => {
            out.push(5);
            put_text(out, hook);
            put_text(out, outcome);
            put_untrusted(out, output);
            put_varint(out, (*tries).into());
            put_time(out, *next_try);
            put_list(out, names, put_untrusted);
        }
        WatchNews::Undeliverable { to, error, waiting } => {
            out.push(6);
            put_text(out, to);
            put_untrusted(out, error);
            put_varint(out, *waiting);
        }
        WatchNews::Test { by } => {
            out.push(7);
            put_text(out, by);
        }
    }
}

fn decode_watch(decoder: &mut Decoder<'_>) -> Result<WatchNews, StoreError> {
    Ok(match decoder.byte()? {
        0 => WatchNews::Baseline {
            is_first: decoder.flag()?,
            endpoints: decoder.varint()?,
            with_chain: decoder.varint()?,
            open: decode_counts(decoder)?,
        },
        1 => WatchNews::CutOff {
            lost: decoder.varint()?,
            answered_before: decoder.varint()?,
            reasons: decoder.list(|decoder| Ok((decoder.string()?, decoder.varint()?)))?,
        },
        2 => WatchNews::ScanMissed { last_finished: decoder.time()?, every_seconds: decoder.signed()? },
        3 => WatchNews::ClockJumped { trusted: decoder.time()?, now: decoder.time()? },
        4 => WatchNews::StillWatching { profiles: decoder.list(decode_summary)? },
        5 => WatchNews::HookFailed {
            hook: decoder.string()?,
            outcome: decoder.string()?,
            output: decoder.untrusted()?,
            tries: decoder.number()?,
            next_try: decoder.time()?,
            names: decoder.list(Decoder::untrusted)?,
        },
        6 => WatchNews::Undeliverable {
            to: decoder.string()?,
            error: decoder.untrusted()?,
            waiting: decoder.varint()?,
        },
        7 => WatchNews::Test { by: decoder.string()? },
        _ => return Err(decoder.corrupt()),
    })
}

fn put_summary(out: &mut Vec<u8>, profile: &ProfileSummary) {
    put_text(out, &profile.name);
    put_time(out, profile.last_finished);
    put_varint(out, profile.endpoints);
    put_varint(out, profile.with_chain);
    put_counts(out, profile.open);
    put_varint(out, profile.silenced);
}

fn decode_summary(decoder: &mut Decoder<'_>) -> Result<ProfileSummary, StoreError> {
    Ok(ProfileSummary {
        name: decoder.string()?,
        last_finished: decoder.time()?,
        endpoints: decoder.varint()?,
        with_chain: decoder.varint()?,
        open: decode_counts(decoder)?,
        silenced: decoder.varint()?,
    })
}

/// The least severity first, and how many there are: another severity may come.
fn put_counts(out: &mut Vec<u8>, counts: SeverityCounts) {
    let counts = counts.to_array();
    put_length(out, counts.len());
    counts.into_iter().for_each(|count| put_varint(out, count));
}

fn decode_counts(decoder: &mut Decoder<'_>) -> Result<SeverityCounts, StoreError> {
    let counts = decoder.list(Decoder::varint)?;
    counts.try_into().map(SeverityCounts::from_array).map_err(|_| decoder.corrupt())
}

fn put_untrusted(out: &mut Vec<u8>, text: &Untrusted) {
    put_text(out, text.raw());
}
