//! What a rule demands: words of a policy file resolved against the registries. Patterns have `*` for any run of
//! characters.

use std::sync::Arc;

use toml::Spanned;

use super::names;
use crate::config::{ConfigError, Source};
use crate::model::{Choice, Demand, Feature, KeyDemand, LeafDemand, Rule};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::policy::{RequireTable, RuleTable};

const APPLIES: &str = "certificate.public_key, certificate.signature, certificate.leaf, endpoint.protocol, \
                       endpoint.suites, endpoint.groups, endpoint.signature_schemes, endpoint.dh, endpoint.features \
                       or findings";

/// Findings over several endpoints, or of the scan itself: one endpoint's verdict does not know them.
const NOT_OF_AN_ENDPOINT: [&str; 3] = ["fleet.", "hook.", "scan."];

type Words<'a> = &'a [Spanned<String>];

/// The one demand of a rule.
enum Written<'a> {
    Allow(Words<'a>),
    Forbid(Words<'a>),
    Require(&'a RequireTable),
    Finding(Words<'a>),
    Unseen(&'a str),
}

pub(super) fn demand(source: &Source<'_>, table: &Spanned<RuleTable>) -> Result<Demand, ConfigError> {
    let rule = table.get_ref();
    let mut given = Vec::new();
    given.extend(rule.allow.as_ref().map(|words| (words.span(), Written::Allow(words.get_ref()))));
    given.extend(rule.forbid.as_ref().map(|words| (words.span(), Written::Forbid(words.get_ref()))));
    given.extend(rule.require.as_ref().map(|table| (table.span(), Written::Require(table.get_ref()))));
    given.extend(rule.finding.as_ref().map(|words| (words.span(), Written::Finding(words.get_ref()))));
    given.extend(rule.unseen.as_ref().map(|why| (why.span(), Written::Unseen(why.get_ref()))));
    let mut given = given.into_iter();
    let (Some((span, written)), None) = (given.next(), given.next()) else {
        let message = format!(
            "rule `{}` needs exactly one of allow, forbid, require, finding and unseen",
            rule.id.get_ref()
        );
        return Err(source.error(rule.id.span(), &message));
    };
    let applies = rule.applies.get_ref().as_str();
    let reader = Reader { source, span };
    match (applies, written) {
        (_, Written::Unseen(why)) => Ok(Demand::Unseen(why.into())),
        ("findings", Written::Finding(words)) => reader.findings(words).map(Demand::NoFinding),
        ("certificate.public_key", written) => reader.key(written),
        ("certificate.signature", written) => {
            reader.choice(written, reader.listed(&names::SIGNATURES)).map(Demand::Signature)
        }
        ("certificate.leaf", Written::Require(table)) => reader.leaf(table),
        ("endpoint.protocol", written) => reader.choice(written, reader.versions()).map(Demand::Protocol),
        ("endpoint.suites", written) => reader.choice(written, reader.suites()).map(Demand::Suites),
        ("endpoint.groups", written) => reader.choice(written, reader.groups()).map(Demand::Groups),
        ("endpoint.signature_schemes", written) => {
            reader.choice(written, reader.schemes()).map(Demand::SignatureSchemes)
        }
        ("endpoint.dh", Written::Require(RequireTable { min_bits: Some(bits), .. })) => {
            Ok(Demand::DhBits(*bits))
        }
        ("endpoint.features", written) => reader.features(written),
        ("findings" | "certificate.leaf" | "endpoint.dh", _) => Err(reader.unfit(applies)),
        _ => Err(source.error(rule.applies.span(), &format!("expected applies = {APPLIES}"))),
    }
}

/// Reads the words of one demand.
struct Reader<'a> {
    source: &'a Source<'a>,
    span: std::ops::Range<usize>,
}

impl Reader<'_> {
    fn wrong(&self, message: &str) -> ConfigError {
        self.source.error(self.span.clone(), message)
    }

    fn unfit(&self, applies: &str) -> ConfigError {
        let needs = match applies {
            "findings" => "finding = [\"tls.vuln.*\", …]",
            "certificate.leaf" => {
                "require = { max_validity_days = N }, { extended_key_usage = […] } or { min_scts = N }"
            }
            "certificate.public_key" => {
                "allow or forbid, or require = { min_bits = N } or { multiple_of = N }"
            }
            "endpoint.dh" => "require = { min_bits = N }",
            "endpoint.features" => "forbid, or require = { all_of = […] }",
            _ => "allow or forbid, or require = { any_of = […] } or { all_of = […] }",
        };
        self.wrong(&format!("{applies} takes {needs}"))
    }

    fn choice<T: Ord>(
        &self,
        written: Written<'_>,
        read: impl Fn(&Spanned<String>) -> Result<Vec<T>, ConfigError>,
    ) -> Result<Choice<T>, ConfigError> {
        let list = |words: Words<'_>| -> Result<Vec<T>, ConfigError> {
            let mut items = Vec::new();
            for word in words {
                items.extend(read(word)?);
            }
            items.sort();
            items.dedup();
            if items.is_empty() {
                Err(self.wrong("the list is empty; write what is meant"))
            } else {
                Ok(items)
            }
        };
        match written {
            Written::Allow(words) => Ok(Choice::Allow(list(words)?)),
            Written::Forbid(words) => Ok(Choice::Forbid(list(words)?)),
            Written::Require(RequireTable { any_of: Some(words), all_of: None, .. }) => {
                Ok(Choice::AnyOf(list(words)?))
            }
            Written::Require(RequireTable { all_of: Some(words), any_of: None, .. }) => {
                Ok(Choice::AllOf(list(words)?))
            }
            _ => Err(self.unfit("this")),
        }
    }

    fn key(&self, written: Written<'_>) -> Result<Demand, ConfigError> {
        match written {
            Written::Require(RequireTable { min_bits: Some(bits), .. }) => {
                Ok(Demand::Key(KeyDemand::MinBits(*bits)))
            }
            Written::Require(RequireTable { multiple_of: Some(bits @ 1..), .. }) => {
                Ok(Demand::Key(KeyDemand::MultipleOf(*bits)))
            }
            written @ (Written::Allow(_) | Written::Forbid(_)) => self
                .choice(written, self.listed(&names::KEYS))
                .map(|kinds| Demand::Key(KeyDemand::Kind(kinds))),
            _ => Err(self.unfit("certificate.public_key")),
        }
    }

    fn leaf(&self, table: &RequireTable) -> Result<Demand, ConfigError> {
        let demand = match table {
            RequireTable { max_validity_days: Some(days), .. } => LeafDemand::MaxValidityDays(*days),
            RequireTable { min_scts: Some(count), .. } => LeafDemand::MinScts(*count),
            RequireTable { extended_key_usage: Some(words), .. } => LeafDemand::ExtendedKeyUsage(
                words.iter().map(|word| word.get_ref().as_str().into()).collect(),
            ),
            _ => return Err(self.unfit("certificate.leaf")),
        };
        Ok(Demand::Leaf(demand))
    }

    fn features(&self, written: Written<'_>) -> Result<Demand, ConfigError> {
        let read = |words: Words<'_>| -> Result<Vec<Feature>, ConfigError> {
            let one = |word: &Spanned<String>| {
                let names =
                    || Feature::ALL.iter().map(|feature| feature.name()).collect::<Vec<_>>().join(", ");
                Feature::from_name(word.get_ref())
                    .ok_or_else(|| self.unknown(word, &format!("features are {}", names())))
            };
            words.iter().map(one).collect()
        };
        match written {
            Written::Forbid(words) => Ok(Demand::Features { required: Vec::new(), forbidden: read(words)? }),
            Written::Require(RequireTable { all_of: Some(words), .. }) => {
                Ok(Demand::Features { required: read(words)?, forbidden: Vec::new() })
            }
            _ => Err(self.unfit("endpoint.features")),
        }
    }

    fn findings(&self, words: Words<'_>) -> Result<Vec<Rule>, ConfigError> {
        let mut rules = Vec::new();
        for word in words {
            let pattern = word.get_ref();
            let found = Rule::ALL.iter().copied().filter(|rule| {
                fits(pattern, rule.id()) && !NOT_OF_AN_ENDPOINT.iter().any(|head| rule.id().starts_with(head))
            });
            let before = rules.len();
            rules.extend(found);
            if rules.len() == before {
                return Err(self.unknown(
                    word,
                    "write the id of a finding about one endpoint, such as sig.sha1 or tls.vuln.*",
                ));
            }
        }
        rules.sort();
        rules.dedup();
        Ok(rules)
    }

    fn unknown(&self, word: &Spanned<String>, remedy: &str) -> ConfigError {
        self.source.error(word.span(), &format!("`{}` is not known; {remedy}", word.get_ref()))
    }

    /// Names that are listed, with patterns.
    fn listed<'l>(
        &'l self,
        names: &'l [&str],
    ) -> impl Fn(&Spanned<String>) -> Result<Vec<Arc<str>>, ConfigError> + 'l {
        move |word| {
            let found: Vec<Arc<str>> =
                names.iter().filter(|name| fits(word.get_ref(), name)).map(|name| Arc::from(*name)).collect();
            if found.is_empty() {
                return Err(self.unknown(word, &format!("names are {}", names.join(", "))));
            }
            Ok(found)
        }
    }

    fn versions(&self) -> impl Fn(&Spanned<String>) -> Result<Vec<ProtocolVersion>, ConfigError> {
        move |word| {
            let version = ProtocolVersion::from_name(word.get_ref())
                .filter(|version| *version <= ProtocolVersion::TLSv1_3);
            let version = version.ok_or_else(|| {
                self.unknown(
                    word,
                    "versions are SSLv2, SSLv3, TLSv1.0 to TLSv1.3, and stand for those of DTLS, too",
                )
            });
            Ok(vec![version?])
        }
    }

    fn suites(&self) -> impl Fn(&Spanned<String>) -> Result<Vec<CipherSuite>, ConfigError> {
        move |word| {
            let remedy = "write an IANA name such as TLS_AES_128_GCM_SHA256, or a pattern such as *_CBC_*";
            self.registered(word, CipherSuite::from_name, CipherSuite, CipherSuite::known_name, remedy)
        }
    }

    fn groups(&self) -> impl Fn(&Spanned<String>) -> Result<Vec<NamedGroup>, ConfigError> {
        move |word| {
            let remedy = "write an IANA name such as x25519, secp256r1 or X25519MLKEM768";
            self.registered(word, NamedGroup::from_name, NamedGroup, NamedGroup::known_name, remedy)
        }
    }

    fn schemes(&self) -> impl Fn(&Spanned<String>) -> Result<Vec<SignatureScheme>, ConfigError> {
        move |word| {
            let remedy = "write an IANA name such as rsa_pss_rsae_sha256";
            self.registered(
                word,
                SignatureScheme::from_name,
                SignatureScheme,
                SignatureScheme::known_name,
                remedy,
            )
        }
    }

    /// Every registered value whose name fits.
    fn registered<T: Copy>(
        &self,
        word: &Spanned<String>,
        exact: impl Fn(&str) -> Option<T>,
        make: impl Fn(u16) -> T,
        name: impl Fn(T) -> Option<&'static str>,
        remedy: &str,
    ) -> Result<Vec<T>, ConfigError> {
        let pattern = word.get_ref();
        if let Some(item) = exact(pattern) {
            return Ok(vec![item]);
        }
        let is_meant = |item: &T| name(*item).is_some_and(|name| fits(pattern, name));
        let found: Vec<T> = (0..=u16::MAX).map(make).filter(is_meant).collect();
        if found.is_empty() { Err(self.unknown(word, remedy)) } else { Ok(found) }
    }
}

/// Whether `text` fits a pattern in which `*` stands for any run of characters.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (pattern, text, is_fit) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*_CBC_*", "TLS_RSA_WITH_AES_128_CBC_SHA", true),
            ("*_CBC_*", "TLS_RSA_WITH_AES_128_GCM_SHA256", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axc", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), is_fit, "{pattern} {text}");
        }
    }
}
