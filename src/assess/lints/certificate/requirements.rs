//! Which rule stands for which requirement: the table that auditors ask for, over all rules about certificates.

use super::{Applies, LINTS};
use crate::model::Rule;
use crate::time::UnixTime;

impl Applies {
    /// For whom the rule is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::EndEntity => "end-entity certificates",
            Self::PublicEndEntity => "end-entity certificates of public authorities",
            Self::Path => "certificates of the path",
            Self::PublicPath => "certificates of a path to a public anchor",
        }
    }
}

/// A rule and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    pub rule: Rule,
    pub applies: Applies,
    /// notBefore from which the rule holds; `None`: always did.
    pub since: Option<UnixTime>,
    /// The standards' sections, then the names that other linters give to the same check.
    pub references: &'static [&'static str],
}

/// Rules about certificates that are judged beside the lints of this folder.
const ELSEWHERE: &[Requirement] = &[
    Requirement {
        rule: Rule::TooLong,
        applies: Applies::PublicEndEntity,
        since: Some(crate::assess::lints::too_long::FIRST_LIMIT),
        references: crate::assess::lints::too_long::REFERENCES,
    },
    Requirement {
        rule: Rule::RsaTooShort,
        applies: Applies::Path,
        since: None,
        references: crate::assess::lints::rsa_too_short::REFERENCES,
    },
    Requirement {
        rule: Rule::RsaBadExponent,
        applies: Applies::Path,
        since: None,
        references: crate::assess::lints::rsa_bad_exponent::REFERENCES,
    },
    Requirement {
        rule: Rule::SignatureSha1,
        applies: Applies::Path,
        since: None,
        references: crate::assess::lints::signature_sha1::REFERENCES,
    },
];

/// Every rule that stands for a requirement on certificates, with its sources.
pub fn requirements() -> impl Iterator<Item = Requirement> {
    let lints = LINTS.iter().map(|lint| Requirement {
        rule: lint.rule,
        applies: lint.applies,
        since: lint.since,
        references: lint.references,
    });
    lints.chain(ELSEWHERE.iter().copied())
}
