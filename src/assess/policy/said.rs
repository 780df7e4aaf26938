//! What a rule says before levels and exceptions, and the standing sentences for it.

use std::fmt::Display;
use std::sync::{Arc, LazyLock};

use super::dates::Timing;
use crate::assess::words;
use crate::model::Choice;

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Kept,
    Broken { sentence: String, timing: Timing },
    NotApplicable(Arc<str>),
    NotDetermined(Arc<str>),
}

macro_rules! sentences {
    ($($variant:ident => $text:literal,)*) => {
        /// A sentence that says why nothing is said.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Why { $($variant,)* }

        /// In the order of the variants.
        static SENTENCES: LazyLock<Vec<Arc<str>>> = LazyLock::new(|| vec![$(Arc::from($text),)*]);
    };
}

sentences! {
    File => "A file has no protocol.",
    NoCertificate => "No certificate was served.",
    NothingMeant => "No certificate of the path is one that the rule speaks of.",
    NotPublic => "The chain leads to no public authority.",
    Public => "The chain leads to a public authority.",
    NoPublicStore => "Whether the authority is public was not looked at: no public trust store was asked.",
    Unreadable => "The certificate's field could not be read.",
    OtherScts => "Timestamps beside the certificate (in TLS or a stapled response) were not looked at.",
    NoOcspUrl => "The certificate names no OCSP responder.",
    VersionNotSpoken => "The server does not speak the version that the rule is about.",
    VersionUnknown => "Whether the server speaks the version that the rule is about is not known.",
    SomeVersions => "Not every version was asked for; deep inspection does.",
    SomeSuites => "Not every cipher suite was asked for; deep inspection does.",
    SomeGroups => "Not every group was asked for; deep inspection does.",
    SomeSchemes => "Not every signature scheme was asked for; deep inspection does.",
    NoCbc => "No suite in CBC mode is accepted.",
    NoDh => "No suite with finite-field Diffie-Hellman is accepted.",
    DhUnknown => "Diffie-Hellman parameters were not looked at; deep inspection does.",
    FeatureUnknown => "This was not looked at, or could not be told; deep inspection looks.",
    NoFeature => "Nothing that the server speaks has it.",
    FindingUnknown => "Not all that these findings need was looked at; deep inspection does.",
}

impl Why {
    pub(super) fn sentence(self) -> Arc<str> {
        SENTENCES.get(self as usize).map_or_else(|| Arc::from(""), Arc::clone)
    }

    pub(super) fn not_applicable(self) -> Said {
        Said::NotApplicable(self.sentence())
    }

    pub(super) fn not_determined(self) -> Said {
        Said::NotDetermined(self.sentence())
    }
}

impl Said {
    /// Broken; the timing is set by who knows it.
    pub(super) fn broken(sentence: String) -> Self {
        Self::Broken { sentence, timing: Timing::InForce }
    }
}

/// `A, B and 3 more`.
pub(super) fn listed<T: Display>(items: &[T]) -> String {
    words::listed(&items.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// `allowed are A and B`, `forbidden` and so on: what a choice asks, after what is there.
pub(super) fn asked<T: Display>(choice: &Choice<T>) -> String {
    match choice {
        Choice::Allow(items) => match items.as_slice() {
            [only] => format!("allowed is {only}"),
            items => format!("allowed are {}", listed(items)),
        },
        Choice::Forbid(_) => "forbidden".to_owned(),
        Choice::AnyOf(items) => format!("asked for is at least one of {}", listed(items)),
        Choice::AllOf(items) => format!("asked for is each of {}", listed(items)),
    }
}
