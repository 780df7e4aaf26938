//! One endpoint of a report: what was seen there and how it was judged.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::finding::finding_document;
use super::grade::{grading_document, score_document};
use super::inspection::{inspection_document, post_quantum_document, version_documents};
use super::policy::policy_verdict_document;
use super::scalar::registered;
use super::{
    EndpointView, FindingDocument, GradingDocument, InspectionDocument, PolicyVerdictDocument,
    PostQuantumDocument, ScoreDocument, Sha256, Text, Timestamp, VersionDocument,
};
use crate::model::{ChainVerdict, ClientAuth, Grade, Letter, Outcome, RevocationStatus, TlsFacts, Trust};
use crate::tls::StartTls;
use crate::x509::Chain;
use crate::x509::ocsp::reason_name;

/// `not_checked`: nobody looked.
const NOT_CHECKED: &str = "not_checked";

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointDocument<'a> {
    pub id: Text<'a>,
    pub target: Text<'a>,
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
    pub transport: Text<'a>,
    pub server_name: Option<Text<'a>>,
    pub starttls: Option<Text<'a>>,
    pub owner: Option<Text<'a>>,
    pub tags: Vec<Text<'a>>,
    pub observed_at: Timestamp,
    pub outcome: OutcomeDocument<'a>,
    pub tls: TlsDocument<'a>,
    pub presented: Vec<Sha256>,
    pub other_chains: Vec<OtherChainDocument<'a>>,
    pub trust: TrustDocument<'a>,
    pub revocation: RevocationDocument<'a>,
    pub name_match: Option<bool>,
    pub policies: Vec<PolicyVerdictDocument<'a>>,
    pub grade: Option<Text<'a>>,
    pub score: Option<ScoreDocument<'a>>,
    /// How the grade came about; `null` without deep inspection.
    pub grading: Option<Box<GradingDocument<'a>>>,
    pub findings: Vec<FindingDocument<'a>>,
}

/// How the visit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum OutcomeDocument<'a> {
    Handshake,
    Read,
    Failure { stage: Text<'a>, reason: Text<'a>, detail: Text<'a> },
}

/// What was negotiated, `null` where there was no handshake, and what was found by inspection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TlsDocument<'a> {
    pub completed: Option<bool>,
    pub ended_by: Option<Text<'a>>,
    pub version: Option<Text<'a>>,
    pub cipher_suite: Option<Text<'a>>,
    pub group: Option<Text<'a>>,
    pub alpn: Option<Text<'a>>,
    pub possession_proved: Option<bool>,
    pub client_auth: Text<'a>,
    pub client_auth_ca_names: Vec<Text<'a>>,
    pub ocsp_stapled: Option<bool>,
    pub sct_count: Option<u32>,
    /// By version name; `null` without deep inspection.
    pub versions: Option<BTreeMap<Text<'a>, VersionDocument<'a>>>,
    /// What deep inspection found beside the versions.
    pub inspection: Option<Box<InspectionDocument<'a>>>,
    pub post_quantum: Option<PostQuantumDocument<'a>>,
}

/// A further chain that the endpoint serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherChainDocument<'a> {
    pub certificates: Vec<Sha256>,
    pub offered_for: Text<'a>,
    pub trust: TrustDocument<'a>,
    pub name_match: Option<bool>,
}

/// What the trust stores say about one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustDocument<'a> {
    /// `trusted` if any store trusts.
    pub verdict: Text<'a>,
    pub stores: Vec<StoreVerdictDocument<'a>>,
}

/// One store's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreVerdictDocument<'a> {
    pub name: Text<'a>,
    pub verdict: Text<'a>,
    pub reason: Option<Text<'a>>,
    /// Why not, in a sentence: which certificate, which rule, what to do.
    pub detail: Option<Text<'a>>,
    pub path: Vec<Sha256>,
}

/// Revocation of the presented end-entity certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationDocument<'a> {
    pub status: Text<'a>,
    pub method: Option<Text<'a>>,
    pub checked_at: Option<Timestamp>,
    /// When what is said was known to be so.
    pub this_update: Option<Timestamp>,
    pub next_update: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// CRLReason (RFC 5280 section 5.3.1).
    pub reason: Option<Text<'a>>,
    /// Why the status is `unknown`.
    pub not_determined: Option<Text<'a>>,
}

/// An endpoint of a report. Grade and score stay empty without a deep inspection to base them on.
pub fn endpoint_document<'a>(view: &EndpointView<'a>) -> EndpointDocument<'a> {
    let observation = view.observation;
    let endpoint = &observation.endpoint;
    let grade: Option<&Grade> = view.assessment.grade.as_deref();
    let presented = view.assessment.chains.first().filter(|chain| chain.offered_for.is_none());
    EndpointDocument {
        id: endpoint.id().to_string().into(),
        target: (&*observation.target).into(),
        address: endpoint.address,
        port: endpoint.port,
        transport: endpoint.transport.name().into(),
        server_name: endpoint.server_name.as_ref().map(|name| name.as_str().into()),
        starttls: endpoint.starttls.map(StartTls::name).map(Text::from),
        owner: view.owner.map(Text::from),
        tags: view.tags.iter().map(|tag| tag.as_str().into()).collect(),
        observed_at: Timestamp(observation.observed_at),
        outcome: outcome_document(&observation.outcome),
        tls: tls_document(&observation.outcome),
        presented: observation.outcome.presented().map(fingerprints).unwrap_or_default(),
        other_chains: other_chain_documents(view),
        trust: trust_document(presented),
        revocation: revocation_document(&observation.outcome),
        name_match: presented.and_then(|chain| chain.name_match),
        policies: view.assessment.policies.iter().map(policy_verdict_document).collect(),
        grade: grade.and_then(|grade| grade.letter).map(Letter::name).map(Text::from),
        score: grade.and_then(score_document),
        grading: grade.map(grading_document).map(Box::new),
        findings: view.findings.iter().map(finding_document).collect(),
    }
}

/// Of the end-entity certificate served first.
fn revocation_document(outcome: &Outcome) -> RevocationDocument<'_> {
    let end_entity = outcome.presented().and_then(Chain::end_entity);
    let check = match outcome {
        Outcome::Handshake(handshake) => handshake.gathered.as_deref(),
        Outcome::Failure(_) | Outcome::Read(_) => None,
    }
    .and_then(|gathered| {
        gathered.revocation.iter().find(|c| end_entity.is_some_and(|e| e.sha256 == c.certificate))
    });
    let Some(check) = check else { return RevocationDocument::not_checked() };
    let mut document = RevocationDocument {
        status: "good".into(),
        method: check.method.map(|method| method.name().into()),
        checked_at: Some(Timestamp(check.checked_at)),
        this_update: check.this_update.map(Timestamp),
        next_update: check.next_update.map(Timestamp),
        ..RevocationDocument::not_checked()
    };
    match &check.status {
        RevocationStatus::Good => {}
        RevocationStatus::Revoked(revoked) => {
            document.status = "revoked".into();
            document.revoked_at = revoked.at.map(Timestamp);
            document.reason = revoked.reason.map(|reason| reason_name(reason).into());
        }
        RevocationStatus::NotDetermined(doubt) => {
            document.status = "unknown".into();
            document.not_determined = Some(doubt.detail.raw().into());
        }
    }
    document
}

impl RevocationDocument<'_> {
    fn not_checked() -> Self {
        Self {
            status: NOT_CHECKED.into(),
            method: None,
            checked_at: None,
            this_update: None,
            next_update: None,
            revoked_at: None,
            reason: None,
            not_determined: None,
        }
    }
}

/// How a visit ended, for this report and for histories.
pub fn outcome_document<C>(outcome: &Outcome<C>) -> OutcomeDocument<'_> {
    match outcome {
        Outcome::Handshake(_) => OutcomeDocument::Handshake,
        Outcome::Read(_) => OutcomeDocument::Read,
        Outcome::Failure(failure) => OutcomeDocument::Failure {
            stage: failure.stage.name().into(),
            reason: failure.reason.name().into(),
            detail: failure.detail.raw().into(),
        },
    }
}

/// Hashes in the order served.
pub(super) fn fingerprints(chain: &Chain) -> Vec<Sha256> {
    chain.fingerprints().map(Sha256).collect()
}

fn tls_document<C>(outcome: &Outcome<C>) -> TlsDocument<'_> {
    let negotiated = match outcome {
        Outcome::Handshake(handshake) => tls_facts_document(&handshake.tls),
        Outcome::Failure(_) | Outcome::Read(_) => {
            TlsDocument { client_auth: ClientAuth::default().name().into(), ..TlsDocument::default() }
        }
    };
    let inspection = outcome.inspection();
    TlsDocument {
        versions: inspection.map(version_documents),
        inspection: inspection.map(inspection_document).map(Box::new),
        ..negotiated
    }
}

fn tls_facts_document(tls: &TlsFacts) -> TlsDocument<'_> {
    TlsDocument {
        completed: tls.completed,
        ended_by: tls.ended_by.as_ref().map(|end| end.name().into()),
        version: tls.version.map(|version| registered(version.known_name(), version)),
        cipher_suite: tls.cipher_suite.map(|suite| registered(suite.known_name(), suite)),
        group: tls.group.map(|group| registered(group.known_name(), group)),
        alpn: tls.alpn.as_ref().map(|alpn| alpn.raw().into()),
        possession_proved: tls.possession_proved,
        client_auth: tls.client_auth.name().into(),
        client_auth_ca_names: tls.client_auth_ca_names.iter().map(|name| name.raw().into()).collect(),
        ocsp_stapled: tls.ocsp_stapled,
        sct_count: tls.sct_count,
        versions: None,
        inspection: None,
        post_quantum: tls.post_quantum.map(post_quantum_document),
    }
}

fn other_chain_documents<'a>(view: &EndpointView<'a>) -> Vec<OtherChainDocument<'a>> {
    let Outcome::Handshake(handshake) = &view.observation.outcome else {
        return Vec::new();
    };
    let mut verdicts = view.assessment.chains.iter().filter(|chain| chain.offered_for.is_some());
    let others = handshake.other_chains.iter();
    others
        .map(|other| {
            let verdict = verdicts.next().filter(|verdict| verdict.offered_for == Some(other.offered_for));
            OtherChainDocument {
                certificates: fingerprints(&other.presented),
                offered_for: other.offered_for.name().into(),
                trust: trust_document(verdict),
                name_match: verdict.and_then(|verdict| verdict.name_match),
            }
        })
        .collect()
}

fn trust_document<'a>(verdict: Option<&'a ChainVerdict>) -> TrustDocument<'a> {
    let trust = verdict.map(|verdict| &verdict.trust);
    let word = match trust.and_then(Trust::is_trusted) {
        Some(true) => "trusted",
        Some(false) => "untrusted",
        None => NOT_CHECKED,
    };
    let stores = trust.map(|trust| trust.stores.as_slice()).unwrap_or_default();
    TrustDocument {
        verdict: word.into(),
        stores: stores
            .iter()
            .map(|store| StoreVerdictDocument {
                name: (&*store.store).into(),
                verdict: if store.reason.is_none() { "trusted" } else { "untrusted" }.into(),
                reason: store.reason.map(|reason| reason.name().into()),
                detail: store.detail.as_deref().map(Text::from),
                path: store.path.iter().copied().map(Sha256).collect(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{
        Assessment, Endpoint, Failure, Handshake, Observation, OfferedFor, OtherChain, PathReason, Reason,
        Stage, StoreVerdict,
    };
    use crate::time::UnixTime;
    use crate::x509::RawChain;

    fn document(outcome: Outcome, assessment: &Assessment) -> Value {
        let observation = Observation {
            endpoint: Endpoint::tcp("[::1]:8443".parse().unwrap(), None),
            target: "::1".into(),
            observed_at: UnixTime(0),
            outcome,
        };
        let observation = &observation;
        let view = EndpointView { observation, assessment, owner: None, tags: &[], findings: &[] };
        serde_json::to_value(endpoint_document(&view)).unwrap()
    }

    fn chain() -> Chain {
        Chain { digest: RawChain::default().digest(), certificates: Vec::new().into() }
    }

    fn verdict(
        offered_for: Option<OfferedFor>,
        reason: Option<PathReason>,
        name_match: Option<bool>,
    ) -> ChainVerdict {
        let store = StoreVerdict { store: "mozilla".into(), reason, detail: None, path: Vec::new() };
        ChainVerdict { offered_for, trust: Trust { stores: vec![store] }, name_match }
    }

    #[test]
    fn what_was_not_looked_at_is_null_or_not_checked_and_never_false() {
        let failure = Failure::new(Stage::Connect, Reason::Timeout, "no answer within 5 s");
        let document = document(Outcome::Failure(failure), &Assessment::default());
        assert_eq!(
            document["outcome"],
            json!({"status": "failure", "stage": "connect", "reason": "timeout", "detail": "no answer within 5 s"})
        );
        for (key, value) in document["tls"].as_object().unwrap() {
            let expected = match key.as_str() {
                "client_auth" => json!("unknown"),
                "client_auth_ca_names" => json!([]),
                _ => Value::Null,
            };
            assert_eq!(*value, expected, "{key}");
        }
        assert_eq!(document["trust"], json!({"verdict": "not_checked", "stores": []}));
        assert_eq!(document["revocation"]["status"], "not_checked");
        for key in ["name_match", "grade", "score", "grading", "owner", "server_name", "starttls"] {
            assert_eq!(document[key], Value::Null, "{key}");
        }
        assert_eq!((&document["address"], &document["port"]), (&json!("::1"), &json!(8443)));
    }

    #[test]
    fn each_chain_has_its_own_verdict() {
        let other = |offered_for| OtherChain { offered_for, presented: chain() };
        let handshake = Handshake {
            tls: TlsFacts::default(),
            presented: chain(),
            other_chains: vec![other(OfferedFor::Rsa), other(OfferedFor::NoSni)],
            inspection: None,
            gathered: None,
        };
        let assessment = Assessment {
            grade: None,
            policies: Vec::new(),
            chains: vec![
                verdict(None, None, Some(true)),
                verdict(Some(OfferedFor::Rsa), Some(PathReason::Expired), Some(true)),
                verdict(Some(OfferedFor::NoSni), None, None),
            ],
            verdicts: Vec::new(),
        };
        let document = document(Outcome::Handshake(Box::new(handshake)), &assessment);
        assert_eq!(
            (&document["trust"]["verdict"], &document["name_match"]),
            (&json!("trusted"), &json!(true))
        );
        let [rsa, no_sni] = document["other_chains"].as_array().unwrap().as_slice() else { panic!() };
        assert_eq!((&rsa["offered_for"], &rsa["trust"]["verdict"]), (&json!("rsa"), &json!("untrusted")));
        assert_eq!(rsa["trust"]["stores"][0]["reason"], "expired");
        assert_eq!((&no_sni["offered_for"], &no_sni["name_match"]), (&json!("no_sni"), &Value::Null));
    }

    #[test]
    fn a_chain_that_was_not_judged_takes_no_other_chains_verdict() {
        let other = OtherChain { offered_for: OfferedFor::Ecdsa, presented: chain() };
        let handshake = Handshake {
            tls: TlsFacts::default(),
            presented: chain(),
            other_chains: vec![other],
            inspection: None,
            gathered: None,
        };
        let assessment = Assessment {
            grade: None,
            policies: Vec::new(),
            chains: vec![verdict(Some(OfferedFor::Rsa), None, Some(true))],
            verdicts: Vec::new(),
        };
        let document = document(Outcome::Handshake(Box::new(handshake)), &assessment);
        assert_eq!(document["trust"]["verdict"], "not_checked");
        assert_eq!(document["other_chains"][0]["trust"]["verdict"], "not_checked");
    }
}
