//! `x509.key_usage.not_for_key`: keyUsage allows what a key of this type is not for, or an EC key not to sign (Baseline
//! Requirements 7.1.2.7.11: RSA digitalSignature, keyEncipherment, dataEncipherment; EC digitalSignature, which must be
//! there, and keyAgreement). One that allows nothing a server does breaks `x509.key_usage.inconsistent`, keyCertSign has
//! its own rule.

use super::{Applies, Breach, Case, Lint};
use crate::assess::words;
use crate::model::finding::EvidenceValue;
use crate::model::{Rule, Severity};
use crate::x509::certificate::KeyUsage;

const RSA: u16 = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT | KeyUsage::DATA_ENCIPHERMENT;
const EC: u16 = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_AGREEMENT;

pub(super) const LINT: Lint = Lint {
    rule: Rule::KeyUsageNotForKey,
    severity: Severity::Medium,
    title: "keyUsage does not fit the key",
    remedy: "Have the certificate issued anew with digitalSignature only (RSA: keyEncipherment too, where old clients need it).",
    applies: Applies::PublicEndEntity,
    since: Some(super::PROFILES),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.11",
        "zlint e_cabf_ecc_allowed_key_usages",
        "zlint e_rsa_allowed_ku_ee",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let usage = case.key_usage().filter(|usage| usage.serves_tls())?;
    let algorithm = case.certificate.key.as_ref()?.algorithm.as_str();
    let (allowed, needs_signature) = match algorithm {
        "RSA" => (RSA, false),
        "EC" => (EC, true),
        _ => return None,
    };
    let wrong = KeyUsage(usage.0 & !allowed & !KeyUsage::KEY_CERT_SIGN);
    let lacks_signature = needs_signature && !usage.has_any(KeyUsage::DIGITAL_SIGNATURE);
    if wrong.0 == 0 && !lacks_signature {
        return None;
    }
    let names: Vec<_> = usage.names().map(str::to_owned).collect();
    let breach =
        case.breach(format_args!("has a key of type {algorithm} and keyUsage {}", words::listed(&names)))?;
    Some(breach.fact("key_usage", EvidenceValue::List(names)).fact("algorithm", algorithm))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;
    use crate::x509::testing::element;

    fn ec(bits: &[u8]) -> Leaf {
        Leaf::sound().with(KEY_USAGE, true, element(BITS, bits))
    }

    fn rsa(bits: &[u8]) -> Leaf {
        ec(bits).key(rsa_key(&modulus(2_048), &[1, 0, 1]))
    }

    #[test]
    fn an_ec_key_signs_and_enciphers_nothing() {
        assert_eq!(ec(&[7, 0x80]).public(), []);
        assert_eq!(ec(&[3, 0x88]).public(), []);
        assert_eq!(ec(&[5, 0xa0]).public(), [Rule::KeyUsageNotForKey]);
        assert_eq!(ec(&[3, 0x08]).public(), [Rule::KeyUsageNotForKey]);
        assert_eq!(ec(&[5, 0xa0]).private(), []);
        assert_eq!(ec(&[5, 0xa0]).issued("2023-09-14").public(), []);
    }

    #[test]
    fn an_rsa_key_does_not_agree() {
        assert_eq!(rsa(&[5, 0xa0]).public(), []);
        assert_eq!(rsa(&[5, 0x20]).public(), []);
        assert_eq!(rsa(&[3, 0x88]).public(), [Rule::KeyUsageNotForKey]);
        assert_eq!(rsa(&[6, 0xc0]).public(), [Rule::KeyUsageNotForKey]);
    }
}
