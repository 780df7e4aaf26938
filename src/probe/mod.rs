//! Endpoint to observation: pace, connect, handshake. Never judges.
//!
//! [`Prober::visit`] is the door. Two engines stand behind it: our own hello codec (`sweep`: cheapest, reaches
//! the oldest servers, sees every chain) and rustls (`standard`: completes the handshake, proves possession).

mod connect;
mod descriptors;
mod leaf;
pub mod pace;
mod possession;
mod prober;
mod recorder;
mod second_try;
pub mod settings;
mod standard;
pub mod statistics;
mod sweep;
#[cfg(test)]
mod test_hosts;
#[cfg(test)]
mod tests;
mod visit;

pub use pace::{Expectation, Pace};
pub use prober::{ProbeError, Prober};
pub use settings::ProbeSettings;
pub use statistics::Statistics;
