//! `x509.validity.expiring`: a certificate of the path will end soon, by the steps of `expiry.rs`.

use super::Draft;
use crate::assess::expiry::{Role, severity};
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Verdict};
use crate::time::DAY_SECONDS;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let now = view.context.now;
    let (worst, index, certificate, ends) = view
        .path()
        .filter_map(|(index, c)| {
            let role = if index == 0 { Role::EndEntity } else { Role::Ca };
            let ends = c.not_after?;
            let interval = view.context.scan_interval_seconds;
            let severity = severity(&view.context.thresholds, role, c.not_before, ends, now, interval)?;
            Some((severity, index, c, ends))
        })
        .max_by_key(|(severity, index, _, _)| (*severity, std::cmp::Reverse(*index)))?;
    let title =
        if index == 0 { "Certificate expires soon" } else { "A CA certificate of the chain expires soon" };
    Draft::new(Rule::Expiring, worst, title)
        .detail(format!(
            "{} ends at {}.",
            words::certificate(certificate),
            words::time_left(certificate.not_before, ends, now)
        ))
        .about(certificate)
        .fact("not_after", ends.to_string())
        .fact("days_left", ends.seconds_since(now) / DAY_SECONDS)
        .remedy(if index == 0 {
            "Renew the certificate now, install it, and reload the server."
        } else {
            "Ask the issuer for its next CA certificate; renew what it signed before this one ends."
        })
        .sources(&["RFC 5280 section 4.1.2.5"])
        .on_chain(view)
}
