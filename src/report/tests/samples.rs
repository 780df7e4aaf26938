//! Endpoints, certificates and scans to report about: an ordinary estate, a large one, a hostile one.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::inspected::hostile_inspection;
use crate::model::*;
use crate::text::Untrusted;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::wire::v1::*;
use crate::x509::certificate::*;
use crate::x509::name::Attribute;
use crate::x509::*;

/// 2026-11-24T09:00:00Z
pub(super) const NOW: UnixTime = UnixTime(1_795_510_800);

pub(super) fn days(count: i64) -> UnixTime {
    NOW.plus_seconds(count * DAY_SECONDS)
}

/// An endpoint with all that its view borrows.
pub(super) struct Sample {
    pub(super) observation: Observation,
    pub(super) assessment: Assessment,
    owner: Option<String>,
    tags: Vec<String>,
    keys: Vec<FindingKey>,
    states: Vec<FindingState>,
}

impl Sample {
    pub(super) fn new(endpoint: Endpoint, outcome: Outcome) -> Self {
        let target = endpoint.server_name.as_ref().map_or("127.0.0.0/24".to_owned(), |name| name.to_string());
        let observation = Observation { endpoint, target: target.into(), observed_at: NOW, outcome };
        Self {
            observation,
            assessment: Assessment::default(),
            owner: None,
            tags: Vec::new(),
            keys: Vec::new(),
            states: Vec::new(),
        }
    }

    pub(super) fn target(mut self, target: &str) -> Self {
        self.observation.target = target.into();
        self
    }

    pub(super) fn owned(mut self, owner: &str, tags: &[&str]) -> Self {
        self.owner = Some(owner.to_owned());
        self.tags = tags.iter().map(|tag| tag.to_string()).collect();
        self
    }

    /// The verdict on the next chain: the presented one first.
    pub(super) fn judged(mut self, reason: Option<PathReason>, name_match: Option<bool>) -> Self {
        let presented = self.observation.outcome.presented();
        let path: Vec<Fingerprint> =
            presented.map(|chain| chain.fingerprints().collect()).unwrap_or_default();
        let store = |name: &str| StoreVerdict {
            store: name.into(),
            reason,
            detail: reason.map(|reason| format!("\"leaf\" (0123abcd): {}.", reason.name())),
            path: if reason.is_none() { path.clone() } else { Vec::new() },
        };
        let offered_for = match (&self.observation.outcome, self.assessment.chains.len()) {
            (_, 0) => None,
            (Outcome::Handshake(handshake), at) => Some(handshake.other_chains[at - 1].offered_for),
            _ => unreachable!(),
        };
        let trust = Trust { stores: vec![store("mozilla"), store("system")] };
        self.assessment.chains.push(ChainVerdict { offered_for, trust, name_match });
        self
    }

    pub(super) fn found(mut self, verdict: Verdict) -> Self {
        let chain = verdict.offered_for.map_or(String::new(), |offered| format!("#{}", offered.name()));
        self.keys.push(FindingKey(format!(
            "{}{chain}/{}",
            self.observation.endpoint.label(),
            verdict.rule.id()
        )));
        self.states.push(FindingState::Open);
        self.assessment.verdicts.push(verdict);
        self
    }

    pub(super) fn silenced(mut self) -> Self {
        *self.states.last_mut().unwrap() = FindingState::Silenced;
        self
    }

    pub(super) fn view<R>(&self, look: impl FnOnce(&EndpointView<'_>) -> R) -> R {
        let verdicts = self.assessment.verdicts.iter().zip(&self.keys).zip(&self.states);
        let findings: Vec<FindingView<'_>> = verdicts
            .map(|((verdict, key), state)| FindingView {
                verdict,
                key,
                state: *state,
                first_seen: days(-3),
                last_seen: NOW,
                resolved_at: None,
                exception: (*state == FindingState::Silenced).then_some(ExceptionView {
                    reason: "replaced with the next release",
                    by: "ada",
                    until: Some(days(30)),
                }),
            })
            .collect();
        look(&EndpointView {
            observation: &self.observation,
            assessment: &self.assessment,
            owner: self.owner.as_deref(),
            tags: &self.tags,
            findings: &findings,
        })
    }
}

pub(super) fn endpoint(name: Option<&str>, address: &str) -> Endpoint {
    Endpoint::tcp(address.parse().unwrap(), name.map(|name| ServerName::parse(name).unwrap()))
}

pub(super) fn name(common_name: &str) -> DistinguishedName {
    let attribute = |oid: &str, name: &str, value: &str| Attribute {
        oid: oid.to_owned(),
        name: name.to_owned(),
        value: value.into(),
    };
    DistinguishedName {
        der: common_name.as_bytes().into(),
        text: format!("CN={common_name},O=Example").into(),
        attributes: vec![attribute("2.5.4.10", "O", "Example"), attribute("2.5.4.3", "CN", common_name)],
    }
}

pub(super) fn certificate(
    label: &str,
    issuer: &str,
    not_before: UnixTime,
    not_after: UnixTime,
) -> Certificate {
    let der = format!("{label} by {issuer} until {not_after}").into_bytes();
    Certificate {
        sha256: Fingerprint::of(&der),
        spki_sha256: Some(Fingerprint::of(label.as_bytes())),
        version: 3,
        subject: name(label),
        issuer: name(issuer),
        serial: [0x00, 0xab, 0x12].into(),
        not_before: Some(not_before),
        not_after: Some(not_after),
        san: Some(SubjectAltName { dns: vec![label.into()], ..SubjectAltName::default() }),
        key: Some(PublicKey {
            algorithm: "EC".to_owned(),
            bits: Some(256),
            curve: Some("P-256".to_owned()),
            rsa_exponent: None,
            rsa_modulus: None,
            encoded: Box::default(),
        }),
        signature: Some(SignatureAlgorithm {
            oid: "1.2.840.10045.4.3.2".to_owned(),
            name: "ecdsa-with-SHA256".to_owned(),
            hash: Some(SignatureHash::Sha256),
        }),
        basic_constraints: None,
        key_usage: Some(KeyUsage(1)),
        extended_key_usage: Some(vec!["serverAuth".to_owned()]),
        aki: Some([0xaa, 0xbb].into()),
        ski: Some([0xcc, 0xdd].into()),
        policies: vec!["2.23.140.1.2.1".to_owned()],
        validation_level: Some(ValidationLevel::Domain),
        ocsp_urls: Vec::new(),
        ca_issuers_urls: vec!["http://ca.example/r11.crt".into()],
        crl_urls: vec!["http://ca.example/r11.crl?a=1&b=2".into()],
        scts: vec![Sct { log_id: [7; 32], timestamp_millis: 1_790_000_000_000 }; 2],
        must_staple: false,
        unreadable: Vec::new(),
        der: der.into(),
    }
}

pub(super) fn chain(certificates: Vec<Certificate>) -> Chain {
    let digest = RawChain::from_ders(certificates.iter().map(|certificate| &*certificate.der)).digest();
    Chain { digest, certificates: certificates.into_iter().map(Arc::new).collect::<Vec<_>>().into() }
}

pub(super) fn served(presented: Chain) -> Handshake {
    Handshake {
        tls: TlsFacts {
            version: Some(ProtocolVersion::TLSv1_3),
            cipher_suite: Some(CipherSuite::TLS_AES_128_GCM_SHA256),
            group: Some(NamedGroup::X25519MLKEM768),
            alpn: Some("h2".into()),
            completed: Some(true),
            possession_proved: Some(true),
            client_auth: ClientAuth::None,
            ocsp_stapled: Some(false),
            sct_count: Some(0),
            ..TlsFacts::default()
        },
        presented,
        other_chains: Vec::new(),
        inspection: None,
        gathered: None,
    }
}

pub(super) fn handshake(presented: Chain) -> Outcome {
    Outcome::Handshake(Box::new(served(presented)))
}

pub(super) fn leaf_chain(label: &str, issuer: &str, end: UnixTime) -> Chain {
    let mut authority = certificate(issuer, "Example Root", days(-1_000), days(1_500));
    authority.basic_constraints = Some(BasicConstraints { ca: true, path_len: Some(0) });
    authority.san = None;
    chain(vec![certificate(label, issuer, days(-60), end), authority])
}

pub(super) fn verdict(rule: Rule, severity: Severity, title: &str, detail: &str, group: &str) -> Verdict {
    Verdict {
        rule,
        severity,
        title: title.to_owned(),
        detail: detail.to_owned(),
        evidence: Evidence::from([
            ("threshold_days", 14.into()),
            ("names", EvidenceValue::List(vec!["a".into()])),
        ]),
        subject: Subject::Certificate(Fingerprint::of(group.as_bytes())),
        offered_for: None,
        group: group.to_owned(),
        remediation: "Renew the certificate and install it.".to_owned(),
        references: vec!["RFC 5280 section 4.1.2.5"],
    }
}

use crate::model::finding::EvidenceValue;

/// A dozen endpoints with a fault each, and two that are fine.
pub(super) fn estate() -> Vec<Sample> {
    let mut both = served(leaf_chain("shop.example", "R11", days(40)));
    both.other_chains.push(OtherChain {
        offered_for: OfferedFor::Rsa,
        presented: leaf_chain("shop.example", "R10", days(2)),
    });
    let mut strict = served(leaf_chain("api.internal.example", "Corporate Issuing CA 3", days(200)));
    strict.tls.completed = Some(false);
    strict.tls.ended_by = Some(EndedBy::ClientAuth);
    strict.tls.client_auth = ClientAuth::Required;
    strict.tls.client_auth_ca_names = vec!["CN=Corporate Client CA".into()];
    let private = || {
        verdict(
            Rule::UnknownIssuer,
            Severity::High,
            "Issuer is in none of the chosen trust stores",
            "Issued by CN=Corporate Issuing CA 3,O=Example; add its root with --trust FILE if it is yours.",
            "Corporate Issuing CA 3",
        )
    };
    let mut on_rsa = verdict(
        Rule::Expiring,
        Severity::Critical,
        "Certificate expires very soon",
        "2 days are left of 62; the limit is 3 days.",
        "shop rsa",
    );
    on_rsa.offered_for = Some(OfferedFor::Rsa);
    vec![
        Sample::new(
            endpoint(Some("www.example"), "127.0.0.1:443"),
            handshake(leaf_chain("www.example", "R11", days(61))),
        )
        .judged(None, Some(true))
        .owned("web", &["public", "shop"]),
        Sample::new(endpoint(Some("shop.example"), "127.0.0.2:443"), Outcome::Handshake(Box::new(both)))
            .judged(None, Some(true))
            .judged(None, Some(true))
            .found(on_rsa),
        Sample::new(
            endpoint(Some("old.example"), "127.0.0.3:443"),
            handshake(leaf_chain("old.example", "R11", days(-12))),
        )
        .judged(Some(PathReason::Expired), Some(true))
        .found(verdict(
            Rule::Expired,
            Severity::Critical,
            "Certificate has expired",
            "It ended at 2026-11-12T09:00:00Z, 12 days ago.",
            "old",
        )),
        Sample::new(
            endpoint(Some("api.internal.example"), "127.0.0.4:8443"),
            Outcome::Handshake(Box::new(strict)),
        )
        .judged(Some(PathReason::UnknownIssuer), Some(true))
        .found(private()),
        Sample::new(
            endpoint(None, "127.0.0.5:8443"),
            handshake(leaf_chain("printer-3", "Corporate Issuing CA 3", days(900))),
        )
        .judged(Some(PathReason::UnknownIssuer), None)
        .found(private())
        .found(verdict(
            Rule::TooLong,
            Severity::Medium,
            "Certificate is valid for too long",
            "It is valid for 960 days; at its issue 398 were allowed.",
            "printer-3",
        ))
        .silenced(),
        Sample::new(
            endpoint(Some("wrong.example"), "[::1]:443"),
            handshake(leaf_chain("other.example", "R11", days(70))),
        )
        .judged(None, Some(false))
        .found(verdict(
            Rule::NameMismatch,
            Severity::High,
            "Certificate is for another name",
            "Asked for wrong.example; the certificate has other.example only.",
            "other",
        )),
        Sample::new(
            endpoint(Some("intranet.example"), "127.0.0.6:443"),
            handshake(leaf_chain("intranet.example", "R11", days(400))),
        )
        .judged(None, Some(true))
        .found(verdict(
            Rule::TooLong,
            Severity::Medium,
            "Certificate is valid for too long",
            "It is valid for 460 days; at its issue 200 were allowed.",
            "intranet",
        ))
        .silenced(),
        Sample::new(
            endpoint(None, "127.0.0.9:443"),
            Outcome::Failure(Failure::new(Stage::Connect, Reason::Refused, "connection refused")),
        ),
        Sample::new(
            endpoint(Some("mail.example"), "127.0.0.10:443"),
            Outcome::Failure(Failure::new(
                Stage::Handshake,
                Reason::NotTls,
                "the peer answered \"220 mail.example ESMTP\"",
            )),
        )
        .target("mail.example:443")
        .found(verdict(
            Rule::NotMeasured,
            Severity::High,
            "Named target was not measured",
            "handshake.not_tls: the peer answered \"220 mail.example ESMTP\".",
            "mail",
        )),
        Sample::new(
            Endpoint { address: None, ..endpoint(Some("gone.example"), "127.0.0.11:443") },
            Outcome::Failure(Failure::new(Stage::Resolve, Reason::NoSuchName, "no such name: gone.example")),
        ),
        Sample::new(
            Endpoint {
                transport: Transport::File,
                address: None,
                port: None,
                server_name: None,
                starttls: None,
                path: Some("certs/next.pem".into()),
            },
            Outcome::Read(leaf_chain("next.example", "R11", days(85))),
        )
        .target("certs/next.pem")
        .judged(None, None),
    ]
}

/// What a scan of a /16 with four hundred servers brings.
pub(super) fn large_estate() -> Vec<Sample> {
    let mut samples = Vec::new();
    for number in 0..380_u32 {
        let address = format!("10.20.{}.{}:443", number / 250, number % 250 + 1);
        let label = format!("host-{number:03}.corp.example");
        let end = days(i64::from(if number % 6 == 1 { 20 + number % 10 } else { 40 + number % 300 }));
        let mut sample = Sample::new(
            endpoint(Some(&label), &address),
            handshake(leaf_chain(&label, "Corporate Issuing CA 3", end)),
        )
        .judged(Some(PathReason::UnknownIssuer), Some(true))
        .found(verdict(
            Rule::UnknownIssuer,
            Severity::High,
            "Issuer is in none of the chosen trust stores",
            "Issued by CN=Corporate Issuing CA 3,O=Example; add its root with --trust FILE if it is yours.",
            "Corporate Issuing CA 3",
        ));
        if number % 5 == 0 {
            sample.assessment.verdicts.clear();
            sample.keys.clear();
            sample.states.clear();
        }
        if number % 6 == 1 {
            sample = sample.found(verdict(
                Rule::Expiring,
                Severity::Medium,
                "Certificate expires soon",
                &format!("{} days are left of {}; the limit is 30 days.", 20 + number % 10, 80 + number % 10),
                &label,
            ));
        }
        samples.push(sample);
    }
    for number in 0..32_u32 {
        let reason = if number < 20 { Reason::Refused } else { Reason::Timeout };
        let label = format!("db-{number}.corp.example");
        samples.push(Sample::new(
            endpoint(Some(&label), &format!("10.21.0.{}:443", number + 1)),
            Outcome::Failure(Failure::new(Stage::Connect, reason, "within 5 s")),
        ));
    }
    samples
}

/// What a terminal, a line, a quote, a page and a spreadsheet can be attacked with.
pub(super) const HOSTILE: [&str; 14] = [
    "\u{1b}[2J\u{1b}[31mred",
    "\u{1b}]52;c;ZWNobyBwd25lZA==\u{7}",
    "line\r\n{\"type\":\"scan\"}",
    "\n",
    "nul\u{0}byte",
    "\u{202e}elpmaxe\u{2066}\u{200b}\u{feff}",
    "=cmd|' /C calc'!A0",
    "a;=HYPERLINK(\"http://evil.example\")",
    "+1",
    "-1",
    "\t@SUM(A1)",
    "\"quoted\", 'and', commas",
    "</script><script>alert(1)</script>",
    "\u{9b}31m\u{7f}\u{85}\u{2028}",
];

/// An endpoint where every text that comes from outside is hostile.
pub(super) fn hostile_estate() -> Vec<Sample> {
    HOSTILE.iter().enumerate().map(|(at, text)| hostile(text, at)).collect()
}

pub(super) fn hostile(text: &str, at: usize) -> Sample {
    let mut leaf = hostile_certificate(text);
    leaf.san.as_mut().unwrap().dns.push(Untrusted::from_bytes(b"invalid \xff\xfe utf-8"));
    let mut seen = served(chain(vec![leaf]));
    seen.tls.alpn = Some(text.into());
    seen.inspection = Some(Box::new(hostile_inspection(text)));
    seen.tls.completed = Some(false);
    seen.tls.ended_by = Some(EndedBy::Misbehaved(text.into()));
    seen.tls.client_auth_ca_names = vec![text.into()];
    seen.tls.version = Some(ProtocolVersion(0x7f17));
    seen.tls.cipher_suite = Some(CipherSuite(0xfafa));
    let address = format!("127.0.1.{}:443", at + 1);
    let outcome = if at % 3 == 2 {
        Outcome::Failure(Failure::new(Stage::Handshake, Reason::Malformed, text))
    } else {
        Outcome::Handshake(Box::new(seen))
    };
    let mut finding = verdict(Rule::NameMismatch, Severity::High, text, text, text);
    finding.evidence = Evidence::from([("presented", text.into())]);
    finding.remediation = text.to_owned();
    let sample = Sample::new(endpoint(None, &address), outcome).target(text).owned(text, &[text]);
    sample.judged(Some(PathReason::UnknownIssuer), Some(false)).found(finding)
}

pub(super) fn hostile_certificate(text: &str) -> Certificate {
    let mut leaf = certificate(text, text, days(-10), days(10));
    let texts = || vec![Untrusted::from(text)];
    leaf.san = Some(SubjectAltName {
        dns: texts(),
        ip: vec!["::1".parse().unwrap()],
        email: texts(),
        uri: texts(),
        other: texts(),
        truncated: true,
    });
    leaf.crl_urls = texts();
    leaf.ocsp_urls = texts();
    leaf.key.as_mut().unwrap().curve = Some(text.to_owned());
    leaf.unreadable = vec![Unreadable { field: text.to_owned(), error: text.to_owned() }];
    leaf
}

pub(super) fn scan(samples: &[Sample]) -> Scan {
    let mut counts = Counts { targets: 3, certificates: 96, excluded: 256, ..Counts::default() };
    for sample in samples {
        match &sample.observation.outcome {
            Outcome::Handshake(_) => counts.handshake += 1,
            Outcome::Read(_) => counts.read += 1,
            Outcome::Failure(failure) => {
                counts.failure += 1;
                *counts.failures.entry(failure.code()).or_default() += 1;
            }
        }
    }
    counts.endpoints = counts.handshake + counts.failure;
    Scan {
        id: ScanId("20261124T090000Z-3f9a2c".to_owned()),
        profile: Some("internal".to_owned()),
        started_at: NOW.plus_seconds(-45),
        finished_at: Some(NOW),
        state: ScanState::Complete,
        vantage: "scanner-1".to_owned(),
        actor: "ada".to_owned(),
        parameters: ScanParameters {
            targets: vec!["127.0.0.0/24".to_owned(), "www.example".to_owned()],
            ports: "443,8443".to_owned(),
            depth: Depth::Standard,
            starttls: StartTlsChoice::Auto,
            transports: vec![Transport::Tcp],
            rate: Some(500),
            resolver: None,
            profile_sha256: Some(Fingerprint::of(b"profile").to_string()),
            profile_source: Some("web".to_owned()),
            trust: Vec::new(),
        },
        exclusions: vec![Exclusion { what: "127.0.7.0/24".to_owned(), reason: Some("fragile".to_owned()) }],
        counts,
    }
}

/// The same scan with dead addresses of its ranges.
pub(super) fn scan_with_dead_addresses(samples: &[Sample]) -> Scan {
    let mut scan = scan(samples);
    let counts = &mut scan.counts;
    counts.unlisted = 14_000;
    counts.endpoints += 14_000;
    counts.failure += 14_000;
    *counts.failures.entry("connect.timeout".to_owned()).or_default() += 14_000;
    counts.known_not_reached = 5;
    scan
}

pub(super) fn stores() -> Vec<TrustStoreInfo> {
    let store = |name: &str, date: Option<&str>| TrustStoreInfo {
        name: name.into(),
        version: "1.0.10".to_owned(),
        date: date.map(str::to_owned),
        sha256: Fingerprint::of(name.as_bytes()),
        is_public: true,
    };
    vec![store("mozilla", Some("2026-10-01")), store("system", None)]
}

/// A head whose program version does not change with ours.
pub(super) fn head<'a>(scan: &'a Scan, stores: &'a [StoreView<'a>]) -> ReportHead<'a> {
    static POLICIES: LazyLock<[Arc<Policy>; 1]> = LazyLock::new(|| [Arc::new(Policy::certvigil_default())]);
    let policies = &*POLICIES;
    let mut head = report_head(&ReportView { generated_at: NOW, policies, stores, scan: ScanView { scan } });
    head.tool.version = "1.2.3".into();
    head
}

/// Each different certificate of the samples once, with the endpoints that serve it.
pub(super) fn certificates(samples: &[Sample]) -> Vec<(Arc<Certificate>, u64)> {
    let mut all: BTreeMap<Fingerprint, (Arc<Certificate>, u64)> = BTreeMap::new();
    for sample in samples {
        for certificate in sample.observation.outcome.presented().iter().flat_map(|c| c.certificates.iter()) {
            all.entry(certificate.sha256).or_insert_with(|| (certificate.clone(), 0)).1 += 1;
        }
    }
    all.into_values().collect()
}

pub(super) fn certificate_view((certificate, endpoints): &(Arc<Certificate>, u64)) -> CertificateView<'_> {
    CertificateView {
        certificate,
        first_seen: days(-3),
        last_seen: NOW,
        endpoints: *endpoints,
        public_trust: None,
        self_signed: false,
    }
}
