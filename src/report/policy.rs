//! The tables of `certvigil policy`.

use super::TableOptions;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, number};
use super::style::Style;
use crate::model::Severity;
use crate::wire::v1::{
    ExplainDocument, PoliciesDocument, PolicyCheckDocument, PolicyDefinitionDocument,
    PolicyExceptionDocument, PolicyRuleDocument, SimulationDocument, Timestamp,
};

const POLICIES: [Column; 4] = [
    Column::new("POLICY", 12, 28),
    Column::new("STATUS", 6, 6),
    Column::new("RULES", 5, 5).right(),
    Column::new("SOURCE", 24, 110).weight(3),
];

/// The policies that are built in.
pub fn policies_table(document: &PoliciesDocument<'_>, options: &TableOptions) -> String {
    let mut listing = Listing::new(&POLICIES);
    for row in &document.policies {
        let policy = &row.policy;
        let source = format!("{}; read {}", policy.source, policy.retrieved.as_deref().unwrap_or("never"));
        listing.row([
            Cell::styled(&policy.name, Style::Strong),
            Cell::new(&policy.status),
            Cell::new(&number(row.rules)),
            Cell::new(&source),
        ]);
    }
    listing.sentence("Every scan is also judged under certvigil-default. A policy of your own extends one of these by `extends`.");
    listing.render(options, "certvigil policy show mozilla-6.0-intermediate")
}

const RULES: [Column; 5] = [
    Column::new("RULE", 10, 28),
    Column::new("LEVEL", 11, 15),
    Column::new("ASKS", 24, 80).weight(3).lines(12),
    Column::new("DATES", 10, 24),
    Column::new("SOURCE", 12, 48).weight(2).optional(),
];

/// A policy's rules.
pub fn policy_table(document: &PolicyDefinitionDocument<'_>, options: &TableOptions) -> String {
    let policy = &document.policy;
    let heading = format!(
        "{}, version {} ({}), {}: {}",
        policy.name, policy.version, policy.status, document.scope, policy.source
    );
    let mut listing = Listing::new(&RULES).heading(heading);
    for rule in &document.rules {
        let asks = Cell::styled(&rule.text, Style::Strong).and(&asked(rule), Style::Plain);
        let inherited = rule.inherited_from.as_ref().map(|from| format!("from {from}")).unwrap_or_default();
        listing.row([
            Cell::new(&rule.rule).and(&inherited, Style::Dim),
            Cell::new(&rule.level).and(&rule.severity, Style::Dim),
            asks.and(rule.note.as_deref().unwrap_or_default(), Style::Dim),
            dates(rule),
            Cell::new(&rule.source),
        ]);
    }
    for exception in &document.exceptions {
        listing.sentence(exception_words(exception));
    }
    listing.sentence(format!("{}.", counted(length(document.rules.len()), "rule", "rules")));
    let first = document.rules.first().map(|rule| format!("certvigil policy explain {}", rule.rule));
    listing.render(options, &first.unwrap_or_default())
}

const FACTS: [Column; 2] = [Column::new("", 10, 14), Column::new("", 40, 110).weight(3).lines(24)];

/// One rule, in each policy that has it.
pub fn explain_table(document: &ExplainDocument<'_>, options: &TableOptions) -> String {
    let mut out = String::new();
    for (index, found) in document.found.iter().enumerate() {
        let (policy, rule) = (&found.policy, &found.asked);
        let mut listing = Listing::new(&FACTS)
            .heading(format!("{} in {} {} ({})", rule.rule, policy.name, policy.version, policy.status));
        let mut fact = |name: &str, text: &str| {
            if !text.is_empty() {
                listing.row([Cell::styled(name, Style::Dim), Cell::new(text)]);
            }
        };
        fact("what", &rule.text);
        fact("asks", &format!("{}: {}", rule.applies, rule.asks));
        fact("when", rule.when.as_deref().unwrap_or_default());
        fact("level", &format!("{}, severity {}", rule.level, rule.severity));
        fact("dates", &date_words(rule).join(", "));
        fact("source", &format!("{} ({})", rule.source, policy.source));
        fact("remedy", &rule.remedy);
        fact("note", rule.note.as_deref().unwrap_or_default());
        fact("inherited", rule.inherited_from.as_deref().unwrap_or_default());
        let is_last = index + 1 == document.found.len();
        let next = if is_last { format!("certvigil policy show {}", policy.name) } else { String::new() };
        out.push_str(&listing.render(options, &next));
        if !is_last {
            out.push('\n');
        }
    }
    out
}

/// What a policy file holds, and which of its exceptions have ended.
pub fn policy_check_table(document: &PolicyCheckDocument<'_>, options: &TableOptions) -> String {
    let policy = &document.policy;
    let mut listing = Listing::new(&FACTS);
    listing.sentence(format!(
        "{} {} is in order: {}, {} of them taken over; it applies {}.",
        policy.name,
        policy.version,
        counted(document.rules, "rule", "rules"),
        number(document.inherited),
        match &*document.scope {
            "everywhere" => "everywhere".to_owned(),
            scope => format!("to {scope}"),
        }
    ));
    for exception in &document.exceptions {
        listing.sentence(exception_words(exception));
    }
    listing.render(options, "certvigil policy simulate FILE")
}

const BROKEN: [Column; 5] = [
    Column::new("RULE", 10, 28),
    Column::new("SEVERITY", 8, 8),
    Column::new("FAIL", 4, 9).right(),
    Column::new("WARN", 4, 9).right(),
    Column::new("FOR EXAMPLE", 30, 120).weight(3),
];

const WORST: [Column; 4] = [
    Column::new("ENDPOINT", 18, 44).weight(2),
    Column::new("SEVERITY", 8, 8),
    Column::new("OWNER", 5, 20).optional(),
    Column::new("BREAKS", 30, 110).weight(3),
];

/// What would fail.
pub fn simulation_table(document: &SimulationDocument<'_>, options: &TableOptions) -> String {
    let policy = &document.policy;
    let mut rules = Listing::new(&BROKEN)
        .heading(format!("{} {} on scan {}", policy.name, policy.version, document.scan));
    for rule in &document.rules {
        let example = match (&rule.example, &rule.reason) {
            (Some(endpoint), Some(reason)) => Cell::styled(endpoint, Style::Dim).and(reason, Style::Plain),
            _ => Cell::styled(&format!("not determined at {}", number(rule.not_determined)), Style::Dim),
        };
        rules.row([
            Cell::styled(&rule.rule, Style::Strong).and(&rule.level, Style::Dim),
            severity_cell(&rule.severity),
            Cell::new(&number(rule.fail)),
            Cell::new(&number(rule.warn)),
            example,
        ]);
    }
    let mut out = rules.render(options, "");
    let mut worst = Listing::new(&WORST);
    for endpoint in &document.worst {
        let failed = endpoint.failed.iter().map(|rule| &**rule).collect::<Vec<_>>().join(", ");
        worst.row([
            Cell::new(&endpoint.endpoint),
            severity_cell(&endpoint.severity),
            Cell::new(endpoint.owner.as_deref().unwrap_or_default()),
            Cell::styled(&failed, Style::Strong)
                .and(endpoint.reason.as_deref().unwrap_or_default(), Style::Plain),
        ]);
    }
    let not_shown = document.fail.saturating_sub(length(document.worst.len()));
    if not_shown > 0 {
        worst.sentence(format!(
            "{} not listed; --limit lists more.",
            counted(not_shown, "endpoint that fails is", "endpoints that fail are")
        ));
    }
    worst.sentence(format!(
        "{}: {} fail, {} pass, {} not determined, {} where the policy does not apply.",
        counted(document.endpoints, "endpoint", "endpoints"),
        number(document.fail),
        number(document.pass),
        number(document.not_determined),
        number(document.out_of_scope)
    ));
    out.push('\n');
    let next = document.rules.first().map(|rule| format!("certvigil policy explain {}", rule.rule));
    out.push_str(&worst.render(options, &next.unwrap_or_default()));
    out
}

fn severity_cell(name: &str) -> Cell {
    Cell::styled(name, Severity::from_name(name).map_or(Style::Plain, Style::of))
}

fn asked(rule: &PolicyRuleDocument<'_>) -> String {
    match &rule.when {
        Some(when) => format!("{} ({when})", rule.asks),
        None => rule.asks.to_string(),
    }
}

fn dates(rule: &PolicyRuleDocument<'_>) -> Cell {
    let mut words = date_words(rule).into_iter();
    let first = Cell::new(&words.next().unwrap_or_default());
    words.fold(first, |cell, word| cell.and(&word, Style::Plain))
}

fn date_words(rule: &PolicyRuleDocument<'_>) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(rule.effective_from.map(|from| format!("from {}", day(from))));
    words.extend(rule.effective_until.map(|until| format!("until {}", day(until))));
    words.extend(rule.warn_from.map(|warn| format!("warns from {}", day(warn))));
    if !words.is_empty() && rule.date_basis == "not_before" {
        words.push("by day of issue".to_owned());
    }
    words
}

fn exception_words(exception: &PolicyExceptionDocument<'_>) -> String {
    let PolicyExceptionDocument { rule, place, reason, by, until, active } = exception;
    let state = match active {
        true => format!("Exception from {rule} until {}", day(*until)),
        false => format!("The exception from {rule} ended on {} and holds no more", day(*until)),
    };
    format!("{state}: {place}; {reason} ({by}).")
}

fn day(Timestamp(time): Timestamp) -> String {
    let text = time.to_string();
    text.strip_suffix("T00:00:00Z").map(str::to_owned).unwrap_or(text)
}

fn length(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
