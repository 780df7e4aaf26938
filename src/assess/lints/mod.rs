//! One lint a file: the rule, its source, its severity, its words. A lint gives at most one verdict for a chain or
//! an endpoint, about the worst certificate there; the others are in its evidence.
//!
//! Lints of deep inspection speak of what was seen and is determined: doubt is never a finding, and that something is
//! missing is said only where all of it was looked at. One cause has one rule wherever one rule includes the other.

mod anonymous;
mod beast;
mod blocklisted;
mod ccs_injection;
pub(super) mod certificate;
mod client_renegotiation;
mod crime;
mod debian_weak;
mod draft;
mod draft_post_quantum;
mod drown;
mod ec_invalid_point;
mod ec_too_short;
mod expired;
mod expiring;
mod export;
mod freak;
mod heartbleed;
mod hsts_missing;
mod incomplete_chain;
mod insecure_renegotiation;
mod intolerant;
mod invalid_path;
mod key_reused;
mod logjam;
mod lucky13;
mod misordered;
mod name_mismatch;
mod no_fallback_scsv;
mod no_forward_secrecy;
mod no_post_quantum;
mod no_tls13;
mod not_measured;
mod not_yet_valid;
mod null_encryption;
mod obsolete_version;
mod padding_oracle;
mod poodle;
mod poodle_tls;
mod possession_not_proved;
mod raccoon;
mod rc4;
mod revocation_not_determined;
mod revoked;
mod robot;
mod rsa_bad_exponent;
mod rsa_close_primes;
mod rsa_roca;
mod rsa_shared_factor;
mod rsa_small_factor;
mod rsa_too_short;
mod self_signed;
mod shared_prime;
mod signature_md5;
mod signature_sha1;
mod starttls_injection;
mod superfluous;
mod sweet32;
mod ticketbleed;
mod too_long;
mod unknown_issuer;
mod unreachable;
mod unreadable;
mod weak_cipher;
mod weak_group;
mod weak_signature;

pub(super) use draft::Draft;
pub(super) use no_post_quantum::standing as post_quantum_standing;

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
    revoked::judge,
    misordered::judge,
    superfluous::judge,
    rsa_too_short::judge,
    rsa_bad_exponent::judge,
    rsa_roca::judge,
    rsa_close_primes::judge,
    rsa_small_factor::judge,
    rsa_shared_factor::judge,
    debian_weak::judge,
    blocklisted::judge,
    ec_invalid_point::judge,
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
    heartbleed::judge,
    ticketbleed::judge,
    ccs_injection::judge,
    robot::judge,
    poodle_tls::judge,
    padding_oracle::judge,
    starttls_injection::judge,
    drown::judge,
    poodle::judge,
    freak::judge,
    logjam::judge,
    export::judge,
    shared_prime::judge,
    null_encryption::judge,
    anonymous::judge,
    rc4::judge,
    sweet32::judge,
    crime::judge,
    insecure_renegotiation::judge,
    client_renegotiation::judge,
    raccoon::judge,
    beast::judge,
    lucky13::judge,
    no_fallback_scsv::judge,
    no_forward_secrecy::judge,
    weak_group::judge,
    weak_signature::judge,
    no_tls13::judge,
    no_post_quantum::judge,
    draft_post_quantum::judge,
    intolerant::judge,
    hsts_missing::judge,
    possession_not_proved::judge,
    revocation_not_determined::judge,
    not_measured::judge,
    unreachable::judge,
];
