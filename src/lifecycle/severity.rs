//! Severities as the settings want them: by rule, tag, owner and network.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::model::{Rule, Severity};

/// One line of the settings. An absent condition is met by all; all present ones must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityOverride {
    pub rule: Option<Rule>,
    pub tag: Option<String>,
    pub owner: Option<String>,
    pub network: Option<IpNetwork>,
    /// The severity instead.
    pub severity: Severity,
}

/// What an override may ask about an endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traits<'a> {
    pub address: Option<IpAddr>,
    pub owner: Option<&'a str>,
    pub tags: &'a [String],
}

/// All lines, in the order of the settings: the last one that fits counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeverityOverrides(pub Vec<SeverityOverride>);

impl SeverityOverrides {
    /// The severity of a verdict of `rule` that is `severity` by default.
    pub fn apply(&self, rule: Rule, severity: Severity, traits: Traits<'_>) -> Severity {
        self.0.iter().rev().find(|line| line.fits(rule, traits)).map_or(severity, |line| line.severity)
    }
}

impl SeverityOverride {
    fn fits(&self, rule: Rule, traits: Traits<'_>) -> bool {
        self.rule.is_none_or(|r| r == rule)
            && self.tag.as_ref().is_none_or(|tag| traits.tags.contains(tag))
            && self.owner.as_deref().is_none_or(|owner| traits.owner == Some(owner))
            && self.network.is_none_or(|network| traits.address.is_some_and(|a| network.contains(a)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(severity: Severity) -> SeverityOverride {
        SeverityOverride { rule: None, tag: None, owner: None, network: None, severity }
    }

    #[test]
    fn the_last_line_that_fits_counts() {
        let tags = vec!["lab".to_owned()];
        let overrides = SeverityOverrides(vec![
            SeverityOverride { tag: Some("lab".to_owned()), ..line(Severity::Low) },
            SeverityOverride {
                rule: Some(Rule::SelfSigned),
                network: Some("127.0.0.0/8".parse().unwrap()),
                ..line(Severity::Info)
            },
            SeverityOverride { owner: Some("payments".to_owned()), ..line(Severity::Critical) },
        ]);
        let lab = Traits { address: "127.0.0.1".parse().ok(), owner: None, tags: &tags };
        assert_eq!(overrides.apply(Rule::SelfSigned, Severity::Medium, lab), Severity::Info);
        assert_eq!(overrides.apply(Rule::Expired, Severity::Critical, lab), Severity::Low);
        let payments = Traits { owner: Some("payments"), ..lab };
        assert_eq!(overrides.apply(Rule::SelfSigned, Severity::Medium, payments), Severity::Critical);
        assert_eq!(overrides.apply(Rule::SelfSigned, Severity::Medium, Traits::default()), Severity::Medium);
    }
}
