//! What an OCSP response or a list says about a certificate at one `now`. Doubt is never "good".

use crate::model::{Doubt, DoubtKind, RevocationCheck, RevocationMethod, RevocationStatus};
use crate::time::UnixTime;
use crate::x509::{CertStatus, Certificate, Crl, Issuer, SignatureCheck, read_ocsp};

/// Clocks differ by so much.
const SKEW_SECONDS: i64 = 5 * 60;
/// How long an OCSP response without nextUpdate counts.
const OPEN_ENDED_SECONDS: i64 = 24 * 3_600;

/// What `response` says about `certificate`.
pub fn by_ocsp(
    response: &[u8],
    certificate: &Certificate,
    issuer: &Issuer,
    method: RevocationMethod,
    now: UnixTime,
) -> RevocationCheck {
    let answer = match read_ocsp(response, certificate, issuer) {
        Ok(answer) => answer,
        Err(fault) => return undetermined(certificate, Some(method), no_answer(fault.to_string()), now),
    };
    let is_valid_delegate = |delegate: &Certificate| {
        let (from, until) = (delegate.not_before, delegate.not_after);
        from.is_some_and(|from| from <= now.plus_seconds(SKEW_SECONDS))
            && until.is_some_and(|until| now <= until)
    };
    let status = if answer.delegate.as_deref().is_some_and(|delegate| !is_valid_delegate(delegate)) {
        RevocationStatus::NotDetermined(no_answer("the responder's certificate is not valid at this time"))
    } else if let Some(doubt) = doubt_of_times(answer.this_update, answer.next_update, now) {
        RevocationStatus::NotDetermined(doubt)
    } else {
        match answer.status {
            CertStatus::Good => RevocationStatus::Good,
            CertStatus::Revoked(revoked) => RevocationStatus::Revoked(revoked),
            CertStatus::Unknown => {
                RevocationStatus::NotDetermined(no_answer("the responder does not know the certificate"))
            }
        }
    };
    RevocationCheck {
        certificate: certificate.sha256,
        method: Some(method),
        status,
        this_update: Some(answer.this_update),
        next_update: answer.next_update,
        checked_at: now,
    }
}

/// What a list, which `issuer` has signed (see [`list_fault`]), says about `certificate`.
pub fn by_crl(list: &Crl, certificate: &Certificate, now: UnixTime) -> RevocationCheck {
    let doubt =
        doubt_of_times(list.this_update, list.next_update, now).or_else(|| doubt_of_scope(list, certificate));
    let status = match (doubt, list.find(certificate)) {
        (Some(doubt), _) => RevocationStatus::NotDetermined(doubt),
        // removeFromCRL has no place in a whole list (RFC 5280 section 5.3.1).
        (None, Some(revoked)) if revoked.reason == Some(8) => RevocationStatus::NotDetermined(no_answer(
            "the list takes an entry back, which only a delta list may",
        )),
        (None, Some(revoked)) => RevocationStatus::Revoked(revoked),
        (None, None) => RevocationStatus::Good,
    };
    RevocationCheck {
        certificate: certificate.sha256,
        method: Some(RevocationMethod::Crl),
        status,
        this_update: Some(list.this_update),
        next_update: list.next_update,
        checked_at: now,
    }
}

/// Why a list cannot be used for what `issuer` issued; `None` if it can.
pub fn list_fault(list: &Crl, issuer: &Issuer) -> Option<Doubt> {
    match list.is_signed_by(issuer) {
        SignatureCheck::Verified => None,
        SignatureCheck::Failed => Some(no_answer("the list is not signed by the certificate's issuer")),
        SignatureCheck::Unsupported => {
            Some(no_answer("the list's signature is of a kind that is not checked here"))
        }
    }
}

/// A check that ended in doubt.
pub fn undetermined(
    certificate: &Certificate,
    method: Option<RevocationMethod>,
    doubt: Doubt,
    now: UnixTime,
) -> RevocationCheck {
    RevocationCheck {
        certificate: certificate.sha256,
        method,
        status: RevocationStatus::NotDetermined(doubt),
        this_update: None,
        next_update: None,
        checked_at: now,
    }
}

fn no_answer(detail: impl Into<String>) -> Doubt {
    Doubt::new(DoubtKind::NoAnswer, detail.into())
}

fn doubt_of_times(this_update: UnixTime, next_update: Option<UnixTime>, now: UnixTime) -> Option<Doubt> {
    if this_update > now.plus_seconds(SKEW_SECONDS) {
        return Some(no_answer(format!("the answer is of the future: {this_update}")));
    }
    let until = next_update.unwrap_or_else(|| this_update.plus_seconds(OPEN_ENDED_SECONDS));
    (until.plus_seconds(SKEW_SECONDS) < now)
        .then(|| no_answer(format!("the answer is too old: it held until {until}")))
}

/// Whether a partition covers the certificate (RFC 5280 sections 5.2.5 and 6.3.3 (b) (2)).
fn doubt_of_scope(list: &Crl, certificate: &Certificate) -> Option<Doubt> {
    let scope = list.scope.as_ref()?;
    let is_other_point = scope.is_named_otherwise
        || (!scope.urls.is_empty() && !scope.urls.iter().any(|url| certificate.crl_urls.contains(url)));
    let is_other_kind = scope.only_attribute_certificates
        || (scope.only_user_certificates && certificate.is_ca())
        || (scope.only_ca_certificates && !certificate.is_ca());
    if is_other_point {
        Some(no_answer("the list is for another distribution point than the certificate names"))
    } else if is_other_kind {
        Some(no_answer("the list is for another kind of certificate"))
    } else if scope.only_some_reasons {
        Some(no_answer("the list is for some reasons of revocation only"))
    } else {
        None
    }
}
