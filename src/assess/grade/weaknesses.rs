//! Caps for what probes and features showed. What they left open stands beside the grade.

use super::Sheet;
use crate::model::{Letter, ProbeName, Reaction};
use crate::tls::ProtocolVersion;

/// Each probe that counts, and whether the guide's own text is known to say so. Text injected after STARTTLS is no matter
/// of the guide.
const PROBES: [(ProbeName, &str, &str, bool); 6] = [
    (ProbeName::Heartbleed, "vuln.heartbleed", "the server's memory leaks (Heartbleed)", true),
    (
        ProbeName::CcsInjection,
        "vuln.ccs_injection",
        "an early ChangeCipherSpec is taken (CVE-2014-0224)",
        false,
    ),
    (ProbeName::Ticketbleed, "vuln.ticketbleed", "the server's memory leaks (Ticketbleed)", false),
    (ProbeName::Robot, "vuln.robot", "RSA padding can be asked about (ROBOT)", true),
    (
        ProbeName::PoodleTls,
        "vuln.poodle_tls",
        "the padding of records is not checked (POODLE against TLS)",
        true,
    ),
    (ProbeName::PaddingOracle, "vuln.padding_oracle", "the padding of CBC records can be asked about", false),
];

pub(super) fn judge(sheet: &mut Sheet<'_>) {
    probes(sheet);
    poodle(sheet);
    compression(sheet);
    renegotiation(sheet);
}

fn probes(sheet: &mut Sheet<'_>) {
    let has_old = sheet.offered_old().next().is_some();
    for (name, rule, reason, is_said) in PROBES {
        let probe = sheet.inspection.probes.iter().find(|probe| probe.name == name);
        match probe.map(|probe| &probe.reaction) {
            Some(Reaction::Weak) if is_said => sheet.cap(Letter::F, rule, reason),
            Some(Reaction::Weak) => sheet.cap_inferred(Letter::F, rule, reason),
            Some(Reaction::NotDetermined(why)) => sheet.in_doubt(rule, Letter::F, why.to_string()),
            // These weaknesses end with TLS 1.2.
            None if has_old => sheet.in_doubt(rule, Letter::F, "it was not probed for"),
            Some(Reaction::Sound | Reaction::NotApplicable) | None => {}
        }
    }
}

fn poodle(sheet: &mut Sheet<'_>) {
    let mut ssl3 = sheet.offered().filter(|facts| facts.version == ProtocolVersion::SSLv3);
    if ssl3.any(|facts| facts.cipher_suites.iter().any(|suite| suite.is_cbc())) {
        sheet.cap(Letter::C, "vuln.poodle", "SSL 3 is offered with CBC suites (POODLE)");
    }
}

fn compression(sheet: &mut Sheet<'_>) {
    let compresses = |answer| sheet.offered_old().any(|facts| facts.compression == answer);
    if compresses(Some(true)) {
        sheet.cap(Letter::C, "vuln.crime", "the server compresses what it encrypts (CRIME)");
    } else if compresses(None) {
        sheet.in_doubt("vuln.crime", Letter::C, "it could not be told whether the server compresses");
    }
}

fn renegotiation(sheet: &mut Sheet<'_>) {
    if sheet.offered_old().next().is_none() {
        return;
    }
    const RULE: &str = "renegotiation";
    let features = &sheet.inspection.features;
    match (features.secure_renegotiation, features.client_renegotiation) {
        (Some(true), _) => {}
        (Some(false), client) => {
            sheet.cap(Letter::AMinus, RULE, "secure renegotiation (RFC 5746) is not known to the server");
            match client {
                Some(true) => {
                    let reason = "clients may renegotiate without RFC 5746 (CVE-2009-3555)";
                    sheet.cap(Letter::F, "renegotiation.insecure", reason);
                }
                Some(false) => {}
                None => sheet.in_doubt(
                    "renegotiation.insecure",
                    Letter::F,
                    "it could not be told whether clients may renegotiate",
                ),
            }
        }
        (None, _) => sheet.in_doubt(
            RULE,
            Letter::F,
            "it could not be told whether the server knows secure renegotiation (RFC 5746)",
        ),
    }
}
