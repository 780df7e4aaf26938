//! A policy file as it is written (TOML): serde only, each value with its place. What it means, and whether it means
//! anything, is said in `config/policy/`.

use serde::Deserialize;
use toml::Spanned;

/// A file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    pub policy: PolicyHead,
    /// Where the policy applies.
    #[serde(default)]
    pub scope: PlaceTable,
    #[serde(default)]
    pub rule: Vec<Spanned<RuleTable>>,
    #[serde(default)]
    pub exception: Vec<Spanned<ExceptionTable>>,
}

/// `[policy]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyHead {
    pub name: Spanned<String>,
    pub version: String,
    pub source: String,
    /// `final` or `draft`.
    pub status: Spanned<String>,
    /// Day on which the source was read.
    pub retrieved: Option<Spanned<String>>,
    /// A policy whose rules are taken over: a name, or a path from this file.
    pub extends: Option<Spanned<String>>,
    /// Ids of rules that are not taken over.
    #[serde(default)]
    pub drop: Vec<Spanned<String>>,
}

/// `[scope]`, and `where` of an exception.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlaceTable {
    pub networks: Vec<Spanned<String>>,
    pub names: Vec<Spanned<String>>,
    pub tags: Vec<String>,
    pub owners: Vec<String>,
}

/// `[[rule]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTable {
    pub id: Spanned<String>,
    pub text: String,
    pub applies: Spanned<String>,
    #[serde(default)]
    pub when: Option<Spanned<WhenTable>>,
    pub allow: Option<Spanned<Vec<Spanned<String>>>>,
    pub forbid: Option<Spanned<Vec<Spanned<String>>>>,
    pub require: Option<Spanned<RequireTable>>,
    /// Ids of findings, `*` for any run of characters.
    pub finding: Option<Spanned<Vec<Spanned<String>>>>,
    /// Why nothing here looks at it.
    pub unseen: Option<Spanned<String>>,
    pub level: Spanned<String>,
    pub severity: Spanned<String>,
    pub date_basis: Option<Spanned<String>>,
    pub effective_from: Option<Spanned<String>>,
    pub effective_until: Option<Spanned<String>>,
    pub warn_from: Option<Spanned<String>>,
    /// The source's section.
    pub source: String,
    pub remedy: String,
    pub note: Option<String>,
}

/// `when = { … }`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WhenTable {
    pub algorithm: Option<OneOrMore>,
    pub public_ca: Option<bool>,
    pub version: Option<OneOrMore>,
    pub certificate: Option<Spanned<String>>,
    pub lifetime_up_to_days: Option<u32>,
    pub lifetime_over_days: Option<u32>,
    pub cbc: Option<bool>,
    pub ocsp_url: Option<bool>,
}

/// A word, or a list of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a word or a list of words")]
pub enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    /// The words.
    pub fn words(&self) -> &[String] {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::More(words) => words,
        }
    }
}

/// `require = { … }`: one of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequireTable {
    pub any_of: Option<Vec<Spanned<String>>>,
    pub all_of: Option<Vec<Spanned<String>>>,
    pub min_bits: Option<u32>,
    pub multiple_of: Option<u32>,
    pub max_validity_days: Option<u32>,
    pub extended_key_usage: Option<Vec<Spanned<String>>>,
    pub min_scts: Option<u32>,
}

/// `[[exception]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionTable {
    pub rule: Spanned<String>,
    #[serde(rename = "where")]
    pub place: Spanned<PlaceTable>,
    pub reason: Spanned<String>,
    pub by: Spanned<String>,
    pub until: Spanned<String>,
}
