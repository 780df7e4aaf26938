//! Responses and lists gone bad: no panic, capped memory, and never "good" for a certificate that is revoked.

use std::path::Path;

use certvigil::assess::revocation::{by_crl, by_ocsp, list_fault};
use certvigil::model::{RevocationMethod, RevocationStatus};
use certvigil::x509::{self, Certificate, CrlReader, Issuer};

use crate::input::{Random, runs};

fn seeds(extension: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/revocation");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn certificate(name: &str) -> Certificate {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/revocation").join(name);
    x509::read(&std::fs::read(path).unwrap())
}

#[test]
fn no_response_gone_bad_is_believed() {
    let (revoked, issuer) = (certificate("revoked.der"), Issuer::of(&certificate("ca.der")).unwrap());
    let now = revoked.not_before.unwrap().plus_seconds(3_600);
    let (seeds, mut random) = (seeds("ocsp"), Random::new("ocsp"));
    for _ in 0..runs() {
        let mut response = random.pick(&seeds).clone();
        random.spoil(&mut response);
        let check = by_ocsp(&response, &revoked, &issuer, RevocationMethod::Ocsp, now);
        assert_ne!(check.status, RevocationStatus::Good);
    }
}

#[test]
fn no_list_gone_bad_is_believed() {
    let (revoked, issuer) = (certificate("revoked.der"), Issuer::of(&certificate("ca.der")).unwrap());
    let now = revoked.not_before.unwrap().plus_seconds(3_600);
    let (seeds, mut random) = (seeds("crl"), Random::new("crl"));
    for _ in 0..runs() {
        let mut list = random.pick(&seeds).clone();
        random.spoil(&mut list);
        let mut reader = CrlReader::default();
        let pushed = random.pieces(&list).into_iter().try_for_each(|piece| reader.push(piece));
        let Ok(list) = pushed.and_then(|()| reader.finish()) else { continue };
        if list_fault(&list, &issuer).is_none() {
            assert_ne!(by_crl(&list, &revoked, now).status, RevocationStatus::Good);
        }
    }
}
