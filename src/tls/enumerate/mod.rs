//! Finds out what a server accepts, a question at a time: each enumeration here gives the next [`Question`] and takes
//! the [`Answer`], until it asks no more. "Let it choose, remove the choice, repeat" needs one connection for each thing
//! accepted and one for the refusal at the end. Never sends, never waits, never judges.
//!
//! A timeout is never a refusal. A server that hangs up or resets is asked once more before that counts as one.

mod alpn;
mod ear;
mod fallback;
mod groups;
mod lists;
mod memory;
mod old;
mod only;
mod order;
mod schemes;
mod sealed;
mod sights;
mod suites;
#[cfg(test)]
mod testing;
mod tls13;
mod tolerance;

pub use alpn::Alpn;
pub use fallback::Fallback;
pub use groups::OldGroups;
pub use memory::Memory;
pub use old::OldVersions;
pub use only::{Only, OnlyFound};
pub use schemes::OldSchemes;
pub use sealed::{Sealed, SealedAnswer};
pub use sights::{DhSight, Sights};
pub use suites::{Suites, SuitesFound};
pub use tls13::{Tls13, Tls13Found};
pub use tolerance::{Quirk, Tolerance};

use super::{Answer, Question};

/// What a question is after, for the count of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aim {
    /// Versions, suites and their order.
    Suites,
    Groups,
    SignatureSchemes,
    Features,
    Tolerance,
}

/// An enumeration under way.
pub trait Enumeration {
    /// The next question; `None` once there is nothing more to ask. Asking twice gives the same question.
    fn question(&self) -> Option<(Aim, Question)>;

    /// Takes the answer to that question.
    fn hear(&mut self, answer: &Answer);
}

/// The server may do better after a pause: it said so, or it hung up as one does that is asked too often.
pub fn asks_for_a_pause(answer: &Answer) -> bool {
    match answer {
        Answer::Alert(alert) => ear::is_busy(*alert),
        Answer::Reset => true,
        _ => false,
    }
}
