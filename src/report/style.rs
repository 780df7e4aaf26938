//! Colours of a terminal (ECMA-48 SGR), beside words that say the same.

use crate::model::Severity;

/// How text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    #[default]
    Plain,
    Strong,
    Dim,
    Good,
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Style {
    /// The style of a severity's word.
    pub fn of(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }

    /// `text` between its codes; as it is without colour.
    pub(super) fn paint(self, text: &str, colour: bool) -> String {
        match self.code() {
            Some(code) if colour && !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Dim => Some("2"),
            Self::Good => Some("32"),
            Self::Info => Some("34"),
            Self::Low => Some("36"),
            Self::Medium => Some("33"),
            Self::High => Some("31"),
            Self::Critical => Some("1;31"),
        }
    }
}
