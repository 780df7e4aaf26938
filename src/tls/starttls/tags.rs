//! Tags of an XML stream, as far as XMPP needs them (RFC 6120 section 11): no entities, no document type, no comments,
//! which XMPP forbids. Text between tags is passed over. Not a parser of XML.

use super::UpgradeError;
use super::inbox::Inbox;

/// What stands between two angle brackets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) kind: Kind,
    /// Without its prefix.
    pub(super) name: Vec<u8>,
}

/// How it opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    End,
    /// `<name/>`
    Empty,
    /// `<?xml …?>`
    Declaration,
}

/// The next tag, together with the text before it; `None` until it is whole.
///
/// # Errors
/// On what XMPP forbids (section 11.1), and on tags without a name.
pub(super) fn next(inbox: &mut Inbox) -> Result<Option<Tag>, UpgradeError> {
    let rest = inbox.rest();
    let Some(start) = rest.iter().position(|byte| *byte == b'<') else { return Ok(None) };
    let inside = rest.get(start + 1..).unwrap_or_default();
    if inside.first() == Some(&b'!') {
        return Err(UpgradeError::Malformed("a comment, a section or a document type in XMPP"));
    }
    let Some(length) = length(inside) else { return Ok(None) };
    let tag = read(inside.get(..length).unwrap_or_default())
        .ok_or(UpgradeError::Malformed("a tag without a name"))?;
    inbox.take(start + 1 + length + 1);
    Ok(Some(tag))
}

/// Bytes up to the bracket that closes; brackets inside quotes do not.
fn length(inside: &[u8]) -> Option<usize> {
    let mut quote = None;
    inside.iter().position(|byte| match (quote, byte) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(*byte);
            false
        }
        (Some(open), byte) if open == *byte => {
            quote = None;
            false
        }
        _ => false,
    })
}

fn read(inside: &[u8]) -> Option<Tag> {
    let (kind, inside) = match inside {
        [b'/', name @ ..] => (Kind::End, name),
        [b'?', name @ ..] => (Kind::Declaration, name),
        [name @ .., b'/'] => (Kind::Empty, name),
        name => (Kind::Start, name),
    };
    let name = inside.split(u8::is_ascii_whitespace).next()?;
    let local = name.rsplit(|byte| *byte == b':').next()?;
    (!local.is_empty()).then(|| Tag { kind, name: local.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<(Kind, String)> {
        let mut inbox = Inbox::new(1024);
        inbox.push(text.as_bytes());
        let mut tags = Vec::new();
        while let Some(tag) = next(&mut inbox).unwrap() {
            tags.push((tag.kind, String::from_utf8(tag.name).unwrap()));
        }
        tags
    }

    #[test]
    fn tags_are_told_from_text_and_attributes() {
        let text = "<?xml version='1.0'?>\n<stream:stream id='a>b' to=\"'>'\">text<a/><b c='d' />e</f:b><g";
        let expected = [
            (Kind::Declaration, "xml"),
            (Kind::Start, "stream"),
            (Kind::Empty, "a"),
            (Kind::Empty, "b"),
            (Kind::End, "b"),
        ];
        assert_eq!(tags(text), expected.map(|(kind, name)| (kind, name.to_owned())));
    }

    #[test]
    fn what_xmpp_forbids_is_an_error() {
        for text in ["<!DOCTYPE x [", "<!-- a", "<![CDATA[", "<>", "< a>", "</>", "<:>"] {
            let mut inbox = Inbox::new(1024);
            inbox.push(text.as_bytes());
            assert!(matches!(next(&mut inbox), Err(UpgradeError::Malformed(_))), "{text}");
        }
    }
}
