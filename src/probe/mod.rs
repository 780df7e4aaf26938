//! Endpoint to observation: pace, connect, handshake. Never judges.
//!
//! [`Prober::visit`] is the door. Two engines stand behind it: our own hello codec (`sweep`: cheapest, reaches
//! the oldest servers, sees every chain) and rustls (`standard`: completes the handshake, proves possession). Over
//! UDP they are `dtls` and `quic`.

mod ask;
mod budget;
mod connect;
mod connector;
mod deep;
mod descriptors;
mod dtls;
mod leaf;
mod link;
pub mod pace;
mod possession;
mod post_quantum;
mod prober;
mod pump;
mod quic;
mod recorder;
mod second_try;
pub mod settings;
mod sound_out;
mod standard;
pub mod statistics;
mod sweep;
mod tds;
#[cfg(test)]
mod test_hosts;
#[cfg(test)]
mod tests;
mod upgrade;
mod visit;

pub use pace::{Expectation, Pace};
pub use prober::{Measured, ProbeError, Prober};
pub use settings::ProbeSettings;
pub use statistics::Statistics;
