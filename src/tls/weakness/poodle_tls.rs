//! POODLE against TLS (CVE-2014-8730 and its like): the padding of a CBC record is not checked, as in SSL 3. Shown by a
//! Finished whose padding bytes are wrong, but for their count, and whose MAC is right: a server that checks padding
//! refuses it (RFC 5246 section 6.2.3.2), one that does not ends the handshake. No application data is sent.

use crate::tls::AlertDescription;

/// One connection to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoodleStep {
    /// A handshake whose Finished is padded wrong.
    WrongPadding,
    /// The same, and if the server takes it, a record with a wrong MAC behind it: that it must refuse.
    WrongPaddingThenMac,
    /// A handshake with nothing wrong.
    Control,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoodleOutcome {
    /// The server ended the handshake, and refused the wrong MAC if there was one.
    Taken,
    /// It ended the handshake, and took the wrong MAC too, or said nothing to it.
    TakenWithoutCheck,
    Alert(AlertDescription),
    HungUp,
    /// Silence, or something else.
    Unclear,
}

/// What the outcomes come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoodleVerdict {
    Weak,
    Sound,
    NotDetermined(&'static str),
}

/// What to do after these outcomes: another step, or the verdict. At most two steps.
pub fn next(seen: &[(PoodleStep, PoodleOutcome)]) -> Result<PoodleStep, PoodleVerdict> {
    match seen {
        [] => Ok(PoodleStep::WrongPadding),
        [(_, PoodleOutcome::Taken | PoodleOutcome::TakenWithoutCheck)] => Ok(PoodleStep::WrongPaddingThenMac),
        [(_, PoodleOutcome::Alert(alert))] if speaks_of_the_record(*alert) => Err(PoodleVerdict::Sound),
        // It may refuse everybody, or us.
        [(_, PoodleOutcome::Alert(_) | PoodleOutcome::HungUp)] => Ok(PoodleStep::Control),
        [(_, PoodleOutcome::Unclear)] => {
            Err(PoodleVerdict::NotDetermined("it neither took nor refused the record"))
        }
        [.., (PoodleStep::Control, PoodleOutcome::Taken)] => Err(PoodleVerdict::Sound),
        [.., (PoodleStep::Control, _)] => {
            Err(PoodleVerdict::NotDetermined("no handshake could be completed"))
        }
        [.., (_, PoodleOutcome::Taken)] => Err(PoodleVerdict::Weak),
        [.., (_, PoodleOutcome::TakenWithoutCheck)] => Err(PoodleVerdict::NotDetermined(
            "it takes the wrong padding, and shows no check of the MAC either",
        )),
        [..] => Err(PoodleVerdict::NotDetermined("it took the wrong padding once, but not again")),
    }
}

/// Alerts that say that a record did not open, and those that servers send in their place.
fn speaks_of_the_record(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::bad_record_mac
            | AlertDescription::decryption_failed
            | AlertDescription::record_overflow
            | AlertDescription::decode_error
            | AlertDescription::decrypt_error
    )
}

#[cfg(test)]
mod tests {
    use super::PoodleOutcome::{Alert, HungUp, Taken, TakenWithoutCheck, Unclear};
    use super::PoodleStep::{Control, WrongPadding, WrongPaddingThenMac};
    use super::*;

    #[test]
    fn a_record_alert_settles_it_at_once() {
        let seen = [(WrongPadding, Alert(AlertDescription::bad_record_mac))];
        assert_eq!(next(&seen), Err(PoodleVerdict::Sound));
    }

    #[test]
    fn another_refusal_counts_only_where_a_right_finished_is_taken() {
        for refusal in [Alert(AlertDescription::handshake_failure), HungUp] {
            assert_eq!(next(&[(WrongPadding, refusal)]), Ok(Control));
            let with = |outcome| next(&[(WrongPadding, refusal), (Control, outcome)]);
            assert_eq!(with(Taken), Err(PoodleVerdict::Sound));
            for outcome in [refusal, Unclear] {
                assert!(matches!(with(outcome), Err(PoodleVerdict::NotDetermined(_))));
            }
        }
    }

    #[test]
    fn weak_is_who_takes_it_twice_and_refuses_a_wrong_mac() {
        assert_eq!(next(&[]), Ok(WrongPadding));
        assert_eq!(next(&[(WrongPadding, Taken)]), Ok(WrongPaddingThenMac));
        let again = |outcome| next(&[(WrongPadding, Taken), (WrongPaddingThenMac, outcome)]);
        assert_eq!(again(Taken), Err(PoodleVerdict::Weak));
        for outcome in [TakenWithoutCheck, HungUp, Unclear, Alert(AlertDescription::bad_record_mac)] {
            assert!(matches!(again(outcome), Err(PoodleVerdict::NotDetermined(_))), "{outcome:?}");
        }
        assert!(matches!(next(&[(WrongPadding, Unclear)]), Err(PoodleVerdict::NotDetermined(_))));
    }
}
