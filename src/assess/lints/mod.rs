//! One lint a file: the rule, its source, its severity, its words. A lint gives at most one verdict for a chain or
//! an endpoint, about the worst certificate there; the others are in its evidence.

mod draft;
mod ec_too_short;
mod expired;
mod expiring;
mod incomplete_chain;
mod invalid_path;
mod key_reused;
mod misordered;
mod name_mismatch;
mod no_post_quantum;
mod not_measured;
mod not_yet_valid;
mod obsolete_version;
mod possession_not_proved;
mod rsa_bad_exponent;
mod rsa_too_short;
mod self_signed;
mod signature_md5;
mod signature_sha1;
mod superfluous;
mod too_long;
mod unknown_issuer;
mod unreachable;
mod unreadable;
mod weak_cipher;

pub(super) use draft::Draft;

use super::view::{ChainView, EndpointView};
use crate::model::Verdict;

/// Lints of a chain.
pub(super) const CHAIN: &[fn(&ChainView<'_>) -> Option<Verdict>] = &[
    expired::judge,
    not_yet_valid::judge,
    expiring::judge,
    too_long::judge,
    name_mismatch::judge,
    unknown_issuer::judge,
    incomplete_chain::judge,
    self_signed::judge,
    invalid_path::judge,
    misordered::judge,
    superfluous::judge,
    rsa_too_short::judge,
    rsa_bad_exponent::judge,
    ec_too_short::judge,
    key_reused::judge,
    signature_md5::judge,
    signature_sha1::judge,
    unreadable::judge,
];

/// Lints of an endpoint as a whole.
pub(super) const ENDPOINT: &[fn(&EndpointView<'_>) -> Option<Verdict>] = &[
    obsolete_version::judge,
    weak_cipher::judge,
    no_post_quantum::judge,
    possession_not_proved::judge,
    not_measured::judge,
    unreachable::judge,
];
