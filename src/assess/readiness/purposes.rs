//! Purposes and status services of public certificates: clientAuth ends for those issued from 2027-03-15 (Chrome Root
//! Program Policy 1.8); OCSP is optional (Baseline Requirements 7.1.2.7.6) and some authorities have ended it.

use crate::model::readiness::{Purposes, StatusServices};
use crate::x509::Certificate;

/// Counts the purposes of one certificate.
pub(super) fn observe_purposes(counts: &mut Purposes, certificate: &Certificate) {
    // Without the extension every purpose is allowed (RFC 5280 section 4.2.1.12); what cannot be read counts for nothing.
    let is_unreadable = certificate.unreadable.iter().any(|field| field.field == "extendedKeyUsage");
    let may_be_client = |purpose: &String| purpose == "clientAuth" || purpose == "anyExtendedKeyUsage";
    match &certificate.extended_key_usage {
        None if is_unreadable => {}
        Some(purposes) if !purposes.iter().any(may_be_client) => counts.server_auth_only += 1,
        _ => counts.client_auth += 1,
    }
}

/// Counts how the status of one certificate can be asked.
pub(super) fn observe_status(counts: &mut StatusServices, certificate: &Certificate) {
    *match (certificate.ocsp_urls.is_empty(), certificate.crl_urls.is_empty()) {
        (false, _) => &mut counts.ocsp,
        (true, false) => &mut counts.crl_only,
        (true, true) => &mut counts.neither,
    } += 1;
    counts.must_staple += u64::from(certificate.must_staple);
}
