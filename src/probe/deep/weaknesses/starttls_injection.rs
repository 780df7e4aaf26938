//! Commands put behind STARTTLS (CVE-2011-0411): a harmless one goes out in the same write as the command that leads to
//! TLS. A server that keeps it, answers it inside TLS, where nobody asked for it: so it would carry out what somebody on
//! the way puts there. Asks twice, and once without, before it says so; at most three connections.

use std::sync::atomic::AtomicBool;

use tokio::time::timeout_at;

use super::opening;
use crate::model::{Evidence, Probe, ProbeName, Purpose, Reaction, Reason};
use crate::probe::deep::host::Host;
use crate::probe::deep::inside_tls::InsideTls;
use crate::probe::link::Link;
use crate::tls::StartTls;
use crate::tls::starttls::{Dialogue, UpgradeError, UpgradeStep};

const NAME: ProbeName = ProbeName::StartTlsInjection;

/// Bytes that a server may say inside TLS before it is cut off.
const MOST_SAID: usize = 16 * 1024;

/// Commands that lead to TLS, as they stand in what a dialogue sends.
const UPGRADES: [&[u8]; 3] = [b"STARTTLS", b"STLS", b"AUTH TLS"];

/// What is said, and how its answer is known.
struct Words {
    /// Behind the command that leads to TLS.
    injected: &'static str,
    /// Inside TLS: what a server answers once, and then hangs up.
    farewell: &'static str,
    /// Stands in the answer to what was injected; without one, answers are counted.
    mark: Option<&'static [u8]>,
}

/// `None` for protocols without command lines.
fn words(protocol: StartTls) -> Option<Words> {
    Some(match protocol {
        StartTls::Smtp | StartTls::Lmtp | StartTls::Pop3 | StartTls::Ftp => {
            Words { injected: "NOOP\r\n", farewell: "QUIT\r\n", mark: None }
        }
        StartTls::Nntp => Words { injected: "DATE\r\n", farewell: "QUIT\r\n", mark: None },
        StartTls::Imap => {
            Words { injected: "certvigil NOOP\r\n", farewell: "a9 LOGOUT\r\n", mark: Some(b"certvigil ") }
        }
        // The server lists its capabilities unasked after the upgrade (RFC 5804 section 2.2).
        StartTls::Sieve => {
            Words { injected: "NOOP \"certvigil\"\r\n", farewell: "LOGOUT\r\n", mark: Some(b"certvigil") }
        }
        _ => return None,
    })
}

pub(super) async fn probe(host: &Host<'_>) -> Probe {
    let known = host.connector().starttls().and_then(|protocol| Some((protocol, words(protocol)?)));
    let Some((protocol, words)) = known else {
        return opening::without_evidence(NAME, Reaction::NotApplicable);
    };
    let reaction = match attempt(host, protocol, &words, true).await {
        Seen::Refuses | Seen::Answers { unasked: 0 } => Reaction::Sound,
        Seen::Unclear(why) => Reaction::not_determined(why),
        // What was injected went where TLS should be, if TLS works without it.
        Seen::BreaksOff => match attempt(host, protocol, &words, false).await {
            Seen::Answers { .. } => Reaction::Sound,
            _ => Reaction::not_determined("no handshake could be completed"),
        },
        Seen::Answers { unasked } => {
            let again = attempt(host, protocol, &words, true).await;
            let without = attempt(host, protocol, &words, false).await;
            match (again, without) {
                (Seen::Answers { unasked: again }, Seen::Answers { unasked: 0 }) if again == unasked => {
                    let evidence = Evidence::from([
                        ("protocol", protocol.name().into()),
                        ("injected", words.injected.trim_end().into()),
                        ("answers", i64::try_from(unasked).unwrap_or(i64::MAX).into()),
                    ]);
                    return opening::probe(NAME, Reaction::Weak, evidence);
                }
                _ => Reaction::not_determined(
                    "it answered what was injected once, but not each time and only then",
                ),
            }
        }
    };
    opening::without_evidence(NAME, reaction)
}

/// What a server did.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// It said no to the command with something behind it.
    Refuses,
    /// It broke the handshake off.
    BreaksOff,
    /// It answered the farewell inside TLS, and so many other things.
    Answers {
        unasked: usize,
    },
    Unclear(&'static str),
}

/// One connection, with something injected or without.
async fn attempt(host: &Host<'_>, protocol: StartTls, words: &Words, injects: bool) -> Seen {
    let connector = host.connector();
    host.count(Purpose::Weaknesses);
    let Ok((permit, link)) = connector.dial().await else {
        return Seen::Unclear("no connection could be made");
    };
    let extra = if injects { words.injected } else { "" };
    let mut dialogue =
        Injecting { inner: connector.dialogue(protocol), extra, was_sent: false, took_it_for_tls: false };
    let upgraded = connector.upgrade(protocol, &mut dialogue, permit, link, &AtomicBool::new(false)).await;
    let (permit, link) = match upgraded {
        Ok(upgraded) => upgraded,
        Err(no_way) if !dialogue.was_sent => {
            return match no_way.failure.reason {
                Reason::Throttled => Seen::Unclear("the server asks to come back later"),
                _ => Seen::Unclear("there was no way to TLS"),
            };
        }
        Err(no_way) => {
            return match no_way.failure.reason {
                Reason::Refused => Seen::Refuses,
                Reason::Injected if dialogue.took_it_for_tls => Seen::BreaksOff,
                Reason::Injected => Seen::Unclear("it answered what was injected before TLS"),
                _ => Seen::Unclear("it broke off before TLS"),
            };
        }
    };
    let seen = if dialogue.was_sent {
        inside(host, &link, words).await
    } else {
        Seen::Unclear("the command for the upgrade was not seen")
    };
    connector.account(&permit, false, None);
    seen
}

/// Completes the handshake, says farewell, and counts the answers.
async fn inside(host: &Host<'_>, link: &Link, words: &Words) -> Seen {
    let connector = host.connector();
    let address = connector.address().ip();
    let Ok(session) = connector.prober().standard.plain_session(address, host.server_name()) else {
        return Seen::Unclear("this name cannot be asked for");
    };
    let mut talk = InsideTls::new(link, session);
    match timeout_at(connector.handshake_deadline(), talk.shake_hands()).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => return Seen::BreaksOff,
        Err(_) => return Seen::Unclear("the handshake did not end in time"),
    }
    let mut said = Vec::new();
    // What came until the end of the time counts as well.
    let farewell = talk.converse(words.farewell, &mut said, |said| said.len() >= MOST_SAID);
    let _ = timeout_at(connector.handshake_deadline(), farewell).await;
    match unasked(&said, words.mark) {
        Some(unasked) => Seen::Answers { unasked },
        None => Seen::Unclear("it said nothing inside TLS"),
    }
}

/// Answers beyond the one to the farewell; `None` where not even that one came.
fn unasked(said: &[u8], mark: Option<&[u8]>) -> Option<usize> {
    let lines = said.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    match mark {
        Some(mark) => {
            let has_mark = |line: &&[u8]| line.windows(mark.len()).any(|part| part == mark);
            (!said.is_empty()).then(|| lines.filter(has_mark).count())
        }
        None => lines.filter(|line| is_answer(line)).count().checked_sub(1),
    }
}

/// The last line of an answer: three digits without a hyphen behind them, or POP3's.
fn is_answer(line: &[u8]) -> bool {
    match line {
        [a, b, c, rest @ ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => {
            rest.first() != Some(&b'-')
        }
        _ => line.starts_with(b"+OK") || line.starts_with(b"-ERR"),
    }
}

/// A dialogue that says more than it should.
#[derive(Debug)]
struct Injecting {
    inner: Box<dyn Dialogue>,
    extra: &'static str,
    /// The command that leads to TLS is out.
    was_sent: bool,
    /// An alert of TLS came back, or words to that effect: what was injected went where the ClientHello should.
    took_it_for_tls: bool,
}

impl Dialogue for Injecting {
    fn open(&mut self) -> Vec<u8> {
        self.inner.open()
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<UpgradeStep, UpgradeError> {
        let step = self.inner.feed(bytes).inspect_err(|error| {
            let is_alert = |part: &[u8]| matches!(part, [21, 3, 0..=4, 0, 2]);
            // vsftpd says what its library says, in clear: "500 OOPS: error:…:SSL routines::wrong version number".
            let is_told = matches!(error, UpgradeError::Injected(words) if words.raw().contains("SSL"));
            self.took_it_for_tls = self.was_sent && (is_told || bytes.windows(5).any(is_alert));
        })?;
        let UpgradeStep::Send(mut command) = step else { return Ok(step) };
        let leads_to_tls =
            UPGRADES.iter().any(|upgrade| command.windows(upgrade.len()).any(|part| part == *upgrade));
        if leads_to_tls {
            self.was_sent = true;
            command.extend(self.extra.as_bytes());
        }
        Ok(UpgradeStep::Send(command))
    }
}

#[cfg(test)]
mod tests;
