//! When an expiring certificate becomes worth a finding: the numbers that a profile may change.

/// A step of end-entity certificates: begins at the later of the two, that is, at the smaller time left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExpiryStep {
    /// Percent of the certificate's life that is left.
    pub share: u32,
    /// Days that are left.
    pub days: u32,
}

/// Steps of expiry, `medium >= high >= critical` in each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thresholds {
    pub medium: ExpiryStep,
    pub high: ExpiryStep,
    pub critical: ExpiryStep,
    /// Days left of CA certificates: medium, high, critical.
    pub ca_days: [u32; 3],
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            medium: ExpiryStep { share: 25, days: 30 },
            high: ExpiryStep { share: 15, days: 14 },
            critical: ExpiryStep { share: 5, days: 3 },
            ca_days: [180, 90, 30],
        }
    }
}
