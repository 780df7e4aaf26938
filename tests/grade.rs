//! Grades of real servers: what their settings earn by the guide, and what testssl.sh, which follows it too, makes of the
//! same servers. Where the two differ, the case says why.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::net::SocketAddr;

use certvigil::estate::{Authority, Leaf, LeafKey};
use serde_json::Value;
use support::nginx::Nginx;
use support::openssl::s_server;
use support::program::Home;
use support::testssl::{Rating, rating};
use support::{Peer, authority};

const NAME: &str = "a.test";
const HSTS: &str = "add_header Strict-Transport-Security \"max-age=31536000\" always;\n";
const STRONG: &str = "ECDHE+AESGCM";

/// The endpoint of a report on one server under its name.
fn inspect(address: SocketAddr, root_pem: &str) -> Value {
    let home = Home::new();
    let root = home.write("root.pem", root_pem);
    let report = home.run(&[
        "scan",
        &address.to_string(),
        "--sni",
        NAME,
        "--depth",
        "deep",
        "--rate",
        "max",
        "--trust",
        &root,
        "--no-store",
        "-f",
        "json",
    ]);
    let endpoints = report.json()["endpoints"].as_array().unwrap().clone();
    endpoints.into_iter().find(|endpoint| endpoint["server_name"] == NAME).unwrap()
}

/// A server, its grade, and what testssl.sh says of it.
struct Case {
    what: &'static str,
    peer: Peer,
    root: String,
    /// Protocol, key exchange, cipher, total.
    points: [u64; 4],
    grade: &'static str,
    /// The rules of the caps, the worst first.
    caps: &'static [&'static str],
    /// Its grade and points by testssl.sh, where that is asked; no points after a rule that says F.
    theirs: Option<(&'static str, [u64; 4])>,
}

/// P-256 counts as 90 points with us, as SSL Labs has it, and as 100 with testssl.sh, which takes 3 points in the total.
fn with_p256(authority: &Authority, protocols: &str, ciphers: &str, further: &str) -> Peer {
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    let further = further.to_owned();
    Nginx { protocols, ciphers, further, ..Nginx::modern(vec![&identity]) }.start()
}

fn with_rsa(authority: &Authority, protocols: &str, ciphers: &str) -> Peer {
    let identity = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    Nginx { protocols, ciphers, further: HSTS.to_owned(), ..Nginx::modern(vec![&identity]) }.start()
}

fn cases(authority: &Authority) -> Vec<Case> {
    let root = || authority.root_pem();
    let other_name = authority.issue(&Leaf::new("b.test").key(LeafKey::Rsa2048)).unwrap();
    let other_name = Nginx { ciphers: STRONG, further: HSTS.to_owned(), ..Nginx::modern(vec![&other_name]) };
    let modern = "TLSv1.2 TLSv1.3";
    vec![
        // 100·0.3 + 90·0.3 + (100+80)/2·0.4 = 93.
        Case {
            what: "all in order",
            peer: with_p256(authority, modern, STRONG, HSTS),
            root: root(),
            points: [100, 90, 90, 93],
            grade: "A+",
            caps: &[],
            theirs: Some(("A+", [100, 100, 90, 96])),
        },
        // testssl.sh follows 2009q, which does not mind the want of TLS 1.3: there HSTS alone counts.
        Case {
            what: "TLS 1.2 alone, no HSTS",
            peer: with_p256(authority, "TLSv1.2", STRONG, ""),
            root: root(),
            points: [100, 90, 90, 93],
            grade: "A-",
            caps: &["protocol.no_tls13", "hsts"],
            theirs: Some(("A", [100, 100, 90, 96])),
        },
        // (100+90)/2 = 95: 28.5 + 27 + 36 = 91.5.
        Case {
            what: "TLS 1.0 to 1.3",
            peer: with_rsa(
                authority,
                "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
                "ECDHE+AESGCM:ECDHE+AES+SHA1:AES128-SHA:@SECLEVEL=0",
            ),
            root: root(),
            points: [95, 90, 90, 91],
            grade: "B",
            caps: &["protocol.tls10", "protocol.tls11"],
            theirs: Some(("B", [95, 90, 90, 91])),
        },
        // 90·0.3 + 90·0.3 + 80·0.4 = 86. There is nothing to fall back to; HTTP is
        // not asked in a version that no client should speak.
        Case {
            what: "TLS 1.0 alone",
            peer: with_rsa(authority, "TLSv1", "AES128-SHA:@SECLEVEL=0"),
            root: root(),
            points: [90, 90, 80, 86],
            grade: "C",
            caps: &[
                "protocol.no_tls12",
                "protocol.tls10",
                "cipher.no_forward_secrecy",
                "cipher.no_aead",
                "protocol.no_tls13",
                "hsts",
            ],
            theirs: Some(("C", [90, 90, 80, 86])),
        },
        // No encryption: no points; (100+0)/2 = 50: 30 + 27 + 20 = 77.
        Case {
            what: "NULL suites",
            peer: with_rsa(authority, modern, "ECDHE+AESGCM:NULL-SHA256:@SECLEVEL=0"),
            root: root(),
            points: [100, 90, 50, 77],
            grade: "F",
            caps: &["cipher.insecure"],
            theirs: Some(("F", [0; 4])),
        },
        Case {
            what: "another name",
            peer: other_name.start(),
            root: root(),
            points: [100, 90, 90, 93],
            grade: "M",
            caps: &["trust.name_mismatch"],
            theirs: None,
        },
        Case {
            what: "another authority",
            peer: with_rsa(authority, modern, STRONG),
            root: support::authority().root_pem(),
            points: [100, 90, 90, 93],
            grade: "T",
            caps: &["trust.untrusted"],
            theirs: None,
        },
    ]
}

#[test]
fn grades_are_those_of_the_guide_and_of_testssl_but_for_what_is_said() {
    let authority = authority();
    let cases = cases(&authority);
    std::thread::scope(|scope| {
        let ratings: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(move || case.theirs.map(|_| rating(case.peer.address, NAME, &case.root))))
            .collect();
        for (case, theirs) in cases.iter().zip(ratings) {
            check_ours(case);
            if let (Some(expected), Some(theirs)) = (case.theirs, theirs.join().unwrap()) {
                check_theirs(case.what, expected, &theirs);
            }
        }
    });
}

fn check_ours(case: &Case) {
    let endpoint = inspect(case.peer.address, &case.root);
    let (what, grading) = (case.what, &endpoint["grading"]);
    assert_eq!(endpoint["grade"], case.grade, "{what}: {grading:#}");
    let score = &endpoint["score"];
    let points = ["protocol", "key_exchange", "cipher", "total"].map(|part| score[part].as_u64().unwrap());
    assert_eq!(points, case.points, "{what}: {grading:#}");
    let caps = grading["caps"].as_array().unwrap();
    let rules: Vec<&str> = caps.iter().map(|cap| cap["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, case.caps, "{what}: {grading:#}");
    if matches!(case.grade, "M" | "T") {
        assert_eq!(score["ignoring_trust"], "A+", "{what}: {grading:#}");
    }
}

fn check_theirs(what: &str, (grade, points): (&str, [u64; 4]), theirs: &Rating) {
    assert_eq!(theirs.grade, grade, "{what}: {theirs:#?}");
    let found = [theirs.protocol, theirs.key_exchange, theirs.cipher, theirs.total];
    assert_eq!(found, points, "{what}: {theirs:#?}");
}

/// A server that answers by HTTP is asked once; one that does not say HTTP, or has no name, is left without.
#[test]
fn hsts_is_read_from_one_request_and_only_where_http_is_spoken() {
    let authority = authority();
    let web = with_p256(&authority, "TLSv1.3", STRONG, HSTS);
    let endpoint = inspect(web.address, &authority.root_pem());
    let inspection = &endpoint["tls"]["inspection"];
    assert_eq!(
        inspection["hsts"],
        serde_json::json!({
            "status": "policy", "max_age_seconds": 31_536_000, "include_subdomains": false, "preload": false
        })
    );
    assert_eq!(inspection["connections"]["http"], 1);
    // TLS 1.3 alone: nothing to fall back to, and that is said.
    assert_eq!(endpoint["grade"], "A+", "{:#}", endpoint["grading"]);
    assert!(endpoint["grading"]["notes"][0].as_str().unwrap().contains("TLS_FALLBACK_SCSV"));
    // `-www` answers a HEAD by hanging up: no HTTP was seen, so nothing is said about the header.
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    let mute = s_server(&identity, &[]);
    let endpoint = inspect(mute.address, &authority.root_pem());
    assert_eq!(endpoint["tls"]["inspection"]["hsts"], Value::Null);
    let findings = endpoint["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["id"] != "tls.hsts.missing"), "{findings:#?}");
}
