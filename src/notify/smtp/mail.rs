//! One mail as bytes: RFC 5322 headers and a MIME body of two parts (RFC 2046 section 5.1.4).
//! Invariant: equal mails are equal bytes, and no text can begin a header of its own or a line above 998 bytes.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use super::MailError;
use super::error::said;
use crate::text::mail_header;
use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// The last second that a `Date` header can say: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// Characters kept of a header that people read.
const LONGEST_HEADER: usize = 300;

/// Characters of a Message-ID; with its header's name it must fit one line.
const LONGEST_ID: usize = 250;

/// A mail to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// `left@right`, with or without angle brackets; so are the other ids.
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    /// `Name <address>` or an address.
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub date: UnixTime,
    /// RFC 2919: `certvigil.example.com`, or `Name <certvigil.example.com>`.
    pub list_id: String,
    /// The value of `X-Certvigil-Key`.
    pub alert_key: String,
}

/// Sender and recipient as the server is told them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub(super) from: Address,
    pub(super) to: Address,
}

impl Envelope {
    /// The addresses of a mail.
    ///
    /// # Errors
    /// [`MailError::Address`] if one of them is none.
    pub fn of(mail: &Mail) -> Result<Self, MailError> {
        Ok(Self { from: mailbox(&mail.from)?.email, to: mailbox(&mail.to)?.email })
    }

    /// Whether the server has to know SMTPUTF8 (RFC 6531): a local part is not ASCII.
    pub(super) fn needs_smtputf8(&self) -> bool {
        !self.from.user().is_ascii() || !self.to.user().is_ascii()
    }
}

impl Mail {
    /// The whole message, with CR LF at the end of each line.
    ///
    /// # Errors
    /// [`MailError`] if an address or a Message-ID is none.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MailError> {
        let id = message_id(&self.message_id)?;
        let seconds = u64::try_from(self.date.0.clamp(0, LAST_SECOND)).unwrap_or_default();
        let mut builder = lettre::Message::builder()
            .from(mailbox(&self.from)?)
            .to(mailbox(&self.to)?)
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(id.clone()));
        if let Some(parent) = &self.in_reply_to {
            builder = builder.in_reply_to(message_id(parent)?);
        }
        if !self.references.is_empty() {
            let ids: Vec<String> =
                self.references.iter().map(|id| message_id(id)).collect::<Result<_, _>>()?;
            builder = builder.references(ids.join(" "));
        }
        let message = builder
            .subject(header_text(&self.subject))
            .raw_header(header("List-Id", list_id(&self.list_id)))
            // RFC 3834 section 5: no vacation notice answers it.
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .raw_header(header("X-Auto-Response-Suppress", "All".to_owned()))
            .raw_header(header("X-Certvigil-Key", header_text(&self.alert_key)))
            .multipart(
                MultiPart::alternative()
                    .boundary(boundary(&id))
                    .singlepart(part(ContentType::TEXT_PLAIN, &self.text))
                    .singlepart(part(ContentType::TEXT_HTML, &self.html)),
            );
        Ok(message.map_err(|error| MailError::Message { reason: error.to_string() })?.formatted())
    }
}

/// Quoted-printable always: what it lets through is the same for every text, and no line is long.
fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text.to_owned())
}

/// Follows from the Message-ID. Quoted-printable writes `=` as `=3D`, so that `=_` never stands in a part.
fn boundary(id: &str) -> String {
    let digits: String = Fingerprint::of(id.as_bytes()).to_string().chars().take(32).collect();
    format!("=_{digits}")
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// Text for a header that people read.
fn header_text(text: &str) -> String {
    mail_header(text, LONGEST_HEADER)
}

fn list_id(text: &str) -> String {
    let text = header_text(text);
    if text.ends_with('>') { text } else { format!("<{text}>") }
}

/// `<left@right>` (RFC 5322 section 3.6.4).
fn message_id(text: &str) -> Result<String, MailError> {
    let bare = text.trim();
    let bare = bare.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(bare);
    let is_plain = bare.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    match bare.split_once('@') {
        Some((left, right))
            if is_plain
                && !left.is_empty()
                && !right.is_empty()
                && !right.contains('@')
                && bare.len() <= LONGEST_ID =>
        {
            Ok(format!("<{bare}>"))
        }
        _ => Err(MailError::Message { reason: format!("`{}` is no Message-ID", said(text)) }),
    }
}

/// Reads `Name <address>` or an address; the domain becomes A-labels.
fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    let fault = |reason: &str| MailError::Address { address: said(text), reason: reason.to_owned() };
    let trimmed = text.trim();
    let (name, address) = match trimmed.strip_suffix('>') {
        Some(inside) => inside.rsplit_once('<').ok_or_else(|| fault("`<` is missing"))?,
        None => ("", trimmed),
    };
    let (user, domain) = address.rsplit_once('@').ok_or_else(|| fault("no mail address: `@` is missing"))?;
    let domain = if domain.starts_with('[') {
        domain.to_owned()
    } else {
        idna::domain_to_ascii_strict(domain).map_err(|_| fault("the part after `@` is no domain"))?
    };
    let address = Address::new(user, domain).map_err(|error| fault(&error.to_string()))?;
    let name = header_text(name.trim().trim_matches('"'));
    Ok(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address))
}
