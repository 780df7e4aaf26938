//! `tls.signature.weak`: in TLS 1.2 the server signs its key exchange with MD5 or SHA-1 where a client asks for nothing
//! better (RFC 9155). Low: a forger has the length of one handshake, and needs a client that still asks.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::{ProtocolVersion, SignatureScheme};

const WEAK: [SignatureScheme; 4] = [
    SignatureScheme::rsa_pkcs1_md5,
    SignatureScheme::rsa_pkcs1_sha1,
    SignatureScheme::dsa_sha1,
    SignatureScheme::ecdsa_sha1,
];

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let schemes = &view.version(ProtocolVersion::TLSv1_2)?.signature_schemes;
    let weak: Vec<_> = WEAK.iter().filter(|scheme| schemes.contains(scheme)).map(|s| s.to_string()).collect();
    let worst = weak.first()?.clone();
    Draft::new(Rule::WeakSignature, Severity::Low, "Key exchange is signed with SHA-1 or MD5 on demand")
        .detail(format!("In TLS 1.2 the server signs with {}.", words::listed(&weak)))
        .group(format!("scheme:{worst}"))
        .facts("signature_schemes", weak)
        .remedy("Allow signatures with SHA-256 or better only (openssl: SignatureAlgorithms), or require TLS 1.3.")
        .sources(&["RFC 9155 section 3"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};

    #[test]
    fn sha_1_on_demand_is_low() {
        let mut inspection = sound();
        let facts = of(&mut inspection, ProtocolVersion::TLSv1_2);
        facts.signature_schemes = vec![SignatureScheme::rsa_pkcs1_sha256];
        assert!(is_silent(&inspection, Rule::WeakSignature));
        of(&mut inspection, ProtocolVersion::TLSv1_2).signature_schemes.push(SignatureScheme::rsa_pkcs1_sha1);
        assert_eq!(finding(&inspection, Rule::WeakSignature).severity, Severity::Low);
        assert!(is_silent(&undetermined(), Rule::WeakSignature));
    }
}
