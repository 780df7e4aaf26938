//! Endpoint to observation: pace, connect, handshake. Never judges.
