//! Who looks after an endpoint: owners and tags by network and name.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use serde::Deserialize;

use super::written;
use crate::model::Endpoint;

/// One entry: matches an endpoint in any of its networks or with any of its names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnerRule {
    pub networks: Vec<Network>,
    /// `host.example.com`, or `*.example.com` for every name below it.
    pub names: Vec<NamePattern>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
}

/// What the entries say about one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ownership {
    pub owner: Option<String>,
    pub tags: Vec<String>,
}

/// Applies `rules` in their order: the first owner wins, tags are collected without repeats.
pub fn ownership(rules: &[OwnerRule], endpoint: &Endpoint) -> Ownership {
    let mut out = Ownership::default();
    for rule in rules.iter().filter(|rule| rule.matches(endpoint)) {
        if out.owner.is_none() {
            out.owner.clone_from(&rule.owner);
        }
        for tag in &rule.tags {
            if !out.tags.contains(tag) {
                out.tags.push(tag.clone());
            }
        }
    }
    out
}

impl OwnerRule {
    fn matches(&self, endpoint: &Endpoint) -> bool {
        let by_network = endpoint.address.is_some_and(|ip| self.networks.iter().any(|n| n.contains(ip)));
        let name = endpoint.server_name.as_ref();
        by_network || name.is_some_and(|name| self.names.iter().any(|p| p.matches(name.as_str())))
    }
}

/// A CIDR, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(pub IpNetwork);

impl Network {
    /// Whether `ip` is inside.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(ip)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written::checked(deserializer, |text| {
            text.parse().map(Self).map_err(|_| format!("`{text}` is not a network; write e.g. 10.1.0.0/16"))
        })
    }
}

/// A host name, or `*.` and the domain that every matching name is below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    below: bool,
    name: String,
}

impl NamePattern {
    /// Whether `name`, in A-labels, fits. `*.example.com` as the name of a certificate is below `example.com`.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        match self.below {
            true => name.strip_suffix(&self.name).is_some_and(|head| head.ends_with('.')),
            false => name == self.name,
        }
    }
}

impl<'de> Deserialize<'de> for NamePattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written::checked(deserializer, |text| {
            let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
            let name = crate::model::ServerName::parse(name)
                .map_err(|why| format!("`{text}` is not a name: {why}"))?;
            Ok(Self { below, name: name.to_string() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServerName;

    #[derive(Deserialize)]
    struct Rules {
        owner: Vec<OwnerRule>,
    }

    fn rules() -> Vec<OwnerRule> {
        let text = r#"
            [[owner]]
            names = ["*.pay.example.com"]
            owner = "payments"
            tags = ["pci"]
            [[owner]]
            networks = ["10.0.0.0/8", "2001:db8::/32"]
            owner = "infrastructure"
            tags = ["inside", "pci"]
        "#;
        toml::from_str::<Rules>(text).unwrap().owner
    }

    fn at(address: &str, name: Option<&str>) -> Ownership {
        let endpoint = Endpoint::tcp(address.parse().unwrap(), name.map(|n| ServerName::parse(n).unwrap()));
        ownership(&rules(), &endpoint)
    }

    #[test]
    fn the_first_owner_wins_and_tags_are_collected() {
        let both = at("10.1.2.3:443", Some("api.pay.example.com"));
        assert_eq!(both.owner.as_deref(), Some("payments"));
        assert_eq!(both.tags, ["pci", "inside"]);
        assert_eq!(at("[2001:db8::1]:443", None).owner.as_deref(), Some("infrastructure"));
        assert_eq!(at("192.0.2.1:443", Some("pay.example.com")), Ownership::default());
        assert_eq!(at("192.0.2.1:443", Some("notpay.example.com")), Ownership::default());
    }
}
