//! `x509.unreadable`: a certificate of the chain is not encoded as RFC 5280 asks, so that a field of it could not be
//! read. High where that is the end-entity certificate as a whole: clients will not read it either.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::text::escape_for_terminal;

/// Fields that are named.
const LISTED: usize = 5;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (index, certificate) = view
        .chain
        .certificates
        .iter()
        .enumerate()
        .find(|(_, certificate)| !certificate.unreadable.is_empty())?;
    let as_a_whole = certificate.unreadable.iter().any(|u| u.field == "certificate");
    let severity = if as_a_whole && index == 0 { Severity::High } else { Severity::Low };
    let fields: Vec<_> = certificate
        .unreadable
        .iter()
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
