//! One endpoint of a report: what was seen there and how it was judged.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::finding::finding_document;
use super::scalar::registered;
use super::{EndpointView, FindingDocument, Sha256, Text, Timestamp};
use crate::model::{ChainVerdict, ClientAuth, Outcome, StartTls, TlsFacts, Trust};
use crate::x509::Chain;

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

/// What was negotiated; all `null` where there was no handshake.
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
}

/// What a server offers in one protocol version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionDocument<'a> {
    pub offered: Option<bool>,
    pub cipher_suites: Vec<Text<'a>>,
    pub server_order: Option<bool>,
    pub groups: Vec<Text<'a>>,
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
    pub path: Vec<Sha256>,
}

/// Revocation of the presented end-entity certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationDocument<'a> {
    pub status: Text<'a>,
    pub method: Option<Text<'a>>,
    pub checked_at: Option<Timestamp>,
}

/// One policy's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVerdictDocument<'a> {
    pub name: Text<'a>,
    pub verdict: Text<'a>,
    pub failed: Vec<Text<'a>>,
}

/// Points behind a grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreDocument<'a> {
    pub total: u32,
    pub protocol: u32,
    pub key_exchange: u32,
    pub cipher: u32,
    pub ignoring_trust: Text<'a>,
}

/// An endpoint of a report. Policies, grade and score stay empty until there is a deep inspection to base them on.
pub fn endpoint_document<'a>(view: &EndpointView<'a>) -> EndpointDocument<'a> {
    let observation = view.observation;
    let endpoint = &observation.endpoint;
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
        revocation: RevocationDocument { status: NOT_CHECKED.into(), method: None, checked_at: None },
        name_match: presented.and_then(|chain| chain.name_match),
        policies: Vec::new(),
        grade: None,
        score: None,
        findings: view.findings.iter().map(finding_document).collect(),
    }
}

/// How a visit ended, for this report and for histories.
pub(super) fn outcome_document<C>(outcome: &Outcome<C>) -> OutcomeDocument<'_> {
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
    match outcome {
        Outcome::Handshake(handshake) => tls_facts_document(&handshake.tls),
        Outcome::Failure(_) | Outcome::Read(_) => {
            TlsDocument { client_auth: ClientAuth::default().name().into(), ..TlsDocument::default() }
        }
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
                path: store.path.iter().copied().map(Sha256).collect(),
            })
            .collect(),
    }
}
