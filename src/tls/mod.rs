//! TLS on the wire, without IO: registries, ClientHello out, server flight in. No sockets.

pub mod registry;

pub use registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
