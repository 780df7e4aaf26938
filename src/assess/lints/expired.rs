//! `x509.validity.expired`: a certificate of the path has ended (RFC 5280 section 4.1.2.5; notAfter is included).
//!
//! Critical for the first 90 days, high after: by then nobody relies on it any more.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::time::DAY_SECONDS;

/// From here on an expired certificate is high, not critical.
const LONG_AGO_SECONDS: i64 = 90 * DAY_SECONDS;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let now = view.context.now;
    let (index, certificate, ended) = view
        .path()
        .filter_map(|(index, c)| Some((index, c, c.not_after?)))
        .filter(|(_, _, ended)| now > *ended)
        // The one that ended last is the most severe; the end-entity certificate goes first.
        .min_by_key(|(index, _, ended)| (now.seconds_since(*ended) >= LONG_AGO_SECONDS, *index))?;
    let ago = now.seconds_since(ended);
    let severity = if ago < LONG_AGO_SECONDS { Severity::Critical } else { Severity::High };
    let title =
        if index == 0 { "Certificate has expired" } else { "A CA certificate of the chain has expired" };
    let backwards = if certificate.not_before.is_some_and(|start| start > ended) {
        "; it was never valid: it ends before it begins"
    } else {
        ""
    };
    Draft::new(Rule::Expired, severity, title)
        .detail(format!(
            "{} ended at {ended}, {} ago{backwards}.",
            words::certificate(certificate),
            words::duration(ago)
        ))
        .about(certificate)
        .fact("not_after", ended.to_string())
        .fact("days_since", ago / DAY_SECONDS)
        .remedy(if index == 0 {
            "Renew the certificate, install it, and reload the server."
        } else {
            "Replace the CA certificate in the served chain by the issuer's current one, and reload the server."
        })
        .sources(&["RFC 5280 section 4.1.2.5"])
        .on_chain(view)
}
