//! Keys of findings: stable over scans, stores and renewals.
//!
//! A key has no certificate in it: the finding "expiring" of a name is resolved by the renewal, not replaced. The
//! addresses behind one name share the name's findings; without a name each address has its own.

use crate::model::{Endpoint, FindingKey, OfferedFor, Rule, Verdict};

/// `name:port[/transport][/starttls][#chain]/rule`; the address in place of the name where there is none, the path for files.
pub fn finding_key(endpoint: &Endpoint, offered_for: Option<OfferedFor>, rule: Rule) -> FindingKey {
    let mut key = endpoint.label();
    if let Some(starttls) = endpoint.starttls {
        key.push('/');
        key.push_str(starttls.name());
    }
    if let Some(offered_for) = offered_for {
        key.push('#');
        key.push_str(offered_for.name());
    }
    key.push('/');
    key.push_str(rule.id());
    FindingKey(key)
}

/// The key of a verdict: that of its endpoint and chain; for rules about a key, `spki:HASH/rule`, one finding for all
/// certificates and endpoints that share the key.
pub fn verdict_key(endpoint: &Endpoint, verdict: &Verdict) -> FindingKey {
    match verdict.rule {
        Rule::KeyReused => FindingKey(format!("{}/{}", verdict.group, verdict.rule.id())),
        rule => finding_key(endpoint, verdict.offered_for, rule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ServerName, Transport};

    #[test]
    fn addresses_behind_one_name_share_a_key() {
        let endpoint =
            |address: &str| Endpoint::tcp(address.parse().unwrap(), ServerName::parse("a.example").ok());
        let key = finding_key(&endpoint("127.0.0.1:443"), None, Rule::Expired);
        assert_eq!(key, finding_key(&endpoint("127.0.0.2:443"), None, Rule::Expired));
        assert_eq!(key.0, "a.example:443/x509.validity.expired");
        let other = finding_key(&endpoint("127.0.0.1:443"), Some(OfferedFor::Rsa), Rule::Expired);
        assert_eq!(other.0, "a.example:443#rsa/x509.validity.expired");
    }

    #[test]
    fn bare_addresses_have_their_own_keys() {
        let endpoint = |address: &str| Endpoint::tcp(address.parse().unwrap(), None);
        let key = finding_key(&endpoint("[::1]:8443"), None, Rule::SelfSigned);
        assert_eq!(key.0, "[::1]:8443/trust.path.self_signed");
        assert_ne!(key, finding_key(&endpoint("127.0.0.1:8443"), None, Rule::SelfSigned));
    }

    #[test]
    fn the_transports_of_one_port_have_their_own_keys() {
        let over = |transport| {
            let name = ServerName::parse("a.example").ok();
            Endpoint::over(transport, "127.0.0.1:443".parse().unwrap(), name)
        };
        let key = finding_key(&over(Transport::Quic), None, Rule::Expired);
        assert_eq!(key.0, "a.example:443/quic/x509.validity.expired");
        assert_ne!(key, finding_key(&over(Transport::Tcp), None, Rule::Expired));
    }

    #[test]
    fn a_hook_without_effect_is_keyed_by_the_endpoint_it_was_for() {
        let endpoint = Endpoint::tcp("127.0.0.1:443".parse().unwrap(), ServerName::parse("pay.example").ok());
        let key = finding_key(&endpoint, None, Rule::HookNoEffect);
        assert_eq!(key.0, "pay.example:443/hook.no_effect");
    }
}
