//! The identity of a plan: SHA-256 over what decides which unit stands at which position.

use std::collections::HashSet;
use std::net::IpAddr;

use aws_lc_rs::digest::{Context, SHA256};

use super::{IntervalSet, PortSet};
use crate::model::{ServerName, StartTlsChoice, Transport};
use crate::x509::Fingerprint;

/// Fields are tagged and carry their length, so that no two plans share their bytes.
pub(super) struct PlanDigest(Context);

impl PlanDigest {
    pub(super) fn new(ports: &PortSet, server_names: &[ServerName], ptr_names: bool) -> Self {
        let mut digest = Self(Context::new(&SHA256));
        digest.field(b'v', b"certvigil.plan/1");
        digest.field(b'p', ports.to_string().as_bytes());
        for name in server_names {
            digest.field(b's', name.as_str().as_bytes());
        }
        digest.field(b't', &[u8::from(ptr_names)]);
        digest
    }

    /// The default is left out: it was the only choice when the first digests were made.
    pub(super) fn starttls(&mut self, choice: StartTlsChoice) {
        if choice != StartTlsChoice::default() {
            self.field(b'u', choice.name().as_bytes());
        }
    }

    /// The default is left out, for the same reason.
    pub(super) fn transports(&mut self, transports: &[Transport]) {
        if transports != [Transport::Tcp] {
            transports.iter().for_each(|transport| self.field(b'w', transport.name().as_bytes()));
        }
    }

    pub(super) fn exclusions(&mut self, addresses: &IntervalSet, names: &HashSet<ServerName>) {
        self.intervals(b'x', addresses);
        let mut names: Vec<&ServerName> = names.iter().collect();
        names.sort_unstable();
        for name in names {
            self.field(b'X', name.as_str().as_bytes());
        }
    }

    pub(super) fn ranges(&mut self, ranges: &IntervalSet) {
        self.intervals(b'r', ranges);
    }

    pub(super) fn block(&mut self, fingerprint: &Fingerprint) {
        self.field(b'b', &fingerprint.0);
    }

    /// A pipe: what comes through it is unknown.
    pub(super) fn pipe(&mut self) {
        self.field(b'-', b"");
    }

    pub(super) fn finish(self) -> Fingerprint {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        Fingerprint(out)
    }

    /// Neighbours are joined whoever owns them: the way a set was written does not matter.
    fn intervals(&mut self, tag: u8, set: &IntervalSet) {
        let joined = IntervalSet::union(set.ranges().map(|range| (range, 0)));
        for range in joined.ranges() {
            let (first, last) = range.bounds();
            self.field(tag, &octets(first));
            self.field(tag, &octets(last));
        }
    }

    fn field(&mut self, tag: u8, bytes: &[u8]) {
        self.0.update(&[tag]);
        self.0.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}
