//! `tls.vuln.logjam`: ephemeral Diffie-Hellman with a short prime (CVE-2015-4000; RFC 9325 section 4.1: 2048 bits at the
//! least). High for export suites and under 1024 bits, medium from there on.
//!
//! A well-known prime of 1024 bits is `tls.vuln.shared_prime`, which says more about it.

use super::export::ExportExchange;
use super::{Draft, shared_prime};
use crate::assess::view::EndpointView;
use crate::model::{DhParameters, Rule, Severity, Verdict};

const LEAST_BITS: u32 = 2_048;
const BROKEN_BITS: u32 = 1_024;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let inspection = view.inspection()?;
    let is_short = |dh: &&DhParameters| dh.export || dh.bits < LEAST_BITS && !shared_prime::is_shared(dh);
    let short: Vec<_> = inspection.dh_parameters.iter().filter(is_short).collect();
    let export = view.suites(|_, suite| ExportExchange::of(suite) == Some(ExportExchange::Dhe));
    let least = short.iter().map(|dh| dh.bits).min();
    let is_broken = !export.is_empty()
        || short.iter().any(|dh| dh.export)
        || least.is_some_and(|bits| bits < BROKEN_BITS);
    let detail = match (least, export.is_empty()) {
        (None, true) => return None,
        (Some(bits), true) => {
            format!("The server's Diffie-Hellman prime has {bits} bits; {LEAST_BITS} are the least.")
        }
        (_, false) => format!(
            "The server accepts {}: its Diffie-Hellman prime has 512 bits, and somebody in the middle can lead clients \
             there.",
            export.sentence()
        ),
    };
    let severity = if is_broken { Severity::High } else { Severity::Medium };
    Draft::new(Rule::Logjam, severity, "Diffie-Hellman prime is too short (Logjam)")
        .detail(detail)
        .group(least.map_or("export".to_owned(), |bits| format!("bits:{bits}")))
        .facts("bits", short.iter().map(|dh| dh.bits.to_string()).collect())
        .facts("known_prime", short.iter().filter_map(|dh| dh.known_prime).map(str::to_owned).collect())
        .facts("prime_sha256", short.iter().map(|dh| dh.prime_sha256.to_string()).collect())
        .facts("cipher_suites", export.facts())
        .remedy("Disable DHE suites in favour of ECDHE, or use a group of RFC 7919 (ffdhe2048 or larger).")
        .sources(&["CVE-2015-4000", "RFC 9325 section 4.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, undetermined, with_prime};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn the_shorter_the_prime_the_worse() {
        for (bits, severity) in [
            (512, Severity::High),
            (768, Severity::High),
            (1_024, Severity::Medium),
            (1_536, Severity::Medium),
        ] {
            assert_eq!(finding(&with_prime(bits, None), Rule::Logjam).severity, severity, "{bits}");
        }
        assert!(is_silent(&with_prime(2_048, None), Rule::Logjam));
        assert!(is_silent(&with_prime(2_048, Some("RFC 3526 group 14")), Rule::Logjam));
        assert!(is_silent(&undetermined(), Rule::Logjam));
    }

    #[test]
    fn an_export_suite_is_high_though_its_prime_was_not_seen() {
        let suite = CipherSuite::TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA;
        let verdict = finding(&accepting(ProtocolVersion::TLSv1_0, &[suite]), Rule::Logjam);
        assert_eq!(verdict.severity, Severity::High);
    }

    #[test]
    fn a_well_known_prime_of_1024_bits_has_its_own_rule() {
        assert!(is_silent(&with_prime(1_024, Some("RFC 2409 group 2")), Rule::Logjam));
        // Under that it is broken for everybody, well-known or not.
        let broken = with_prime(768, Some("RFC 2409 group 1"));
        assert_eq!(finding(&broken, Rule::Logjam).severity, Severity::High);
        assert!(is_silent(&broken, Rule::SharedPrime));
    }
}
