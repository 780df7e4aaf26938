//! What a mail says, before it is text or a page. Every string is raw: the renderers escape for their sink.

/// The whole mail below its subject.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    /// Sentences above the lines.
    pub(super) opening: Vec<String>,
    pub(super) blocks: Vec<Block>,
    /// What is not shown, and the command that shows it.
    pub(super) rest: Vec<Value>,
    /// Sentences below the lines.
    pub(super) footer: Vec<String>,
}

/// One line of the mail, which is a block of lines.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) badge: &'static str,
    pub(super) tone: Tone,
    pub(super) headline: String,
    pub(super) fields: Vec<(&'static str, Vec<Value>)>,
}

impl Block {
    pub(super) fn new(badge: &'static str, tone: Tone, headline: impl Into<String>) -> Self {
        Self { badge, tone, headline: headline.into(), fields: Vec::new() }
    }

    /// Adds a field with one paragraph; none for empty text.
    #[must_use]
    pub(super) fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.values(name, vec![Value::Text(text.into())])
    }

    /// Adds a field; none without text.
    #[must_use]
    pub(super) fn values(mut self, name: &'static str, values: Vec<Value>) -> Self {
        let values: Vec<Value> = values.into_iter().filter(|value| !value.raw().is_empty()).collect();
        if !values.is_empty() {
            self.fields.push((name, values));
        }
        self
    }
}

/// A paragraph of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// To be pasted into a shell; never wrapped.
    Command(String),
    /// One line that somebody else's program wrote.
    Output(String),
}

impl Value {
    pub(super) fn raw(&self) -> &str {
        match self {
            Self::Text(text) | Self::Command(text) | Self::Output(text) => text,
        }
    }
}

/// A colour beside the badge, never instead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Critical,
    High,
    Medium,
    Low,
    Good,
    Watch,
}
