//! CCS injection (CVE-2014-0224): a server that takes a ChangeCipherSpec before there is a key switches to keys that
//! anybody can compute. Sends one too early, then a record in clear: who fails to decrypt it has switched.
//! RFC 5246 section 7.1 has the message after the key exchange only.

use super::records::{Record, Records};
use crate::tls::codec::handshake;
use crate::tls::record;
use crate::tls::{AlertDescription, ProtocolVersion};

/// What a server did with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyCcsReaction {
    /// It refused, with an alert where it sent one.
    Refuses(Option<AlertDescription>),
    /// It took the early message, and failed to decrypt what followed.
    Decrypts(AlertDescription),
    /// Neither.
    Unclear(&'static str),
}

/// Watches a server that gets its ChangeCipherSpec too early.
#[derive(Debug)]
pub struct EarlyCcs {
    version: ProtocolVersion,
    records: Records,
    follow_up_sent: bool,
}

impl EarlyCcs {
    pub fn new(version: ProtocolVersion) -> Self {
        Self { version, records: Records::default(), follow_up_sent: false }
    }

    /// The message that comes too early.
    pub fn change_cipher_spec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        record::put(&mut out, record::CHANGE_CIPHER_SPEC, self.version, &[1]);
        out
    }

    /// What follows where the server was silent: a Finished in clear. A server in its right state does not expect
    /// it; one that has switched cannot decrypt it. As long as to be a whole number of blocks, and longer than any
    /// MAC, so that nothing but the decryption fails.
    pub fn follow_up(&mut self) -> Vec<u8> {
        const BODY: u8 = 60;
        self.follow_up_sent = true;
        let mut message = vec![handshake::FINISHED, 0, 0, BODY];
        message.resize(4 + usize::from(BODY), 0x5a);
        let mut out = Vec::new();
        record::put(&mut out, record::HANDSHAKE, self.version, &message);
        out
    }

    /// Reads more bytes off the wire; `Some` once the reaction is clear.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<EarlyCcsReaction> {
        let Some(records) = self.records.feed(bytes) else {
            return Some(EarlyCcsReaction::Unclear("its answer is not TLS"));
        };
        records.iter().find_map(|record| self.read(record))
    }

    /// The server hung up, or reset the connection.
    pub fn hang_up(&self) -> EarlyCcsReaction {
        if self.follow_up_sent {
            EarlyCcsReaction::Unclear("it hung up without an alert, and not at once")
        } else {
            EarlyCcsReaction::Refuses(None)
        }
    }

    fn read(&self, record: &Record) -> Option<EarlyCcsReaction> {
        if record.content_type != record::ALERT {
            return Some(EarlyCcsReaction::Unclear("its answer is not an alert"));
        }
        Some(match record::alert(&record.body) {
            Ok(()) => return None,
            Err(Some(alert)) => self.judge(alert),
            Err(None) => EarlyCcsReaction::Unclear("its alert does not decode"),
        })
    }

    fn judge(&self, alert: AlertDescription) -> EarlyCcsReaction {
        match alert {
            _ if !self.follow_up_sent => EarlyCcsReaction::Refuses(Some(alert)),
            AlertDescription::bad_record_mac | AlertDescription::decryption_failed => {
                EarlyCcsReaction::Decrypts(alert)
            }
            AlertDescription::unexpected_message
            | AlertDescription::handshake_failure
            | AlertDescription::close_notify => EarlyCcsReaction::Refuses(Some(alert)),
            _ => EarlyCcsReaction::Unclear("its alert may mean either"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn early() -> EarlyCcs {
        EarlyCcs::new(ProtocolVersion::TLSv1_0)
    }

    fn alert(description: u8) -> [u8; 7] {
        [21, 3, 1, 0, 2, 2, description]
    }

    #[test]
    fn the_messages_are_whole_records() {
        assert_eq!(early().change_cipher_spec(), [20, 3, 1, 0, 1, 1]);
        let follow_up = early().follow_up();
        assert_eq!(follow_up[..9], [22, 3, 1, 0, 64, 20, 0, 0, 60]);
        assert_eq!(follow_up.len(), 5 + 64);
    }

    #[test]
    fn any_alert_at_once_is_a_refusal() {
        for description in [10, 20, 40, 50] {
            let reaction = early().feed(&alert(description)).unwrap();
            assert_eq!(reaction, EarlyCcsReaction::Refuses(Some(AlertDescription(description))));
        }
        assert_eq!(early().hang_up(), EarlyCcsReaction::Refuses(None));
    }

    #[test]
    fn who_fails_to_decrypt_has_taken_the_early_message() {
        for description in [20, 21] {
            let mut early = early();
            early.follow_up();
            let reaction = early.feed(&alert(description)).unwrap();
            assert_eq!(reaction, EarlyCcsReaction::Decrypts(AlertDescription(description)));
        }
    }

    #[test]
    fn a_late_refusal_is_sound_and_anything_else_unclear() {
        let late = |bytes: &[u8]| {
            let mut early = early();
            early.follow_up();
            early.feed(bytes)
        };
        assert!(matches!(late(&alert(10)), Some(EarlyCcsReaction::Refuses(_))));
        assert!(matches!(late(&alert(50)), Some(EarlyCcsReaction::Unclear(_))));
        assert!(matches!(late(&[22, 3, 1, 0, 1, 0]), Some(EarlyCcsReaction::Unclear(_))));
        assert!(matches!(late(b"garbage"), Some(EarlyCcsReaction::Unclear(_))));
        assert_eq!(late(&[21, 3, 1, 0, 2, 1, 100]), None);
        let mut early = early();
        early.follow_up();
        assert!(matches!(early.hang_up(), EarlyCcsReaction::Unclear(_)));
    }

    proptest! {
        #[test]
        fn only_the_two_alerts_of_a_failed_decryption_are_weak(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut early = early();
            early.follow_up();
            if let Some(EarlyCcsReaction::Decrypts(alert)) = early.feed(&bytes) {
                prop_assert!(alert.0 == 20 || alert.0 == 21);
            }
        }
    }
}
