//! Which endpoints something holds for: by network, name, tag and owner.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::{Endpoint, ServerName};

/// Conditions on an endpoint: of each kind given, one must hold. Without any, everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    pub networks: Vec<IpNetwork>,
    pub names: Vec<PlaceName>,
    pub tags: Vec<String>,
    pub owners: Vec<String>,
}

/// `host.example.com`, or `*.example.com` for every name below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceName {
    below: bool,
    name: String,
}

impl Place {
    /// No condition at all.
    pub fn is_everywhere(&self) -> bool {
        self.networks.is_empty() && self.names.is_empty() && self.tags.is_empty() && self.owners.is_empty()
    }

    /// Whether an endpoint with this owner and these tags is in it.
    pub fn contains(&self, endpoint: &Endpoint, owner: Option<&str>, tags: &[String]) -> bool {
        let in_network = |ip: IpAddr| self.networks.iter().any(|network| network.contains(ip));
        let is_named = |name: &ServerName| self.names.iter().any(|pattern| pattern.matches(name.as_str()));
        (self.networks.is_empty() || endpoint.address.is_some_and(in_network))
            && (self.names.is_empty() || endpoint.server_name.as_ref().is_some_and(is_named))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| tags.contains(tag)))
            && (self.owners.is_empty()
                || owner.is_some_and(|owner| self.owners.iter().any(|one| one == owner)))
    }

    /// `10.0.0.0/8; *.example.com; tag pci; owner payments`, or `everywhere`.
    pub fn words(&self) -> String {
        let lists = [
            self.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            self.names.iter().map(PlaceName::pattern).collect::<Vec<_>>().join(", "),
            self.tags.iter().map(|tag| format!("tag {tag}")).collect::<Vec<_>>().join(", "),
            self.owners.iter().map(|owner| format!("owner {owner}")).collect::<Vec<_>>().join(", "),
        ];
        let words = lists.into_iter().filter(|list| !list.is_empty()).collect::<Vec<_>>().join("; ");
        if words.is_empty() { "everywhere".to_owned() } else { words }
    }
}

impl PlaceName {
    /// Reads a host name, or `*.` and the domain that every matching name is below.
    ///
    /// # Errors
    /// What is wrong with the name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
        Ok(Self { below, name: ServerName::parse(name)?.to_string() })
    }

    fn matches(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        match self.below {
            true => name.strip_suffix(&self.name).is_some_and(|head| head.ends_with('.')),
            false => name == self.name,
        }
    }

    fn pattern(&self) -> String {
        if self.below { format!("*.{}", self.name) } else { self.name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(address: &str, name: Option<&str>) -> Endpoint {
        Endpoint::tcp(address.parse().unwrap(), name.map(|name| ServerName::parse(name).unwrap()))
    }

    #[test]
    fn of_each_kind_given_one_must_hold() {
        let place = Place {
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            names: vec![PlaceName::parse("*.pay.example").unwrap(), PlaceName::parse("pay.example").unwrap()],
            tags: vec!["pci".to_owned()],
            owners: Vec::new(),
        };
        let tags = ["pci".to_owned(), "web".to_owned()];
        assert!(place.contains(&endpoint("10.1.2.3:443", Some("a.pay.example")), None, &tags));
        assert!(place.contains(&endpoint("10.1.2.3:443", Some("pay.example")), None, &tags));
        assert!(!place.contains(&endpoint("10.1.2.3:443", Some("notpay.example")), None, &tags));
        assert!(!place.contains(&endpoint("10.1.2.3:443", None), None, &tags));
        assert!(!place.contains(&endpoint("192.0.2.1:443", Some("pay.example")), None, &tags));
        assert!(!place.contains(&endpoint("10.1.2.3:443", Some("pay.example")), None, &[]));
        assert_eq!(place.words(), "10.0.0.0/8; *.pay.example, pay.example; tag pci");
    }

    #[test]
    fn without_a_condition_it_is_everywhere_and_an_owner_is_meant_whole() {
        let anywhere = Place::default();
        assert!(anywhere.is_everywhere() && anywhere.contains(&endpoint("192.0.2.1:443", None), None, &[]));
        let mine = Place { owners: vec!["me".to_owned()], ..Place::default() };
        assert!(mine.contains(&endpoint("192.0.2.1:443", None), Some("me"), &[]));
        assert!(!mine.contains(&endpoint("192.0.2.1:443", None), Some("me too"), &[]));
        assert!(!mine.contains(&endpoint("192.0.2.1:443", None), None, &[]));
    }
}
