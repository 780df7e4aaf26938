//! `tls.intolerant`: the server, or something in front of it, chokes on a hello that is in order (RFC 8446 section 9.3,
//! RFC 8701). Low where clients of today send such hellos: browsers send reserved values, post-quantum shares make a hello
//! longer than one segment. Info where only scanners do (128 suites).

use super::Draft;
use crate::assess::view::EndpointView;
use crate::assess::words;
use crate::model::{Intolerance, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let intolerances = view.inspection()?.intolerances.as_deref()?;
    let meets_clients = intolerances.iter().any(|one| *one != Intolerance::ManySuites);
    let what: Vec<_> = intolerances.iter().map(|one| words_for(*one).to_owned()).collect();
    if what.is_empty() {
        return None;
    }
    let severity = if meets_clients { Severity::Low } else { Severity::Info };
    let names: Vec<_> = intolerances.iter().map(|one| one.name().to_owned()).collect();
    Draft::new(Rule::Intolerant, severity, "Server chokes on hellos that are in order")
        .detail(format!("No handshake with {}.", words::listed(&what)))
        .group(names.join("+"))
        .facts("intolerances", names)
        .remedy("Update the server, or the load balancer or firewall in front of it.")
        .sources(&["RFC 8446 section 9.3", "RFC 8701"])
        .on_endpoint(view)
}

fn words_for(intolerance: Intolerance) -> &'static str {
    match intolerance {
        Intolerance::Grease => "reserved values (GREASE)",
        Intolerance::LongHello => "a hello of more than 255 bytes",
        Intolerance::LargeHello => "a hello of more than one segment, as post-quantum clients send",
        Intolerance::ManySuites => "128 suites or more",
        Intolerance::UnknownVersion => "a version that it does not know",
        Intolerance::UnknownExtension => "an extension that it does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined};
    use crate::model::Inspection;

    #[test]
    fn what_clients_of_today_send_is_low_and_the_rest_is_noted() {
        let with = |intolerance| Inspection { intolerances: Some(vec![intolerance]), ..sound() };
        for intolerance in Intolerance::ALL {
            let severity = finding(&with(intolerance), Rule::Intolerant).severity;
            let expected =
                if intolerance == Intolerance::ManySuites { Severity::Info } else { Severity::Low };
            assert_eq!(severity, expected, "{intolerance:?}");
        }
        assert!(is_silent(&sound(), Rule::Intolerant) && is_silent(&undetermined(), Rule::Intolerant));
    }
}
