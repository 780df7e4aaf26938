//! Targets to a stream of endpoints in pseudo-random order. Never probes.
//!
//! [`plan()`] parses and counts what was asked; [`Plan::sweep`] walks it lazily; [`expand()`] turns each unit into
//! endpoints. Networks of any size are walked by arithmetic, files of any length in blocks of [`BLOCK`] lines:
//! memory does not grow with the number of targets (networks apart: 40 bytes each).
//!
//! Each unit is handed out once: ranges are one set; what is singly named and lies in a range is visited within
//! the range in its own name; of equal names or addresses within one block the first counts. Equal lines of a
//! file that are more than a block apart are visited twice, as remembering them all would take memory without bound.

mod block;
mod digest;
mod error;
mod exclude;
mod expand;
mod intervals;
mod labels;
mod lines;
mod permute;
mod plan;
mod ports;
mod source;
mod sweep;
mod target;
#[cfg(test)]
mod tests;

pub use error::{DiscoverError, Origin};
pub use exclude::MAX_EXCLUSIONS;
pub use expand::{Expanded, expand};
pub use intervals::{AddressRange, IntervalSet, Ranges};
pub use lines::MAX_LINE;
pub use permute::Permutation;
pub use plan::{Plan, Request, plan, plan_with_input};
pub use ports::PortSet;
pub use sweep::{Position, Sweep, Unit};
pub use target::{Place, Target};

/// Singly named targets in a block: permuted together, held in memory together (about 8 MB).
pub const BLOCK: usize = 65_536;

/// Most networks and ranges of one plan.
pub const MAX_RANGES: usize = 1_000_000;

/// Most singly named addresses inside ranges that keep their own name.
const MAX_PROMOTED: usize = 65_536;
