//! What an answer is worth: a choice, a refusal, or neither. Asks once more where it is in doubt. Never asks a third time.

use crate::tls::{AlertDescription, Answer, ServerAnswer};

/// What an answer means, once it can be relied on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    Chose(&'a ServerAnswer),
    /// By an alert, or by hanging up twice; hanging up after silence is none.
    Refused(Option<AlertDescription>),
    /// Silence or noise in one of two answers: neither yes nor no.
    Unheard,
}

/// Listens to the answers to one question after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ear {
    /// The question is asked for the second time: whether the first answer was a refusal, if a weak one.
    first_refused: Option<bool>,
}

impl Ear {
    /// For a question that was asked before in another form, and got this answer.
    pub(super) fn for_a_second_hearing(answer: &Answer) -> Self {
        Self { first_refused: Some(is_refusal(answer)) }
    }

    /// What the answer means; `None` if the question is to be asked once more.
    pub(super) fn hear<'a>(&mut self, answer: &'a Answer) -> Option<Verdict<'a>> {
        let first_refused = self.first_refused.take();
        match (answer, first_refused) {
            (Answer::Chose(answer), _) => Some(Verdict::Chose(answer)),
            (Answer::Alert(alert), _) if !is_busy(*alert) => Some(Verdict::Refused(Some(*alert))),
            (_, None) => {
                self.first_refused = Some(is_refusal(answer));
                None
            }
            (Answer::Alert(alert), Some(true)) => Some(Verdict::Refused(Some(*alert))),
            (Answer::Closed | Answer::Reset, Some(true)) => Some(Verdict::Refused(None)),
            _ => Some(Verdict::Unheard),
        }
    }
}

/// The server said or showed that it does not want; silence and noise do not.
fn is_refusal(answer: &Answer) -> bool {
    matches!(answer, Answer::Alert(_) | Answer::Closed | Answer::Reset)
}

/// Alerts of servers that are out of sorts, or asked too often, rather than unwilling.
pub(super) fn is_busy(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::internal_error | AlertDescription::user_canceled | AlertDescription::close_notify
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_never_a_refusal_and_hanging_up_only_the_second_time() {
        let mut ear = Ear::default();
        assert_eq!(ear.hear(&Answer::Timeout), None);
        assert_eq!(ear.hear(&Answer::Timeout), Some(Verdict::Unheard));
        for answer in [Answer::Closed, Answer::Reset] {
            assert_eq!(ear.hear(&answer), None);
            assert_eq!(ear.hear(&answer), Some(Verdict::Refused(None)));
        }
        assert_eq!(ear.hear(&Answer::Reset), None);
        assert_eq!(ear.hear(&Answer::Timeout), Some(Verdict::Unheard));
    }

    #[test]
    fn hanging_up_once_after_silence_or_noise_is_not_a_refusal() {
        let noise = Answer::Malformed("noise");
        for first in [Answer::Timeout, noise] {
            for second in [Answer::Reset, Answer::Closed, Answer::Alert(AlertDescription::internal_error)] {
                let mut ear = Ear::default();
                assert_eq!(ear.hear(&first), None);
                assert_eq!(ear.hear(&second), Some(Verdict::Unheard));
                let mut ear = Ear::for_a_second_hearing(&first);
                assert_eq!(ear.hear(&second), Some(Verdict::Unheard));
                // The next question starts afresh.
                assert_eq!(ear.hear(&second), None);
                assert!(matches!(ear.hear(&second), Some(Verdict::Refused(_))));
            }
            let mut ear = Ear::for_a_second_hearing(&first);
            let unwilling = AlertDescription::handshake_failure;
            assert_eq!(ear.hear(&Answer::Alert(unwilling)), Some(Verdict::Refused(Some(unwilling))));
        }
        let mut ear = Ear::for_a_second_hearing(&Answer::Reset);
        assert_eq!(ear.hear(&Answer::Closed), Some(Verdict::Refused(None)));
    }

    #[test]
    fn an_alert_refuses_at_once_unless_the_server_is_out_of_sorts() {
        let mut ear = Ear::default();
        let unwilling = AlertDescription::handshake_failure;
        assert_eq!(ear.hear(&Answer::Alert(unwilling)), Some(Verdict::Refused(Some(unwilling))));
        let busy = AlertDescription::internal_error;
        assert_eq!(ear.hear(&Answer::Alert(busy)), None);
        assert_eq!(ear.hear(&Answer::Alert(busy)), Some(Verdict::Refused(Some(busy))));
    }
}
