//! Keys of certificates against NIST IR 8547 (initial public draft): 112 bits of classical strength are deprecated
//! after 2030, every classical key is disallowed after 2035.

use crate::model::readiness::Keys;
use crate::time::UnixTime;
use crate::x509::Certificate;
use crate::x509::certificate::PublicKey;

/// 2031-01-01 and 2036-01-01.
const AFTER_2030: UnixTime = UnixTime(1_924_992_000);
const AFTER_2035: UnixTime = UnixTime(2_082_758_400);

/// Counts one certificate.
pub(super) fn observe(counts: &mut Keys, certificate: &Certificate) {
    counts.certificates += 1;
    let Some(key) = &certificate.key else {
        counts.unknown += 1;
        return;
    };
    if is_post_quantum(key) {
        counts.post_quantum += 1;
        return;
    }
    let Some(strength) = classical_strength(key) else {
        counts.unknown += 1;
        return;
    };
    let lives_beyond = |end: UnixTime| certificate.not_after.is_some_and(|not_after| not_after >= end);
    counts.weak_beyond_2030 += u64::from(strength < 128 && lives_beyond(AFTER_2030));
    counts.classical_beyond_2035 += u64::from(lives_beyond(AFTER_2035));
}

fn is_post_quantum(key: &PublicKey) -> bool {
    ["ML-DSA", "SLH-DSA", "FN-DSA"].iter().any(|family| key.algorithm.starts_with(family))
}

/// Bits of strength against a classical attacker (NIST SP 800-57 part 1 revision 5, table 2).
fn classical_strength(key: &PublicKey) -> Option<u32> {
    let bits = key.bits?;
    Some(match key.algorithm.as_str() {
        "RSA" | "DSA" => match bits {
            15_360.. => 256,
            7_680.. => 192,
            3_072.. => 128,
            2_048.. => 112,
            _ => 80,
        },
        "EC" => match bits {
            512.. => 256,
            384.. => 192,
            256.. => 128,
            224.. => 112,
            _ => 80,
        },
        "Ed25519" => 128,
        "Ed448" => 224,
        _ => return None,
    })
}
