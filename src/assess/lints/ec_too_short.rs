//! `key.ec.too_short`: an EC key on a field under 256 bits in the path. Under 224 bits (NIST SP 800-57 part 1 r5,
//! table 2: less than 112 bits of strength) it is high; from 224 on medium: sound until 2030, and refused by browsers
//! already (Baseline Requirements 6.1.5 know P-256, P-384 and P-521 only).

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

const LEAST_BITS: u32 = 256;
const WEAK_BITS: u32 = 224;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (bits, certificate) = view
        .path()
        .filter_map(|(_, c)| {
            let key = c.key.as_ref().filter(|key| key.algorithm == "EC")?;
            Some((key.bits.filter(|bits| *bits < LEAST_BITS)?, c))
        })
        .min_by_key(|(bits, _)| *bits)?;
    let severity = if bits < WEAK_BITS { Severity::High } else { Severity::Medium };
    Draft::new(Rule::EcTooShort, severity, "EC key is too short")
        .detail(format!(
            "{} has an EC key of {bits} bits; {LEAST_BITS} are the least.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("bits", i64::from(bits))
        .remedy("Make a new key on P-256 or P-384 and have the certificate issued for it.")
        .sources(&[
            "NIST SP 800-57 part 1 r5 table 2",
            "CA/Browser Forum TLS Baseline Requirements section 6.1.5",
        ])
        .on_chain(view)
}
