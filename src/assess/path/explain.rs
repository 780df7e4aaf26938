//! Looks into a refusal: what exactly does not hold, and would the path hold without it?

use aws_lc_rs::digest;
use webpki::{Error, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};

use super::{Candidates, Fault, Found, StorePath, Window, algorithms, fault, is_anchor, search, walk};
use crate::assess::structure::{End, Structure};
use crate::assess::words;
use crate::model::{PathReason, TrustStore};
use crate::time::UnixTime;
use crate::x509::Certificate;
use crate::x509::{SignatureCheck, signed_by};

/// Times tried for a path that does not hold now. The validities of a path's certificates have a moment in common
/// exactly if the latest notBefore is one, so each is a try; four are enough for honest chains.
const MAX_TIMES: usize = 4;

/// Turns webpki's refusal into a verdict: with its reason, or trusted after all where webpki has a limit that other
/// clients do not have (a self-signed end-entity certificate that is itself an anchor; see also `walk.rs`).
pub(crate) fn explain(
    refusal: &Error,
    candidates: &Candidates<'_>,
    structure: &Structure,
    store: &TrustStore,
    now: UnixTime,
) -> StorePath {
    let window = Window::around(now, candidates.iter());
    if let Some((fault, indices)) = pinned(candidates, structure, store, now) {
        return StorePath { fault, indices, window };
    }
    if is_stricter_than_the_standard(refusal) && structure.end != End::BadSignature {
        match walk::walk(candidates, structure, store, now) {
            Ok(indices) => return StorePath { fault: None, indices, window },
            Err(fault) if fault.reason == PathReason::UnknownIssuer => {}
            Err(fault) => return StorePath { fault: Some(fault), indices: Box::default(), window },
        }
    }
    match tolerant(candidates, store, now) {
        // Would hold at another time, for another usage, or with SHA-1: the refusal says which.
        Ok(found) => StorePath {
            fault: Some(Fault::read(refusal, candidates, &found.indices, now)),
            indices: found.indices,
            window,
        },
        Err(Error::MaximumPathDepthExceeded) => match walk::walk(candidates, structure, store, now) {
            Ok(indices) => StorePath { fault: None, indices, window },
            Err(fault) => StorePath { fault: Some(fault), indices: Box::default(), window },
        },
        Err(error) => {
            let fault = refused(&error, candidates, structure, store, now);
            StorePath { fault: Some(fault), indices: Box::default(), window }
        }
    }
}

/// Refusals that the standard may not share. A bad signature is among them: where two CA certificates have one name,
/// webpki's last word is about the one that did not sign.
fn is_stricter_than_the_standard(refusal: &Error) -> bool {
    matches!(
        refusal,
        Error::MaximumPathDepthExceeded
            | Error::PathLenConstraintViolated
            | Error::NameConstraintViolation
            | Error::InvalidSignatureForPublicKey
    )
}

/// A self-signed end-entity certificate that stands in the store itself is trusted while it is valid, whatever its
/// basicConstraints say: `openssl req -x509` makes CA certificates by default, and whoever passes the file with
/// `--trust` means that very certificate.
fn pinned(
    candidates: &Candidates<'_>,
    structure: &Structure,
    store: &TrustStore,
    now: UnixTime,
) -> Option<(Option<Fault>, Box<[usize]>)> {
    let certificate = candidates.get(0)?;
    if structure.end != End::SelfSigned || !is_anchor(certificate, &store.anchors) {
        return None;
    }
    let blame = |reason, what: &str| {
        Some(Fault::new(reason, Some(0), format!("{} {what}", words::certificate(certificate))))
    };
    let fault = if certificate.not_after.is_none_or(|end| now > end) {
        blame(PathReason::Expired, "has expired")
    } else if certificate.not_before.is_none_or(|start| now < start) {
        blame(PathReason::NotYetValid, "is not valid yet")
    } else {
        None
    };
    Some((fault, Box::new([0])))
}

/// Whether a path leads to an anchor of the store at some time, for any usage, with SHA-1 allowed.
pub(crate) fn would_hold(candidates: &Candidates<'_>, store: &TrustStore, now: UnixTime) -> bool {
    tolerant(candidates, store, now).is_ok()
}

/// The path at any time at which it holds, for any usage, with SHA-1 allowed.
fn tolerant(candidates: &Candidates<'_>, store: &TrustStore, now: UnixTime) -> Result<Found, Error> {
    let mut first_error = None;
    for time in times(candidates, now) {
        match search(candidates, &store.anchors, &algorithms::EXPLAINING, AnyUsage, time) {
            Ok(found) => return Ok(found),
            Err(error) => {
                // "Expired" is only the answer where no time brought a better one.
                let is_better =
                    first_error.as_ref().is_none_or(|kept| is_about_time(kept) && !is_about_time(&error));
                if is_better {
                    first_error = Some(error);
                }
            }
        }
    }
    Err(first_error.unwrap_or(Error::BadDer))
}

fn times(candidates: &Candidates<'_>, now: UnixTime) -> Vec<UnixTime> {
    let mut times = vec![now];
    let Some((start, end)) = candidates.get(0).and_then(|c| Some((c.not_before?, c.not_after?))) else {
        return times;
    };
    let mut others: Vec<_> =
        candidates.iter().filter_map(|c| c.not_before).filter(|time| (start..=end).contains(time)).collect();
    others.sort_unstable();
    others.dedup();
    times.extend(others);
    times.truncate(MAX_TIMES);
    times
}

fn is_about_time(error: &Error) -> bool {
    matches!(fault::reason(error), PathReason::Expired | PathReason::NotYetValid)
}

fn refused(
    error: &Error,
    candidates: &Candidates<'_>,
    structure: &Structure,
    store: &TrustStore,
    now: UnixTime,
) -> Fault {
    match fault::reason(error) {
        PathReason::BadSignature => bad_signature(candidates, structure, store),
        PathReason::UnknownIssuer => {
            if structure.end == End::BadSignature {
                return bad_signature(candidates, structure, store);
            }
            // The chain runs through a served certificate that the path builder cannot even read.
            let broken = structure.climb.iter().skip(1).find_map(|index| {
                let der = rustls_pki_types::CertificateDer::from(&*candidates.get(*index)?.der);
                webpki::EndEntityCert::try_from(&der).err()
            });
            match broken {
                Some(error) if structure.end == End::Dangling => {
                    Fault::read(&error, candidates, &structure.climb, now)
                }
                _ => Fault::new(PathReason::UnknownIssuer, None, "the issuer is not in the store"),
            }
        }
        _ => Fault::read(error, candidates, &structure.climb, now),
    }
}

/// A signature does not verify. Where a served certificate or the anchor's key identifier says that the key is the
/// right one, the signature is bad. Else an authority of that name has another key, and the issuer is unknown: a
/// private CA made anew under its old name, the file of the old one passed with `--trust`.
fn bad_signature(candidates: &Candidates<'_>, structure: &Structure, store: &TrustStore) -> Fault {
    let top = structure.climb.last().copied();
    let certificate = top.and_then(|index| candidates.get(index));
    let Some(certificate) = certificate else {
        return Fault::new(PathReason::BadSignature, None, "a signature in the path does not verify");
    };
    if structure.end == End::BadSignature || names_key_of_anchor(certificate, store) {
        return Fault::new(
            PathReason::BadSignature,
            top,
            format!(
                "the signature of {} does not verify with the key of {}",
                words::certificate(certificate),
                words::issuer(certificate)
            ),
        );
    }
    Fault::new(
        PathReason::UnknownIssuer,
        top,
        format!(
            "the store has an authority named {} with another key than the one that signed {}",
            words::issuer(certificate),
            words::certificate(certificate)
        ),
    )
}

/// The authority key identifier is that of an anchor with the issuer's name and a key that did not sign.
fn names_key_of_anchor(certificate: &Certificate, store: &TrustStore) -> bool {
    let Some(aki) = certificate.aki.as_deref() else { return false };
    if signed_by(certificate, certificate) == SignatureCheck::Verified {
        return false;
    }
    store.anchors.iter().filter(|anchor| certificate.issuer.der.ends_with(anchor.subject.as_ref())).any(
        |anchor| {
            let spki = webpki::spki_for_anchor(anchor);
            // RFC 5280 section 4.2.1.2, method 1.
            SubjectPublicKeyInfo::from_der(spki.as_ref()).is_ok_and(|(_, spki)| {
                let id = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &spki.subject_public_key.data);
                id.as_ref() == aki
            })
        },
    )
}

/// Usage is judged apart, so that it does not hide an unknown issuer.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}
