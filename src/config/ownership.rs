//! Who looks after an endpoint: owners and tags by network and name.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use serde::Deserialize;

use super::written;
use crate::model::Endpoint;
use crate::time::UnixTime;

/// One entry: matches an endpoint in any of its networks or with any of its names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnerRule {
    pub networks: Vec<Network>,
    /// `host.example.com`, or `*.example.com` for every name below it.
    pub names: Vec<NamePattern>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    /// What its endpoints are for, as a register of certificates tells it.
    pub purpose: Option<String>,
    /// Who reviews them.
    pub reviewer: Option<String>,
    /// When they were reviewed last: `YYYY-MM-DD`.
    pub reviewed: Option<ReviewDate>,
}

/// What the entries say about one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ownership {
    pub owner: Option<String>,
    pub tags: Vec<String>,
    pub purpose: Option<String>,
    pub reviewer: Option<String>,
    pub reviewed: Option<ReviewDate>,
}

/// Applies `rules` in their order: the first owner, purpose, reviewer and review win, tags are collected without
/// repeats.
pub fn ownership(rules: &[OwnerRule], endpoint: &Endpoint) -> Ownership {
    let mut out = Ownership::default();
    for rule in rules.iter().filter(|rule| rule.matches(endpoint)) {
        if out.owner.is_none() {
            out.owner.clone_from(&rule.owner);
        }
        if out.purpose.is_none() {
            out.purpose.clone_from(&rule.purpose);
        }
        if out.reviewer.is_none() {
            out.reviewer.clone_from(&rule.reviewer);
        }
        if out.reviewed.is_none() {
            out.reviewed.clone_from(&rule.reviewed);
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

/// A day, `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDate(pub String);

impl<'de> Deserialize<'de> for ReviewDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written::checked(deserializer, |text| match (text.len(), UnixTime::parse(text)) {
            (10, Some(_)) => Ok(Self(text.to_owned())),
            _ => Err(format!("`{text}` is not a day; write e.g. \"2026-11-24\"")),
        })
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

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is not a network; write e.g. 10.1.0.0/16"))
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written::checked(deserializer, str::parse)
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
    fn who_reviews_what_for_is_written_beside_the_owner() {
        let text =
            "[[owner]]\nnetworks = [\"10.0.0.0/8\"]\npurpose = \"card payments\"\nreviewer = \"ada\"\n";
        let rules = toml::from_str::<Rules>(&format!("{text}reviewed = \"2026-06-01\"")).unwrap().owner;
        let endpoint = Endpoint::tcp("10.1.2.3:443".parse().unwrap(), None);
        let found = ownership(&rules, &endpoint);
        assert_eq!(
            (found.purpose.as_deref(), found.reviewer.as_deref()),
            (Some("card payments"), Some("ada"))
        );
        assert_eq!(found.reviewed, Some(ReviewDate("2026-06-01".to_owned())));
        let error = toml::from_str::<Rules>(&format!("{text}reviewed = \"last week\"")).err().unwrap();
        assert!(error.to_string().contains("`last week` is not a day"), "{error}");
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
