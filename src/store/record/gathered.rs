//! What was gathered beside a handshake. All of it stands aside: it has times of its own, and does not count for
//! sameness, but for certificates that are revoked.

use super::codes::Code;
use super::{Decoder, StoreError, put_list, put_option, put_text, put_time};
use crate::model::{Doubt, DoubtKind, Gathered, RevocationCheck, RevocationMethod, RevocationStatus};
use crate::text::Untrusted;
use crate::x509::{Fingerprint, Revoked};

const GOOD: u8 = 0;
const REVOKED: u8 = 1;
const NOT_DETERMINED: u8 = 2;

pub(super) fn put_gathered(out: &mut Vec<u8>, gathered: &Gathered) {
    put_list(out, &gathered.revocation, |out, check| {
        let RevocationCheck { certificate, method, status, this_update, next_update, checked_at } = check;
        out.extend_from_slice(&certificate.0);
        put_option(out, *method, |out, method| out.push(method.code()));
        match status {
            RevocationStatus::Good => out.push(GOOD),
            RevocationStatus::Revoked(revoked) => {
                out.push(REVOKED);
                put_revoked(out, *revoked);
            }
            RevocationStatus::NotDetermined(doubt) => {
                out.push(NOT_DETERMINED);
                out.push(doubt.kind.code());
                put_text(out, doubt.detail.raw());
            }
        }
        put_option(out, *this_update, put_time);
        put_option(out, *next_update, put_time);
        put_time(out, *checked_at);
    });
}

fn put_revoked(out: &mut Vec<u8>, revoked: Revoked) {
    put_option(out, revoked.at, put_time);
    put_option(out, revoked.reason, |out, reason| out.push(reason));
}

pub(super) fn decode_gathered(decoder: &mut Decoder<'_>) -> Result<Gathered, StoreError> {
    let revocation = decoder.list(|decoder| {
        let certificate = Fingerprint(decoder.array()?);
        let method: Option<RevocationMethod> = decoder.option(Decoder::code)?;
        let status = match decoder.byte()? {
            GOOD => RevocationStatus::Good,
            REVOKED => RevocationStatus::Revoked(Revoked {
                at: decoder.option(Decoder::time)?,
                reason: decoder.option(Decoder::byte)?,
            }),
            NOT_DETERMINED => {
                let kind: DoubtKind = decoder.code()?;
                RevocationStatus::NotDetermined(Doubt { kind, detail: Untrusted::new(decoder.text()?) })
            }
            _ => return Err(decoder.corrupt()),
        };
        Ok(RevocationCheck {
            certificate,
            method,
            status,
            this_update: decoder.option(Decoder::time)?,
            next_update: decoder.option(Decoder::time)?,
            checked_at: decoder.time()?,
        })
    })?;
    Ok(Gathered { stapled: None, revocation })
}

/// The part that counts for sameness: which certificates are revoked, and why. Nothing where none is.
pub(super) fn put_essence(out: &mut Vec<u8>, gathered: &Gathered) {
    for check in &gathered.revocation {
        if let RevocationStatus::Revoked(revoked) = &check.status {
            out.extend_from_slice(&check.certificate.0);
            put_revoked(out, *revoked);
        }
    }
}
