//! Endpoint to observation: pace, connect, handshake. Never judges.

mod second_try;
mod sweep;
