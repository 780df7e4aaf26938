//! What the watch remembers about itself: one record of the whole store, one of each profile.

use super::{Decoder, Encoder, StoreError, Table, open_version, put_option, put_time, put_varint};
use crate::model::{ProfileWatch, Watch};
use crate::x509::Fingerprint;

const VERSION: u8 = 1;
const OF_STORE: u8 = 0;
const OF_PROFILE: u8 = 1;

/// The key of the record of the whole store.
pub(in crate::store) const KEY: &[u8] = &[OF_STORE];

/// The key of a profile's record.
pub(in crate::store) fn profile_key(profile: &str) -> Vec<u8> {
    [&[OF_PROFILE], profile.as_bytes()].concat()
}

pub(in crate::store) fn is_of_profile(key: &[u8]) -> bool {
    key.first() == Some(&OF_PROFILE)
}

pub(in crate::store) fn encode<'e>(encoder: &'e mut Encoder, watch: &Watch) -> &'e [u8] {
    let out = encoder.begin(Table::Watch, KEY, VERSION);
    for time in [watch.trusted_clock, watch.doubtful_clock, watch.still_watching] {
        put_option(out, time, put_time);
    }
    encoder.finish()
}

pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<Watch, StoreError> {
    let mut decoder = open_version(Table::Watch, key, record, VERSION)?;
    let watch = Watch {
        trusted_clock: decoder.option(Decoder::time)?,
        doubtful_clock: decoder.option(Decoder::time)?,
        still_watching: decoder.option(Decoder::time)?,
    };
    decoder.end()?;
    Ok(watch)
}

pub(in crate::store) fn encode_profile<'e>(
    encoder: &'e mut Encoder,
    key: &[u8],
    watch: &ProfileWatch,
) -> &'e [u8] {
    let out = encoder.begin(Table::Watch, key, VERSION);
    put_option(out, watch.judged_by, |out, digest| out.extend_from_slice(&digest.0));
    put_option(out, watch.last_complete, put_varint);
    for time in [watch.last_finished, watch.cut_off_since, watch.cut_off_told] {
        put_option(out, time, put_time);
    }
    encoder.finish()
}

pub(in crate::store) fn decode_profile(key: &[u8], record: &[u8]) -> Result<ProfileWatch, StoreError> {
    let mut decoder = open_version(Table::Watch, key, record, VERSION)?;
    let watch = ProfileWatch {
        judged_by: decoder.option(Decoder::array)?.map(Fingerprint),
        last_complete: decoder.option(Decoder::varint)?,
        last_finished: decoder.option(Decoder::time)?,
        cut_off_since: decoder.option(Decoder::time)?,
        cut_off_told: decoder.option(Decoder::time)?,
    };
    decoder.end()?;
    Ok(watch)
}
