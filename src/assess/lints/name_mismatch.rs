//! `trust.name.mismatch`: the certificate is not for the name asked for (RFC 9525 section 6; see `name.rs`).

use super::Draft;
use crate::assess::name::{Mismatch, NameMatch};
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::x509::Certificate;

/// Names of the certificate that the sentence lists.
const LISTED: usize = 5;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let NameMatch::Mismatch(mismatch) = view.name_match else { return None };
    let (name, certificate) = (view.observation.endpoint.server_name.as_ref()?, view.end_entity()?);
    let names = listed_names(certificate);
    let detail = match mismatch {
        Mismatch::OtherNames => {
            format!("{} is for {}, not for {name}.", words::certificate(certificate), names.join(", "))
        }
        Mismatch::CommonNameOnly => format!(
            "{} has {name} as its common name only, which clients ignore; it has no subjectAltName.",
            words::certificate(certificate)
        ),
        Mismatch::NoNames => format!(
            "{} has no subjectAltName, and so is for no name at all.",
            words::certificate(certificate)
        ),
    };
    Draft::new(Rule::NameMismatch, Severity::High, "Certificate is for another name")
        .detail(detail)
        .about(certificate)
        .fact("server_name", name.to_string())
        .facts("names", names)
        .remedy(format!("Issue a certificate with {name} in its subjectAltName, or serve the one that has it for this name."))
        .sources(&["RFC 9525 section 6"])
        .on_chain(view)
}

fn listed_names(certificate: &Certificate) -> Vec<String> {
    let Some(san) = &certificate.san else { return Vec::new() };
    let all = san.dns.len() + san.ip.len();
    let dns = san.dns.iter().map(words::quoted);
    let mut names: Vec<_> = dns.chain(san.ip.iter().map(|ip| ip.to_string())).take(LISTED).collect();
    if all > LISTED {
        names.push(format!("{} more", all - LISTED));
    }
    names
}
