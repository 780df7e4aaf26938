//! `key.rsa.too_short`: an RSA key under 2048 bits in the path (Baseline Requirements 6.1.5; NIST SP 800-131A r2:
//! disallowed since 2014).

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

const LEAST_BITS: u32 = 2_048;

pub(super) const REFERENCES: &[&str] = &[
    "CA/Browser Forum TLS Baseline Requirements section 6.1.5",
    "NIST SP 800-131A r2 section 3",
    "zlint e_rsa_mod_less_than_2048_bits",
];

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (bits, certificate) = view
        .path()
        .filter_map(|(_, c)| {
            let key = c.key.as_ref().filter(|key| key.algorithm == "RSA")?;
            Some((key.bits.filter(|bits| *bits < LEAST_BITS)?, c))
        })
        .min_by_key(|(bits, _)| *bits)?;
    Draft::new(Rule::RsaTooShort, Severity::High, "RSA key is too short")
        .detail(format!(
            "{} has an RSA key of {bits} bits; {LEAST_BITS} are the least.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("bits", i64::from(bits))
        .remedy(
            "Make a new key (EC P-256, or RSA of 2048 bits or more) and have the certificate issued for it.",
        )
        .sources(REFERENCES)
        .on_chain(view)
}
