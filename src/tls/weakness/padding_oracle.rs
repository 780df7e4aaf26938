//! Padding oracles in CBC suites (GOLDENDOODLE, Zombie POODLE, sleeping POODLE, CVE-2019-1559, CVE-2016-2107): a server
//! that lets on why a record did not open. It must react alike to every malformed record (RFC 5246 section 6.2.3.2); here
//! five kinds are compared by alerts and by how the connection ends. Time is not measured.

use std::fmt;

use crate::tls::session::{Alert, Malformation};

/// One kind of malformed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MalformedRecord {
    WrongMac,
    WrongPadding,
    EmptyWithWrongMac,
    EmptyWithWrongPadding,
    OverlongPadding,
}

impl MalformedRecord {
    /// Every kind, in the order they are sent.
    pub const ALL: [Self; 5] = [
        Self::WrongMac,
        Self::WrongPadding,
        Self::EmptyWithWrongMac,
        Self::EmptyWithWrongPadding,
        Self::OverlongPadding,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::WrongMac => "wrong MAC",
            Self::WrongPadding => "wrong padding, right MAC",
            Self::EmptyWithWrongMac => "no data, wrong MAC",
            Self::EmptyWithWrongPadding => "no data, wrong padding, right MAC",
            Self::OverlongPadding => "padding longer than the record",
        }
    }

    /// The application data in it: an empty line, which text protocols pass over, or nothing.
    pub fn content(self) -> &'static [u8] {
        match self {
            Self::WrongMac | Self::WrongPadding => b"\r\n",
            Self::EmptyWithWrongMac | Self::EmptyWithWrongPadding | Self::OverlongPadding => b"",
        }
    }

    /// What is wrong with it.
    pub fn malformation(self) -> Malformation {
        match self {
            Self::WrongMac | Self::EmptyWithWrongMac => Malformation::Mac,
            Self::WrongPadding | Self::EmptyWithWrongPadding => Malformation::Padding,
            Self::OverlongPadding => Malformation::OverlongPadding,
        }
    }
}

/// How a server reacted to one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordReaction {
    /// In the order they came.
    pub alerts: Vec<Alert>,
    pub end: ReactionEnd,
    /// It did nothing until we said that we close.
    pub after_close_notify: bool,
}

/// How the connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReactionEnd {
    Closed,
    Reset,
    /// Not within the time given.
    Open,
}

impl fmt::Display for RecordReaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.after_close_notify {
            f.write_str("nothing until our close_notify, then ")?;
        }
        for Alert { fatal, description, in_clear } in &self.alerts {
            let (level, clear) =
                (if *fatal { "alert" } else { "warning" }, if *in_clear { " in clear" } else { "" });
            write!(f, "{level} {description}{clear}, ")?;
        }
        f.write_str(match self.end {
            ReactionEnd::Closed => "closed",
            ReactionEnd::Reset => "reset",
            ReactionEnd::Open => "left open",
        })
    }
}

/// What the reactions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OracleVerdict {
    Weak,
    Sound,
    NotDetermined(&'static str),
}

/// What to do after these reactions: send another record, or the verdict. Five records, and four more where the
/// reactions differ: two of each of two different ones, in turns, which must come again each time.
pub fn next(seen: &[(MalformedRecord, RecordReaction)]) -> Result<MalformedRecord, OracleVerdict> {
    let all = MalformedRecord::ALL;
    if let Some(record) = all.get(seen.len()) {
        return Ok(*record);
    }
    let (first_round, again) = seen.split_at(all.len());
    let Some((first, rest)) = first_round.split_first() else { return Ok(MalformedRecord::WrongMac) };
    let Some(other) = rest.iter().find(|(_, reaction)| *reaction != first.1) else {
        // Who never says a word may not have read the records at all.
        return Err(if first.1.end == ReactionEnd::Open && first.1.alerts.is_empty() {
            OracleVerdict::NotDetermined("it does not react to malformed records")
        } else {
            OracleVerdict::Sound
        });
    };
    // Silence is not an answer.
    if [first, other].iter().any(|(_, reaction)| reaction.end == ReactionEnd::Open) {
        return Err(OracleVerdict::NotDetermined("it reacted to some records, and not to others in time"));
    }
    let turns = [first, other, other, first];
    if again.iter().zip(turns).any(|(again, before)| again != before) {
        return Err(OracleVerdict::NotDetermined(
            "it does not react to the same record in the same way each time",
        ));
    }
    turns.get(again.len()).map_or(Err(OracleVerdict::Weak), |(record, _)| Ok(*record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::AlertDescription;

    fn alert(description: u8) -> RecordReaction {
        let alert = Alert { fatal: true, description: AlertDescription(description), in_clear: false };
        RecordReaction { alerts: vec![alert], end: ReactionEnd::Closed, after_close_notify: false }
    }

    fn silence() -> RecordReaction {
        RecordReaction { alerts: Vec::new(), end: ReactionEnd::Open, after_close_notify: true }
    }

    /// Asks until there is a verdict, answering by the record and by how often it was sent before.
    fn judged(reaction: impl Fn(MalformedRecord, usize) -> RecordReaction) -> (OracleVerdict, usize) {
        let mut seen: Vec<(MalformedRecord, RecordReaction)> = Vec::new();
        loop {
            match next(&seen) {
                Ok(record) => {
                    let before = seen.iter().filter(|(r, _)| *r == record).count();
                    seen.push((record, reaction(record, before)));
                }
                Err(verdict) => return (verdict, seen.len()),
            }
        }
    }

    #[test]
    fn who_reacts_alike_is_sound() {
        assert_eq!(judged(|_, _| alert(20)), (OracleVerdict::Sound, 5));
        let closed =
            RecordReaction { alerts: Vec::new(), end: ReactionEnd::Closed, after_close_notify: false };
        assert_eq!(judged(|_, _| closed.clone()), (OracleVerdict::Sound, 5));
    }

    #[test]
    fn who_tells_one_record_from_another_each_time_is_weak() {
        for told in MalformedRecord::ALL {
            let by_alert = judged(|record, _| alert(if record == told { 21 } else { 20 }));
            assert_eq!(by_alert, (OracleVerdict::Weak, 9), "{told:?}");
            let by_end = judged(|record, _| {
                let end = if record == told { ReactionEnd::Reset } else { ReactionEnd::Closed };
                RecordReaction { end, ..alert(20) }
            });
            assert_eq!(by_end, (OracleVerdict::Weak, 9), "{told:?}");
        }
    }

    #[test]
    fn what_does_not_come_again_is_not_a_finding() {
        let (verdict, _) = judged(|record, before| {
            alert(if record == MalformedRecord::WrongPadding && before == 0 { 21 } else { 20 })
        });
        assert!(matches!(verdict, OracleVerdict::NotDetermined(_)));
    }

    #[test]
    fn silence_is_not_an_answer() {
        let (verdict, _) = judged(|_, _| silence());
        assert!(matches!(verdict, OracleVerdict::NotDetermined(_)));
        let (verdict, asked) =
            judged(|record, _| if record == MalformedRecord::WrongPadding { silence() } else { alert(20) });
        assert!(matches!(verdict, OracleVerdict::NotDetermined(_)));
        assert_eq!(asked, 5);
    }

    #[test]
    fn a_reaction_reads_as_a_sentence() {
        assert_eq!(alert(20).to_string(), "alert bad_record_mac, closed");
        assert_eq!(silence().to_string(), "nothing until our close_notify, then left open");
    }
}
