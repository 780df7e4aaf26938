//! Tolerance, against servers that are tables.

use super::super::testing::{Quirk as Server, Table, interrogate};
use super::*;

fn asked(server: &Table) -> (Option<Vec<Quirk>>, usize) {
    let (version, suites) = server.versions.last().cloned().unwrap();
    let mut tolerance = Tolerance::new(version, suites, server.groups.clone());
    let asked = interrogate(server, &mut tolerance);
    (tolerance.finish(), asked)
}

#[test]
fn a_tolerant_server_costs_one_question() {
    assert_eq!(asked(&Table::modern()), (Some(Vec::new()), 1));
    assert_eq!(asked(&Table::legacy()), (Some(Vec::new()), 1));
}

#[test]
fn each_intolerance_is_found_by_its_name() {
    let (found, asked_in_all) = asked(&Table::modern().but(Server::HatesGrease));
    assert_eq!((found, asked_in_all), (Some(vec![Quirk::Grease]), 1 + 1 + 6 + 1));
    // 128 suites fill more than 255 bytes, but a server that minds their number only is not one that minds length.
    assert_eq!(asked(&Table::modern().but(Server::FewSuites)).0, Some(vec![Quirk::ManySuites]));
}

#[test]
fn a_middlebox_that_drops_long_hellos_minds_everything_that_is_long() {
    let (found, _) = asked(&Table::legacy().but(Server::SilentOnLong));
    assert_eq!(found, Some(vec![Quirk::LongHello, Quirk::LargeHello, Quirk::ManySuites]));
}

#[test]
fn a_server_that_is_not_well_is_not_called_intolerant() {
    assert_eq!(asked(&Table::modern().but(Server::Silent)).0, None);
    assert_eq!(asked(&Table::modern().but(Server::Moody)).0, Some(Vec::new()));
}

#[test]
fn every_hello_has_each_extension_once() {
    use crate::tls::codec::Reader;
    for version in [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3] {
        let suites = vec![CipherSuite::TLS_AES_128_GCM_SHA256];
        let mut tolerance = Tolerance::new(version, suites, vec![NamedGroup::x25519]);
        let mut refusals = 0;
        while let Some((_, question)) = tolerance.question() {
            let hello = question.hello(&[0; 96], Some("a.example"));
            let mut reader = Reader::new(&hello.as_bytes()[9..]);
            reader.take(34).unwrap();
            reader.vector8().unwrap();
            reader.vector16().unwrap();
            reader.vector8().unwrap();
            let mut list = Reader::new(reader.vector16().unwrap());
            let mut numbers = Vec::new();
            while !list.is_empty() {
                numbers.push(list.extension().unwrap().0);
            }
            let count = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), count);
            // Refuses everything but the plain hello.
            let is_plain = refusals == 1 || refusals > 7;
            let plain = super::super::testing::answer(version, CipherSuite::TLS_AES_128_GCM_SHA256);
            tolerance.hear(&if is_plain {
                Answer::Chose(Box::new(plain))
            } else {
                Answer::Alert(crate::tls::AlertDescription::decode_error)
            });
            refusals += 1;
        }
        assert_eq!(tolerance.finish().unwrap().len(), 6);
    }
}
