//! Subject alternative names of all kinds (RFC 5280 section 4.2.1.6), and the URLs of other extensions.

use std::net::IpAddr;

use super::certificate::SubjectAltName;
use super::der::{DerError, Element, Reader, only, tag};
use super::names::{read_name, string};
use super::oid;
use crate::text::Untrusted;

/// Octets of an unknown form that are shown in hexadecimal; the DER keeps them all.
const MAX_SHOWN_OCTETS: usize = 256;

/// Reads the extension's value. What can be read is kept; the error says what could not.
pub(super) fn read_san(value: &[u8]) -> (SubjectAltName, Option<String>) {
    let mut san = SubjectAltName::default();
    let error = match only(value, tag::SEQUENCE) {
        Ok(names) => read_names(names.reader(), &mut san).err(),
        Err(error) => Some(error.to_string()),
    };
    (san, error)
}

fn read_names(mut names: Reader<'_>, san: &mut SubjectAltName) -> Result<(), String> {
    let mut count = 0;
    let mut first_error = None;
    while !names.is_empty() {
        if count == SubjectAltName::MAX_NAMES {
            san.truncated = true;
            break;
        }
        count += 1;
        let name = names.any().map_err(|error| error.to_string())?;
        if let Err(error) = read_general_name(name, san) {
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// Sorts one GeneralName into its list.
fn read_general_name(name: Element<'_>, san: &mut SubjectAltName) -> Result<(), String> {
    match name.tag {
        OTHER_NAME => san.other.push(other_name(name)),
        RFC822_NAME => san.email.push(Untrusted::from_bytes(name.content)),
        DNS_NAME => san.dns.push(Untrusted::from_bytes(name.content)),
        X400_ADDRESS => san.other.push(labelled("x400Address", name)),
        DIRECTORY_NAME => {
            let read =
                name.reader().any().map(read_name).map_err(|error| format!("directoryName: {error}"))?;
            san.other.push(format!("directoryName:{}", read.name.text.raw()).into());
            if let Some(error) = read.error {
                return Err(format!("directoryName: {error}"));
            }
        }
        EDI_PARTY_NAME => san.other.push(labelled("ediPartyName", name)),
        URI => san.uri.push(Untrusted::from_bytes(name.content)),
        IP_ADDRESS => match ip_address(name.content) {
            Some(ip) => san.ip.push(ip),
            None => {
                san.other.push(labelled("iPAddress", name));
                return Err(format!("iPAddress of {} octets", name.content.len()));
            }
        },
        REGISTERED_ID => san.other.push(format!("registeredID:{}", oid::dotted(name.content)).into()),
        unknown => {
            san.other.push(labelled("unknown", name));
            return Err(format!("unknown kind of name, tag 0x{unknown:02x}"));
        }
    }
    Ok(())
}

const OTHER_NAME: u8 = tag::context_constructed(0);
const RFC822_NAME: u8 = tag::context(1);
const DNS_NAME: u8 = tag::context(2);
const X400_ADDRESS: u8 = tag::context_constructed(3);
const DIRECTORY_NAME: u8 = tag::context_constructed(4);
const EDI_PARTY_NAME: u8 = tag::context_constructed(5);
/// uniformResourceIdentifier.
pub(super) const URI: u8 = tag::context(6);
const IP_ADDRESS: u8 = tag::context(7);
const REGISTERED_ID: u8 = tag::context(8);

fn ip_address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// `otherName:<type>:<value>`, with a word for the types that are in wide use.
fn other_name(name: Element<'_>) -> Untrusted {
    match other_name_parts(name) {
        Ok((oid, value)) => {
            let kind = match oid.as_str() {
                "1.3.6.1.4.1.311.20.2.3" => "userPrincipalName",
                "1.3.6.1.5.5.7.8.5" => "xmppAddr",
                "1.3.6.1.5.5.7.8.7" => "SRVName",
                "1.3.6.1.5.5.7.8.9" => "smtpUTF8Mailbox",
                _ => &oid,
            };
            match string(value) {
                Some(text) => format!("otherName:{kind}:{}", text.raw()).into(),
                None => format!("otherName:{kind}:{}", shown(value.whole)).into(),
            }
        }
        Err(_) => labelled("otherName", name),
    }
}

fn other_name_parts(name: Element<'_>) -> Result<(String, Element<'_>), DerError> {
    let mut fields = name.reader();
    let oid = oid::dotted(fields.expect(tag::OID)?.content);
    let value = fields.expect(tag::context_constructed(0))?.reader().any()?;
    Ok((oid, value))
}

fn labelled(kind: &str, name: Element<'_>) -> Untrusted {
    format!("{kind}:{}", shown(name.content)).into()
}

fn shown(octets: &[u8]) -> String {
    match octets.get(..MAX_SHOWN_OCTETS) {
        Some(start) if octets.len() > MAX_SHOWN_OCTETS => format!("#{}…", oid::hex(start)),
        _ => format!("#{}", oid::hex(octets)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag, 0x82];
        bytes.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(content);
        bytes
    }

    fn san(names: &[Vec<u8>]) -> (SubjectAltName, Option<String>) {
        read_san(&element(tag::SEQUENCE, &names.concat()))
    }

    #[test]
    fn every_kind_of_name_is_read() {
        let upn = element(
            OTHER_NAME,
            &[
                element(tag::OID, &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3]),
                element(tag::context_constructed(0), &element(tag::UTF8_STRING, b"ann@ad.example")),
            ]
            .concat(),
        );
        let cn = element(
            tag::SEQUENCE,
            &element(
                tag::SET,
                &element(
                    tag::SEQUENCE,
                    &[element(tag::OID, &[0x55, 4, 3]), element(tag::UTF8_STRING, b"Ann")].concat(),
                ),
            ),
        );
        let (san, error) = san(&[
            element(DNS_NAME, b"a.example"),
            element(DNS_NAME, "bücher.example".as_bytes()),
            element(IP_ADDRESS, &[192, 0, 2, 1]),
            element(IP_ADDRESS, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            element(RFC822_NAME, b"ann@example.org"),
            element(URI, b"https://a.example/"),
            element(REGISTERED_ID, &[0x2a, 3, 4]),
            element(DIRECTORY_NAME, &cn),
            element(EDI_PARTY_NAME, &[1, 2]),
            upn,
        ]);
        assert_eq!(error, None);
        assert_eq!(san.dns.iter().map(Untrusted::raw).collect::<Vec<_>>(), ["a.example", "bücher.example"]);
        assert_eq!(san.ip.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(san.email[0].raw(), "ann@example.org");
        assert_eq!(san.uri[0].raw(), "https://a.example/");
        assert_eq!(
            san.other.iter().map(Untrusted::raw).collect::<Vec<_>>(),
            [
                "registeredID:1.2.3.4",
                "directoryName:CN=Ann",
                "ediPartyName:#0102",
                "otherName:userPrincipalName:ann@ad.example"
            ]
        );
    }

    #[test]
    fn a_broken_name_costs_only_itself() {
        let (san, error) = san(&[
            element(IP_ADDRESS, &[1, 2, 3]),
            element(0x04, b"?"),
            element(OTHER_NAME, b"?"),
            element(DIRECTORY_NAME, b""),
            element(DNS_NAME, b"kept.example"),
        ]);
        assert_eq!(san.dns[0].raw(), "kept.example");
        assert_eq!(
            san.other.iter().map(Untrusted::raw).collect::<Vec<_>>(),
            ["iPAddress:#010203", "unknown:#3f", "otherName:#3f"]
        );
        assert_eq!(error.as_deref(), Some("iPAddress of 3 octets"));
    }

    #[test]
    fn names_without_number_are_cut() {
        let (san, error) = san(&vec![element(DNS_NAME, b"a"); 5_001]);
        assert_eq!((san.dns.len(), san.truncated, error), (5_000, true, None));
    }

    #[test]
    fn a_long_unknown_name_is_shown_in_part() {
        let (san, _) = san(&[element(X400_ADDRESS, &[7; 1_000])]);
        assert!(san.other[0].raw().len() < 600 && san.other[0].raw().ends_with('…'));
    }
}
