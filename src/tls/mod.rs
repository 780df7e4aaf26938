//! TLS on the wire, without IO: registries, ClientHello out, server flight in. No sockets, no clock; random
//! bytes come in as arguments.
//!
//! A scan builds [`HelloTemplates`] once; each visit patches one into a [`Hello`] and hands it to a
//! [`Flight`], which reads what the server sends until the certificates are in.

mod banner;
mod codec;
pub mod flight;
pub mod hello;
mod messages;
pub mod offer;
mod record;
pub mod registry;
mod schedule;
mod share;

pub use flight::{Captured, Flight, FlightError, Leave, Limits, Step};
pub use hello::{Hello, HelloTemplate, HelloTemplates, VisitRandom};
pub use offer::{KeyShares, Offer, OfferKind};
pub use registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
