//! The door to DNS.
