//! Conversations from the specifications, each cut at every byte.

mod databases;
mod directories;
mod hostile;
mod lines;
mod mail;

use super::{Dialogue, StartTls, UpgradeError, UpgradeStep, Wrapping};

/// One side says this.
enum Act {
    /// We do, exactly.
    We(&'static [u8]),
    /// The server does.
    Server(Vec<u8>),
}

use Act::We;

/// The server's words.
fn it(words: impl AsRef<[u8]>) -> Act {
    Act::Server(words.as_ref().to_vec())
}

type Outcome = Result<Wrapping, UpgradeError>;

/// Plays the conversation with the server's words whole, cut in two at each byte, and byte by byte; all must end alike.
fn play(protocol: StartTls, acts: &[Act]) -> Outcome {
    let length: usize =
        acts.iter().map(|act| if let Act::Server(words) = act { words.len() } else { 0 }).sum();
    let whole = play_cut(protocol, acts, &|_| false);
    for cut in 0..length {
        assert_eq!(play_cut(protocol, acts, &|at| at == cut), whole, "cut after byte {cut}");
    }
    assert_eq!(play_cut(protocol, acts, &|_| true), whole, "byte by byte");
    whole
}

fn play_cut(protocol: StartTls, acts: &[Act], cut_after: &dyn Fn(usize) -> bool) -> Outcome {
    let mut dialogue = protocol.dialogue(Some("a.example"));
    let mut to_send = dialogue.open();
    let mut outcome = None;
    let mut at = 0;
    for act in acts {
        match act {
            We(words) => {
                let said = std::mem::take(&mut to_send);
                assert_eq!(said.escape_ascii().to_string(), words.escape_ascii().to_string());
            }
            Act::Server(words) => {
                assert!(to_send.is_empty(), "not expected: {}", to_send.escape_ascii());
                for piece in pieces(words, at, cut_after) {
                    assert_eq!(outcome, None, "more to say after the end: {}", piece.escape_ascii());
                    outcome = step(dialogue.as_mut(), piece, &mut to_send);
                }
                at += words.len();
            }
        }
    }
    assert!(to_send.is_empty(), "said at the end: {}", to_send.escape_ascii());
    outcome.expect("the conversation has no end")
}

/// A speech that begins with byte `start` of all, cut after these bytes.
fn pieces<'a>(words: &'a [u8], start: usize, cut_after: &dyn Fn(usize) -> bool) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for at in 0..words.len() {
        if at + 1 == words.len() || cut_after(start + at) {
            pieces.push(&words[from..=at]);
            from = at + 1;
        }
    }
    pieces
}

fn step(dialogue: &mut dyn Dialogue, piece: &[u8], to_send: &mut Vec<u8>) -> Option<Outcome> {
    match dialogue.feed(piece) {
        Ok(UpgradeStep::NeedMore) => None,
        Ok(UpgradeStep::Send(bytes)) => {
            to_send.extend(bytes);
            None
        }
        Ok(UpgradeStep::SendThenReady(bytes, wrapping)) => {
            to_send.extend(bytes);
            Some(Ok(wrapping))
        }
        Ok(UpgradeStep::Ready(wrapping)) => Some(Ok(wrapping)),
        Err(error) => Some(Err(error)),
    }
}

const READY: Outcome = Ok(Wrapping::None);

fn refused(words: &str) -> Outcome {
    Err(UpgradeError::Refused(words.into()))
}

fn throttled(words: &str) -> Outcome {
    Err(UpgradeError::Throttled(words.into()))
}

const NOT_OFFERED: Outcome = Err(UpgradeError::NotOffered);

#[test]
fn ports_of_upgrades_are_not_ports_of_implicit_tls() {
    for implicit in
        [443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 3269, 5061, 5223, 5671, 6697, 8443, 8883]
    {
        assert_eq!(StartTls::by_port(implicit), None, "{implicit}");
    }
    for protocol in StartTls::ALL {
        let ports = (0..=u16::MAX).filter(|port| StartTls::by_port(*port) == Some(protocol)).count();
        assert!(ports > 0, "{protocol:?}");
        assert_eq!(StartTls::from_name(protocol.name()), Some(protocol));
    }
}

#[test]
fn who_speaks_first_says_nothing_to_open() {
    for protocol in StartTls::ALL {
        let opening = protocol.dialogue(None).open();
        assert_eq!(opening.is_empty(), protocol.speaks_first(), "{protocol:?}");
    }
}
