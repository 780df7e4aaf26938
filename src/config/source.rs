//! The text of a settings file, to tell on which line something is wrong.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use toml::Spanned;

use super::{ConfigError, expiry};
use crate::text::escape_for_terminal;

/// A file that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// Parses TOML into `T`; an error is one line with the line number.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(self.text)
            .map_err(|error| self.error(error.span().unwrap_or_default(), error.message()))
    }

    /// What is wrong with the text at `span`.
    pub(super) fn error(&self, span: Range<usize>, message: &str) -> ConfigError {
        let message = escape_for_terminal(&message.replace('\n', "; "));
        ConfigError::Syntax { path: self.path.to_owned(), line: self.line(&span), message }
    }

    /// The line on which `span` begins, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        let start = span.start.min(self.text.len());
        1 + self.text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count()
    }
}

/// Where the things stand that are checked against each other after each was read by itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Places {
    pub(super) mail: Option<Spanned<MailPlace>>,
    pub(super) route: Vec<Spanned<EntryPlace>>,
    pub(super) hook: Vec<Spanned<EntryPlace>>,
    pub(super) hooks: Vec<Spanned<IgnoredAny>>,
    pub(super) expiry: expiry::Written,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "a section such as [mail]")]
pub(super) struct MailPlace {
    /// Must not be there.
    pub(super) password: Option<Spanned<IgnoredAny>>,
}

/// An entry of a list, and its keys that are looked at.
#[derive(Debug, Deserialize)]
pub(super) struct EntryPlace {
    name: Option<Spanned<IgnoredAny>>,
    default: Option<Spanned<IgnoredAny>>,
    owner: Option<Spanned<IgnoredAny>>,
    tag: Option<Spanned<IgnoredAny>>,
    profile: Option<Spanned<IgnoredAny>>,
    rule: Option<Spanned<IgnoredAny>>,
}

/// Where `key` of entry `index` stands, else the entry.
pub(super) fn place(entries: &[Spanned<EntryPlace>], index: usize, key: &str) -> Range<usize> {
    let Some(entry) = entries.get(index) else { return Range::default() };
    let keys = entry.get_ref();
    let written = match key {
        "name" => &keys.name,
        "default" => &keys.default,
        "owner" => &keys.owner,
        "tag" => &keys.tag,
        "profile" => &keys.profile,
        "rule" => &keys.rule,
        _ => &None,
    };
    written.as_ref().map_or_else(|| entry.span(), Spanned::span)
}
