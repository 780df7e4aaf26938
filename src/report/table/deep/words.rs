//! Inspections in words: what is offered and in which order, features, weaknesses, primes.

use super::super::super::phrases::number;
use crate::model::finding::EvidenceValue;
use crate::model::{
    DhParameters, Features, Hsts, Inspection, Intolerance, Probe, ProbeName, Purpose, VersionFacts,
};
use crate::tls::ProtocolVersion;

/// Whose order counts; nothing where it was not determined.
pub(super) fn order(server: Option<bool>) -> &'static str {
    match server {
        Some(true) => "server's order",
        Some(false) => "client's order",
        None => "",
    }
}

/// A list of a registry's names, with what is known of its order and its end beside it.
pub(super) fn list<T: ToString>(items: &[T], server_order: Option<bool>, complete: bool) -> String {
    let names = items.iter().map(T::to_string).collect::<Vec<_>>().join(", ");
    let mut beside = vec![order(server_order), if complete { "" } else { "there may be more" }];
    beside.retain(|words| !words.is_empty());
    if beside.is_empty() { names } else { format!("{names} ({})", beside.join(", ")) }
}

/// Strict transport security.
pub(super) fn hsts(hsts: Hsts) -> String {
    let Hsts::Policy { max_age_seconds, include_subdomains, preload } = hsts else {
        return if hsts == Hsts::Invalid { "a header that clients pass over" } else { "none" }.to_owned();
    };
    let mut words = format!("for {} d", number(max_age_seconds / 86_400));
    for (is_so, more) in [(include_subdomains, ", subdomains too"), (preload, ", to be preloaded")] {
        words.push_str(if is_so { more } else { "" });
    }
    words
}

/// Each property of the server with its answer.
pub(super) fn features(inspection: &Inspection) -> Vec<(String, Option<bool>)> {
    let Features {
        alpn: _,
        session_tickets,
        ticket_lifetime_seconds,
        resumption_by_id,
        resumption_by_ticket,
        resumption_tls13,
        early_data_bytes,
        secure_renegotiation,
        client_renegotiation,
        extended_master_secret,
        encrypt_then_mac,
        fallback_scsv,
        heartbeat,
        ocsp_stapling,
    } = &inspection.features;
    let tickets = match ticket_lifetime_seconds {
        Some(seconds) if *session_tickets == Some(true) => {
            format!("session tickets (for {} s)", number(*seconds))
        }
        _ => "session tickets".to_owned(),
    };
    let early_data = match early_data_bytes {
        Some(bytes) if *bytes > 0 => format!("early data (up to {} bytes)", number(*bytes)),
        _ => "early data".to_owned(),
    };
    vec![
        (tickets, *session_tickets),
        ("resumption by session id".to_owned(), *resumption_by_id),
        ("resumption by ticket".to_owned(), *resumption_by_ticket),
        ("resumption in TLS 1.3".to_owned(), *resumption_tls13),
        (early_data, early_data_bytes.map(|bytes| bytes > 0)),
        ("secure renegotiation".to_owned(), *secure_renegotiation),
        ("renegotiation by the client".to_owned(), *client_renegotiation),
        ("extended master secret".to_owned(), *extended_master_secret),
        ("encrypt-then-MAC".to_owned(), *encrypt_then_mac),
        ("downgrade protection (SCSV)".to_owned(), *fallback_scsv),
        ("compression".to_owned(), compression(&inspection.versions)),
        ("heartbeat".to_owned(), *heartbeat),
        ("OCSP stapling".to_owned(), *ocsp_stapling),
    ]
}

/// Any version compresses; `None` where one is in doubt and none does.
fn compression(versions: &[VersionFacts]) -> Option<bool> {
    let old = |facts: &&VersionFacts| facts.offered == Some(true) && facts.version < ProtocolVersion::TLSv1_3;
    let answers: Vec<Option<bool>> = versions.iter().filter(old).map(|facts| facts.compression).collect();
    if answers.contains(&Some(true)) {
        return Some(true);
    }
    (!answers.is_empty() && answers.iter().all(Option::is_some)).then_some(false)
}

/// The weakness as the field calls it.
pub(super) fn probe(name: ProbeName) -> &'static str {
    match name {
        ProbeName::Heartbleed => "Heartbleed",
        ProbeName::CcsInjection => "CCS injection",
        ProbeName::Ticketbleed => "Ticketbleed",
        ProbeName::Robot => "ROBOT",
        ProbeName::PoodleTls => "POODLE against TLS",
        ProbeName::PaddingOracle => "padding oracle",
        ProbeName::StartTlsInjection => "STARTTLS injection",
    }
}

/// `Heartbleed (version TLSv1.2, bytes 24)`.
pub(super) fn probe_with_evidence(found: &Probe) -> String {
    let facts = found.evidence.0.iter().map(|(name, value)| {
        let value = match value {
            EvidenceValue::Text(text) => text.clone(),
            EvidenceValue::Number(number) => number.to_string(),
            EvidenceValue::List(list) => list.join(" "),
        };
        format!("{} {value}", name.replace('_', " "))
    });
    let facts = facts.collect::<Vec<_>>().join(", ");
    let name = probe(found.name);
    if facts.is_empty() { name.to_owned() } else { format!("{name} ({facts})") }
}

/// `1,024 bits, RFC 2409 group 2, used by many servers; key reused`.
pub(super) fn dh_parameters(parameters: &DhParameters) -> String {
    let mut words = vec![format!("{} bits", number(parameters.bits))];
    words.extend(parameters.known_prime.map(|name| format!("{name}, shared by many servers")));
    if parameters.export {
        words.push("for export suites".to_owned());
    }
    match parameters.key_reused {
        Some(true) => words.push("the key is reused".to_owned()),
        Some(false) => words.push("a key for each connection".to_owned()),
        None => {}
    }
    words.join(", ")
}

pub(super) fn intolerance(intolerance: Intolerance) -> String {
    intolerance.name().replace('_', " ")
}

/// `23: capture 1, suites 11`.
pub(super) fn connections(inspection: &Inspection) -> String {
    let by_purpose: Vec<String> = Purpose::ALL
        .iter()
        .filter_map(|purpose| {
            let counts = inspection.connections.iter().filter(|(known, _)| known == purpose);
            let count: u64 = counts.map(|(_, count)| u64::from(*count)).sum();
            (count > 0).then(|| format!("{} {}", purpose.name().replace('_', " "), number(count)))
        })
        .collect();
    format!("{}: {}", number(inspection.connection_count()), by_purpose.join(", "))
}
