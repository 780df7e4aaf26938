//! Distinguished names (RFC 5280 section 4.1.2.4) and their text form (RFC 4514).

use crate::text::Untrusted;

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Dotted object identifier.
    pub oid: String,
    /// Short name where RFC 4514 or X.520 gives one (`CN`, `O`, `OU`, …), else the dotted identifier.
    pub name: String,
    pub value: Untrusted,
}

/// A subject or issuer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DistinguishedName {
    /// The name as encoded, for comparing and indexing.
    pub der: Box<[u8]>,
    /// RFC 4514 text, most specific first; empty for an empty name.
    pub text: Untrusted,
    /// Attributes in encoded order, at most [`DistinguishedName::MAX_ATTRIBUTES`].
    pub attributes: Vec<Attribute>,
}

impl DistinguishedName {
    /// More attributes than any honest name has; the DER keeps them all.
    pub const MAX_ATTRIBUTES: usize = 64;

    /// The last value of the attribute with short name `name`.
    pub fn attribute(&self, name: &str) -> Option<&Untrusted> {
        self.attributes.iter().rev().find(|a| a.name == name).map(|a| &a.value)
    }

    /// What a person calls this name: the common name, else the organisation, else the whole text.
    pub fn label(&self) -> &Untrusted {
        self.attribute("CN").or_else(|| self.attribute("O")).unwrap_or(&self.text)
    }
}
