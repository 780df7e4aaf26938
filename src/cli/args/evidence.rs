//! What a scan asks of others about certificates.

use clap::Args;

use crate::config::ownership::Network;
use crate::model::RevocationChoice;

#[derive(Debug, Args)]
pub(crate) struct EvidenceArgs {
    /// Look up whether certificates are revoked: in what servers staple (stapled), also at their issuers' OCSP
    /// responders (ocsp), in their revocation lists (crl), or all of it until one tells (all) [default: none]
    #[arg(long, value_name = "none|stapled|ocsp|crl|all", num_args = 0..=1, default_missing_value = "all",
        require_equals = true)]
    pub(crate) revocation: Option<RevocationChoice>,
    /// Special network (loopback, private, …) in which responders and lists may be asked, on any port
    #[arg(long, value_name = "CIDR")]
    pub(crate) fetch_allow: Vec<Network>,
}
