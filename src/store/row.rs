//! An observation on its way into the record: in full, or as a repeat of what is known.

use std::collections::HashMap;

use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::StoreError;
use super::position::Position;
use super::record::Encoder;
use super::record::observation::{self, Aside, Digest, Full, Kind, Target};
use super::record::state::EndpointState;
use super::schema::ENDPOINTS;
use crate::model::{EndpointId, Observation, Outcome};

/// An observation on its way into the record.
pub(super) struct Row {
    pub(super) position: Position,
    id: EndpointId,
    kind: Kind,
    observation: Observation<Vec<u64>>,
    outcome: Vec<u8>,
    digest: Digest,
    same_as: Option<Position>,
}

impl Row {
    pub(super) fn new(position: Position, observation: Observation<Vec<u64>>) -> Self {
        let kind = Kind::of(&observation.outcome);
        let mut outcome = Vec::with_capacity(32);
        observation::put_outcome(&mut outcome, &observation.outcome);
        let digest = observation::digest(
            kind,
            &outcome,
            &observation.target,
            observation::gathered(&observation.outcome),
        );
        Self { position, id: observation.endpoint.id(), kind, observation, outcome, digest, same_as: None }
    }

    pub(super) fn encode<'e>(
        &self,
        encoder: &'e mut Encoder,
        key: &[u8],
        targets: &HashMap<String, u64>,
    ) -> &'e [u8] {
        let Observation { endpoint, target, observed_at, outcome } = &self.observation;
        let gathered = observation::gathered(outcome);
        if let Some(same) = &self.same_as {
            let certificates = certificates_of(outcome);
            let start = (self.kind, self.id, *observed_at);
            let connections = Aside::of(outcome).connections;
            return observation::encode_same(encoder, key, start, &certificates, same, gathered, connections);
        }
        let target = match targets.get(&**target) {
            Some(&index) => Target::Listed(index),
            None => Target::Written(target),
        };
        let full = Full {
            id: self.id,
            kind: self.kind,
            seen_at: *observed_at,
            outcome: &self.outcome,
            digest: self.digest,
            endpoint,
            target,
            aside: Aside::of(outcome),
            gathered,
        };
        full.encode(encoder, key)
    }
}

fn certificates_of(outcome: &Outcome<Vec<u64>>) -> Vec<u64> {
    let mut numbers = match outcome {
        Outcome::Handshake(handshake) => {
            let others = handshake.other_chains.iter().flat_map(|other| &other.presented);
            handshake.presented.iter().chain(others).copied().collect()
        }
        Outcome::Read(chain) => chain.clone(),
        Outcome::Failure(_) => Vec::new(),
    };
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Finds the rows that repeat what is known, looking endpoints up in the order of the table.
pub(super) fn classify(transaction: &WriteTransaction, rows: &mut [Row]) -> Result<(), StoreError> {
    let table = transaction.open_table(ENDPOINTS)?;
    if table.is_empty()? {
        return Ok(());
    }
    let mut by_id: Vec<&mut Row> = rows.iter_mut().collect();
    by_id.sort_unstable_by_key(|row| row.id);
    for row in by_id {
        if let Some(record) = table.get(&row.id.0)? {
            let state = EndpointState::decode(&row.id.0, record.value())?;
            if state.current.digest == row.digest {
                row.same_as = Some(state.current.outcome);
            }
        }
    }
    Ok(())
}
