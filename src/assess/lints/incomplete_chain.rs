//! `trust.path.incomplete_chain`: the server leaves out an intermediate (RFC 8446 section 4.4.2, RFC 5246
//! section 7.4.2). How this is told from an unknown issuer stands in `issuer.rs`.

use super::Draft;
use crate::assess::issuer::Hint;
use crate::assess::view::{ChainView, Standing};
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let Standing::Incomplete(missing) = &view.standing else { return None };
    let issuer = words::issuer(&missing.child);
    let why = match &missing.hint {
        Hint::Known(known) => {
            let names: Vec<_> = known.iter().map(|c| words::certificate(c)).collect();
            format!("other endpoints serve it, and with {} the path holds", names.join(" and "))
        }
        Hint::PublicAuthority => {
            "a public authority issued it, and those never sign with their root".to_owned()
        }
        Hint::CaIssuers => match missing.child.ca_issuers_urls.first() {
            Some(url) => format!("the certificate says that it is to be had at {}", words::quoted(url)),
            None => "the certificate says where it is to be had".to_owned(),
        },
        Hint::CallsItselfIntermediate => "it calls itself an intermediate".to_owned(),
        Hint::Organisation => "it belongs to the organisation of a chosen trust anchor".to_owned(),
    };
    let known = match &missing.hint {
        Hint::Known(known) => known.iter().map(|c| c.sha256.to_string()).collect(),
        _ => Vec::new(),
    };
    Draft::new(Rule::IncompleteChain, Severity::High, "Server does not send an intermediate certificate")
        .detail(format!(
            "The certificate of {issuer}, which signed {}, is not served: {why}. Clients that do not happen to have it \
             refuse the connection.",
            words::certificate(&missing.child)
        ))
        .about(view.end_entity()?)
        .group(words::issuer_group(&missing.child))
        .fact("missing_issuer", missing.child.issuer.text.terminal())
        .facts("known_as", known)
        .facts("ca_issuers", missing.child.ca_issuers_urls.iter().take(4).map(|url| url.terminal()).collect())
        .remedy(format!("Append the certificate of {issuer} to the server's certificate file (its \"full chain\"), and reload."))
        .sources(&["RFC 8446 section 4.4.2", "RFC 5246 section 7.4.2"])
        .on_chain(view)
}
