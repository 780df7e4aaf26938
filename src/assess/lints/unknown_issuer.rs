//! `trust.path.unknown_issuer`: no chosen store has the authority above the chain (RFC 5280 section 6.1).
//!
//! Opens only if no store trusts and none would at another time. Grouped by the authority: a private issuer on
//! forty endpoints is one line that names it and says how to trust it.

use std::sync::Arc;

use super::Draft;
use crate::assess::structure::End;
use crate::assess::view::{ChainView, Standing};
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::x509::Certificate;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    if view.standing != Standing::UnknownIssuer {
        return None;
    }
    let top: &Arc<Certificate> = view.certificate(*view.structure.climb.last()?)?;
    let served_root = view.structure.end == End::Root;
    let issuer = if served_root { words::quoted(top.subject.label()) } else { words::issuer(top) };
    let note = namesake(view).map(|why| format!(" Note: {why}.")).unwrap_or_default();
    let (how_far, how_to_trust) = if served_root {
        (
            format!("the server sends its root ({})", top.sha256.short()),
            "save it as PEM, compare its SHA-256 with the authority's, and pass the file with --trust FILE",
        )
    } else {
        (
            "its certificate is neither served nor known from another endpoint".to_owned(),
            "pass its root certificate as PEM with --trust FILE; if it is an intermediate, the server should send it too",
        )
    };
    let group = if served_root { words::authority_group(top) } else { words::issuer_group(top) };
    Draft::new(Rule::UnknownIssuer, Severity::High, "Issuer is not trusted by any chosen store")
        .detail(format!(
            "{issuer} is not in {}; {how_far}. If it is yours, trust its root with --trust FILE.{note}",
            view.store_names()
        ))
        .about(view.end_entity()?)
        .group(group)
        .fact("issuer", top.issuer.text.terminal())
        .facts("root_sha256", if served_root { vec![top.sha256.to_string()] } else { Vec::new() })
        .facts("stores", view.context.stores.iter().map(|s| s.info.name.to_string()).collect())
        .remedy(format!("If {issuer} is yours, {how_to_trust}. If not, replace the certificate."))
        .sources(&["RFC 5280 section 6.1"])
        .on_chain(view)
}

/// A store has an authority of the same name with another key.
fn namesake<'a>(view: &'a ChainView<'_>) -> Option<&'a str> {
    (0..view.context.stores.len())
        .filter_map(|store| view.fault(store))
        .find(|fault| fault.certificate.is_some())
        .map(|fault| fault.why.as_str())
}
