//! How a certificate is encoded: what no inventory keeps and a lint asks for. Read from the DER when asked, because every
//! kept certificate would carry it. Never fails: what cannot be told is `None`, or makes the list of extensions incomplete.

use super::certificate::Certificate;
use super::der::{DerError, Element, Reader, only, tag};
use super::oid;

/// What the encoding of a certificate says (RFC 5280 section 4.1).
#[derive(Debug, Clone, Default)]
pub struct Encoding<'a> {
    /// The signature algorithm inside differs from the one outside (section 4.1.1.2).
    pub algorithms_differ: Option<bool>,
    pub not_before: Option<TimeForm>,
    pub not_after: Option<TimeForm>,
    pub extensions: Extensions<'a>,
}

/// The two forms of a time (section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeForm {
    Utc,
    Generalized,
}

/// Extensions that a lint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionKind {
    KeyUsage,
    SubjectAltName,
    CrlDistributionPoints,
    CertificatePolicies,
    AuthorityKeyIdentifier,
    ExtendedKeyUsage,
    AuthorityInfoAccess,
    /// RFC 6962 section 3.3.
    SctList,
    /// The mark of a precertificate (RFC 6962 section 3.1).
    Poison,
}

/// The list of extensions, by what stands in it.
#[derive(Debug, Clone, Default)]
pub struct Extensions<'a> {
    /// How many there are; those behind a broken one are not counted.
    pub count: usize,
    /// The first that stands there twice, dotted.
    pub duplicate: Option<String>,
    /// All of the list was read: what was not seen is not there.
    pub is_complete: bool,
    present: u16,
    san: Option<&'a [u8]>,
}

impl Extensions<'_> {
    /// Extensions looked at; the rest of a longer list is only counted.
    pub const MAX_READ: usize = 128;

    /// It stands there, whatever it says.
    pub fn has(&self, kind: ExtensionKind) -> bool {
        self.present & bit(kind) != 0
    }

    /// It does not stand there, and all of the list was read.
    pub fn lacks(&self, kind: ExtensionKind) -> bool {
        self.is_complete && !self.has(kind)
    }

    /// Subject alternative names of every kind, counted without being read.
    pub fn count_names(&self) -> usize {
        let Some(Ok(names)) = self.san.map(|value| only(value, tag::SEQUENCE)) else { return 0 };
        let mut names = names.reader();
        std::iter::from_fn(|| names.any().ok()).count()
    }
}

impl Certificate {
    /// Looks at the encoding.
    pub fn encoding(&self) -> Encoding<'_> {
        let mut encoding = Encoding::default();
        // What was read before something broke is kept.
        let _ = read_outer(&self.der, &mut encoding);
        encoding
    }
}

fn read_outer<'a>(der: &'a [u8], encoding: &mut Encoding<'a>) -> Result<(), DerError> {
    let mut fields = Reader::new(der).expect(tag::SEQUENCE)?.reader();
    let inner = read_tbs(fields.expect(tag::SEQUENCE)?.reader(), encoding)?;
    let outer = fields.expect(tag::SEQUENCE)?;
    encoding.algorithms_differ = Some(inner.whole != outer.whole);
    Ok(())
}

/// Returns the `signature` field. The fields before the extensions stand in one order (section 4.1).
fn read_tbs<'a>(mut fields: Reader<'a>, encoding: &mut Encoding<'a>) -> Result<Element<'a>, DerError> {
    const EXTENSIONS: u8 = tag::context_constructed(3);
    fields.optional(tag::context_constructed(0))?;
    fields.expect(tag::INTEGER)?;
    let signature = fields.expect(tag::SEQUENCE)?;
    let _issuer = fields.any()?;
    let mut times = fields.expect(tag::SEQUENCE)?.reader();
    encoding.not_before = times.any().ok().and_then(time_form);
    encoding.not_after = times.any().ok().and_then(time_form);
    let _subject = fields.any()?;
    let _key = fields.any()?;
    encoding.extensions.is_complete = true;
    while !fields.is_empty() {
        let Ok(field) = fields.any() else {
            encoding.extensions.is_complete = false;
            return Err(DerError::Missing);
        };
        if field.tag == EXTENSIONS {
            encoding.extensions.is_complete = read_list(field, &mut encoding.extensions).is_ok();
        }
    }
    Ok(signature)
}

fn time_form(time: Element<'_>) -> Option<TimeForm> {
    match time.tag {
        tag::UTC_TIME => Some(TimeForm::Utc),
        tag::GENERALIZED_TIME => Some(TimeForm::Generalized),
        _ => None,
    }
}

/// An error means that not all of the list could be read.
fn read_list<'a>(field: Element<'a>, extensions: &mut Extensions<'a>) -> Result<(), DerError> {
    let mut list = only(field.content, tag::SEQUENCE)?.reader();
    let mut seen: Vec<&[u8]> = Vec::with_capacity(16);
    let mut result = Ok(());
    while !list.is_empty() {
        let extension = list.any()?;
        extensions.count += 1;
        if extensions.count > Extensions::MAX_READ {
            result = Err(DerError::Length);
            continue;
        }
        let mut parts = extension.reader();
        let Ok(id) = parts.expect(tag::OID) else {
            result = Err(DerError::Missing);
            continue;
        };
        if seen.contains(&id.content) {
            extensions.duplicate.get_or_insert_with(|| oid::dotted(id.content));
            continue;
        }
        seen.push(id.content);
        let Some(kind) = kind(id.content) else { continue };
        extensions.present |= bit(kind);
        if kind == ExtensionKind::SubjectAltName {
            extensions.san = parts.any().and_then(|part| value(part, &mut parts)).ok();
        }
    }
    result
}

/// The value, which follows the criticality where that is not left out.
fn value<'a>(part: Element<'a>, parts: &mut Reader<'a>) -> Result<&'a [u8], DerError> {
    let value = if part.tag == tag::BOOLEAN { parts.any()? } else { part };
    Ok(value.content)
}

fn bit(kind: ExtensionKind) -> u16 {
    1 << match kind {
        ExtensionKind::KeyUsage => 0,
        ExtensionKind::SubjectAltName => 1,
        ExtensionKind::CrlDistributionPoints => 2,
        ExtensionKind::CertificatePolicies => 3,
        ExtensionKind::AuthorityKeyIdentifier => 4,
        ExtensionKind::ExtendedKeyUsage => 5,
        ExtensionKind::AuthorityInfoAccess => 6,
        ExtensionKind::SctList => 7,
        ExtensionKind::Poison => 8,
    }
}

/// By the identifier's content octets.
fn kind(oid: &[u8]) -> Option<ExtensionKind> {
    Some(match oid {
        [0x55, 0x1d, 15] => ExtensionKind::KeyUsage,
        [0x55, 0x1d, 17] => ExtensionKind::SubjectAltName,
        [0x55, 0x1d, 31] => ExtensionKind::CrlDistributionPoints,
        [0x55, 0x1d, 32] => ExtensionKind::CertificatePolicies,
        [0x55, 0x1d, 35] => ExtensionKind::AuthorityKeyIdentifier,
        [0x55, 0x1d, 37] => ExtensionKind::ExtendedKeyUsage,
        // id-pe, 1.3.6.1.5.5.7.1
        [0x2b, 6, 1, 5, 5, 7, 1, 1] => ExtensionKind::AuthorityInfoAccess,
        // 1.3.6.1.4.1.11129.2.4
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2] => ExtensionKind::SctList,
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3] => ExtensionKind::Poison,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::{Draft, GENERALIZED_TIME, Numbers, element, extension};

    const SAN: &[u8] = &[0x55, 0x1d, 17];

    #[test]
    fn forms_and_presence_are_read() {
        let mut draft = Draft {
            not_after: element(GENERALIZED_TIME, b"20500101000000Z"),
            extensions: vec![extension(SAN, element(tag::SEQUENCE, element(0x82, b"a.example")))],
            ..Draft::default()
        };
        let certificate = draft.read();
        let encoding = certificate.encoding();
        assert_eq!(encoding.algorithms_differ, Some(false));
        assert_eq!(
            (encoding.not_before, encoding.not_after),
            (Some(TimeForm::Utc), Some(TimeForm::Generalized))
        );
        assert!(encoding.extensions.has(ExtensionKind::SubjectAltName));
        assert!(encoding.extensions.lacks(ExtensionKind::KeyUsage));
        assert_eq!((encoding.extensions.count, encoding.extensions.count_names()), (1, 1));
        draft.extensions.push(draft.extensions[0].clone());
        let certificate = draft.read();
        assert_eq!(certificate.encoding().extensions.duplicate.as_deref(), Some("2.5.29.17"));
    }

    #[test]
    fn a_list_that_was_not_read_to_its_end_lacks_nothing() {
        let broken = Draft { extensions: vec![vec![0x30, 5, 6]], ..Draft::default() }.read();
        assert!(!broken.encoding().extensions.lacks(ExtensionKind::KeyUsage));
        let long = Draft {
            extensions: (0..200_u8).map(|n| extension(&[0x2a, n & 0x7f, n >> 7], [])).collect(),
            ..Draft::default()
        };
        let long = long.read();
        let extensions = long.encoding().extensions;
        assert_eq!((extensions.count, extensions.is_complete), (200, false));
        assert!(!extensions.lacks(ExtensionKind::KeyUsage));
        let none = Draft::default().read();
        assert!(none.encoding().extensions.lacks(ExtensionKind::KeyUsage));
    }

    #[test]
    fn hostile_encodings_are_survived() {
        let der = Draft { extensions: vec![extension(SAN, [0x30, 0])], ..Draft::default() }.der();
        let mut numbers = Numbers(7);
        for _ in 0..2_000 {
            let certificate = crate::x509::read(&numbers.mutant(&der));
            let _ = certificate.encoding().extensions.count_names();
        }
    }
}
