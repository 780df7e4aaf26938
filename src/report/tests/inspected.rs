//! Endpoints inspected in depth: a modern one, a legacy one with everything wrong, one that answers in part, a fleet.

use super::super::*;
use super::goldens::{golden, write_all};
use super::samples::*;
use crate::model::*;
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, Ssl2Cipher, known_prime};
use crate::wire::v1::*;
use crate::x509::Fingerprint;

const JARM: &str = "2ad2ad0002ad2ad22c2ad2ad2ad2ad4a4e8f2b1d5c7a9e3f60718293a4b5c6";

fn version(version: ProtocolVersion, suites: &[CipherSuite]) -> VersionFacts {
    VersionFacts {
        offered: Some(true),
        cipher_suites: suites.to_vec(),
        suites_complete: true,
        server_order: (suites.len() > 1).then_some(true),
        groups_complete: true,
        schemes_complete: true,
        compression: (version != ProtocolVersion::TLSv1_3).then_some(false),
        ..VersionFacts::new(version)
    }
}

fn refused(number: ProtocolVersion) -> VersionFacts {
    VersionFacts { offered: Some(false), suites_complete: true, ..VersionFacts::new(number) }
}

fn probes(of: impl Fn(ProbeName) -> (Reaction, Evidence)) -> Vec<Probe> {
    let one = |name| {
        let (reaction, evidence) = of(name);
        Probe { name, reaction, evidence }
    };
    ProbeName::ALL.into_iter().map(one).collect()
}

/// TLS 1.2 and 1.3 as they should be.
fn modern() -> Inspection {
    let groups = vec![NamedGroup::X25519MLKEM768, NamedGroup::x25519, NamedGroup::secp256r1];
    let schemes = vec![SignatureScheme::ecdsa_secp256r1_sha256];
    let tls13 = VersionFacts {
        chacha_prioritised: Some(true),
        groups: groups.clone(),
        group_order: Some(true),
        signature_schemes: schemes.clone(),
        ..version(
            ProtocolVersion::TLSv1_3,
            &[
                CipherSuite::TLS_AES_256_GCM_SHA384,
                CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
                CipherSuite::TLS_AES_128_GCM_SHA256,
            ],
        )
    };
    let tls12 = VersionFacts {
        groups: groups[1..].to_vec(),
        group_order: Some(false),
        signature_schemes: schemes,
        ..version(
            ProtocolVersion::TLSv1_2,
            &[
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            ],
        )
    };
    let old =
        [ProtocolVersion::SSLv2, ProtocolVersion::SSLv3, ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1];
    Inspection {
        versions: old.map(refused).into_iter().chain([tls12, tls13]).collect(),
        features: Features {
            alpn: Some(vec!["h2".into(), "http/1.1".into()]),
            session_tickets: Some(true),
            ticket_lifetime_seconds: Some(7_200),
            resumption_by_id: Some(false),
            resumption_by_ticket: Some(true),
            resumption_tls13: Some(true),
            early_data_bytes: Some(0),
            secure_renegotiation: Some(true),
            client_renegotiation: Some(false),
            extended_master_secret: Some(true),
            encrypt_then_mac: Some(false),
            fallback_scsv: Some(true),
            heartbeat: Some(false),
            ocsp_stapling: None,
        },
        intolerances: Some(Vec::new()),
        probes: probes(|name| match name {
            ProbeName::Robot | ProbeName::PoodleTls | ProbeName::PaddingOracle => {
                (Reaction::NotApplicable, Evidence::default())
            }
            _ => (Reaction::Sound, Evidence::default()),
        }),
        fingerprints: Fingerprints {
            jarm: Some(JARM.to_owned()),
            ja3s: Some("15af977ce25de452b96affa2addb1036".to_owned()),
        },
        connections: vec![
            (Purpose::Capture, 1),
            (Purpose::Chains, 4),
            (Purpose::Suites, 11),
            (Purpose::Groups, 6),
            (Purpose::Features, 7),
            (Purpose::Fingerprints, 10),
            (Purpose::Http, 1),
        ],
        hsts: Some(Hsts::Policy { max_age_seconds: 90 * 86_400, include_subdomains: true, preload: false }),
        ..Inspection::default()
    }
}

/// The suites an old server takes, in its order.
const OLD_SUITES: [CipherSuite; 19] = [
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_SEED_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_IDEA_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_MD5,
    CipherSuite::TLS_RSA_WITH_DES_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_DES_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT_WITH_DES40_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5,
    CipherSuite::TLS_DH_anon_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_NULL_SHA,
];

/// Everything wrong, from SSL 2 up.
fn legacy() -> Inspection {
    let ssl2 = VersionFacts {
        ssl2_ciphers: vec![
            Ssl2Cipher::SSL2_RC4_128_WITH_MD5,
            Ssl2Cipher::SSL2_DES_192_EDE3_CBC_WITH_MD5,
            Ssl2Cipher::SSL2_RC4_128_EXPORT40_WITH_MD5,
        ],
        compression: None,
        ..version(ProtocolVersion::SSLv2, &[])
    };
    let ssl3 =
        VersionFacts { server_order: Some(false), ..version(ProtocolVersion::SSLv3, &OLD_SUITES[8..12]) };
    let tls10 = version(ProtocolVersion::TLSv1_0, &OLD_SUITES);
    let tls11 = VersionFacts { compression: Some(true), ..version(ProtocolVersion::TLSv1_1, &OLD_SUITES) };
    let tls12 = VersionFacts {
        suites_complete: false,
        server_order: None,
        signature_schemes: vec![
            SignatureScheme::rsa_pkcs1_sha1,
            SignatureScheme::rsa_pkcs1_md5,
            SignatureScheme(0x0606),
        ],
        schemes_complete: false,
        ..version(
            ProtocolVersion::TLSv1_2,
            &[CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA256, CipherSuite(0xfafa)],
        )
    };
    let prime = |bits, prime_sha256: Fingerprint, export| DhParameters {
        bits,
        prime_sha256,
        known_prime: known_prime(&prime_sha256),
        export,
        key_reused: if export { None } else { Some(true) },
    };
    let evidence =
        |leaked: i64| Evidence::from([("version", "TLSv1.0".into()), ("leaked_bytes", leaked.into())]);
    Inspection {
        versions: vec![ssl2, ssl3, tls10, tls11, tls12, VersionFacts::new(ProtocolVersion::TLSv1_3)],
        dh_parameters: vec![
            prime(1_024, Fingerprint([9; 32]), false),
            prime(512, Fingerprint([8; 32]), true),
        ],
        features: Features {
            alpn: Some(Vec::new()),
            early_data_bytes: Some(16_384),
            client_renegotiation: Some(true),
            heartbeat: Some(true),
            ..Features::default()
        },
        intolerances: Some(vec![Intolerance::LongHello, Intolerance::UnknownVersion]),
        probes: probes(|name| match name {
            ProbeName::Heartbleed => (Reaction::Weak, evidence(65_535)),
            ProbeName::CcsInjection => (Reaction::Weak, Evidence::default()),
            ProbeName::Robot => (
                Reaction::not_determined("its reactions differ from one time to the next"),
                Evidence::default(),
            ),
            ProbeName::StartTlsInjection => (Reaction::NotApplicable, Evidence::default()),
            _ => (Reaction::Sound, Evidence::default()),
        }),
        connections: vec![(Purpose::Capture, 1), (Purpose::Suites, 96), (Purpose::Weaknesses, 22)],
        ..Inspection::default()
    }
}

/// Only what is forbidden was asked for, and most of it in vain.
fn partial() -> Inspection {
    Inspection {
        scope: Scope::Forbidden,
        versions: vec![
            refused(ProtocolVersion::SSLv3),
            VersionFacts { offered: Some(true), ..VersionFacts::new(ProtocolVersion::TLSv1_0) },
            // Nothing of what is forbidden is taken; of the rest nobody asked.
            version(ProtocolVersion::TLSv1_2, &[]),
        ],
        connections: vec![(Purpose::Capture, 1), (Purpose::Suites, 5)],
        ..Inspection::default()
    }
}

/// Every text is hostile: the server's own, and what a damaged store could hold.
pub(super) fn hostile_inspection(text: &str) -> Inspection {
    let probe = |name, reaction| Probe {
        name,
        reaction,
        evidence: Evidence(vec![
            (text.to_owned().into(), text.into()),
            ("list".into(), crate::model::finding::EvidenceValue::List(vec![text.to_owned(); 2])),
        ]),
    };
    Inspection {
        features: Features { alpn: Some(vec![text.into(), text.into()]), ..Features::default() },
        probes: vec![
            probe(ProbeName::Heartbleed, Reaction::Weak),
            probe(ProbeName::Robot, Reaction::not_determined(text.to_owned())),
        ],
        fingerprints: Fingerprints { jarm: Some(text.to_owned()), ja3s: Some(text.to_owned()) },
        ..partial()
    }
}

fn inspected(name: &str, address: &str, post_quantum: Option<PostQuantum>, inspection: Inspection) -> Sample {
    let mut handshake = served(leaf_chain(name, "R11", days(61)));
    handshake.tls.post_quantum = post_quantum;
    handshake.inspection = Some(Box::new(inspection));
    let outcome = Outcome::Handshake(Box::new(handshake));
    Sample::new(endpoint(Some(name), address), outcome).judged(None, Some(true))
}

fn taken() -> Option<PostQuantum> {
    Some(PostQuantum::Group(NamedGroup::X25519MLKEM768))
}

/// One that is short of the best, one that is neither trusted nor sound, one without a letter, and the first one's twin.
fn grades() -> [Grade; 4] {
    let cap = |to, rule, reason: &str, inferred| Cap { to, rule, reason: reason.to_owned(), inferred };
    let open = |what, could_be, reason: &str, prevents_grade| NotTested {
        what,
        could_be,
        reason: reason.to_owned(),
        prevents_grade,
    };
    let revocation = open("trust.revocation", Letter::T, "revocation was not asked about", false);
    let short = Grade {
        score: Some(Score { total: 93, protocol: 100, key_exchange: 90, cipher: 90 }),
        not_tested: vec![revocation],
        letter: Some(Letter::A),
        ignoring_trust: Some(Letter::A),
        caps: vec![cap(Letter::A, "hsts", "HSTS lasts 90 d, less than half a year (180 d)", false)],
        ..Grade::default()
    };
    let worst = Grade {
        letter: Some(Letter::T),
        ignoring_trust: Some(Letter::F),
        score: Some(Score { total: 58, protocol: 50, key_exchange: 40, cipher: 80 }),
        caps: vec![
            cap(Letter::T, "trust.untrusted", "the certificate is not trusted by mozilla (expired)", false),
            cap(Letter::F, "protocol.sslv2", "SSL 2 is offered: DROWN decrypts sessions of this key", false),
            cap(Letter::F, "vuln.ccs_injection", "an early ChangeCipherSpec is taken (CVE-2014-0224)", true),
            cap(Letter::B, "protocol.tls10", "TLSv1.0 is offered", false),
        ],
        not_tested: vec![open(
            "vuln.robot",
            Letter::F,
            "its reactions differ from one time to the next",
            false,
        )],
        notes: Vec::new(),
    };
    let unknown = Grade {
        not_tested: vec![open(
            "inspection",
            Letter::F,
            "only what the policy forbids was asked for; `--enumerate everything` asks for all",
            true,
        )],
        notes: vec!["The guide is about web servers."],
        ..Grade::default()
    };
    [short.clone(), worst, unknown, short]
}

pub(super) fn inspected_estate() -> Vec<Sample> {
    let mut mail = inspected("mail.example", "127.0.0.4:25", None, partial());
    mail.observation.endpoint.starttls = Some(crate::tls::StartTls::Smtp);
    let mut twin = modern();
    twin.connections = vec![(Purpose::Capture, 1), (Purpose::Suites, 12)];
    let mut estate = vec![
        inspected("www.example", "127.0.0.1:443", taken(), modern()),
        inspected("old.example", "127.0.0.3:443", Some(PostQuantum::Refused), legacy()),
        mail,
        inspected("twin.example", "127.0.0.1:443", taken(), twin),
    ];
    for (sample, grade) in estate.iter_mut().zip(grades()) {
        sample.assessment.grade = Some(Box::new(grade));
    }
    estate
}

/// Thirty kinds of servers, the first with many more than the last.
fn fleet() -> Vec<Sample> {
    let mut samples = Vec::new();
    for kind in 0..30_u32 {
        for number in 0..(120 / (kind + 1)).max(1) {
            let mut found = if kind % 10 == 3 { legacy() } else { modern() };
            let jarm = Fingerprint::of(&kind.to_be_bytes()).to_string();
            found.fingerprints.jarm = jarm.get(..62).map(str::to_owned);
            // What differs within a kind.
            found.features.ticket_lifetime_seconds = Some(number);
            found.connections = vec![(Purpose::Suites, 11 + number)];
            let name = format!("kind-{kind:02}-{number:03}.example");
            let answer = if kind % 10 == 3 { Some(PostQuantum::Refused) } else { taken() };
            samples.push(inspected(&name, &format!("10.{kind}.0.{}:443", number + 1), answer, found));
        }
    }
    samples
}

pub(super) fn table(samples: &[Sample], width: usize, colour: bool, detailed: bool) -> String {
    let mut scan = scan(samples);
    scan.parameters.depth = Depth::Deep;
    let mut table = TableBuilder::new(12).detailed(detailed);
    samples.iter().for_each(|sample| sample.view(|view| table.add(view)));
    let options = TableOptions { width, colour, now: NOW };
    table.render(&options, &ScanView { scan: &scan }, &[], "")
}

#[test]
fn the_table_of_a_few_inspected_endpoints_is_the_golden_one() {
    let samples = inspected_estate();
    golden("table-inspected-80.txt", &table(&samples, 80, false, false));
    golden("table-inspected-120.txt", &table(&samples, 120, false, false));
    golden("table-inspected-colour-120.txt", &table(&samples, 120, true, false));
    golden("table-inspected-verbose-80.txt", &table(&samples, 80, false, true));
}

#[test]
fn the_table_of_an_inspected_fleet_is_the_golden_one() {
    let samples = fleet();
    golden("table-fleet-80.txt", &table(&samples, 80, false, false));
    golden("table-fleet-verbose-120.txt", &table(&samples, 120, false, true));
}

#[test]
fn no_line_of_an_inspection_is_wider_than_the_terminal() {
    for width in [40, 80, 97, 120] {
        for (samples, detailed) in [(inspected_estate(), true), (fleet(), false)] {
            for line in table(&samples, width, false, detailed).lines() {
                assert!(super::super::layout::display_width(line) <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn blocks_give_way_to_the_fleet_at_eleven_endpoints_unless_asked_for() {
    let sample = |number: u32| {
        inspected(&format!("host-{number}.example"), &format!("10.0.0.{number}:443"), taken(), modern())
    };
    let ten: Vec<Sample> = (1..=10).map(sample).collect();
    let text = table(&ten, 80, false, false);
    assert_eq!(text.matches("Inspection of host-").count(), 10);
    assert!(!text.contains("ALIKE"), "{text}");
    let eleven: Vec<Sample> = (1..=11).map(sample).collect();
    let text = table(&eleven, 80, false, false);
    assert!(!text.contains("Inspection of host-"), "{text}");
    assert!(text.contains("Inspection of 11 endpoints"), "{text}");
    assert!(text.contains("   11  host-1.example:443"), "{text}");
    let text = table(&eleven, 80, false, true);
    assert_eq!(text.matches("Inspection of host-").count(), 11);
    assert!(text.contains("Inspection of 11 endpoints"), "{text}");
}

#[test]
fn kinds_without_end_take_no_more_room_and_the_large_ones_stay() {
    let mut table = TableBuilder::new(12);
    let mut add = |kind: u32, number: u32| {
        let mut found = partial();
        found.fingerprints.jarm = Some(kind.to_string());
        let sample = inspected(&format!("host-{kind}-{number}.example"), "10.0.0.1:443", None, found);
        sample.view(|view| table.add(view));
    };
    // One large kind among ten thousand others that come once each.
    for kind in 1..=10_000 {
        add(kind, 0);
        if kind % 10 == 0 {
            add(0, kind);
        }
    }
    let (width, colour, now) = (80, false, NOW);
    let options = TableOptions { width, colour, now };
    let text = table.render(&options, &ScanView { scan: &scan(&[]) }, &[], "");
    assert!(text.contains("1,000  host-0-10.example:443"), "{text}");
    assert!(text.contains("Inspection of 11,000 endpoints"), "{text}");
    assert!(text.contains("met too seldom to be told apart"), "{text}");
}

#[test]
fn a_sweep_that_asked_for_post_quantum_groups_tells_their_share() {
    let sample = |number: u32, answer| {
        let name = format!("host-{number}.example");
        let mut handshake = served(leaf_chain(&name, "R11", days(61)));
        handshake.tls.post_quantum = answer;
        let endpoint = endpoint(Some(&name), &format!("10.0.0.{number}:443"));
        Sample::new(endpoint, Outcome::Handshake(Box::new(handshake)))
    };
    let samples =
        [sample(1, taken()), sample(2, Some(PostQuantum::Refused)), sample(3, taken()), sample(4, None)];
    let text = table(&samples, 120, false, false);
    let sentence = "2 of 3 endpoints asked take a post-quantum group (66 %): X25519MLKEM768 2.";
    assert!(text.contains(sentence), "{text}");
    assert!(!table(&samples[3..], 120, false, false).contains("post-quantum"));
}

#[test]
fn what_was_not_asked_for_is_not_counted_as_refused() {
    let csv = |sample: Sample| {
        let scan = scan(std::slice::from_ref(&sample));
        let mut out = Vec::new();
        write_all(&mut CsvReport::begin(&mut out, NOW).unwrap(), &[sample], &head(&scan, &[]));
        let mut reader = ::csv::Reader::from_reader(out.as_slice());
        let at = reader.headers().unwrap().iter().position(|name| name == "suite_count").unwrap();
        let row = reader.records().next().unwrap().unwrap();
        row[at].to_owned()
    };
    let of = |inspection| inspected("www.example", "127.0.0.1:443", None, inspection);
    assert_eq!(csv(of(partial())), "");
    assert_eq!(csv(of(modern())), "5");
    let none = Inspection { versions: vec![refused(ProtocolVersion::TLSv1_2)], ..Inspection::default() };
    assert_eq!(csv(of(none)), "0");
}

#[test]
fn json_and_csv_of_inspected_endpoints_are_the_golden_ones() {
    let samples = inspected_estate();
    golden("report-inspected.json", &super::goldens::json(&samples, JsonLayout::Pretty));
    let scan = scan(&samples);
    let mut out = Vec::new();
    write_all(&mut CsvReport::begin(&mut out, NOW).unwrap(), &samples, &head(&scan, &[]));
    golden("report-inspected.csv", &String::from_utf8(out).unwrap());
}
