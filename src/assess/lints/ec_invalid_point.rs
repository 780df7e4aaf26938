//! `key.ec.invalid_point`: the public key of a certificate is no point of its curve, or the point at infinity (NIST SP
//! 800-56A r3 section 5.6.2.3.3; Baseline Requirements 6.1.6).

use super::Draft;
use crate::assess::keys::PointFault;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (fault, certificate) = view.faulty_key(|faults| faults.point)?;
    let curve = certificate.key.as_ref().and_then(|key| key.curve.as_deref()).unwrap_or("unknown");
    let (name, what) = match fault {
        PointFault::Infinity => ("infinity", "is the point at infinity"),
        PointFault::Encoding => ("encoding", "is encoded as no point is"),
        PointFault::Range => ("range", "has a coordinate that is not of the field"),
        PointFault::NotOnCurve => ("not_on_curve", "is not on the curve"),
    };
    Draft::new(Rule::EcInvalidPoint, Severity::High, "EC key is no point of its curve")
        .detail(format!("The {curve} key of {} {what}.", words::certificate(certificate)))
        .about(certificate)
        .fact("fault", name)
        .fact("curve", curve)
        .remedy("Make a new key with sound software, and have the certificate issued for it.")
        .sources(&[
            "NIST SP 800-56A r3 section 5.6.2.3.3",
            "CA/Browser Forum TLS Baseline Requirements section 6.1.6",
        ])
        .on_chain(view)
}
