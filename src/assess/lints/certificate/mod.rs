//! Lints of a certificate as it was issued: what RFC 5280 asks of every authority, and what the Baseline Requirements ask
//! of public ones. A rule holds from its day on, by notBefore; what could not be read breaks none. Private authorities
//! are not measured by the Baseline Requirements.
//!
//! Where a rule says more than one before it, it speaks only of what that one leaves. Keys that are weak by arithmetic,
//! expiry, names that do not fit and outdated hashes have their rules elsewhere; `requirements.rs` maps them all.

mod aia_missing;
mod aia_no_issuer_url;
mod aki_no_key_id;
mod breach;
mod ca_served;
mod case;
mod cn_not_in_san;
mod cn_present;
mod curve_not_allowed;
mod eku_client_auth;
mod eku_client_auth_ending;
mod eku_extra_purpose;
mod eku_forbidden_purpose;
mod eku_missing;
mod extension_duplicate;
mod key_type_not_allowed;
mod key_usage_cert_sign;
mod key_usage_inconsistent;
mod key_usage_not_for_key;
mod names;
mod ou_present;
mod policies_missing;
mod precertificate_served;
mod requirements;
mod revocation_no_pointer;
mod rsa_odd_length;
mod rsa_unusual_exponent;
mod san_arpa;
mod san_bad_dns_name;
mod san_duplicate;
mod san_internal_name;
mod san_misplaced_wildcard;
mod san_missing;
mod san_reserved_ip;
mod san_underscore;
mod san_wildcard_public_suffix;
mod sct_empty_list;
mod serial_not_positive;
mod serial_too_long;
mod signature_not_allowed;
mod signatures_differ;
mod suffixes;
mod unusual_size;
mod url_not_http;
mod validity_not_positive;
mod validity_over_recommended;
mod version_not_3;
mod wrong_time_form;

pub(in crate::assess) use breach::Breach;
pub(in crate::assess) use case::Case;
pub use requirements::{Requirement, requirements};

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::time::UnixTime;

/// One lint, as data.
pub(in crate::assess) struct Lint {
    pub(in crate::assess) rule: Rule,
    /// Unless the breach says another.
    pub(in crate::assess) severity: Severity,
    pub(in crate::assess) title: &'static str,
    pub(in crate::assess) remedy: &'static str,
    pub(in crate::assess) applies: Applies,
    /// notBefore from which the rule holds; `None`: always did.
    pub(in crate::assess) since: Option<UnixTime>,
    /// The standards' sections, then the name that zlint gives to the same check.
    pub(in crate::assess) references: &'static [&'static str],
    pub(in crate::assess) judge: fn(&Case<'_>) -> Option<Breach>,
}

/// Certificates that a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// The end-entity certificate, whoever issued it.
    EndEntity,
    /// The end-entity certificate of a public authority.
    PublicEndEntity,
    /// Every certificate of the path.
    Path,
    /// Every certificate of a path to a public anchor.
    PublicPath,
}

/// First effective date of the Baseline Requirements.
const BASELINE: UnixTime = UnixTime(1_341_100_800); // 2012-07-01
/// Version 2.0.0: certificate profiles (ballot SC-062).
const PROFILES: UnixTime = UnixTime(1_694_736_000); // 2023-09-15
/// Ballot SC-063: OCSP is optional, short-lived certificates need no revocation.
const OPTIONAL_OCSP: UnixTime = UnixTime(1_710_460_800); // 2024-03-15

/// Every lint, in the order in which a certificate is read.
pub(in crate::assess) const LINTS: &[Lint] = &[
    version_not_3::LINT,
    serial_not_positive::LINT,
    serial_too_long::LINT,
    signatures_differ::LINT,
    signature_not_allowed::LINT,
    validity_not_positive::LINT,
    validity_over_recommended::LINT,
    wrong_time_form::LINT,
    key_type_not_allowed::LINT,
    curve_not_allowed::LINT,
    rsa_odd_length::LINT,
    rsa_unusual_exponent::LINT,
    extension_duplicate::LINT,
    unusual_size::LINT,
    cn_not_in_san::LINT,
    cn_present::LINT,
    ou_present::LINT,
    san_missing::LINT,
    san_bad_dns_name::LINT,
    san_misplaced_wildcard::LINT,
    san_wildcard_public_suffix::LINT,
    san_internal_name::LINT,
    san_reserved_ip::LINT,
    san_underscore::LINT,
    san_arpa::LINT,
    san_duplicate::LINT,
    ca_served::LINT,
    key_usage_cert_sign::LINT,
    key_usage_not_for_key::LINT,
    key_usage_inconsistent::LINT,
    eku_missing::LINT,
    eku_forbidden_purpose::LINT,
    eku_extra_purpose::LINT,
    eku_client_auth::LINT,
    eku_client_auth_ending::LINT,
    aki_no_key_id::LINT,
    aia_missing::LINT,
    aia_no_issuer_url::LINT,
    url_not_http::LINT,
    revocation_no_pointer::LINT,
    policies_missing::LINT,
    sct_empty_list::LINT,
    precertificate_served::LINT,
];

/// Judges the certificates of the chain's path: at most one verdict a lint, about the first certificate that breaks it.
pub(in crate::assess) fn judge(view: &ChainView<'_>, verdicts: &mut Vec<Verdict>) {
    let is_public = view.is_publicly_trusted();
    let cases: Vec<_> =
        view.path().map(|(index, certificate)| Case::new(view, index, certificate, is_public)).collect();
    for lint in LINTS {
        let breach =
            cases.iter().filter(|case| lint.is_for(case)).find_map(|case| Some((case, (lint.judge)(case)?)));
        if let Some((case, breach)) = breach {
            verdicts.extend(lint.verdict(view, case, breach));
        }
    }
}

impl Lint {
    fn is_for(&self, case: &Case<'_>) -> bool {
        let is_right_kind = match self.applies {
            Applies::EndEntity => case.is_end_entity(),
            Applies::PublicEndEntity => case.is_end_entity() && case.is_public,
            Applies::Path => true,
            Applies::PublicPath => case.is_public,
        };
        is_right_kind && self.since.is_none_or(|since| case.is_issued_since(since))
    }

    fn verdict(&self, view: &ChainView<'_>, case: &Case<'_>, breach: Breach) -> Option<Verdict> {
        let draft = Draft::new(self.rule, breach.severity.unwrap_or(self.severity), self.title);
        // What only the issuer can change, and need not, is one line for all its certificates.
        let is_the_issuers = self.severity == Severity::Info && self.applies == Applies::PublicEndEntity;
        let draft = if is_the_issuers { draft.group(words::issuer_group(case.certificate)) } else { draft };
        draft
            .detail(breach.detail)
            .about(case.certificate)
            .seen(&breach.evidence)
            .remedy(self.remedy)
            .sources(self.references)
            .on_chain(view)
    }
}
