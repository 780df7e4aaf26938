//! What A+ asks for beyond an A: strict transport security for half a year, a guard against downgrades, and no doubt.

use super::Sheet;
use crate::assess::words;
use crate::model::{Hsts, Letter};
use crate::tls::ProtocolVersion;

/// Half a year, as the programs that follow the guide count it: 180 days.
const LEAST_HSTS_SECONDS: u64 = 180 * 86_400;

pub(super) fn judge(sheet: &mut Sheet<'_>) {
    hsts(sheet);
    fallback(sheet);
    let mut open: Vec<String> = sheet
        .grade
        .not_tested
        .iter()
        .filter(|open| !open.could_be.is_about_trust() && !open.prevents_grade)
        .map(|open| open.what.to_owned())
        .collect();
    open.sort();
    open.dedup();
    if !open.is_empty() {
        sheet.cap_inferred(Letter::A, "in_doubt", format!("could not be told: {}", words::listed(&open)));
    }
}

fn hsts(sheet: &mut Sheet<'_>) {
    const RULE: &str = "hsts";
    if sheet.view.observation.endpoint.starttls.is_some() {
        sheet.grade.notes.push(
            "The guide is about web servers. testssl.sh gives T to whatever is upgraded to TLS, which is not done here.",
        );
        sheet.cap(Letter::A, RULE, "A+ is for web servers with strict transport security (HSTS)");
        return;
    }
    match sheet.inspection.hsts {
        Some(Hsts::Policy { max_age_seconds, .. }) if max_age_seconds >= LEAST_HSTS_SECONDS => {}
        Some(Hsts::Policy { max_age_seconds, .. }) => {
            let days = max_age_seconds / 86_400;
            sheet.cap(Letter::A, RULE, format!("HSTS lasts {days} d, less than half a year (180 d)"));
        }
        Some(Hsts::Invalid) => sheet.cap(Letter::A, RULE, "the HSTS header breaks its grammar (RFC 6797)"),
        Some(Hsts::Absent) => sheet.cap(Letter::A, RULE, "HSTS is not offered"),
        None => sheet.cap(Letter::A, RULE, "HSTS was not seen: it takes a name and an answer by HTTP"),
    }
}

fn fallback(sheet: &mut Sheet<'_>) {
    const RULE: &str = "fallback_scsv";
    let spoken = sheet.offered().filter(|facts| facts.version >= ProtocolVersion::SSLv3).count();
    if spoken < 2 {
        if sheet.offers(ProtocolVersion::TLSv1_3) {
            sheet.grade.notes.push(
                "TLS 1.3 is the only version: there is nothing to fall back to, and TLS_FALLBACK_SCSV is not asked for. \
                 SSL Labs itself cannot test it and gives no more than A.",
            );
        }
        return;
    }
    match sheet.inspection.features.fallback_scsv {
        Some(true) => {}
        Some(false) => sheet.cap(Letter::A, RULE, "downgrades are not refused (TLS_FALLBACK_SCSV, RFC 7507)"),
        None => {
            sheet.in_doubt(RULE, Letter::A, "it could not be told whether downgrades are refused (RFC 7507)")
        }
    }
}
