//! Asks whether a server takes a post-quantum group: one hello that lists nothing else, prepared once for a scan, and the
//! first message of the answer. Never judges.

use super::ask::ask_with;
use super::connector::Connector;
use crate::model::{Inspection, PostQuantum};
use crate::tls::{AlertDescription, Answer, HelloTemplate, ProtocolVersion, Until};

/// Asks over a connection of its own. `None` where the answer says neither yes nor no: a server that is silent or hangs
/// up has not refused, and an alert may be about something else.
pub(super) async fn ask(connector: &Connector<'_>, hello: &HelloTemplate) -> Option<PostQuantum> {
    let answer = ask_with(connector, hello, Until::ServerHello, connector.server_name()).await.ok()?;
    read(&answer)
}

/// What enumeration says of it: the first group that the server has, or none at all.
pub(super) fn of_inspection(inspection: &Inspection) -> Option<PostQuantum> {
    let facts = inspection.versions.iter().find(|facts| facts.version == ProtocolVersion::TLSv1_3)?;
    match facts.groups.iter().find(|group| group.is_post_quantum()) {
        Some(group) => Some(PostQuantum::Group(*group)),
        None if facts.offered == Some(false) => Some(PostQuantum::Refused),
        None if facts.offered == Some(true) && facts.groups_complete => Some(PostQuantum::Refused),
        None => None,
    }
}

fn read(answer: &Answer) -> Option<PostQuantum> {
    match answer {
        Answer::Chose(chosen) if chosen.version < ProtocolVersion::TLSv1_3 => Some(PostQuantum::Refused),
        Answer::Chose(chosen) => chosen.group.filter(|group| group.is_post_quantum()).map(PostQuantum::Group),
        Answer::Alert(alert) if is_about_groups(*alert) => Some(PostQuantum::Refused),
        _ => None,
    }
}

/// Alerts of servers that share no group or no version with a client (RFC 8446 section 6.2).
fn is_about_groups(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::handshake_failure
            | AlertDescription::illegal_parameter
            | AlertDescription::protocol_version
            | AlertDescription::insufficient_security
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Scope, VersionFacts};
    use crate::tls::{CipherSuite, NamedGroup, ServerAnswer};

    fn chose(version: ProtocolVersion, group: Option<NamedGroup>) -> Answer {
        Answer::Chose(Box::new(ServerAnswer {
            is_retry_request: true,
            version,
            cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
            group,
            session_id: Vec::new(),
            compression: 0,
            extensions: Vec::new(),
            certificates: None,
            key_exchange: None,
            client_auth: None,
        }))
    }

    #[test]
    fn an_answer_is_yes_no_or_neither() {
        let group = NamedGroup::X25519MLKEM768;
        assert_eq!(read(&chose(ProtocolVersion::TLSv1_3, Some(group))), Some(PostQuantum::Group(group)));
        // A group that was not offered says nothing of those that were.
        assert_eq!(read(&chose(ProtocolVersion::TLSv1_3, Some(NamedGroup::x25519))), None);
        assert_eq!(read(&chose(ProtocolVersion::TLSv1_3, None)), None);
        assert_eq!(read(&chose(ProtocolVersion::TLSv1_2, None)), Some(PostQuantum::Refused));
        for (alert, expected) in [
            (AlertDescription::handshake_failure, Some(PostQuantum::Refused)),
            (AlertDescription::protocol_version, Some(PostQuantum::Refused)),
            (AlertDescription::unrecognized_name, None),
            (AlertDescription::internal_error, None),
        ] {
            assert_eq!(read(&Answer::Alert(alert)), expected, "{alert}");
        }
        for answer in [Answer::Timeout, Answer::Closed, Answer::Reset, Answer::Malformed("bytes")] {
            assert_eq!(read(&answer), None, "{answer:?}");
        }
    }

    #[test]
    fn enumeration_answers_only_where_it_came_to_its_end() {
        let mut facts = VersionFacts::new(ProtocolVersion::TLSv1_3);
        let of = |facts: &VersionFacts| {
            let scope = Scope::Everything;
            of_inspection(&Inspection { versions: vec![facts.clone()], scope, ..Inspection::default() })
        };
        assert_eq!(of(&facts), None);
        facts.offered = Some(true);
        facts.groups = vec![NamedGroup::x25519];
        assert_eq!(of(&facts), None);
        facts.groups_complete = true;
        assert_eq!(of(&facts), Some(PostQuantum::Refused));
        facts.groups.push(NamedGroup::MLKEM1024);
        assert_eq!(of(&facts), Some(PostQuantum::Group(NamedGroup::MLKEM1024)));
    }
}
