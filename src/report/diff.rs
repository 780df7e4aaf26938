//! The table of `inventory diff`. Unreachable this time stands apart from gone.

use super::TableOptions;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, date, number};
use super::style::Style;
use crate::wire::v1::{
    CertificateReference, ChangedEndpoint, DiffDocument, EndpointReference, OutcomeDocument,
    ReplacedCertificate, ServedCertificate,
};

const COLUMNS: [Column; 3] =
    [Column::new("CHANGE", 11, 11), Column::new("ENDPOINT", 18, 44), Column::new("WHAT", 30, 96).weight(2)];

/// What changed, at most `limit` lines of each kind; the sentence counts them all.
pub fn diff_table(
    document: &DiffDocument<'_>,
    limit: usize,
    options: &TableOptions,
    next_command: &str,
) -> String {
    let mut listing = Listing::new(&COLUMNS);
    let mut hidden = 0;
    hidden += add(&mut listing, &document.replaced, limit, replaced_row);
    hidden += add(&mut listing, &document.new, limit, |served| served_row("new", Style::Good, served));
    hidden += add(&mut listing, &document.changed, limit, changed_row);
    hidden += add(&mut listing, &document.unreachable, limit, |served| {
        served_row("unreachable", Style::Medium, served)
    });
    hidden += add(&mut listing, &document.gone, limit, |served| served_row("gone", Style::High, served));
    if hidden > 0 {
        let lines = counted(hidden, "further change is", "further changes are");
        listing.sentence(format!("{lines} not shown here; `-f json` has them all."));
    }
    listing.sentence(counts(document));
    if document.not_attempted > 0 {
        let missed = counted(document.not_attempted, "endpoint was", "endpoints were");
        listing.sentence(format!("{missed} not attempted: the later scan was interrupted."));
    }
    listing.sentence(format!("From scan {} to scan {}.", document.from.id, document.to.id));
    listing.render(options, next_command)
}

/// Adds up to `limit` rows; gives how many there were beyond.
fn add<T>(listing: &mut Listing, items: &[T], limit: usize, row: impl Fn(&T) -> [Cell; 3]) -> u64 {
    items.iter().take(limit).for_each(|item| listing.row(row(item)));
    u64::try_from(items.len().saturating_sub(limit)).unwrap_or(u64::MAX)
}

fn counts(document: &DiffDocument<'_>) -> String {
    let kinds = [
        (document.replaced.len(), "replaced"),
        (document.new.len(), "new"),
        (document.changed.len(), "changed"),
        (document.unreachable.len(), "unreachable this time"),
        (document.gone.len(), "gone"),
    ];
    let counts =
        kinds.map(|(count, word)| format!("{} {word}", number(u64::try_from(count).unwrap_or(u64::MAX))));
    format!("{}, {} unchanged.", counts.join(", "), number(document.unchanged))
}

fn endpoint_cell(endpoint: &EndpointReference<'_>) -> Cell {
    let address = endpoint.address.filter(|_| endpoint.server_name.is_some());
    Cell::new(&endpoint.label)
        .and(&address.map(|address| address.to_string()).unwrap_or_default(), Style::Dim)
}

fn certificate_words(certificate: &CertificateReference<'_>) -> String {
    let end = certificate.not_after.map(|end| format!(", expires {}", date(end.0))).unwrap_or_default();
    format!("{} ({}){end}, issued by {}", certificate.label, certificate.sha256.0.short(), certificate.issuer)
}

fn replaced_row(replaced: &ReplacedCertificate<'_>) -> [Cell; 3] {
    let key = match replaced.same_key {
        Some(true) => "the key stayed the same",
        Some(false) => "with a new key",
        None => "",
    };
    [
        Cell::styled("replaced", Style::Info),
        endpoint_cell(&replaced.endpoint),
        Cell::new(&format!("now: {}", certificate_words(&replaced.after)))
            .and(&format!("was: {}", certificate_words(&replaced.before)), Style::Dim)
            .and(key, Style::Plain),
    ]
}

fn served_row(word: &str, style: Style, served: &ServedCertificate<'_>) -> [Cell; 3] {
    let certificate = served.certificate.as_ref().map(certificate_words).unwrap_or_default();
    let mut what = Cell::default();
    if let Some(OutcomeDocument::Failure { stage, reason, detail }) = &served.outcome {
        what = what.and(&format!("{stage}.{reason}: {detail}"), Style::Plain);
        what = what.and(&format!("last seen {}", date(served.last_seen.0)), Style::Dim);
    }
    [Cell::styled(word, style), endpoint_cell(&served.endpoint), what.and(&certificate, Style::Plain)]
}

fn changed_row(changed: &ChangedEndpoint<'_>) -> [Cell; 3] {
    let mut what = Cell::default();
    for change in &changed.changes {
        let before = change.before.as_deref().unwrap_or("nothing");
        let after = change.after.as_deref().unwrap_or("nothing");
        what = what.and(&format!("{}: {before} → {after}", change.field), Style::Plain);
    }
    [Cell::styled("changed", Style::Low), endpoint_cell(&changed.endpoint), what]
}
