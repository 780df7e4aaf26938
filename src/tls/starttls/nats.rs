//! NATS: the server's first line, `INFO {…}`, says whether TLS is required or possible; the client then starts it
//! without a word. Servers told to shake hands first (`handshake_first`, since 2.10) say nothing before TLS: they are
//! met by direct TLS, not here.

use super::UpgradeError;
use super::inbox::{Inbox, begins, refusal, starts};
use super::talk::{Script, Turn};

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Nats;

impl Script for Nats {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        inbox.check_start("NATS", |said| begins(said, &["INFO {", "INFO\t{", "INFO  ", "-ERR "]))?;
        let Some(line) = inbox.line() else { return Ok(Turn::Wait) };
        if starts(&line, "-ERR") {
            return Err(refusal(&line));
        }
        let Some(start) = line.iter().position(|byte| *byte == b'{') else {
            return Err(UpgradeError::Malformed("INFO without an object"));
        };
        let object = line.get(start..).unwrap_or_default();
        let is_offered =
            ["tls_required", "tls_available", "tls_verify"].iter().any(|key| is_true(object, key));
        if is_offered { Ok(Turn::READY) } else { Err(UpgradeError::NotOffered) }
    }
}

/// Whether an object of JSON has this key, itself and not deeper, with the value `true`. Reads brackets and strings,
/// nothing else.
fn is_true(object: &[u8], key: &str) -> bool {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = object.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let rest = object.get(at..).unwrap_or_default();
                let length = string_length(rest);
                at += length + 1;
                let value = object.get(at..).unwrap_or_default().trim_ascii_start();
                if depth == 1
                    && rest.get(..length) == Some(key.as_bytes())
                    && value.strip_prefix(b":").is_some_and(|v| v.trim_ascii_start().starts_with(b"true"))
                {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Bytes up to the quote that ends a string.
fn string_length(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = text.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.unwrap_or(text.len())
}
