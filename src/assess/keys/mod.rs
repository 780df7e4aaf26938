//! Arithmetic that tells weak keys. Pure: long numbers in, plain answers out; what they mean for a certificate is said by
//! the lints.

mod curve;
mod division;
mod faults;
mod fermat;
mod field;
mod gcd;
mod natural;
pub(super) mod roca;
mod rsa;
mod shared;
mod small_factors;
mod transform;
mod tree;
mod word;

pub use curve::{PointFault, point_fault};
pub use faults::{KeyFaults, blocklist_hash};
pub use fermat::ROUNDS as FERMAT_ROUNDS;
pub use roca::Resemblance;
pub use rsa::ModulusFaults;
pub use shared::{
    MOST_OCTETS as MOST_PART_OCTETS, ModuliProduct, Part, SharedFactor, Suspects, have_common_factor,
};
pub use small_factors::LIMIT as SMALL_FACTOR_LIMIT;
pub use transform::Multiplier;
