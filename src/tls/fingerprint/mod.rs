//! Marks by which like servers are known, from what they choose in clear. JARM and JA3S are free to use (BSD 3-clause);
//! JA4S and JA4X are not, and are not here.

pub mod ja3s;
pub mod jarm;
