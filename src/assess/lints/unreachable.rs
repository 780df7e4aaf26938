//! `scan.unreachable`: a chain was captured here before, and none this time. That is not "gone": the other findings
//! of the endpoint stay open until somebody sees it again. Targets that the user named have `scan.not_measured`.

use super::{Draft, not_measured};
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let failure = view.failure().filter(|_| view.context.seen_before && !view.context.named)?;
    Draft::new(Rule::Unreachable, Severity::Medium, "Endpoint gave no certificate this time")
        .detail(format!(
            "Seen before; now: {}. {}",
            not_measured::summary(failure),
            not_measured::sentence(failure)
        ))
        .fact("reason", failure.code())
        .remedy(not_measured::remedy(failure))
        .on_endpoint(view)
}
