//! The texts of many ranges in one string: a million networks take 20 MB, not a million allocations.

/// Texts by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    text: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl Labels {
    /// Appends a text; `None` once 4 GiB are full.
    pub(super) fn push(&mut self, text: &str) -> Option<u32> {
        let number = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.text.len() + text.len()).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        Some(number)
    }

    /// The text with `number`; empty if there is none.
    pub(super) fn get(&self, number: u32) -> &str {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let end_of = |index: usize| self.ends.get(index).and_then(|end| usize::try_from(*end).ok());
        let start = number.checked_sub(1).and_then(end_of).unwrap_or(0);
        end_of(number).and_then(|end| self.text.get(start..end)).unwrap_or_default()
    }

    /// How many texts.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_number() {
        let mut labels = Labels::default();
        assert_eq!(labels.get(0), "");
        assert_eq!(labels.push("10.0.0.0/8"), Some(0));
        assert_eq!(labels.push("::1-::2"), Some(1));
        assert_eq!((labels.get(0), labels.get(1), labels.get(2)), ("10.0.0.0/8", "::1-::2", ""));
        assert_eq!(labels.len(), 2);
    }
}
