//! Worked examples: one server for each letter, the arithmetic beside it, then each rule by itself.

use super::*;
use crate::assess::tests::inspected::{accepting, of, sound, undetermined, weak, with_prime};
use crate::assess::tests::pki::{Authority, Entity, Judge, Recipe, chain, served};
use crate::model::{Grade, Hsts, OfferedFor, OtherChain, Outcome, ProbeName, Reaction, ServerName, TlsFacts};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, Ssl2Cipher, StartTls};

const SSL2: ProtocolVersion = ProtocolVersion::SSLv2;
const SSL3: ProtocolVersion = ProtocolVersion::SSLv3;
const TLS10: ProtocolVersion = ProtocolVersion::TLSv1_0;
const TLS11: ProtocolVersion = ProtocolVersion::TLSv1_1;
const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLSv1_3;

const AES128: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const AES256: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;

/// How the server of an example is served.
struct Served {
    inspection: Inspection,
    end_entity: Entity,
    authority: Authority,
    with_intermediate: bool,
    name: &'static str,
    starttls: Option<StartTls>,
}

fn a_server(inspection: Inspection) -> Served {
    let authority = Authority::new("Graded");
    let end_entity = authority.end_entity();
    Served { inspection, end_entity, authority, with_intermediate: true, name: "a.example", starttls: None }
}

impl Served {
    fn grade_with(&self, judge: &Judge<'_>) -> Grade {
        let mut ders = vec![&*self.end_entity.der];
        if self.with_intermediate {
            ders.push(&self.authority.intermediate.der);
        }
        let mut observation = served(chain(&ders), TlsFacts::default());
        observation.endpoint.server_name = ServerName::parse(self.name).ok();
        observation.endpoint.starttls = self.starttls;
        if let Outcome::Handshake(handshake) = &mut observation.outcome {
            handshake.inspection = Some(Box::new(self.inspection.clone()));
        }
        *judge.assess(&observation).grade.unwrap()
    }

    fn grade(&self) -> Grade {
        self.grade_with(&Judge::with(vec![self.authority.store()]))
    }
}

fn graded(inspection: Inspection) -> Grade {
    a_server(inspection).grade()
}

fn letter_of(inspection: Inspection) -> Option<Letter> {
    graded(inspection).letter
}

fn score(protocol: u32, key_exchange: u32, cipher: u32, total: u32) -> Option<Score> {
    Some(Score { total, protocol, key_exchange, cipher })
}

fn rules(grade: &Grade) -> Vec<(&'static str, Letter)> {
    grade.caps.iter().map(|cap| (cap.rule, cap.to)).collect()
}

fn cap<'a>(grade: &'a Grade, rule: &str) -> &'a Cap {
    grade.caps.iter().find(|cap| cap.rule == rule).unwrap_or_else(|| panic!("{rule}: {grade:#?}"))
}

/// `version` is offered with these suites, and no more is to be known of it.
fn with_version(mut inspection: Inspection, version: ProtocolVersion, suites: &[CipherSuite]) -> Inspection {
    let facts = of(&mut inspection, version);
    facts.offered = Some(true);
    facts.cipher_suites = suites.to_vec();
    inspection
}

fn without(mut inspection: Inspection, version: ProtocolVersion) -> Inspection {
    let facts = of(&mut inspection, version);
    (facts.offered, facts.cipher_suites, facts.groups) = (Some(false), Vec::new(), Vec::new());
    inspection
}

/// TLS 1.2 and 1.3, P-256, AES-128 to ChaCha20, HSTS for a year: (100+100)/2 = 100, 90, (100+80)/2 = 90;
/// 100·0.3 + 90·0.3 + 90·0.4 = 93.
#[test]
fn a_server_in_order_is_an_a_plus() {
    let grade = graded(sound());
    assert_eq!((grade.letter, grade.ignoring_trust), (Some(Letter::APlus), Some(Letter::APlus)));
    assert_eq!(grade.score, score(100, 90, 90, 93));
    assert_eq!(grade.caps, []);
    let open: Vec<_> = grade.not_tested.iter().map(|open| open.what).collect();
    assert_eq!(open, ["trust.revocation"]);
}

/// The same points.
#[test]
fn without_long_hsts_it_is_an_a_that_says_why() {
    let policy =
        |days: u64| Hsts::Policy { max_age_seconds: days * 86_400, include_subdomains: true, preload: true };
    for (hsts, words) in [
        (Some(Hsts::Absent), "HSTS is not offered"),
        (Some(Hsts::Invalid), "breaks its grammar"),
        (Some(policy(179)), "HSTS lasts 179 d"),
        (None, "HSTS was not seen"),
    ] {
        let grade = graded(Inspection { hsts, ..sound() });
        assert_eq!((grade.letter, grade.score), (Some(Letter::A), score(100, 90, 90, 93)));
        assert!(cap(&grade, "hsts").reason.contains(words), "{grade:#?}");
    }
    assert_eq!(letter_of(Inspection { hsts: Some(policy(180)), ..sound() }), Some(Letter::APlus));
}

/// TLS 1.2 alone with AES-128 alone: 100, 90, (80+80)/2 = 80; 30 + 27 + 32 = 89. The warning costs the A.
#[test]
fn without_tls_1_3_it_is_an_a_minus() {
    let grade = graded(without(sound(), TLS13));
    assert_eq!((grade.letter, grade.score), (Some(Letter::AMinus), score(100, 90, 80, 89)));
    assert_eq!(rules(&grade), [("protocol.no_tls13", Letter::AMinus)]);
    assert!(!cap(&grade, "protocol.no_tls13").inferred);
}

/// TLS 1.0 to 1.3: (100+90)/2 = 95, 90, (100+80)/2 = 90; 28.5 + 27 + 36 = 91.5, an A by its points.
#[test]
fn tls_1_0_is_a_b() {
    let grade = graded(with_version(sound(), TLS10, &[CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]));
    assert_eq!((grade.letter, grade.score), (Some(Letter::B), score(95, 90, 90, 91)));
    assert_eq!(rules(&grade), [("protocol.tls10", Letter::B)]);
    let grade = graded(with_version(sound(), TLS11, &[AES128]));
    // (100+95)/2 = 97.5: 29.25 + 27 + 36 = 92.25.
    assert_eq!((grade.letter, grade.score), (Some(Letter::B), score(97, 90, 90, 92)));
}

/// TLS 1.0 alone with AES-128: 90, 90, 80; 27 + 27 + 32 = 86, an A by its points.
#[test]
fn without_tls_1_2_it_is_a_c() {
    let only = without(without(sound(), TLS13), TLS12);
    let only = with_version(only, TLS10, &[CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA]);
    let grade = graded(only);
    assert_eq!((grade.letter, grade.score), (Some(Letter::C), score(90, 90, 80, 86)));
    assert_eq!(
        rules(&grade),
        [
            ("protocol.no_tls12", Letter::C),
            ("protocol.tls10", Letter::B),
            ("cipher.no_forward_secrecy", Letter::B),
            ("cipher.no_aead", Letter::B),
            ("protocol.no_tls13", Letter::AMinus),
        ]
    );
}

/// SSL 2 to TLS 1.3 with a 40-bit suite: (100+0)/2 = 50, 90, (100+20)/2 = 60; 15 + 27 + 24 = 66.
#[test]
fn ssl_2_is_an_f() {
    let mut inspection = sound();
    let facts = of(&mut inspection, SSL2);
    facts.offered = Some(true);
    facts.ssl2_ciphers = vec![Ssl2Cipher::SSL2_RC4_128_EXPORT40_WITH_MD5];
    let grade = graded(inspection);
    assert_eq!((grade.letter, grade.score), (Some(Letter::F), score(50, 90, 60, 66)));
    assert_eq!(rules(&grade), [("protocol.sslv2", Letter::F), ("cipher.insecure", Letter::F)]);
}

/// An authority that nobody chose; then a name that the certificate is not for.
#[test]
fn trust_and_names_have_letters_of_their_own_and_the_other_grade_stays_beside() {
    let server = a_server(sound());
    let stranger = Authority::new("Stranger");
    let grade = server.grade_with(&Judge::with(vec![stranger.store()]));
    assert_eq!((grade.letter, grade.ignoring_trust), (Some(Letter::T), Some(Letter::APlus)));
    assert_eq!(grade.score, score(100, 90, 90, 93));
    assert_eq!(
        cap(&grade, "trust.untrusted").reason,
        "the certificate is not trusted by test (unknown issuer)"
    );
    let other_name = Served { name: "b.example", ..a_server(sound()) };
    let grade = other_name.grade();
    assert_eq!((grade.letter, grade.ignoring_trust), (Some(Letter::M), Some(Letter::APlus)));
    let both = other_name.grade_with(&Judge::with(vec![stranger.store()]));
    assert_eq!(both.letter, Some(Letter::T));
}

#[test]
fn an_expired_certificate_is_a_t() {
    let mut server = a_server(sound());
    server.end_entity =
        Recipe { days_left: -1, ..Recipe::end_entity("a.example") }.signed_by(&server.authority.intermediate);
    let grade = server.grade();
    assert_eq!(grade.letter, Some(Letter::T));
    assert!(cap(&grade, "trust.untrusted").reason.ends_with("(expired)"), "{grade:#?}");
}

#[test]
fn trust_that_nobody_was_asked_about_is_no_grade() {
    let grade = a_server(sound()).grade_with(&Judge::with(Vec::new()));
    assert_eq!((grade.letter, grade.ignoring_trust), (None, Some(Letter::APlus)));
    assert!(grade.not_tested[0].prevents_grade && grade.not_tested[0].could_be == Letter::T);
}

#[test]
fn an_intermediate_that_is_not_served_is_a_b_where_the_path_holds_with_it() {
    let server = Served { with_intermediate: false, ..a_server(sound()) };
    let intermediate = std::sync::Arc::new(server.authority.intermediate.certificate());
    let known = crate::assess::tests::pki::Known(vec![intermediate]);
    let judge = Judge { inventory: &known, ..Judge::with(vec![server.authority.store()]) };
    let grade = server.grade_with(&judge);
    assert_eq!(grade.letter, Some(Letter::B), "{grade:#?}");
    assert_eq!(rules(&grade), [("trust.incomplete_chain", Letter::B)]);
    // Its name says that it is an intermediate, and nobody has seen it.
    let grade = server.grade();
    assert_eq!((grade.letter, grade.ignoring_trust), (None, Some(Letter::B)), "{grade:#?}");
}

#[test]
fn the_weakest_key_of_all_that_are_served_counts() {
    let server = a_server(sound());
    let mut observation =
        served(chain(&[&server.end_entity.der, &server.authority.intermediate.der]), TlsFacts::default());
    let other = |offered_for| OtherChain {
        offered_for,
        presented: chain(&[include_bytes!("../../../fixtures/assess/rsa1024.der")]),
    };
    let mut grade_with = |offered_for| {
        if let Outcome::Handshake(handshake) = &mut observation.outcome {
            handshake.inspection = Some(Box::new(sound()));
            handshake.other_chains = vec![other(offered_for)];
        }
        *Judge::with(vec![server.authority.store()]).assess(&observation).grade.unwrap()
    };
    // 80 points: 30 + 24 + 36 = 90.
    let grade = grade_with(OfferedFor::Rsa);
    assert_eq!((grade.ignoring_trust, grade.score), (Some(Letter::B), score(100, 80, 90, 90)));
    assert!(cap(&grade, "key_exchange.weak").reason.contains("RSA key of 1024 bits"), "{grade:#?}");
    // What is served without a name is not what is graded.
    assert_eq!(grade_with(OfferedFor::NoSni).letter, Some(Letter::APlus));
}

#[test]
fn primes_and_groups_weaken_the_key_exchange() {
    for (bits, points, letter) in
        [(4_096, 90, Letter::APlus), (2_048, 90, Letter::APlus), (1_024, 80, Letter::B), (768, 40, Letter::F)]
    {
        let grade = graded(with_prime(bits, None));
        assert_eq!(grade.score.map(|score| score.key_exchange), Some(points), "{bits}");
        assert_eq!(grade.letter, Some(letter), "{bits}");
    }
    let mut inspection = sound();
    of(&mut inspection, TLS12).groups.push(NamedGroup::secp192r1);
    let grade = graded(inspection);
    assert_eq!(grade.letter, Some(Letter::B));
    assert!(cap(&grade, "key_exchange.weak").reason.contains("secp192r1"), "{grade:#?}");
}

#[test]
fn broken_suites_cap_the_grade() {
    let rc4 = CipherSuite::TLS_ECDHE_ECDSA_WITH_RC4_128_SHA;
    let cases: [(&str, CipherSuite, Letter); 5] = [
        ("cipher.rc4_modern", rc4, Letter::C),
        ("cipher.insecure", CipherSuite::TLS_ECDHE_ECDSA_WITH_NULL_SHA, Letter::F),
        ("cipher.insecure", CipherSuite::TLS_RSA_WITH_DES_CBC_SHA, Letter::F),
        ("key_exchange.insecure", CipherSuite::TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA, Letter::F),
        ("key_exchange.insecure", CipherSuite::TLS_ECDH_anon_WITH_AES_128_CBC_SHA, Letter::F),
    ];
    for (rule, suite, letter) in cases {
        let grade = graded(accepting(TLS12, &[AES128, suite]));
        assert_eq!(grade.letter, Some(letter), "{suite}: {grade:#?}");
        assert_eq!(cap(&grade, rule).to, letter, "{suite}");
    }
    // A category without points takes the others'.
    let anonymous = graded(accepting(TLS12, &[AES128, CipherSuite::TLS_ECDH_anon_WITH_AES_128_CBC_SHA]));
    assert_eq!(anonymous.score, score(100, 0, 90, 0));
    // Up to TLS 1.0 alone, RC4 is a B; alone in everything, an F.
    let old = with_version(sound(), TLS10, &[rc4]);
    assert_eq!(cap(&graded(old), "cipher.rc4").to, Letter::B);
    let only = without(without(sound(), TLS13), TLS12);
    let only = graded(with_version(only, TLS10, &[rc4]));
    assert_eq!(cap(&only, "cipher.rc4_only").to, Letter::F);
}

#[test]
fn small_blocks_are_put_up_with_at_the_end_of_the_list() {
    let triple = CipherSuite::TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA;
    let with_order = |suites: &[CipherSuite], order| {
        let mut inspection = accepting(TLS12, suites);
        of(&mut inspection, TLS12).server_order = order;
        graded(inspection)
    };
    for (suites, order, letter) in [
        // 112 bits: 20 points. (100+20)/2 = 60: 30 + 27 + 24 = 81, still an A.
        ([AES128, triple], Some(true), Letter::APlus),
        ([AES128, triple], Some(false), Letter::APlus),
        ([AES128, triple], None, Letter::APlus),
        ([triple, AES128], Some(true), Letter::C),
    ] {
        let grade = with_order(&suites, order);
        assert_eq!((grade.letter, grade.score), (Some(letter), score(100, 90, 60, 81)), "{order:?}");
        assert_eq!(grade.notes.len(), usize::from(letter == Letter::APlus));
    }
    let grade = with_order(&[triple], None);
    assert!(cap(&grade, "cipher.sweet32").inferred && grade.letter == Some(Letter::C));
}

#[test]
fn what_a_capable_client_gets_has_forward_secrecy_and_aead() {
    let (plain, cbc) =
        (CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256);
    let with_order = |suites: &[CipherSuite], order| {
        let mut inspection = accepting(TLS12, suites);
        of(&mut inspection, TLS12).server_order = order;
        graded(inspection)
    };
    assert_eq!(with_order(&[plain, AES128], Some(false)).letter, Some(Letter::APlus));
    let preferred = with_order(&[plain, AES128], Some(true));
    let cap_of = cap(&preferred, "cipher.no_forward_secrecy");
    assert!(cap_of.inferred && cap_of.reason.contains("TLS_RSA_WITH_AES_128_GCM_SHA256"), "{cap_of:?}");
    assert_eq!(cap(&with_order(&[cbc], None), "cipher.no_aead").to, Letter::B);
    let none = graded(without(accepting(TLS12, &[plain]), TLS13));
    assert!(!cap(&none, "cipher.no_forward_secrecy").inferred);
}

#[test]
fn weaknesses_are_an_f_and_doubts_stand_beside_the_grade() {
    for name in [
        ProbeName::Heartbleed,
        ProbeName::CcsInjection,
        ProbeName::Ticketbleed,
        ProbeName::Robot,
        ProbeName::PoodleTls,
        ProbeName::PaddingOracle,
    ] {
        assert_eq!(letter_of(weak(name)), Some(Letter::F), "{name:?}");
        let mut inspection = sound();
        for probe in inspection.probes.iter_mut().filter(|probe| probe.name == name) {
            probe.reaction = Reaction::not_determined("no answer in time");
        }
        let grade = graded(inspection);
        assert_eq!(grade.letter, Some(Letter::A), "{name:?}");
        let open = &grade.not_tested[1];
        assert_eq!((open.could_be, open.prevents_grade), (Letter::F, false), "{name:?}");
        assert!(cap(&grade, "in_doubt").inferred);
    }
    assert_eq!(letter_of(weak(ProbeName::StartTlsInjection)), Some(Letter::APlus));
    // Not probed for at all: a doubt as well.
    assert_eq!(letter_of(Inspection { probes: Vec::new(), ..sound() }), Some(Letter::A));
}

#[test]
fn features_cap_the_grade() {
    let with = |change: fn(&mut Inspection)| {
        let mut inspection = sound();
        change(&mut inspection);
        graded(inspection)
    };
    let grade = with(|found| found.features.secure_renegotiation = Some(false));
    assert_eq!(rules(&grade), [("renegotiation", Letter::AMinus)]);
    let grade = with(|found| {
        found.features.secure_renegotiation = Some(false);
        found.features.client_renegotiation = Some(true);
    });
    assert_eq!(grade.letter, Some(Letter::F));
    let grade = with(|found| of(found, TLS12).compression = Some(true));
    assert_eq!(rules(&grade), [("vuln.crime", Letter::C)]);
    let grade = with(|found| found.features.fallback_scsv = Some(false));
    assert_eq!((grade.letter, rules(&grade)), (Some(Letter::A), vec![("fallback_scsv", Letter::A)]));
    let grade = with(|found| found.features.fallback_scsv = None);
    assert_eq!(rules(&grade), [("in_doubt", Letter::A)]);
}

#[test]
fn ssl_3_is_a_b_a_c_with_cbc_and_an_f_alone() {
    let rc4 = CipherSuite::TLS_RSA_WITH_RC4_128_SHA;
    let cbc = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
    assert_eq!(letter_of(with_version(sound(), SSL3, &[rc4])), Some(Letter::B));
    assert_eq!(letter_of(with_version(sound(), SSL3, &[cbc])), Some(Letter::C));
    let alone = with_version(without(without(sound(), TLS13), TLS12), SSL3, &[cbc]);
    assert_eq!(cap(&graded(alone), "protocol.sslv3_best").to, Letter::F);
}

/// 100, 90, (100+80)/2 = 90: 93.
#[test]
fn tls_1_3_alone_may_be_an_a_plus_and_the_report_says_why() {
    let mut only = without(sound(), TLS12);
    only.features = crate::model::Features::default();
    let grade = graded(only);
    assert_eq!((grade.letter, grade.score), (Some(Letter::APlus), score(100, 90, 90, 93)));
    assert!(grade.notes[0].contains("TLS_FALLBACK_SCSV is not asked for"), "{grade:#?}");
}

#[test]
fn behind_starttls_there_is_a_grade_without_a_plus() {
    let server = Served { starttls: Some(StartTls::Smtp), ..a_server(Inspection { hsts: None, ..sound() }) };
    let grade = server.grade();
    assert_eq!(grade.letter, Some(Letter::A));
    assert!(grade.notes[0].contains("testssl.sh gives T"), "{grade:#?}");
}

#[test]
fn what_the_points_are_made_of_must_be_known() {
    let with = |change: fn(&mut Inspection)| {
        let mut inspection = sound();
        change(&mut inspection);
        graded(inspection)
    };
    let cases: [fn(&mut Inspection); 6] = [
        |found| of(found, TLS11).offered = None,
        |found| of(found, TLS12).suites_complete = false,
        |found| of(found, TLS13).groups_complete = false,
        |found| of(found, TLS12).groups_complete = false,
        |found| of(found, TLS12).cipher_suites.push(CipherSuite(0xfafa)),
        |found| of(found, TLS12).cipher_suites.push(CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256),
    ];
    for (number, change) in cases.into_iter().enumerate() {
        let grade = with(change);
        assert_eq!((grade.letter, grade.ignoring_trust, grade.score), (None, None, None), "{number}");
        assert!(grade.not_tested[0].prevents_grade, "{number}");
    }
    // An F cannot get any worse.
    let mut certain = weak(ProbeName::Heartbleed);
    of(&mut certain, TLS12).suites_complete = false;
    let grade = graded(certain);
    assert_eq!((grade.letter, grade.score), (Some(Letter::F), None));
    // Silence to SSL 2 alone costs the plus.
    let grade = with(|found| of(found, SSL2).offered = None);
    assert_eq!((grade.letter, rules(&grade)), (Some(Letter::A), vec![("in_doubt", Letter::A)]));
    assert_eq!(letter_of(undetermined()), None);
}

#[test]
fn there_is_no_grade_for_what_was_not_looked_at() {
    let forbidden = Inspection { scope: Scope::Forbidden, ..sound() };
    let grade = graded(forbidden);
    assert!(grade.letter.is_none() && grade.ignoring_trust.is_none() && grade.score.is_none());
    assert!(grade.not_tested[0].reason.contains("--enumerate everything"));
    let swept = served(chain(&[]), TlsFacts::default());
    assert_eq!(Judge::with(Vec::new()).assess(&swept).grade, None);
}

#[test]
fn a_total_has_its_letter() {
    for (total, expected) in [
        (100, Letter::APlus),
        (80, Letter::APlus),
        (79, Letter::B),
        (65, Letter::B),
        (64, Letter::C),
        (50, Letter::C),
        (49, Letter::D),
        (35, Letter::D),
        (34, Letter::E),
        (20, Letter::E),
        (19, Letter::F),
        (0, Letter::F),
    ] {
        assert_eq!(letter(total), expected, "{total}");
    }
    // All strong: AES-256 alone and P-384 make 100.
    let strong = accepting(TLS12, &[AES256]);
    assert_eq!(graded(without(strong, TLS13)).score, score(100, 90, 100, 97));
}
