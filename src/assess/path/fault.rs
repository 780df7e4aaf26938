//! webpki's errors in the words of the report: the reason, the certificate at fault, and a sentence.

use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::assess::words;
use crate::model::PathReason;
use crate::time::UnixTime;
use crate::x509::Certificate;
use crate::x509::certificate::SignatureHash;

use super::Candidates;

/// Why a path does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) reason: PathReason,
    /// Position of the certificate at fault in the served list, where one can be named.
    pub(crate) certificate: Option<usize>,
    /// A sentence: which certificate, which rule.
    pub(crate) why: String,
}

impl Fault {
    pub(crate) fn new(reason: PathReason, certificate: Option<usize>, why: impl Into<String>) -> Self {
        Self { reason, certificate, why: why.into() }
    }

    /// Reads `error` about the path `indices` (as far as it is known) at `now`.
    pub(super) fn read(
        error: &webpki::Error,
        candidates: &Candidates<'_>,
        indices: &[usize],
        now: UnixTime,
    ) -> Self {
        let path = Suspects { candidates, indices };
        match reason(error) {
            PathReason::Expired => path.blame(
                PathReason::Expired,
                |_, c| c.not_after.is_some_and(|end| now > end),
                "has expired",
            ),
            PathReason::NotYetValid => path.blame(
                PathReason::NotYetValid,
                |_, c| c.not_before.is_some_and(|start| now < start),
                "is not valid yet",
            ),
            PathReason::ExtendedKeyUsage => path.blame(
                PathReason::ExtendedKeyUsage,
                |_, c| !allows_server_auth(c),
                "does not allow server authentication: its extendedKeyUsage leaves out serverAuth",
            ),
            PathReason::NotACa => not_a_ca(error, &path),
            PathReason::UnsupportedAlgorithm => unsupported(error, &path),
            PathReason::NameConstraints => name_constraints(&path),
            PathReason::Malformed => malformed(error, &path),
            reason => Self::new(reason, None, sentence(error)),
        }
    }
}

/// The certificates a fault is looked for in, end-entity first.
struct Suspects<'a> {
    candidates: &'a Candidates<'a>,
    indices: &'a [usize],
}

impl<'a> Suspects<'a> {
    fn iter(&self) -> impl Iterator<Item = (usize, &'a Certificate)> + '_ {
        self.indices.iter().filter_map(|index| Some((*index, self.candidates.get(*index)?)))
    }

    fn find(
        &self,
        mut is_guilty: impl FnMut(usize, &Certificate) -> bool,
    ) -> Option<(usize, &'a Certificate)> {
        self.iter().find(|(index, certificate)| is_guilty(*index, certificate))
    }

    fn blame(
        &self,
        reason: PathReason,
        is_guilty: impl FnMut(usize, &Certificate) -> bool,
        what: &str,
    ) -> Fault {
        match self.find(is_guilty) {
            Some((index, certificate)) => {
                Fault::new(reason, Some(index), format!("{} {what}", words::certificate(certificate)))
            }
            None => Fault::new(reason, None, format!("a certificate of the path {what}")),
        }
    }
}

/// The report's reason for one of webpki's errors.
pub(super) fn reason(error: &webpki::Error) -> PathReason {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => PathReason::Expired,
        E::CertNotValidYet { .. } => PathReason::NotYetValid,
        E::InvalidCertValidity => PathReason::Malformed,
        E::UnknownIssuer => PathReason::UnknownIssuer,
        E::CertRevoked | E::CertDistrusted => PathReason::Revoked,
        E::InvalidSignatureForPublicKey => PathReason::BadSignature,
        E::CaUsedAsEndEntity | E::EndEntityUsedAsCa | E::PathLenConstraintViolated => PathReason::NotACa,
        E::NameConstraintViolation
        | E::InvalidNetworkMaskConstraint
        | E::MalformedNameConstraint
        | E::MaximumNameConstraintComparisonsExceeded => PathReason::NameConstraints,
        E::EmptyEkuExtension | E::RequiredEkuNotFoundContext(_) => PathReason::ExtendedKeyUsage,
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | E::UnsupportedCriticalExtension => PathReason::UnsupportedAlgorithm,
        _ => PathReason::Malformed,
    }
}

fn not_a_ca(error: &webpki::Error, path: &Suspects<'_>) -> Fault {
    match error {
        webpki::Error::CaUsedAsEndEntity => path.blame(
            PathReason::NotACa,
            |index, _| index == 0,
            "is a CA certificate and is served as an end-entity certificate, which Firefox and others refuse",
        ),
        webpki::Error::PathLenConstraintViolated => {
            let guilty = path.iter().skip(1).enumerate().find(|(below, (_, certificate))| {
                let limit = certificate.basic_constraints.and_then(|b| b.path_len);
                limit.is_some_and(|limit| u32::try_from(*below).is_ok_and(|below| below > limit))
            });
            match guilty {
                Some((_, (index, certificate))) => Fault::new(
                    PathReason::NotACa,
                    Some(index),
                    format!("{} allows fewer CA certificates below it", words::certificate(certificate)),
                ),
                None => Fault::new(PathReason::NotACa, None, sentence(error)),
            }
        }
        _ => path.blame(
            PathReason::NotACa,
            |index, certificate| index != 0 && !certificate.is_ca(),
            "signs another certificate without being a CA (basicConstraints)",
        ),
    }
}

/// The lowest CA certificate with constraints is named; where none of the path has any, they are the anchor's.
fn name_constraints(path: &Suspects<'_>) -> Fault {
    let constrains = |index: usize, certificate: &Certificate| {
        let read = X509Certificate::from_der(&certificate.der);
        index != 0 && read.is_ok_and(|(_, read)| !matches!(read.name_constraints(), Ok(None)))
    };
    let guilty = path.find(constrains);
    let who = guilty.map_or("the anchor".to_owned(), |(_, certificate)| words::certificate(certificate));
    let under =
        path.iter().next().map(|(_, certificate)| words::certificate(certificate)).unwrap_or_default();
    Fault::new(
        PathReason::NameConstraints,
        guilty.map(|(index, _)| index),
        format!(
            "{who} constrains names, and {under} is outside of them, or they are of a kind (directory names, URIs) that \
             is not evaluated and therefore refused"
        ),
    )
}

/// The sentence about the first certificate that the path builder cannot read, by name.
fn about_unreadable(reason: PathReason, error: &webpki::Error, path: &Suspects<'_>) -> Fault {
    let is_unreadable = |_: usize, certificate: &Certificate| {
        webpki::EndEntityCert::try_from(&CertificateDer::from(&*certificate.der)).is_err()
    };
    let what = sentence(error);
    match (what.strip_prefix("a certificate of the path "), path.find(is_unreadable)) {
        (Some(what), Some((index, certificate))) => {
            Fault::new(reason, Some(index), format!("{} {what}", words::certificate(certificate)))
        }
        _ => Fault::new(reason, None, what),
    }
}

fn unsupported(error: &webpki::Error, path: &Suspects<'_>) -> Fault {
    if matches!(error, webpki::Error::UnsupportedCriticalExtension) {
        return about_unreadable(PathReason::UnsupportedAlgorithm, error, path);
    }
    let outdated = |_: usize, certificate: &Certificate| {
        let hash = certificate.signature.as_ref().and_then(|s| s.hash);
        matches!(hash, Some(SignatureHash::Md2 | SignatureHash::Md5 | SignatureHash::Sha1))
    };
    if path.find(outdated).is_some() {
        return path.blame(
            PathReason::UnsupportedAlgorithm,
            outdated,
            "is signed with an outdated hash (MD5 or SHA-1) that no current client accepts",
        );
    }
    let names: Vec<_> = path
        .iter()
        .filter_map(|(_, c)| c.signature.as_ref())
        .map(|s| words::quoted(&s.name.as_str().into()))
        .collect();
    Fault::new(
        PathReason::UnsupportedAlgorithm,
        None,
        format!("a signature or key of the path cannot be verified here (signatures: {})", names.join(", ")),
    )
}

fn malformed(error: &webpki::Error, path: &Suspects<'_>) -> Fault {
    match error {
        webpki::Error::UnsupportedCertVersion => path.blame(
            PathReason::Malformed,
            |_, c| c.version != 3,
            "is not an X.509 version 3 certificate, which clients require",
        ),
        webpki::Error::InvalidCertValidity => {
            path.blame(PathReason::Malformed, |_, c| c.not_after < c.not_before, "ends before it begins")
        }
        _ => about_unreadable(PathReason::Malformed, error, path),
    }
}

/// No extendedKeyUsage, or one with serverAuth in it (RFC 5280 section 4.2.1.12).
fn allows_server_auth(certificate: &Certificate) -> bool {
    certificate.extended_key_usage.as_ref().is_none_or(|usages| usages.iter().any(|u| u == "serverAuth"))
}

fn sentence(error: &webpki::Error) -> String {
    use webpki::Error as E;
    let text = match error {
        E::UnknownIssuer => "the issuer is not in the store",
        E::CertDistrusted => "the key of a certificate of the path is known to be compromised",
        E::CertRevoked => "a certificate of the path is revoked",
        E::InvalidSignatureForPublicKey => "a signature in the path does not verify",
        E::PathLenConstraintViolated => "a CA certificate allows fewer CA certificates below it",
        E::SignatureAlgorithmMismatch => {
            "a certificate of the path names two different signature algorithms inside and outside of its signed part"
        }
        E::UnsupportedCriticalExtension => {
            "a certificate of the path has a critical extension that is not understood (RFC 5280 section 4.2)"
        }
        E::MaximumPathBuildCallsExceeded
        | E::MaximumSignatureChecksExceeded
        | E::MaximumPathDepthExceeded => {
            "the served certificates make a path that is too long or too branched to follow"
        }
        E::TrailingData(_) => "a certificate of the path carries bytes behind its end",
        E::BadDerTime => "a time in a certificate of the path is not encoded as RFC 5280 asks",
        _ => "a certificate of the path is not encoded as RFC 5280 asks",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_errors_are_malformed_and_never_unknown_issuers() {
        for error in [
            webpki::Error::MaximumPathBuildCallsExceeded,
            webpki::Error::MaximumSignatureChecksExceeded,
            webpki::Error::MaximumPathDepthExceeded,
        ] {
            assert_eq!(reason(&error), PathReason::Malformed);
            assert!(sentence(&error).contains("too long or too branched"));
        }
    }
}
