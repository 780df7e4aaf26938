//! A grade by SSL Labs' Server Rating Guide, with everything that stands behind it. Derived, never stored as a fact.

/// A letter. The order is the order of badness: the later one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Letter {
    APlus,
    A,
    AMinus,
    B,
    C,
    D,
    E,
    F,
    /// The certificate is for another name.
    M,
    /// The certificate is not trusted.
    T,
}

impl Letter {
    /// Every letter, best first.
    pub const ALL: [Self; 10] =
        [Self::APlus, Self::A, Self::AMinus, Self::B, Self::C, Self::D, Self::E, Self::F, Self::M, Self::T];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::AMinus => "A-",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::F => "F",
            Self::M => "M",
            Self::T => "T",
        }
    }

    /// Says something about trust, nothing about cryptography.
    pub fn is_about_trust(self) -> bool {
        matches!(self, Self::M | Self::T)
    }
}

/// A grade and its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grade {
    /// `None`: what was not tested could make it any worse; see [`Self::not_tested`].
    pub letter: Option<Letter>,
    /// The grade without what is said about trust and names.
    pub ignoring_trust: Option<Letter>,
    /// `None` where a part of it could not be told.
    pub score: Option<Score>,
    /// Everything that keeps the grade from being better, the worst first.
    pub caps: Vec<Cap>,
    /// What could make the grade worse and was not told.
    pub not_tested: Vec<NotTested>,
    /// What the guide does not provide for, and how it was taken.
    pub notes: Vec<&'static str>,
}

impl Grade {
    /// The edition of SSL Labs' guide that is followed.
    pub const GUIDE: &'static str = "ssllabs-2009r";
}

/// Points out of 100, rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    pub total: u32,
    pub protocol: u32,
    pub key_exchange: u32,
    pub cipher: u32,
}

/// One reason why the grade is no better than a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    pub to: Letter,
    /// Stable name.
    pub rule: &'static str,
    /// A sentence with the facts of this case.
    pub reason: String,
    /// The guide's text does not say it in so many words: from what is published about it, or from other programs that
    /// follow it.
    pub inferred: bool,
}

/// Something that was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTested {
    /// Stable name.
    pub what: &'static str,
    /// The letter it could lead to.
    pub could_be: Letter,
    /// A sentence: why not.
    pub reason: String,
    /// Without it there is no grade.
    pub prevents_grade: bool,
}
