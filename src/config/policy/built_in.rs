//! The policies that are built in: files like a user's own, compiled in.

macro_rules! built_in {
    ($($name:literal,)*) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("builtin/", $name, ".toml"))),)*];
    };
}

built_in! {
    "mozilla-6.0-modern",
    "mozilla-6.0-intermediate",
    "mozilla-5.7-modern",
    "mozilla-5.7-intermediate",
    "mozilla-5.7-old",
    "nist-800-52r2",
    "nist-131a",
    "nist-ir8547",
    "cnsa-2.0",
    "bsi-tr-02102-2-2026",
    "pci-dss-4.0.1",
    "cabf-br",
    "chrome-root",
    "chrome-ct",
    "apple-ct",
}

/// Names of the policies that are built in.
pub fn built_in_names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

pub(super) fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
}
