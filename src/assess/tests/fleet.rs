//! One name, several addresses.

use super::pki::{Authority, Recipe, chain, served};
use crate::assess::fleet::CertificateSkew;
use crate::model::{Endpoint, Observation, Rule, ServerName, TlsFacts, Transport};

fn at(address: &str, name: &str, der: &[u8]) -> Observation {
    let mut observation = served(chain(&[der]), TlsFacts::default());
    observation.endpoint = Endpoint::tcp(address.parse().unwrap(), ServerName::parse(name).ok());
    observation
}

#[test]
fn different_certificates_behind_one_name_are_found() {
    let corp = Authority::new("Corp");
    let (old, new) = (corp.end_entity(), Recipe { days_left: 90, ..Recipe::end_entity("a.example") });
    let new = new.signed_by(&corp.intermediate);
    let mut skew = CertificateSkew::default();
    skew.observe(&at("127.0.0.1:443", "a.example", &old.der));
    skew.observe(&at("127.0.0.2:443", "a.example", &new.der));
    skew.observe(&at("127.0.0.3:443", "a.example", &new.der));
    skew.observe(&at("127.0.0.1:443", "same.example", &old.der));
    skew.observe(&at("127.0.0.2:443", "same.example", &old.der));
    skew.observe(&at("127.0.0.3:8443", "same.example", &new.der));
    let found = skew.finish();
    assert_eq!(found.len(), 1);
    let (endpoint, verdict) = &found[0];
    assert_eq!(endpoint.label(), "a.example:443");
    assert_eq!(verdict.rule, Rule::CertificateSkew);
    assert!(verdict.detail.contains("127.0.0.2, 127.0.0.3 serve"), "{}", verdict.detail);
}

#[test]
fn another_certificate_over_another_transport_is_no_skew() {
    let corp = Authority::new("Corp");
    let (one, two) = (corp.end_entity(), corp.end_entity());
    let mut skew = CertificateSkew::default();
    let over = |transport, mut observation: Observation| {
        observation.endpoint.transport = transport;
        observation
    };
    skew.observe(&at("127.0.0.1:443", "a.example", &one.der));
    skew.observe(&over(Transport::Quic, at("127.0.0.1:443", "a.example", &two.der)));
    skew.observe(&over(Transport::Dtls, at("127.0.0.1:443", "b.example", &one.der)));
    skew.observe(&over(Transport::Dtls, at("127.0.0.2:443", "b.example", &two.der)));
    let found = skew.finish();
    let labels: Vec<_> = found.iter().map(|(endpoint, _)| endpoint.label()).collect();
    assert_eq!(labels, ["b.example:443/dtls"], "two machines behind one name differ all the same");
}

#[test]
fn a_small_memory_forgets_the_oldest_name_and_keeps_what_it_found() {
    let corp = Authority::new("Corp");
    let (one, two) = (corp.end_entity(), corp.end_entity());
    let mut skew = CertificateSkew::new(2);
    skew.observe(&at("127.0.0.1:443", "a.example", &one.der));
    skew.observe(&at("127.0.0.2:443", "a.example", &two.der));
    for n in 0..50 {
        skew.observe(&at("127.0.0.1:443", &format!("n{n}.example"), &one.der));
    }
    assert_eq!(skew.finish().len(), 1);
}

#[test]
fn thousands_of_certificates_behind_one_name_are_counted() {
    let corp = Authority::new("Corp");
    let mut skew = CertificateSkew::default();
    for n in 0..20 {
        let end = corp.end_entity();
        skew.observe(&at(&format!("127.0.0.{n}:443"), "a.example", &end.der));
    }
    let found = skew.finish();
    assert_eq!(found.len(), 1);
    assert!(found[0].1.detail.len() < 4_000);
}
