//! `scan.not_measured`: a target that the user named gave no chain. A typo is not "fine".

use super::Draft;
use crate::assess::view::EndpointView;
use crate::assess::words;
use crate::model::{Failure, Reason, Rule, Severity, Stage, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let failure = view.failure().filter(|_| view.context.named)?;
    Draft::new(Rule::NotMeasured, Severity::High, format!("No certificate was seen: {}", summary(failure)))
        .detail(sentence(failure))
        .fact("reason", failure.code())
        .remedy(remedy(failure))
        .on_endpoint(view)
}

/// The failure in a few words.
pub(super) fn summary(failure: &Failure) -> String {
    let what = match failure.reason {
        Reason::Refused if failure.stage == Stage::Upgrade => "the server refused",
        Reason::Refused => "connection refused",
        Reason::Timeout => "timed out",
        Reason::Reset => "connection reset",
        Reason::Closed => "connection closed",
        Reason::Unreachable => "unreachable",
        Reason::NotTls => "not TLS",
        Reason::Alert => "the server sent an alert",
        Reason::ChainTooLarge => "the chain is too large",
        Reason::Malformed => "the server's message does not decode",
        Reason::NoCertificate => "the handshake has no certificate",
        Reason::NoSuchName => "no such name",
        Reason::NoAddress => "the name has no address",
        Reason::DnsFailure => "name resolution failed",
        Reason::Local => "this machine could not connect",
        Reason::Unreadable => "the file holds no readable certificate",
        Reason::NotOffered => "the server does not offer TLS",
        Reason::Throttled => "the server asks to come back later",
        Reason::Injected => "text came between the go-ahead and TLS",
        Reason::WrongProtocol => "another protocol answers",
    };
    format!("{what} ({})", stage(failure.stage))
}

/// What the probe noted, in its words and the peer's.
pub(super) fn sentence(failure: &Failure) -> String {
    if failure.detail.raw().is_empty() {
        format!("{}.", failure.code())
    } else {
        format!("{}: {}.", failure.code(), words::quoted(&failure.detail))
    }
}

/// What to look at for each reason.
pub(super) fn remedy(failure: &Failure) -> &'static str {
    match failure.reason {
        Reason::Refused if failure.stage == Stage::Upgrade => {
            "See what the server said: does it serve another name (--sni), or is TLS not set up there?"
        }
        Reason::Refused => "Is the port right, and does the service run? Nothing listens there.",
        Reason::Timeout if failure.stage == Stage::Connect => {
            "Is the address right? A firewall may drop the packets; try from another network, or a longer --timeout."
        }
        Reason::Timeout => "The server accepts and then is silent: is it a TLS port? Try a longer --timeout.",
        Reason::Reset | Reason::Closed => {
            "The server hangs up: does it want a server name (--sni), STARTTLS, or only certain clients?"
        }
        Reason::Unreachable => {
            "Is there a route to the address? Check the network, and IPv6 where it is an IPv6 address."
        }
        Reason::NotTls => "Another protocol answers: is it a plain or STARTTLS port?",
        Reason::Alert => {
            "The server refuses the handshake: does it want another server name (--sni), or only old versions?"
        }
        Reason::ChainTooLarge => "Look at what the server sends: no client accepts a chain of this size.",
        Reason::Malformed => "Does something else than TLS answer, or a middlebox in between?",
        Reason::NoCertificate => {
            "The server authenticates without a certificate; if that is meant, exclude it."
        }
        Reason::NoSuchName => "Check the spelling of the name.",
        Reason::NoAddress => "The name exists without an A or AAAA record: is it the right name?",
        Reason::DnsFailure => "Check the DNS server, or name another one with --resolver.",
        Reason::Local => "Check the limits and routes of this machine.",
        Reason::Unreadable => "Pass a file with certificates in PEM, DER or PKCS#12.",
        Reason::NotOffered => {
            "Enable STARTTLS on the server, or exclude it if it is meant to speak in clear."
        }
        Reason::Throttled => "Scan it more slowly, or allow this machine's address on the server.",
        Reason::Injected => "Is somebody on the way? Look from another network; else update the server.",
        Reason::WrongProtocol => {
            "Is the port right? Name the protocol with --starttls, or none for implicit TLS."
        }
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "resolving",
        Stage::Connect => "connecting",
        Stage::Upgrade => "upgrading to TLS",
        Stage::Handshake => "in the handshake",
        Stage::Decode => "reading the certificates",
    }
}
