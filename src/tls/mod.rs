//! TLS on the wire, without IO: registries, ClientHello out, server flight in. No sockets, no clock; random
//! bytes come in as arguments.
//!
//! A scan builds [`HelloTemplates`] once; each visit patches one into a [`Hello`] and hands it to a
//! [`Flight`], which reads what the server sends until the certificates are in.

mod banner;
mod codec;
pub mod dh_primes;
pub mod dtls;
pub mod enumerate;
pub mod fingerprint;
pub mod flight;
pub mod hello;
mod messages;
pub mod offer;
mod post_quantum;
pub mod question;
pub mod quic;
mod record;
pub mod registry;
pub mod reply;
mod schedule;
pub mod session;
mod share;
pub mod ssl2;
pub mod starttls;
pub mod weakness;

pub use dh_primes::known_prime;
pub use dtls::{DtlsFlight, DtlsStep};
pub use flight::{Captured, Flight, FlightError, Leave, Step};
pub use hello::{Hello, HelloTemplate, HelloTemplates, VisitRandom};
pub use offer::{KeyShares, Offer, OfferKind};
pub use question::{Question, Until};
pub use record::Limits;
pub use registry::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, Ssl2Cipher, SuiteWeakness,
};
pub use reply::{Answer, KeyExchange, Reply, ServerAnswer};
pub use ssl2::{Ssl2Answer, Ssl2Question, Ssl2Reply};
pub use starttls::StartTls;
