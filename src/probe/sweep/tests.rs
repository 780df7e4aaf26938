//! The driver against peers on loopback that play back bytes.
