//! What deep inspection found, below the findings: a block for each of a few endpoints; for more, what the fleet
//! offers and which servers are alike. Memory is bounded by the settings, not by the endpoints.

mod block;
mod clusters;
mod fleet;
mod grade;
mod words;

use block::Block;
use clusters::Clusters;
use fleet::Fleet;

use super::super::TableOptions;
use super::super::layout::clean;
use super::groups::address_beside_name;
use crate::model::{Outcome, TlsFacts};
use crate::wire::v1::EndpointView;

/// Endpoints inspected up to which each has a block of its own.
const FEW: usize = 10;
/// As [`FEW`], where somebody asks for more.
const MANY: usize = 100;

/// Collects inspections for the table.
#[derive(Debug, Default)]
pub(super) struct Deep {
    detailed: bool,
    /// The first few.
    blocks: Vec<Block>,
    fleet: Fleet,
    clusters: Clusters,
}

impl Deep {
    /// `detailed`: more endpoints have a block, and nothing in it is cut short.
    pub(super) fn new(detailed: bool) -> Self {
        Self { detailed, ..Self::default() }
    }

    pub(super) fn add(&mut self, view: &EndpointView<'_>) {
        let nothing = TlsFacts::default();
        let outcome = &view.observation.outcome;
        let tls = match outcome {
            Outcome::Handshake(handshake) => &handshake.tls,
            Outcome::Failure(_) | Outcome::Read(_) => &nothing,
        };
        let inspection = outcome.inspection();
        self.fleet.add(tls, inspection);
        let Some(inspection) = inspection else { return };
        let endpoint = &view.observation.endpoint;
        let label = clean(&endpoint.label());
        self.clusters.add(&label, tls, inspection);
        match self.blocks.len() <= self.most() {
            true => self.blocks.push(Block {
                label,
                address: address_beside_name(endpoint),
                starttls: endpoint.starttls,
                post_quantum: tls.post_quantum,
                grade: view.assessment.grade.clone(),
                inspection: Box::new(inspection.clone()),
            }),
            // Too many for blocks: none is shown.
            false => self.blocks.truncate(1),
        }
    }

    pub(super) fn render(&self, out: &mut String, options: &TableOptions) {
        let inspected = self.fleet.inspected();
        if inspected <= self.most() as u64 {
            for (at, block) in self.blocks.iter().enumerate() {
                block.render(out, options, self.detailed, self.blocks.get(..at).unwrap_or_default());
                out.push('\n');
            }
        }
        if inspected > FEW as u64 {
            self.fleet.render(out, options);
            out.push('\n');
            self.clusters.render(out, options, self.detailed);
            out.push('\n');
        }
    }

    /// The share of endpoints with a post-quantum key exchange, where no block and no fleet tells it.
    pub(super) fn post_quantum_sentence(&self) -> Option<String> {
        (self.fleet.inspected() == 0).then(|| self.fleet.post_quantum()).flatten()
    }

    fn most(&self) -> usize {
        if self.detailed { MANY } else { FEW }
    }
}
