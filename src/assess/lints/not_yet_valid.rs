//! `x509.validity.not_yet_valid`: a certificate of the path has not begun (RFC 5280 section 4.1.2.5).

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let now = view.context.now;
    // One that ends before it begins and has ended is expired: one finding for one fault.
    let (_, certificate, begins) = view
        .path()
        .filter(|(_, c)| c.not_after.is_none_or(|end| now <= end))
        .filter_map(|(index, c)| Some((index, c, c.not_before?)))
        .find(|(_, _, begins)| now < *begins)?;
    Draft::new(Rule::NotYetValid, Severity::High, "Certificate is not valid yet")
        .detail(format!(
            "{} begins at {begins}, in {}.",
            words::certificate(certificate),
            words::duration(begins.seconds_since(now))
        ))
        .about(certificate)
        .fact("not_before", begins.to_string())
        .remedy("Check the clocks of the server, of its issuer and of this machine; serve the old certificate until then.")
        .sources(&["RFC 5280 section 4.1.2.5"])
        .on_chain(view)
}
