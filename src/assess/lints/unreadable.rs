//! `x509.unreadable`: a certificate of the chain is not encoded as RFC 5280 asks, so that a field of it could not be
//! read. High where that is the end-entity certificate as a whole: clients will not read it either.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::text::escape_for_terminal;
use crate::x509::{Certificate, Unreadable};

/// Fields that are named.
const LISTED: usize = 5;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (index, certificate) = view
        .chain
        .certificates
        .iter()
        .enumerate()
        .find(|(_, certificate)| unread(certificate).next().is_some())?;
    let as_a_whole = unread(certificate).any(|u| u.field == "certificate");
    let severity = if as_a_whole && index == 0 { Severity::High } else { Severity::Low };
    let fields: Vec<_> = unread(certificate)
        .take(LISTED)
        .map(|u| escape_for_terminal(&format!("{}: {}", u.field, u.error)))
        .collect();
    Draft::new(Rule::Unreadable, severity, "Certificate could not be read in full")
        .detail(format!(
            "Certificate {} of the chain, {}: {}.",
            index + 1,
            words::certificate(certificate),
            fields.join("; ")
        ))
        .about(certificate)
        .facts("unreadable", fields)
        .remedy("Have the certificate issued anew by current software.")
        .sources(&["RFC 5280 section 4"])
        .on_chain(view)
}

/// What could not be read; what could, and breaks a rule that is judged by itself, is none of it.
fn unread(certificate: &Certificate) -> impl Iterator<Item = &Unreadable> {
    certificate.unreadable.iter().filter(|unreadable| !unreadable.has_rule_of_its_own())
}
