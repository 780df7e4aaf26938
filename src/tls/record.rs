//! Records (RFC 8446 section 5.1) and alerts. Never decrypts.

use super::{AlertDescription, banner};

/// Content of a record up to TLS 1.2, with the room older versions' compression and padding had.
const MAX_BODY: usize = 16_384 + 2_048;

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;

/// What stands at the front of the bytes.
#[derive(Debug)]
pub(super) enum Front<'a> {
    /// Not all of a record yet.
    Partial(&'a mut [u8]),
    Record {
        header: [u8; 5],
        body: &'a mut [u8],
        rest: &'a mut [u8],
    },
    /// Not a record.
    Foreign(&'a [u8]),
    TooLong,
}

/// Splits a record off the front.
pub(super) fn split(bytes: &mut [u8]) -> Front<'_> {
    if !banner::may_be_tls(bytes) {
        return Front::Foreign(bytes);
    }
    let Some(&header) = bytes.first_chunk::<5>() else { return Front::Partial(bytes) };
    let [_, _, _, high, low] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_BODY {
        return Front::TooLong;
    }
    if bytes.len() < 5 + length {
        return Front::Partial(bytes);
    }
    let (record, rest) = bytes.split_at_mut(5 + length);
    Front::Record { header, body: record.get_mut(5..).unwrap_or_default(), rest }
}

/// An alert that ends the flight; `Ok` for warnings, which do not (RFC 5246 section 7.2; a server that does not
/// know the name warns and goes on, RFC 6066 section 3). `Err(None)` where it does not decode.
pub(super) fn alert(body: &[u8]) -> Result<(), Option<AlertDescription>> {
    const WARNING: u8 = 1;
    match *body {
        [level, description] => {
            let description = AlertDescription(description);
            if level == WARNING && description != AlertDescription::close_notify {
                Ok(())
            } else {
                Err(Some(description))
            }
        }
        _ => Err(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_split_off_when_whole() {
        assert!(matches!(split(&mut []), Front::Partial(_)));
        assert!(matches!(split(&mut [22, 3, 3, 0]), Front::Partial(_)));
        assert!(matches!(split(&mut [22, 3, 3, 0, 2, 1]), Front::Partial(_)));
        assert!(matches!(
            split(&mut [22, 3, 3, 0, 1, 7, 21]),
            Front::Record { header: [22, 3, 3, 0, 1], body: [7], rest: [21] }
        ));
    }

    #[test]
    fn an_overlong_record_is_refused_by_its_header() {
        assert!(matches!(split(&mut [22, 3, 3, 0x48, 1]), Front::TooLong));
        assert!(matches!(split(&mut [22, 3, 3, 0x48, 0]), Front::Partial(_)));
    }

    #[test]
    fn only_fatal_alerts_and_close_notify_end_a_flight() {
        assert_eq!(alert(&[1, 112]), Ok(()));
        assert_eq!(alert(&[2, 40]), Err(Some(AlertDescription::handshake_failure)));
        assert_eq!(alert(&[1, 0]), Err(Some(AlertDescription::close_notify)));
        assert_eq!(alert(&[2]), Err(None));
    }
}
