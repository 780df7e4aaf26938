//! Targets to a stream of endpoints in pseudo-random order. Never probes.
