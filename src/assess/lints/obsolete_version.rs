//! `tls.version.obsolete`: SSL 2, SSL 3, TLS 1.0 or TLS 1.1 was negotiated (RFC 6176, RFC 7568, RFC 8996).
//! Only what was seen: that a server also accepts an old version is for deep inspection to say.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let version = view.tls()?.version.filter(|version| *version < ProtocolVersion::TLSv1_2)?;
    let source = match version {
        ProtocolVersion::SSLv2 => "RFC 6176",
        ProtocolVersion::SSLv3 => "RFC 7568",
        _ => "RFC 8996",
    };
    Draft::new(Rule::ObsoleteVersion, Severity::Medium, "An obsolete protocol version was negotiated")
        .detail(format!("The server chose {version} although TLS 1.2 was offered: it knows nothing newer."))
        .group(format!("version:{version}"))
        .fact("version", version.to_string())
        .remedy("Enable TLS 1.2 and 1.3 on the server and disable what is older; update it if it cannot.")
        .sources(&[source])
        .on_endpoint(view)
}
