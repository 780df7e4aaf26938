//! Tables of `inventory list` and `inventory show`.

use super::TableOptions;
use super::essence::essence;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, date, from_now, key_words, number};
use super::style::Style;
use crate::model::Severity;
use crate::wire::v1::{
    CertificateDocument, EndpointDocument, InventoryDocument, OutcomeDocument, ShowDocument, Text, Timestamp,
};

const LIST_COLUMNS: [Column; 8] = [
    Column::new("EXPIRES", 10, 22),
    Column::new("CERTIFICATE", 20, 50).weight(2),
    Column::new("WORST", 5, 8),
    Column::new("ENDPOINTS", 9, 12).right(),
    Column::new("KEY", 8, 16).optional(),
    Column::new("ISSUER", 12, 32),
    Column::new("OWNER", 8, 24).optional(),
    Column::new("SHA-256", 8, 8).optional(),
];

const SERVED_COLUMNS: [Column; 7] = [
    Column::new("ENDPOINT", 18, 44).weight(2),
    Column::new("ADDRESS", 9, 39),
    Column::new("TLS", 7, 7).optional(),
    Column::new("SHA-256", 8, 8),
    Column::new("TRUST", 7, 24),
    Column::new("WORST", 5, 8),
    Column::new("SEEN", 10, 22),
];

const FIELD_COLUMNS: [Column; 2] = [Column::new("", 12, 18), Column::new("", 24, 200).weight(2)];

/// Names shown of one certificate; the JSON has them all.
const MOST_NAMES: usize = 20;

/// The table of `inventory list`.
pub fn inventory_table(
    document: &InventoryDocument<'_>,
    options: &TableOptions,
    next_command: &str,
) -> String {
    let mut listing = Listing::new(&LIST_COLUMNS);
    for row in &document.certificates {
        listing.row([
            expiry(row.not_after, options),
            Cell::new(or_subject(&row.label, &row.subject))
                .and(if row.is_ca { "CA" } else { "" }, Style::Dim),
            worst(row.worst.as_deref()),
            Cell::new(&number(row.endpoints)),
            Cell::new(&key_words(
                row.key.algorithm.as_deref().unwrap_or("?"),
                row.key.bits,
                row.key.curve.as_deref(),
            )),
            Cell::new(&row.issuer_label),
            Cell::new(&row.owners.join(", ")),
            Cell::styled(&row.sha256.0.short(), Style::Dim),
        ]);
    }
    let listed = u64::try_from(document.certificates.len()).unwrap_or(u64::MAX);
    let certificates = counted(document.total, "certificate", "certificates");
    listing.sentence(if listed < document.total {
        format!("{} of {certificates}.", number(listed))
    } else {
        format!("{certificates}.")
    });
    listing.render(options, next_command)
}

/// The table of `inventory show`: each certificate with its fields, the essence of each inspection, then the endpoints.
pub fn show_table(document: &ShowDocument<'_>, options: &TableOptions, next_command: &str) -> String {
    let mut out = String::new();
    for certificate in &document.certificates {
        out.push_str(&fields(certificate, options).render(options, ""));
        out.push('\n');
    }
    for endpoint in &document.endpoints {
        if let Some(listing) = essence(&label(endpoint), &endpoint.tls) {
            out.push_str(&listing.render(options, ""));
            out.push('\n');
        }
    }
    let mut listing = Listing::new(&SERVED_COLUMNS);
    for endpoint in &document.endpoints {
        listing.row(served_row(endpoint, options));
    }
    let listed = u64::try_from(document.endpoints.len()).unwrap_or(u64::MAX);
    let endpoints = counted(document.endpoints_total, "endpoint", "endpoints");
    let certificates = counted(
        u64::try_from(document.certificates.len()).unwrap_or(u64::MAX),
        "certificate",
        "certificates",
    );
    let shown = if listed < document.endpoints_total {
        format!("{} of {endpoints}", number(listed))
    } else {
        endpoints
    };
    listing.sentence(format!("{}: {shown}, {certificates}.", document.query));
    out.push_str(&listing.render(options, next_command));
    out
}

fn fields(certificate: &CertificateDocument<'_>, options: &TableOptions) -> Listing {
    let mut listing =
        Listing::new(&FIELD_COLUMNS).heading(format!("Certificate {}", certificate.sha256.0.short()));
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            listing.row([Cell::styled(name, Style::Dim), Cell::new(value)]);
        }
    };
    field("subject", &certificate.subject);
    field("issuer", &certificate.issuer);
    field("names", &names(certificate));
    field("valid", &validity(certificate, options));
    let key = &certificate.key;
    field(
        "key",
        &key_words(key.algorithm.as_deref().unwrap_or("unreadable"), key.bits, key.curve.as_deref()),
    );
    field("signature", certificate.signature_algorithm.as_deref().unwrap_or("unreadable"));
    let mut usages = vec![certificate.key_usage.join(", "), certificate.extended_key_usage.join(", ")];
    usages.retain(|usage| !usage.is_empty());
    field("usage", &usages.join("; "));
    field("kind", &kind(certificate));
    field("serial", &certificate.serial);
    field("SHA-256", &certificate.sha256.0.to_string());
    field("key SHA-256", &certificate.spki_sha256.map(|spki| spki.0.to_string()).unwrap_or_default());
    let seen = format!("{} to {}", certificate.first_seen.0, certificate.last_seen.0);
    field("seen", &format!("{seen}, on {}", counted(certificate.endpoints, "endpoint", "endpoints")));
    for unreadable in &certificate.unreadable {
        field("unreadable", &format!("{}: {}", unreadable.field, unreadable.error));
    }
    listing
}

fn names(certificate: &CertificateDocument<'_>) -> String {
    let san = &certificate.san;
    let addresses: Vec<Text<'_>> = san.ip.iter().map(|ip| ip.to_string().into()).collect();
    let all = || san.dns.iter().chain(&addresses).chain(&san.email).chain(&san.uri).chain(&san.other);
    let mut text = all().take(MOST_NAMES).map(|name| &**name).collect::<Vec<_>>().join(", ");
    let more = all().count().saturating_sub(MOST_NAMES);
    if more > 0 {
        text.push_str(&format!(" and {} more", number(u64::try_from(more).unwrap_or(u64::MAX))));
    }
    text
}

fn validity(certificate: &CertificateDocument<'_>, options: &TableOptions) -> String {
    let time = |time: Option<Timestamp>| time.map_or("unreadable".to_owned(), |time| time.0.to_string());
    let end = certificate.not_after.map(|end| format!(" (ends {})", from_now(end.0, options.now)));
    format!("{} to {}{}", time(certificate.not_before), time(certificate.not_after), end.unwrap_or_default())
}

fn kind(certificate: &CertificateDocument<'_>) -> String {
    let mut words = vec![if certificate.is_ca { "CA" } else { "end entity" }.to_owned()];
    words.extend(certificate.validation_level.as_deref().map(str::to_owned));
    if certificate.self_signed {
        words.push("self-signed".to_owned());
    }
    match certificate.public_trust {
        Some(true) => words.push("publicly trusted".to_owned()),
        Some(false) => words.push("not publicly trusted".to_owned()),
        None => {}
    }
    words.join(", ")
}

fn label(endpoint: &EndpointDocument<'_>) -> String {
    match (endpoint.server_name.as_deref(), endpoint.port) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, Some(port)) => format!("port {port}"),
        (None, None) => endpoint.target.to_string(),
    }
}

fn served_row(endpoint: &EndpointDocument<'_>, options: &TableOptions) -> [Cell; 7] {
    let trust = match &endpoint.outcome {
        OutcomeDocument::Failure { stage, reason, .. } => format!("{stage}.{reason}"),
        OutcomeDocument::Handshake | OutcomeDocument::Read => endpoint.trust.verdict.replace('_', " "),
    };
    let open = endpoint.findings.iter().filter(|finding| finding.state != "resolved");
    let worst_finding = open.filter_map(|finding| Severity::from_name(&finding.severity)).max();
    [
        Cell::new(&label(endpoint)),
        Cell::new(&endpoint.address.map(|address| address.to_string()).unwrap_or_default()),
        Cell::new(endpoint.tls.version.as_deref().unwrap_or_default()),
        Cell::new(&endpoint.presented.first().map(|sha256| sha256.0.short()).unwrap_or_default()),
        Cell::new(&trust),
        worst(worst_finding.map(Severity::name)),
        when(endpoint.observed_at, options),
    ]
}

/// The severity's word in its style; `-` where there is no finding.
pub(super) fn worst(severity: Option<&str>) -> Cell {
    match severity {
        Some(word) => Cell::styled(word, Severity::from_name(word).map(Style::of).unwrap_or_default()),
        None => Cell::styled("-", Style::Dim),
    }
}

/// A date, and how far it is from now.
pub(super) fn when(time: Timestamp, options: &TableOptions) -> Cell {
    Cell::new(&date(time.0)).and(&from_now(time.0, options.now), Style::Dim)
}

fn expiry(not_after: Option<Timestamp>, options: &TableOptions) -> Cell {
    match not_after {
        Some(end) => when(end, options),
        None => Cell::styled("unreadable", Style::Dim),
    }
}

fn or_subject<'t>(label: &'t str, subject: &'t str) -> &'t str {
    match (label.is_empty(), subject.is_empty()) {
        (false, _) => label,
        (true, false) => subject,
        (true, true) => "(no name)",
    }
}
