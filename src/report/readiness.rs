//! The table of `inventory readiness`: what is dated, by when, how many are not ready, the worst first.

use super::TableOptions;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, date, from_now, number};
use super::style::Style;
use crate::wire::v1::{LimitDocument, ReadinessDocument, TallyDocument, Timestamp};

const TOPIC_COLUMNS: [Column; 4] = [
    Column::new("WHAT COMES", 24, 40),
    Column::new("FROM", 10, 22),
    Column::new("NOT READY", 9, 14).right(),
    Column::new("WHAT IT MEANS", 30, 80).weight(2),
];

const TALLY_COLUMNS: [Column; 5] = [
    Column::new("", 16, 40).weight(2),
    Column::new("CERTIFICATES", 12, 12).right(),
    Column::new("> 200 D", 7, 9).right(),
    Column::new("> 100 D", 7, 9).right(),
    Column::new("> 47 D", 6, 9).right(),
];

const LONGEST_COLUMNS: [Column; 5] = [
    Column::new("LIVES", 6, 8).right(),
    Column::new("CERTIFICATE", 20, 50).weight(2),
    Column::new("SERVED BY", 16, 40),
    Column::new("OWNER", 8, 24).optional(),
    Column::new("EXPIRES", 10, 22),
];

/// Rows of owners, issuers and certificates shown; the JSON has more.
const ROWS: usize = 8;

/// The table.
pub fn readiness_table(
    document: &ReadinessDocument<'_>,
    options: &TableOptions,
    next_command: &str,
) -> String {
    let mut out = topics(document, options).render(options, "");
    for (heading, tallies) in [("OWNER", &document.lifetimes.owners), ("ISSUER", &document.lifetimes.issuers)]
    {
        if let Some(listing) = tally(heading, tallies) {
            out.push('\n');
            out.push_str(&listing.render(options, ""));
        }
    }
    let mut longest = Listing::new(&LONGEST_COLUMNS);
    for one in document.lifetimes.longest.iter().take(ROWS) {
        longest.row([
            Cell::new(&format!("{} d", one.days)),
            Cell::new(&one.label).and(&one.sha256.0.short(), Style::Dim),
            Cell::new(&one.endpoint),
            Cell::new(one.owner.as_deref().unwrap_or("-")),
            when(one.not_after, options),
        ]);
    }
    longest.sentence(closing(document));
    out.push('\n');
    out.push_str(&longest.render(options, next_command));
    out
}

fn topics(document: &ReadinessDocument<'_>, options: &TableOptions) -> Listing {
    let mut listing = Listing::new(&TOPIC_COLUMNS);
    for limit in &document.lifetimes.limits {
        listing.row([
            Cell::new(&format!("Public certificates of {} days at most", limit.days)),
            when(limit.from, options),
            amount(limit.longer),
            Cell::new(&renewals(limit, document.lifetimes.renewals_per_week)),
        ]);
    }
    let client_auth = &document.client_auth;
    listing.row([
        Cell::new("No clientAuth in public certificates"),
        when(client_auth.ends, options),
        amount(client_auth.client_auth),
        Cell::new("Where they authenticate clients (mutual TLS), a private authority must take over."),
    ]);
    let ocsp = &document.ocsp;
    listing.row([
        Cell::new("Authorities end OCSP"),
        Cell::styled("under way", Style::Dim),
        amount(ocsp.must_staple),
        Cell::new(&format!(
            "Must-staple certificates break when their responder ends. {} a responder, {} a CRL only, {} neither.",
            names(ocsp.ocsp),
            names(ocsp.crl_only),
            names(ocsp.neither)
        )),
    ]);
    post_quantum(document, &mut listing);
    listing
}

fn names(count: u64) -> String {
    format!("{} {}", number(count), if count == 1 { "names" } else { "name" })
}

fn post_quantum(document: &ReadinessDocument<'_>, listing: &mut Listing) {
    let exchange = &document.key_exchange;
    let mut meaning = Cell::new(&format!(
        "{} ready, {} in transition, {} classical, {} without TLS 1.3, {} not asked.",
        number(exchange.ready),
        number(exchange.transition),
        number(exchange.classical),
        number(exchange.no_tls13),
        number(exchange.unknown),
    ));
    for policy in &exchange.policies {
        let line = format!(
            "{}: {} pass, {} fail, {} not known",
            policy.name,
            number(policy.pass),
            number(policy.fail),
            number(policy.unknown)
        );
        meaning = meaning.and(&line, Style::Dim);
    }
    listing.row([
        Cell::new("Post-quantum key exchange"),
        Cell::styled("today", Style::Dim),
        amount(exchange.transition + exchange.classical + exchange.no_tls13),
        meaning,
    ]);
    let keys = &document.keys;
    listing.row([
        Cell::new("Keys of less than 128 bits deprecated"),
        Cell::new("2031"),
        amount(keys.weak_beyond_2030),
        Cell::new("Certificates with RSA 2048 or the like that outlive 2030 (NIST IR 8547, draft)."),
    ]);
    listing.row([
        Cell::new("Classical keys disallowed"),
        Cell::new("2036"),
        amount(keys.classical_beyond_2035),
        Cell::new("Certificates that outlive 2035, authorities' among them (NIST IR 8547, draft)."),
    ]);
}

fn renewals(limit: &LimitDocument, today: f64) -> String {
    format!("{:.1} renewals a week instead of {today:.1}.", limit.renewals_per_week)
}

fn amount(count: u64) -> Cell {
    let style = if count == 0 { Style::Good } else { Style::Medium };
    Cell::styled(&number(count), style)
}

fn when(time: Timestamp, options: &TableOptions) -> Cell {
    Cell::new(&date(time.0)).and(&from_now(time.0, options.now), Style::Dim)
}

fn tally(heading: &'static str, tallies: &[TallyDocument<'_>]) -> Option<Listing> {
    let mut columns = TALLY_COLUMNS;
    columns[0] = Column::new(heading, 16, 40).weight(2);
    let over: Vec<_> = tallies.iter().filter(|tally| tally.longer_than_47_days > 0).collect();
    // Without owners there is nothing to tell apart.
    if over.iter().all(|tally| tally.name.is_none()) {
        return None;
    }
    let mut listing = Listing::new(&columns);
    for tally in over.iter().take(ROWS) {
        listing.row([
            Cell::new(tally.name.as_deref().unwrap_or("(no owner)")),
            Cell::new(&number(tally.certificates)),
            Cell::new(&number(tally.longer_than_200_days)),
            Cell::new(&number(tally.longer_than_100_days)),
            Cell::new(&number(tally.longer_than_47_days)),
        ]);
    }
    let hidden = over.len().saturating_sub(ROWS);
    if hidden > 0 {
        listing.sentence(format!("{} more in `-f json`.", number(u64::try_from(hidden).unwrap_or(u64::MAX))));
    }
    Some(listing)
}

fn closing(document: &ReadinessDocument<'_>) -> String {
    let all = counted(document.certificates, "certificate in use", "certificates in use");
    let public = number(document.public_certificates);
    let verb = if document.public_certificates == 1 { "is" } else { "are" };
    format!(
        "{all}, of which {public} {verb} publicly trusted and not expired; limits of public authorities bind only those. Renewals are counted when a third of the life is left."
    )
}
