//! Authorities and certificates with the faults a test asks for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SignatureAlgorithm, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use crate::assess::{Blocklist, Context, Inventory, NoBlocklist, NoInventory, PathCache, assess};
use crate::model::{
    Assessment, Endpoint, Handshake, Observation, Outcome, Rule, ServerName, Thresholds, TlsFacts,
    TrustStore, TrustStoreInfo, Verdict,
};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::{Certificate, Chain, Fingerprint, RawChain, read, read_chain};

/// 2026-11-24T00:00:00Z: the present of every test.
pub(crate) const NOW: UnixTime = UnixTime(1_795_478_400);

/// A certificate with its key: an authority, or an end entity.
pub(crate) struct Entity {
    pub(crate) der: Vec<u8>,
    params: CertificateParams,
    key: KeyPair,
}

/// What to make; the default is sound.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) name: String,
    pub(crate) names: Vec<String>,
    pub(crate) days_ago: i64,
    pub(crate) days_left: i64,
    pub(crate) ca: Option<Option<u8>>,
    pub(crate) usage: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) permitted: Vec<String>,
    pub(crate) extensions: Vec<(Vec<u64>, Vec<u8>, bool)>,
    pub(crate) algorithm: &'static SignatureAlgorithm,
}

impl Recipe {
    pub(crate) fn end_entity(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            names: vec![name.to_owned()],
            days_ago: 10,
            days_left: 80,
            ca: None,
            usage: vec![ExtendedKeyUsagePurpose::ServerAuth],
            permitted: Vec::new(),
            extensions: Vec::new(),
            algorithm: &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }

    pub(crate) fn ca(name: &str) -> Self {
        Self {
            names: Vec::new(),
            days_ago: 1_000,
            days_left: 2_000,
            ca: Some(None),
            usage: Vec::new(),
            ..Self::end_entity(name)
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, self.name.clone());
        params.not_before = date_time_ymd(1970, 1, 1) + since_1970(-self.days_ago);
        params.not_after = date_time_ymd(1970, 1, 1) + since_1970(self.days_left);
        params.extended_key_usages = self.usage.clone();
        params.use_authority_key_identifier_extension = true;
        if let Some(path_len) = self.ca {
            let constraints = path_len.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
            params.is_ca = IsCa::Ca(constraints);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
        if !self.permitted.is_empty() {
            params.name_constraints = Some(rcgen::NameConstraints {
                permitted_subtrees: self
                    .permitted
                    .iter()
                    .map(|name| rcgen::GeneralSubtree::DnsName(name.clone()))
                    .collect(),
                excluded_subtrees: Vec::new(),
            });
        }
        for (oid, content, critical) in &self.extensions {
            let mut extension = CustomExtension::from_oid_content(oid, content.clone());
            extension.set_criticality(*critical);
            params.custom_extensions.push(extension);
        }
        params
    }

    /// A certificate signed by its own key.
    pub(crate) fn self_signed(&self) -> Entity {
        let key = KeyPair::generate_for(self.algorithm).unwrap();
        let params = self.params();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Entity { der, params, key }
    }

    /// A certificate signed by `issuer`.
    pub(crate) fn signed_by(&self, issuer: &Entity) -> Entity {
        self.signed_with(issuer, KeyPair::generate_for(self.algorithm).unwrap())
    }

    /// A certificate for a key that is not at hand, signed by `issuer`.
    pub(crate) fn for_key(&self, key: &impl rcgen::PublicKeyData, issuer: &Entity) -> Vec<u8> {
        let signer = Issuer::from_params(&issuer.params, &issuer.key);
        self.params().signed_by(key, &signer).unwrap().der().to_vec()
    }

    /// A certificate for `key`, signed by `issuer`.
    pub(crate) fn signed_with(&self, issuer: &Entity, key: KeyPair) -> Entity {
        let params = self.params();
        let signer = Issuer::from_params(&issuer.params, &issuer.key);
        let der = params.signed_by(&key, &signer).unwrap().der().to_vec();
        Entity { der, params, key }
    }
}

impl Entity {
    pub(crate) fn key(&self) -> KeyPair {
        KeyPair::try_from(self.key.serialized_der()).unwrap()
    }

    pub(crate) fn certificate(&self) -> Certificate {
        read(&self.der)
    }

    pub(crate) fn sha256(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// The same certificate with its signature spoilt.
    pub(crate) fn forged(&self) -> Vec<u8> {
        let mut der = self.der.clone();
        // Inside of the signature's last integer.
        *der.last_mut().unwrap() ^= 1;
        der
    }
}

fn since_1970(days_from_now: i64) -> Duration {
    Duration::from_secs((NOW.0 + days_from_now * DAY_SECONDS).try_into().unwrap())
}

/// A private authority with one intermediate.
pub(crate) struct Authority {
    pub(crate) root: Entity,
    pub(crate) intermediate: Entity,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let root = Recipe::ca(&format!("{name} Root")).self_signed();
        let intermediate = Recipe::ca(&format!("{name} Intermediate")).signed_by(&root);
        Self { root, intermediate }
    }

    pub(crate) fn end_entity(&self) -> Entity {
        Recipe::end_entity("a.example").signed_by(&self.intermediate)
    }

    pub(crate) fn store(&self) -> TrustStore {
        store("test", &[&self.root], false)
    }
}

pub(crate) fn store(name: &str, roots: &[&Entity], is_public: bool) -> TrustStore {
    let anchors: Vec<_> = roots
        .iter()
        .map(|root| webpki::anchor_from_trusted_cert(&CertificateDer::from(&*root.der)).unwrap().to_owned())
        .collect();
    TrustStore {
        info: TrustStoreInfo {
            name: name.into(),
            version: "1".to_owned(),
            date: None,
            sha256: Fingerprint::of(&roots.iter().flat_map(|root| root.der.clone()).collect::<Vec<_>>()),
            is_public,
        },
        anchors,
    }
}

pub(crate) fn chain(ders: &[&[u8]]) -> Chain {
    read_chain(&RawChain::from_ders(ders.iter().copied()))
}

pub(crate) fn served(chain: Chain, tls: TlsFacts) -> Observation {
    let address: SocketAddr = "127.0.0.1:443".parse().unwrap();
    Observation {
        endpoint: Endpoint::tcp(address, ServerName::parse("a.example").ok()),
        target: "a.example".into(),
        observed_at: NOW,
        outcome: Outcome::Handshake(Box::new(Handshake {
            tls,
            presented: chain,
            other_chains: Vec::new(),
            inspection: None,
            gathered: None,
        })),
    }
}

/// How a test judges: everything ordinary but what it changes.
pub(crate) struct Judge<'a> {
    pub(crate) now: UnixTime,
    pub(crate) stores: Vec<TrustStore>,
    pub(crate) inventory: &'a dyn Inventory,
    pub(crate) named: bool,
    pub(crate) seen_before: bool,
    pub(crate) thresholds: Thresholds,
    pub(crate) paths: PathCache,
    pub(crate) blocklist: &'a dyn Blocklist,
}

impl Judge<'_> {
    pub(crate) fn with(stores: Vec<TrustStore>) -> Self {
        Self {
            now: NOW,
            stores,
            inventory: &NoInventory,
            named: false,
            seen_before: false,
            thresholds: Thresholds::default(),
            paths: PathCache::default(),
            blocklist: &NoBlocklist,
        }
    }

    pub(crate) fn assess(&self, observation: &Observation) -> Assessment {
        let context = Context {
            now: self.now,
            stores: &self.stores,
            inventory: self.inventory,
            scan_interval_seconds: None,
            thresholds: self.thresholds,
            named: self.named,
            seen_before: self.seen_before,
            paths: &self.paths,
            policies: crate::assess::PolicyContext::default(),
            blocklist: self.blocklist,
        };
        let first = assess(observation, &context);
        // What the cache gives is what was worked out.
        assert_eq!(first, assess(observation, &context));
        first
    }

    /// The verdicts on a served list.
    pub(crate) fn judge(&self, ders: &[&[u8]]) -> Assessment {
        self.assess(&served(chain(ders), TlsFacts::default()))
    }
}

/// Rules broken, in the order of the verdicts.
pub(crate) fn rules(assessment: &Assessment) -> Vec<Rule> {
    assessment.verdicts.iter().map(|verdict| verdict.rule).collect()
}

pub(crate) fn verdict(assessment: &Assessment, rule: Rule) -> &Verdict {
    assessment
        .verdicts
        .iter()
        .find(|verdict| verdict.rule == rule)
        .unwrap_or_else(|| panic!("{rule:?} not in {:?}", rules(assessment)))
}

/// An inventory of given certificates.
#[derive(Default)]
pub(crate) struct Known(pub(crate) Vec<Arc<Certificate>>);

impl Inventory for Known {
    fn issuers(&self, subject_der: &[u8]) -> Vec<Arc<Certificate>> {
        self.0.iter().filter(|c| *c.subject.der == *subject_der).cloned().collect()
    }

    fn certificates_with_key(&self, spki: &Fingerprint) -> Vec<Fingerprint> {
        self.0.iter().filter(|c| c.spki_sha256 == Some(*spki)).map(|c| c.sha256).collect()
    }
}
