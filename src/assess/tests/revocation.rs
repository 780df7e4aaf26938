//! Responses and lists that openssl made (`fixtures/revocation/make`), whole, cut, old, of others.

use crate::assess::revocation::{by_crl, by_ocsp, list_fault};
use crate::model::{RevocationCheck, RevocationMethod, RevocationStatus};
use crate::time::UnixTime;
use crate::x509::{self, Certificate, Crl, CrlFault, CrlReader, Issuer, ocsp_request};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../fixtures/revocation/", $name)).as_slice()
    };
}

const DAY: i64 = 86_400;

fn certificates() -> [Certificate; 2] {
    [x509::read(fixture!("good.der")), x509::read(fixture!("revoked.der"))]
}

fn authority() -> Issuer {
    Issuer::of(&x509::read(fixture!("ca.der"))).unwrap()
}

/// A day after the files were made.
fn now() -> UnixTime {
    certificates()[0].not_before.unwrap().plus_seconds(DAY)
}

fn asked(response: &[u8], certificate: &Certificate, issuer: &Issuer, now: UnixTime) -> RevocationCheck {
    by_ocsp(response, certificate, issuer, RevocationMethod::Ocsp, now)
}

fn doubt(check: RevocationCheck) -> String {
    match check.status {
        RevocationStatus::NotDetermined(doubt) => doubt.detail.raw().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn list(bytes: &[u8], piece: usize) -> Result<Crl, CrlFault> {
    let mut reader = CrlReader::default();
    bytes.chunks(piece).try_for_each(|piece| reader.push(piece))?;
    reader.finish()
}

#[test]
fn a_responder_s_good_and_revoked_are_believed_where_the_issuer_stands_behind_it() {
    let [good, revoked] = certificates();
    let issuer = authority();
    for response in [fixture!("good.ocsp"), fixture!("good-sha256.ocsp"), fixture!("good-delegate.ocsp")] {
        assert_eq!(asked(response, &good, &issuer, now()).status, RevocationStatus::Good);
    }
    let check = asked(fixture!("revoked.ocsp"), &revoked, &issuer, now());
    let RevocationStatus::Revoked(how) = check.status else { panic!("{check:?}") };
    assert_eq!(how.reason.map(x509::ocsp::reason_name), Some("keyCompromise"));
    assert!(how.at.unwrap().seconds_since(good.not_before.unwrap()).abs() < DAY);
    assert_eq!(check.next_update.unwrap().seconds_since(check.this_update.unwrap()), 30 * DAY);
}

#[test]
fn a_response_of_another_signer_certificate_or_time_says_nothing() {
    let [good, revoked] = certificates();
    let issuer = authority();
    let of = |response: &[u8], certificate, now| doubt(asked(response, certificate, &issuer, now));
    assert!(of(fixture!("wrong-signer.ocsp"), &good, now()).contains("nobody whom the issuer has named"));
    assert!(of(fixture!("good.ocsp"), &revoked, now()).contains("another certificate"));
    assert!(of(fixture!("good.ocsp"), &good, now().plus_seconds(31 * DAY)).contains("too old"));
    assert!(of(fixture!("good.ocsp"), &good, now().plus_seconds(-3 * DAY)).contains("of the future"));
    let other = Issuer::of(&x509::read(fixture!("other.der"))).unwrap();
    assert!(doubt(asked(fixture!("good.ocsp"), &good, &other, now())).contains("another certificate"));
    for (status, word) in [(1, "malformedRequest"), (3, "tryLater"), (6, "unauthorized")] {
        assert!(of(&[0x30, 3, 0x0a, 1, status], &good, now()).contains(word));
    }
}

#[test]
fn no_cut_and_no_changed_octet_of_a_response_turns_doubt_into_an_answer() {
    let [good, revoked] = certificates();
    let issuer = authority();
    let whole = fixture!("revoked.ocsp");
    for length in 0..whole.len() {
        doubt(asked(&whole[..length], &revoked, &issuer, now()));
        let mut changed = whole.to_vec();
        changed[length] ^= 0x10;
        let check = asked(&changed, &revoked, &issuer, now());
        // An octet of a certificate that is not part of what is signed may change.
        assert_ne!(check.status, RevocationStatus::Good, "octet {length}");
        assert!(!matches!(asked(&changed, &good, &issuer, now()).status, RevocationStatus::Revoked(_)));
    }
}

#[test]
fn a_question_names_the_issuer_by_its_hashes_and_the_serial_number() {
    let [good, _] = certificates();
    let request = ocsp_request(&good, &authority()).unwrap();
    assert!(request.windows(good.serial.len() + 2).any(|w| w[2..] == *good.serial && w[0] == 2));
    assert_eq!(request[..2], [0x30, u8::try_from(request.len() - 2).unwrap()]);
}

#[test]
fn a_list_tells_who_is_revoked_in_pieces_of_any_size() {
    let [good, revoked] = certificates();
    for piece in [1, 7, 64, 10_000] {
        let list = list(fixture!("full.crl"), piece).unwrap();
        assert_eq!((list.len(), list_fault(&list, &authority())), (1, None));
        assert_eq!(by_crl(&list, &good, now()).status, RevocationStatus::Good);
        let check = by_crl(&list, &revoked, now());
        let RevocationStatus::Revoked(how) = check.status else { panic!("{check:?}") };
        assert_eq!(how.reason, Some(1));
    }
}

#[test]
fn a_list_of_another_signer_time_or_kind_says_nothing() {
    let [good, revoked] = certificates();
    let other = Issuer::of(&x509::read(fixture!("other.der"))).unwrap();
    let full = list(fixture!("full.crl"), 64).unwrap();
    assert!(list_fault(&full, &other).is_some(), "the same name, another key");
    assert!(doubt(by_crl(&full, &good, now().plus_seconds(31 * DAY))).contains("too old"));
    for (bytes, word) in
        [(fixture!("ca.crl"), "another kind"), (fixture!("other.crl"), "another distribution point")]
    {
        let list = list(bytes, 64).unwrap();
        assert_eq!(list_fault(&list, &authority()), None);
        for certificate in [&good, &revoked] {
            assert!(doubt(by_crl(&list, certificate, now())).contains(word));
        }
    }
    let user = list(fixture!("user.crl"), 64).unwrap();
    assert!(matches!(by_crl(&user, &revoked, now()).status, RevocationStatus::Revoked(_)));
    assert!(doubt(by_crl(&user, &x509::read(fixture!("ca.der")), now())).contains("another"));
    for bytes in [fixture!("indirect.crl"), fixture!("delta.crl")] {
        assert_eq!(list(bytes, 64).unwrap_err(), CrlFault::IndirectOrDelta);
    }
    assert_eq!(list(b"-----BEGIN X509 CRL-----\n", 64).unwrap_err(), CrlFault::Pem);
}

#[test]
fn no_cut_and_no_changed_octet_of_a_list_is_believed() {
    let whole = fixture!("full.crl");
    for length in 0..whole.len() {
        assert!(list(&whole[..length], 50).is_err(), "cut at {length}");
        let mut changed = whole.to_vec();
        changed[length] ^= 0x10;
        if let Ok(list) = list(&changed, 50) {
            assert!(list_fault(&list, &authority()).is_some(), "octet {length}");
        }
    }
}
