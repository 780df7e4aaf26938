//! A second opinion where webpki is stricter than RFC 5280 section 6.1: more than six CA certificates, and
//! self-issued CA certificates, which count for no path length and are bound by no name constraint.
//!
//! The end-entity certificate is webpki's: under its issuer as a made-up anchor, once for each set of name constraints
//! from above. The CA certificates are checked here: signatures, validity, basicConstraints, path length, extended key
//! usage, critical extensions. One path is looked at, the one along the signatures.

use rustls_pki_types::{CertificateDer, Der, TrustAnchor};
use webpki::{EndEntityCert, KeyUsage, RawPublicKeyEntity};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Candidates, Fault, algorithms, search};
use crate::assess::structure::Structure;
use crate::assess::words;
use crate::model::{PathReason, TrustStore};
use crate::time::UnixTime;
use crate::x509::certificate::SignatureHash;
use crate::x509::{Certificate, SignatureCheck, signed_by};

/// The path along the climb to an anchor, if it holds at `now`.
///
/// # Errors
/// The first fault, from the end-entity certificate upwards.
pub(super) fn walk(
    candidates: &Candidates<'_>,
    structure: &Structure,
    store: &TrustStore,
    now: UnixTime,
) -> Result<Box<[usize]>, Fault> {
    let unknown = || Fault::new(PathReason::UnknownIssuer, None, "the issuer is not in the store");
    let climb: Vec<_> =
        structure.climb.iter().filter_map(|index| Some((*index, candidates.get(*index)?))).collect();
    let (length, anchor) = climb
        .iter()
        .enumerate()
        .find_map(|(position, (_, certificate))| {
            let anchor = store.anchors.iter().find(|anchor| is_signed_by_anchor(certificate, anchor))?;
            Some((position + 1, anchor))
        })
        .ok_or_else(unknown)?;
    let path = climb.get(..length).unwrap_or(&climb);
    for (position, (index, certificate)) in path.iter().enumerate().skip(1) {
        check_ca(*index, certificate, non_self_issued(path, position), now)?;
    }
    for pair in path.windows(2) {
        if let [(_, child), (_, issuer)] = pair {
            check_signature(child, issuer)?;
        }
    }
    check_end_entity(path, anchor, now)?;
    Ok(path.iter().map(|(index, _)| *index).collect())
}

fn check_ca(index: usize, certificate: &Certificate, below: usize, now: UnixTime) -> Result<(), Fault> {
    let fault = |reason, what: &str| {
        Err(Fault::new(reason, Some(index), format!("{} {what}", words::certificate(certificate))))
    };
    let constraints = certificate.basic_constraints;
    let usage = certificate.extended_key_usage.as_ref();
    if certificate.not_after.is_none_or(|end| now > end) {
        fault(PathReason::Expired, "has expired")
    } else if certificate.not_before.is_none_or(|start| now < start) {
        fault(PathReason::NotYetValid, "is not valid yet")
    } else if !certificate.is_ca() {
        fault(PathReason::NotACa, "signs another certificate without being a CA (basicConstraints)")
    } else if constraints
        .and_then(|c| c.path_len)
        .is_some_and(|limit| u32::try_from(below).is_ok_and(|below| below > limit))
    {
        fault(PathReason::NotACa, "allows fewer CA certificates below it")
    } else if usage.is_some_and(|usage| !usage.iter().any(|u| u == "serverAuth")) {
        fault(PathReason::ExtendedKeyUsage, "does not allow server authentication")
    } else if EndEntityCert::try_from(&CertificateDer::from(&*certificate.der)).is_err() {
        fault(
            PathReason::Malformed,
            "is not encoded as RFC 5280 asks, or has a critical extension that is not understood",
        )
    } else {
        Ok(())
    }
}

/// CA certificates below position `position` that count for a path length (RFC 5280 section 4.2.1.9).
fn non_self_issued(path: &[(usize, &Certificate)], position: usize) -> usize {
    path.iter().take(position).skip(1).filter(|(_, certificate)| !certificate.is_self_issued()).count()
}

fn check_signature(child: &Certificate, issuer: &Certificate) -> Result<(), Fault> {
    let hash = child.signature.as_ref().and_then(|s| s.hash);
    let is_outdated = matches!(hash, Some(SignatureHash::Md2 | SignatureHash::Md5 | SignatureHash::Sha1));
    if is_outdated || signed_by(child, issuer) != SignatureCheck::Verified {
        let why = format!("the signature of {} cannot be accepted", words::certificate(child));
        return Err(Fault::new(PathReason::UnsupportedAlgorithm, None, why));
    }
    Ok(())
}

fn check_end_entity(
    path: &[(usize, &Certificate)],
    anchor: &TrustAnchor<'static>,
    now: UnixTime,
) -> Result<(), Fault> {
    let Some(((_, certificate), above)) = path.split_first() else { return Ok(()) };
    let above: Vec<_> = above
        .iter()
        .filter_map(|(_, c)| {
            webpki::anchor_from_trusted_cert(&CertificateDer::from(&*c.der)).ok().map(|a| a.to_owned())
        })
        .collect();
    let issuer = above.first().unwrap_or(anchor);
    let constraints = above.iter().chain([anchor]).filter_map(|a| a.name_constraints.clone()).map(Some);
    let mut constraints: Vec<Option<Der<'static>>> = constraints.collect();
    check_names_of_cas(path, &constraints)?;
    constraints.push(None);
    let alone = Candidates { certificates: vec![*certificate] };
    for name_constraints in constraints {
        let anchor = TrustAnchor {
            subject: issuer.subject.clone(),
            subject_public_key_info: issuer.subject_public_key_info.clone(),
            name_constraints,
        };
        search(&alone, &[anchor], &algorithms::ACCEPTED, KeyUsage::server_auth(), now)
            .map_err(|error| read_on_path(&error, path, now))?;
    }
    Ok(())
}

/// The fault, looked for in the whole path: constraints stand above the certificate that breaks them.
fn read_on_path(error: &webpki::Error, path: &[(usize, &Certificate)], now: UnixTime) -> Fault {
    let whole = Candidates { certificates: path.iter().map(|(_, certificate)| *certificate).collect() };
    let positions: Vec<usize> = (0..path.len()).collect();
    let fault = Fault::read(error, &whole, &positions, now);
    let certificate = fault.certificate.and_then(|at| path.get(at)).map(|(index, _)| *index);
    Fault { certificate, ..fault }
}

/// Names of CA certificates under constraints are not compared here; such a path is refused.
fn check_names_of_cas(path: &[(usize, &Certificate)], constraints: &[Option<Der<'_>>]) -> Result<(), Fault> {
    let named = path.iter().skip(1).find(|(_, c)| c.san.is_some() && !c.is_self_issued());
    match named {
        Some((index, certificate)) if !constraints.is_empty() => Err(Fault::new(
            PathReason::NameConstraints,
            Some(*index),
            format!(
                "{} is a CA certificate with names under name constraints",
                words::certificate(certificate)
            ),
        )),
        _ => Ok(()),
    }
}

/// An authority of the issuer's name in the store, whose key verifies the signature by an accepted algorithm.
fn is_signed_by_anchor(certificate: &Certificate, anchor: &TrustAnchor<'_>) -> bool {
    if !certificate.issuer.der.ends_with(anchor.subject.as_ref()) {
        return false;
    }
    let spki = webpki::spki_for_anchor(anchor);
    let (Ok(key), Ok((_, parsed))) =
        (RawPublicKeyEntity::try_from(&spki), X509Certificate::from_der(&certificate.der))
    else {
        return false;
    };
    let (message, signature) = (parsed.tbs_certificate.as_ref(), &parsed.signature_value.data);
    algorithms::ACCEPTED.iter().any(|algorithm| key.verify_signature(*algorithm, message, signature).is_ok())
}
