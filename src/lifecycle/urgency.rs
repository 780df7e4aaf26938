//! What gets a mail of its own at once, and what waits for the digest.

use crate::model::{Occasion, Severity, Urgency};

/// Only what is critical and news to its reader is urgent: a reminder was told before, a baseline is read once.
pub fn urgency(occasion: Occasion, severity: Severity) -> Urgency {
    match (occasion, severity) {
        (Occasion::Opened | Occasion::Worse | Occasion::SilenceEnded, Severity::Critical) => {
            Urgency::Immediate
        }
        _ => Urgency::Digest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_critical_news_is_told_at_once() {
        let immediate: Vec<_> = Occasion::ALL
            .into_iter()
            .flat_map(|occasion| Severity::ALL.map(|severity| (occasion, severity)))
            .filter(|(occasion, severity)| urgency(*occasion, *severity) == Urgency::Immediate)
            .collect();
        let critical = Severity::Critical;
        assert_eq!(
            immediate,
            [(Occasion::Opened, critical), (Occasion::Worse, critical), (Occasion::SilenceEnded, critical)]
        );
    }
}
