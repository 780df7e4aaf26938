//! TLS 1.2 and 1.3 hosts by rustls: which chains they hold, what they ask of the client.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::CertificateDer;

use super::host::Role;
use super::{EstateError, Identity};
use crate::tls::{CipherSuite, NamedGroup};

/// Whether a host asks for a client certificate; the bytes are the DER of the root it accepts.
#[derive(Debug, Clone)]
pub enum ClientCertificates {
    NotAsked,
    Optional(Vec<u8>),
    Required(Vec<u8>),
}

/// Protocol versions a host speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    Tls12,
    Tls13,
    Both,
}

/// A TLS host to be.
#[derive(Debug, Clone)]
pub struct TlsHost {
    /// Served without a server name, or with one that is not in `by_name`: the first whose key the client's
    /// signature schemes allow.
    pub identities: Vec<Identity>,
    /// Served for this very server name, chosen alike.
    pub by_name: Vec<(String, Vec<Identity>)>,
    pub versions: Versions,
    /// In order of preference; empty for X25519MLKEM768, X25519, P-256, P-384.
    pub groups: Vec<NamedGroup>,
    /// In order of preference; empty for all of rustls.
    pub suites: Vec<CipherSuite>,
    pub alpn: Vec<Vec<u8>>,
    pub client_certificates: ClientCertificates,
    /// Bytes stapled as an OCSP response, as they are.
    pub ocsp_response: Option<Vec<u8>>,
}

impl TlsHost {
    /// A modern host with one chain: both versions, hybrid key exchange first, HTTP/2 and HTTP/1.1.
    pub fn new(identity: Identity) -> Self {
        Self {
            identities: vec![identity],
            by_name: Vec::new(),
            versions: Versions::Both,
            groups: Vec::new(),
            suites: Vec::new(),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            client_certificates: ClientCertificates::NotAsked,
            ocsp_response: None,
        }
    }

    /// The role to start a [`super::Host`] with.
    ///
    /// # Errors
    /// [`EstateError::NoPrivateKey`] for an identity without a key, [`EstateError::Tls`] or
    /// [`EstateError::Verifier`] where rustls refuses the parts.
    pub fn role(&self) -> Result<Role, EstateError> {
        let provider = Arc::new(self.provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.protocol_versions())?;
        let builder = match self.client_verifier(provider)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(self.chains()?));
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(Role::Tls(Arc::new(config)))
    }

    fn provider(&self) -> CryptoProvider {
        let mut built = provider::default_provider();
        let modern =
            [NamedGroup::X25519MLKEM768, NamedGroup::x25519, NamedGroup::secp256r1, NamedGroup::secp384r1];
        let groups = if self.groups.is_empty() { modern.as_slice() } else { &self.groups };
        built.kx_groups = groups
            .iter()
            .filter_map(|group| {
                provider::ALL_KX_GROUPS.iter().copied().find(|known| u16::from(known.name()) == group.0)
            })
            .collect();
        if !self.suites.is_empty() {
            built.cipher_suites = self
                .suites
                .iter()
                .filter_map(|suite| {
                    let mut known = provider::ALL_CIPHER_SUITES.iter().copied();
                    known.find(|known| u16::from(known.suite()) == suite.0)
                })
                .collect();
        }
        built
    }

    fn protocol_versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        match self.versions {
            Versions::Tls12 => vec![&rustls::version::TLS12],
            Versions::Tls13 => vec![&rustls::version::TLS13],
            Versions::Both => vec![&rustls::version::TLS13, &rustls::version::TLS12],
        }
    }

    fn client_verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn rustls::server::danger::ClientCertVerifier>>, EstateError> {
        let (root, required) = match &self.client_certificates {
            ClientCertificates::NotAsked => return Ok(None),
            ClientCertificates::Optional(root) => (root, false),
            ClientCertificates::Required(root) => (root, true),
        };
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root.clone()))?;
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = if required { builder } else { builder.allow_unauthenticated() };
        Ok(Some(builder.build()?))
    }

    fn chains(&self) -> Result<Chains, EstateError> {
        let keys = |identities: &[Identity]| -> Result<Vec<_>, EstateError> {
            identities.iter().map(|identity| self.certified(identity)).collect()
        };
        let mut by_name = Vec::new();
        for (name, identities) in &self.by_name {
            by_name.push((name.clone(), keys(identities)?));
        }
        Ok(Chains { default: keys(&self.identities)?, by_name })
    }

    fn certified(&self, identity: &Identity) -> Result<Arc<CertifiedKey>, EstateError> {
        let key =
            identity.private_key_der().ok_or(EstateError::NoPrivateKey { what: format!("{identity:?}") })?;
        let mut certified =
            CertifiedKey::new(identity.chain_der(), provider::sign::any_supported_type(&key)?);
        certified.ocsp.clone_from(&self.ocsp_response);
        Ok(Arc::new(certified))
    }
}

/// Serves by name, then by what the client can verify.
#[derive(Debug)]
struct Chains {
    default: Vec<Arc<CertifiedKey>>,
    by_name: Vec<(String, Vec<Arc<CertifiedKey>>)>,
}

impl ResolvesServerCert for Chains {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = self.by_name.iter().find(|(name, _)| Some(name.as_str()) == hello.server_name());
        let chains = named.map_or(&self.default, |(_, chains)| chains);
        chains.iter().find(|chain| chain.key.choose_scheme(hello.signature_schemes()).is_some()).cloned()
    }
}
