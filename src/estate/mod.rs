//! Servers with known faults on loopback, for the demonstration and the tests.
