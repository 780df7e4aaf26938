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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Authority, Host, Leaf, LeafKey, Limits};
    use crate::time::UnixTime;
    use rustls::ClientConfig;
    use rustls::pki_types::{ServerName, UnixTime as PkiTime};
    use std::net::Ipv4Addr;
    use std::time::Duration;
    use tokio::net::TcpStream;
    use tokio_rustls::TlsConnector;

    const NOW: UnixTime = UnixTime(1_795_510_800);

    #[derive(Debug)]
    struct Then;

    impl rustls::time_provider::TimeProvider for Then {
        fn current_time(&self) -> Option<PkiTime> {
            Some(PkiTime::since_unix_epoch(Duration::from_secs(NOW.0.unsigned_abs())))
        }
    }

    /// A client at [`NOW`] that trusts the root and verifies by these schemes only, where given.
    fn client(root: &[u8], schemes: &[rustls::SignatureScheme]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root.to_vec())).unwrap();
        let provider = Arc::new(provider::default_provider());
        let mut config = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(Then))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        if !schemes.is_empty() {
            let inner =
                rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = Only { inner: inner.build().unwrap(), schemes: schemes.to_vec() };
            config.dangerous().set_certificate_verifier(Arc::new(verifier));
        }
        config
    }

    #[derive(Debug)]
    struct Only {
        inner: Arc<rustls::client::WebPkiServerVerifier>,
        schemes: Vec<rustls::SignatureScheme>,
    }

    impl rustls::client::danger::ServerCertVerifier for Only {
        fn verify_server_cert(
            &self,
            end_entity: &CertificateDer<'_>,
            intermediates: &[CertificateDer<'_>],
            server_name: &ServerName<'_>,
            ocsp: &[u8],
            now: PkiTime,
        ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp, now)
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            self.inner.verify_tls12_signature(message, certificate, signed)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            self.inner.verify_tls13_signature(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.schemes.clone()
        }
    }

    type Connected = tokio_rustls::client::TlsStream<TcpStream>;

    async fn visit(host: &TlsHost, client: ClientConfig, name: &str) -> std::io::Result<Connected> {
        let host =
            Host::start((Ipv4Addr::LOCALHOST, 0).into(), host.role().unwrap(), Limits::default()).unwrap();
        let stream = TcpStream::connect(host.address()).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
        // A server that refuses a TLS 1.3 client does so after the client's last message.
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        stream.shutdown().await?;
        stream.read_to_end(&mut Vec::new()).await?;
        Ok(stream)
    }

    fn served(stream: &Connected) -> Vec<u8> {
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    #[tokio::test]
    async fn a_sound_host_is_trusted_in_both_versions_with_the_group_it_prefers() {
        let authority = Authority::new(NOW, "Test").unwrap();
        let mut host = TlsHost::new(authority.issue(&Leaf::new("a.test")).unwrap());
        for (versions, version) in [
            (Versions::Tls12, rustls::ProtocolVersion::TLSv1_2),
            (Versions::Tls13, rustls::ProtocolVersion::TLSv1_3),
            (Versions::Both, rustls::ProtocolVersion::TLSv1_3),
        ] {
            host.versions = versions;
            let stream = visit(&host, client(&authority.root_der(), &[]), "a.test").await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version));
        }
        host.groups = vec![NamedGroup::secp384r1];
        host.suites = vec![CipherSuite::TLS_AES_256_GCM_SHA384];
        let stream = visit(&host, client(&authority.root_der(), &[]), "a.test").await.unwrap();
        let tls = stream.get_ref().1;
        assert_eq!(tls.negotiated_key_exchange_group().unwrap().name(), rustls::NamedGroup::secp384r1);
        assert_eq!(u16::from(tls.negotiated_cipher_suite().unwrap().suite()), 0x1302);
    }

    #[tokio::test]
    async fn a_host_with_two_keys_serves_what_the_client_can_verify() {
        let authority = Authority::new(NOW, "Test").unwrap();
        let ecdsa = authority.issue(&Leaf::new("a.test")).unwrap();
        let rsa = authority.issue(&Leaf::new("a.test").key(LeafKey::Rsa2048)).unwrap();
        let mut host = TlsHost::new(ecdsa.clone());
        host.identities.push(rsa.clone());
        for versions in [Versions::Tls12, Versions::Tls13] {
            host.versions = versions;
            // The authority signs by ECDSA, which this client may not verify in the chain: only who is served counts.
            let rsa_only =
                [rustls::SignatureScheme::RSA_PSS_SHA256, rustls::SignatureScheme::ECDSA_NISTP384_SHA384];
            let stream = visit(&host, client(&authority.root_der(), &rsa_only), "a.test").await.unwrap();
            assert_eq!(served(&stream), rsa.chain[0]);
            let stream = visit(&host, client(&authority.root_der(), &[]), "a.test").await.unwrap();
            assert_eq!(served(&stream), ecdsa.chain[0]);
        }
    }

    #[tokio::test]
    async fn the_name_decides_and_the_default_serves_the_rest() {
        let authority = Authority::new(NOW, "Test").unwrap();
        let mut host = TlsHost::new(authority.issue(&Leaf::new("default.test")).unwrap());
        let named = authority.issue(&Leaf::new("a.test")).unwrap();
        host.by_name.push(("a.test".to_owned(), vec![named.clone()]));
        let root = authority.root_der();
        assert_eq!(served(&visit(&host, client(&root, &[]), "a.test").await.unwrap()), named.chain[0]);
        assert!(visit(&host, client(&root, &[]), "default.test").await.is_ok());
        assert!(visit(&host, client(&root, &[]), "other.test").await.is_err());
    }

    #[tokio::test]
    async fn a_strict_host_refuses_a_client_without_a_certificate() {
        let authority = Authority::new(NOW, "Test").unwrap();
        let mut host = TlsHost::new(authority.issue(&Leaf::new("a.test")).unwrap());
        let root = authority.root_der();
        for versions in [Versions::Tls12, Versions::Tls13] {
            host.versions = versions;
            host.client_certificates = ClientCertificates::Optional(root.clone());
            assert!(visit(&host, client(&root, &[]), "a.test").await.is_ok());
            host.client_certificates = ClientCertificates::Required(root.clone());
            assert!(visit(&host, client(&root, &[]), "a.test").await.is_err());
        }
    }

    #[tokio::test]
    async fn faults_are_what_a_strict_client_refuses() {
        let authority = Authority::new(NOW, "Test").unwrap();
        let expired = authority.issue(&Leaf::new("a.test").valid(-1_000_000, -1_000)).unwrap();
        let incomplete = authority.issue(&Leaf::new("a.test")).unwrap().without_intermediates();
        let own = authority.self_signed(&Leaf::new("a.test")).unwrap();
        for identity in [expired, incomplete, own] {
            let host = TlsHost::new(identity);
            assert!(visit(&host, client(&authority.root_der(), &[]), "a.test").await.is_err());
        }
    }

    #[test]
    fn an_identity_without_a_key_is_refused() {
        let authority = Authority::new(NOW, "Test").unwrap();
        let short = authority.issue(&Leaf::new("a.test").key(LeafKey::Rsa1024)).unwrap();
        assert!(matches!(TlsHost::new(short).role(), Err(EstateError::NoPrivateKey { .. })));
    }
}
