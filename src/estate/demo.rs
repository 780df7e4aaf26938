//! The demonstration's hosts: what each shows and what a scan must find there.

use super::host::Role;
use super::script::Script;
use super::tls_host::{ClientCertificates, TlsHost};
use super::{Authority, EstateError, Flight, Identity, Leaf, LeafKey, LeafSignature};
use crate::model::{Reason, Rule, Stage};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::tls::{CipherSuite, ProtocolVersion};

/// A host before it runs.
pub(super) struct Part {
    /// First label of its name.
    pub(super) label: &'static str,
    pub(super) what: &'static str,
    pub(super) role: Role,
    pub(super) expected_rules: &'static [Rule],
    pub(super) expected_deep_rules: &'static [Rule],
    pub(super) expected_failure: Option<(Stage, Reason)>,
}

/// The hosts and the root that the sound ones chain to.
pub(super) struct Cast {
    pub(super) parts: Vec<Part>,
    pub(super) root_pem: String,
}

/// Names end with this; RFC 6761 section 6.2 reserves `.test`.
pub(super) const DOMAIN: &str = "demo.test";

/// Mints the certificates and writes the parts. Takes about 0.1 s, most of it for one RSA key.
pub(super) fn cast(now: UnixTime) -> Result<Cast, EstateError> {
    let authority = Authority::new(now, "Demo")?;
    let mut parts = certificates_with_faults(&authority, now)?;
    parts.extend(weak_hosts(&authority)?);
    parts.extend(hosts_without_a_chain());
    Ok(Cast { parts, root_pem: authority.root_pem() })
}

fn certificates_with_faults(authority: &Authority, now: UnixTime) -> Result<Vec<Part>, EstateError> {
    let day = DAY_SECONDS;
    let tls = |label, what, leaf: Leaf, rules| -> Result<Part, EstateError> {
        Ok(part(label, what, TlsHost::new(authority.issue(&leaf)?).role()?, rules))
    };
    let api = authority.issue(&leaf("api"))?.without_intermediates();
    let files = authority.deep_chain(&leaf("files"), 3, 0)?.with_chain(|chain| {
        if let [_, above @ ..] = chain.as_mut_slice() {
            above.reverse();
        }
        chain.push(authority.root_der());
    });
    let wiki = authority.self_signed(&leaf("wiki"))?;
    let partner = Authority::new(now, "Partner")?.issue(&leaf("partner"))?;
    Ok(vec![
        tls("www", "all is well", leaf("www"), &[])?,
        tls("shop", "expired yesterday", leaf("shop").valid(-90 * day, -day), &[Rule::Expired])?,
        tls("mail", "expires in two days", leaf("mail").valid(-88 * day, 2 * day), &[Rule::Expiring])?,
        tls("early", "not valid before tomorrow", leaf("early").valid(day, 91 * day), &[Rule::NotYetValid])?,
        tls("login", "certificate for another name", leaf("accounts"), &[Rule::NameMismatch])?,
        part("api", "intermediate not served", TlsHost::new(api).role()?, &[Rule::IncompleteChain]),
        part(
            "files",
            "chain in the wrong order, with the root",
            TlsHost::new(files).role()?,
            &[Rule::Misordered, Rule::Superfluous],
        ),
        part("wiki", "self-signed", TlsHost::new(wiki).role()?, &[Rule::SelfSigned]),
        part("partner", "issuer that nobody trusts", TlsHost::new(partner).role()?, &[Rule::UnknownIssuer]),
        tls("guest", "hostile text in its names", Leaf::hostile(&name("guest")), &[Rule::BadDnsName])?,
    ])
}

fn weak_hosts(authority: &Authority) -> Result<Vec<Part>, EstateError> {
    let day = DAY_SECONDS;
    let archive = authority.issue(&leaf("archive").signature(LeafSignature::Sha1))?;
    let mut two = TlsHost::new(authority.issue(&leaf("two"))?);
    let old_rsa = leaf("two").key(LeafKey::Rsa2048).valid(-365 * day, -3 * day);
    two.identities.push(authority.issue(&old_rsa)?);
    let mut vault = TlsHost::new(authority.issue(&leaf("vault"))?);
    vault.client_certificates = ClientCertificates::Required(authority.root_der().clone());
    let printer = Flight::tls12_rsa(authority.issue(&leaf("printer").key(LeafKey::Rsa1024))?);
    let plant = Flight::old(ProtocolVersion::TLSv1_0, authority.issue(&leaf("plant"))?);
    let till = Script::choice(sound_at_first_sight(&authority.issue(&leaf("till"))?));
    Ok(vec![
        part("archive", "signed with SHA-1", TlsHost::new(archive).role()?, &[Rule::SignatureSha1]),
        part("two", "a sound ECDSA chain, an expired RSA one", two.role()?, &[Rule::Expired]),
        part("vault", "insists on a client certificate", vault.role()?, &[]),
        part("printer", "RSA key of 1024 bits", Role::Script(Script::flight(printer)), &[Rule::RsaTooShort]),
        part("plant", "TLS 1.0 only", Role::Script(Script::flight(plant)), &[Rule::ObsoleteVersion]),
        Part {
            expected_deep_rules: &[Rule::ObsoleteVersion, Rule::Rc4, Rule::Sweet32, Rule::Beast],
            ..part(
                "till",
                "sound at first sight; TLS 1.0, RC4 and 3DES for who asks",
                Role::Script(till),
                &[],
            )
        },
    ])
}

/// AES-GCM in TLS 1.2 first, and what nobody took out when it came: AES-CBC, 3DES and RC4, down to TLS 1.0.
fn sound_at_first_sight(identity: &Identity) -> Vec<Flight> {
    let old = [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_RC4_128_SHA,
    ];
    let mut flights = vec![Flight::tls12(identity.clone())];
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_1, ProtocolVersion::TLSv1_0] {
        flights.extend(old.map(|suite| Flight { suite, ..Flight::old(version, identity.clone()) }));
    }
    flights
}

fn hosts_without_a_chain() -> Vec<Part> {
    let failing = |label, what, role, stage, reason| Part {
        expected_failure: Some((stage, reason)),
        ..part(label, what, role, &[Rule::NotMeasured])
    };
    vec![
        failing(
            "cam",
            "plain HTTP, no TLS",
            Role::Script(Script::plain_http()),
            Stage::Handshake,
            Reason::NotTls,
        ),
        failing(
            "hung",
            "accepts, then never answers",
            Role::Script(Script::silent()),
            Stage::Handshake,
            Reason::Timeout,
        ),
        failing("gone", "nobody listens", Role::Refused, Stage::Connect, Reason::Refused),
    ]
}

fn part(label: &'static str, what: &'static str, role: Role, expected_rules: &'static [Rule]) -> Part {
    Part { label, what, role, expected_rules, expected_deep_rules: &[], expected_failure: None }
}

fn name(label: &str) -> String {
    format!("{label}.{DOMAIN}")
}

fn leaf(label: &str) -> Leaf {
    Leaf::new(&name(label))
}
