//! What the certificates do to the grade: T where no chosen store trusts, M for another name, F for a signature,
//! an exponent or a key that is worth nothing, B for an intermediate that is not served.

use super::Sheet;
use crate::assess::words;
use crate::model::finding::EvidenceValue;
use crate::model::{ChainVerdict, Letter, OfferedFor, Outcome, RevocationStatus, Rule, Verdict};

pub(super) fn judge(sheet: &mut Sheet<'_>) {
    let assessment = sheet.assessment;
    // What is served without a name belongs to nobody.
    let named = |offered_for: Option<OfferedFor>| offered_for != Some(OfferedFor::NoSni);
    for chain in assessment.chains.iter().filter(|chain| named(chain.offered_for)) {
        trust(sheet, chain);
        name(sheet, chain);
    }
    for verdict in assessment.verdicts.iter().filter(|verdict| named(verdict.offered_for)) {
        match verdict.rule {
            Rule::SignatureMd5 => sheet.cap(Letter::F, "certificate.md5", verdict.detail.clone()),
            Rule::RsaBadExponent => {
                sheet.cap_inferred(Letter::F, "certificate.exponent", verdict.detail.clone())
            }
            Rule::DebianWeak => sheet.cap(Letter::F, "certificate.weak_key", verdict.detail.clone()),
            Rule::RsaRoca
            | Rule::RsaClosePrimes
            | Rule::RsaSmallFactor
            | Rule::RsaSharedFactor
            | Rule::Blocklisted => {
                sheet.cap_inferred(Letter::F, "certificate.weak_key", verdict.detail.clone())
            }
            Rule::SignatureSha1 => sheet.cap_inferred(Letter::T, "certificate.sha1", verdict.detail.clone()),
            _ => {}
        }
    }
    revocation(sheet);
}

/// What is revoked is trusted by no store, which is judged with trust.
fn revocation(sheet: &mut Sheet<'_>) {
    let Outcome::Handshake(handshake) = &sheet.view.observation.outcome else { return };
    let checks = handshake.gathered.as_deref().map(|gathered| gathered.revocation.as_slice());
    let end_entity = handshake.presented.end_entity();
    let check = checks
        .unwrap_or_default()
        .iter()
        .find(|check| end_entity.is_some_and(|served| served.sha256 == check.certificate));
    match check.map(|check| &check.status) {
        Some(RevocationStatus::Good | RevocationStatus::Revoked(_)) => {}
        Some(RevocationStatus::NotDetermined(_)) => {
            sheet.in_doubt("trust.revocation", Letter::T, "whether it is revoked could not be determined");
        }
        None => sheet.in_doubt("trust.revocation", Letter::T, "revocation was not asked about"),
    }
}

fn trust(sheet: &mut Sheet<'_>, chain: &ChainVerdict) {
    let which = which(chain.offered_for);
    match chain.trust.is_trusted() {
        Some(true) => {}
        None => sheet.cannot_grade("trust", Letter::T, format!("no trust store was asked about {which}")),
        Some(false) => {
            if let Some(verdict) = incomplete(sheet, chain) {
                let is_known = has_known_issuer(verdict);
                sheet.cap(Letter::B, "trust.incomplete_chain", format!("{which} lacks an intermediate"));
                if !is_known {
                    let reason = format!(
                        "whether {which} is trusted with the intermediate it lacks could not be told"
                    );
                    sheet.cannot_grade("trust", Letter::T, reason);
                }
                // Whatever it lacks, what has ended or was taken back is trusted by nobody.
                let ended = [Rule::Expired, Rule::NotYetValid, Rule::Revoked];
                let mut verdicts = sheet.assessment.verdicts.iter();
                let found = verdicts.find(|v| ended.contains(&v.rule) && v.offered_for == chain.offered_for);
                if let Some(verdict) = found {
                    sheet.cap(Letter::T, "trust.untrusted", verdict.detail.clone());
                }
                return;
            }
            let stores: Vec<String> = chain
                .trust
                .stores
                .iter()
                .map(|store| {
                    let reason = store.reason.map_or("", |reason| reason.name()).replace('_', " ");
                    format!("{} ({reason})", store.store.escape_debug())
                })
                .collect();
            let reason = format!("{which} is not trusted by {}", words::listed(&stores));
            sheet.cap(Letter::T, "trust.untrusted", reason);
        }
    }
}

fn name(sheet: &mut Sheet<'_>, chain: &ChainVerdict) {
    let which = which(chain.offered_for);
    match chain.name_match {
        Some(true) => {}
        Some(false) => sheet.cap(Letter::M, "trust.name_mismatch", format!("{which} is for other names")),
        None => sheet.in_doubt("trust.name", Letter::M, "the server was asked for without a name"),
    }
}

/// The verdict that the chain lacks an intermediate, if there is one.
fn incomplete<'a>(sheet: &Sheet<'a>, chain: &ChainVerdict) -> Option<&'a Verdict> {
    let mut verdicts = sheet.assessment.verdicts.iter();
    verdicts.find(|verdict| verdict.rule == Rule::IncompleteChain && verdict.offered_for == chain.offered_for)
}

/// Another endpoint serves the intermediate, and with it the path holds.
fn has_known_issuer(verdict: &Verdict) -> bool {
    verdict.evidence.0.iter().any(
        |(name, value)| matches!(value, EvidenceValue::List(known) if *name == "known_as" && !known.is_empty()),
    )
}

/// The chain as the subject of a sentence.
fn which(offered_for: Option<OfferedFor>) -> String {
    match offered_for {
        None => "the certificate".to_owned(),
        Some(offer) => format!("the certificate offered for {}", offer.name()),
    }
}
