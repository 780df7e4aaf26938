//! Points for the protocol: best and worst version, halved. Old versions cap the grade, the want of TLS 1.3 costs the A.

use super::{Halves, Sheet};
use crate::model::Letter;
use crate::tls::ProtocolVersion;

const SSL2: ProtocolVersion = ProtocolVersion::SSLv2;
const SSL3: ProtocolVersion = ProtocolVersion::SSLv3;
const TLS10: ProtocolVersion = ProtocolVersion::TLSv1_0;
const TLS11: ProtocolVersion = ProtocolVersion::TLSv1_1;
const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLSv1_3;

pub(super) fn judge(sheet: &mut Sheet<'_>) -> Halves {
    let is_known = ask_for_doubts(sheet);
    caps(sheet);
    let points = || sheet.offered().map(|facts| points(facts.version));
    let both = points().max()? + points().min()?;
    is_known.then_some(both)
}

/// Points for one version: 100 is the most.
fn points(version: ProtocolVersion) -> u32 {
    match version {
        SSL2 => 0,
        SSL3 => 80,
        TLS10 => 90,
        TLS11 => 95,
        _ => 100,
    }
}

/// Whether each version that counts is known to be spoken or not.
fn ask_for_doubts(sheet: &mut Sheet<'_>) -> bool {
    let mut is_known = true;
    for version in [SSL2, SSL3, TLS10, TLS11, TLS12, TLS13] {
        let facts = sheet.inspection.versions.iter().find(|facts| facts.version == version);
        if facts.is_some_and(|facts| facts.offered.is_some()) {
            continue;
        }
        let could_be = match version {
            SSL2 => Letter::F,
            SSL3 | TLS12 => Letter::C,
            TLS13 => Letter::AMinus,
            _ => Letter::B,
        };
        let reason = format!("it could not be told whether the server speaks {version}");
        if version == SSL2 {
            sheet.in_doubt("protocol", could_be, reason);
        } else {
            sheet.cannot_grade("protocol", could_be, reason);
            is_known = false;
        }
    }
    is_known
}

fn caps(sheet: &mut Sheet<'_>) {
    if sheet.offers(SSL2) {
        sheet.cap(Letter::F, "protocol.sslv2", "SSL 2 is offered: DROWN decrypts sessions of this key");
    }
    let Some(best) = sheet.offered().map(|facts| facts.version).max() else { return };
    if best == SSL3 {
        sheet.cap(Letter::F, "protocol.sslv3_best", "SSL 3 is the best version offered");
    }
    for (version, rule) in [(SSL3, "protocol.sslv3"), (TLS10, "protocol.tls10"), (TLS11, "protocol.tls11")] {
        if sheet.offers(version) {
            sheet.cap(Letter::B, rule, format!("{version} is offered"));
        }
    }
    if best < TLS12 {
        sheet.cap(Letter::C, "protocol.no_tls12", "neither TLS 1.2 nor TLS 1.3 is offered");
    }
    let refuses_tls13 =
        sheet.inspection.versions.iter().any(|facts| facts.version == TLS13 && facts.offered == Some(false));
    if refuses_tls13 {
        sheet.cap(Letter::AMinus, "protocol.no_tls13", "TLS 1.3 is not offered");
    }
}
