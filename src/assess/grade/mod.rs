//! A grade by SSL Labs' Server Rating Guide, edition 2009r of 2025-05-16: points for protocol (30 %), key exchange (30 %)
//! and cipher strength (40 %) give a letter, and rules cap it. Each cap is named with its reason; what the guide's text is
//! not known to say is marked *inferred*: from Qualys' announcements, or from testssl.sh, which follows the guide.
//!
//! Doubt never makes a grade better in silence:
//!
//! * What the points are made of must be known: every version from SSL 3 up, the suites of each version offered, the groups,
//!   primes and keys. Else there are no points and no letter, unless it is an F already; the report says what is missing.
//! * A weakness that was asked for and not told, or that was not asked for, stands beside the letter with what it could
//!   lead to, and A+ is not given.
//! * Silence to a hello of SSL 2, which many servers have, is such a doubt; it does not take the grade away.
//! * Trust that no store was asked about is no trust: no letter, only the one that ignores trust.
//!
//! Where it differs from the guide or from testssl.sh, on purpose:
//!
//! * TLS_FALLBACK_SCSV is not asked of a server with one version: it has nothing to fall back to. The guide's own scanner
//!   keeps servers of TLS 1.3 alone at A for it.
//! * STARTTLS is graded like everything else; testssl.sh gives T.
//! * Elliptic curves count as RSA of like strength (256 bits: 90 points, 384: 100), as SSL Labs does it; testssl.sh gives
//!   100 from 225 bits. Hybrid groups count by the stronger half, ML-KEM and ML-DSA by their category: the guide is older.
//! * 64-bit blocks count where a server prefers them, or has nothing else in a version; testssl.sh counts every suite.
//! * HSTS that is short costs A+ only. M gives way to T.

mod cipher;
mod key_exchange;
mod plus;
mod protocol;
mod strength;
#[cfg(test)]
mod tests;
mod trust;
mod weaknesses;

use std::cmp::Reverse;

use super::view::EndpointView;
use crate::model::{Assessment, Cap, Grade, Inspection, Letter, NotTested, Scope, Score, VersionFacts};
use crate::tls::ProtocolVersion;

/// Grades an endpoint that was inspected; `assessment` has its chains and verdicts.
pub(super) fn grade(view: &EndpointView<'_>, assessment: &Assessment) -> Option<Grade> {
    let inspection = view.inspection()?;
    let mut sheet = Sheet { view, inspection, assessment, grade: Grade::default() };
    if inspection.scope == Scope::Forbidden {
        let reason = "only what the policy forbids was asked for; `--enumerate everything` asks for all";
        sheet.cannot_grade("inspection", Letter::F, reason);
        return Some(sheet.grade);
    }
    let points = Points {
        protocol: protocol::judge(&mut sheet),
        key_exchange: key_exchange::judge(&mut sheet),
        cipher: cipher::judge(&mut sheet),
    };
    weaknesses::judge(&mut sheet);
    trust::judge(&mut sheet);
    plus::judge(&mut sheet);
    Some(finish(sheet.grade, &points))
}

/// What is judged, and the grade as far as it got.
struct Sheet<'a> {
    view: &'a EndpointView<'a>,
    inspection: &'a Inspection,
    assessment: &'a Assessment,
    grade: Grade,
}

impl<'a> Sheet<'a> {
    /// The grade is no better than `to`, as the guide says.
    fn cap(&mut self, to: Letter, rule: &'static str, reason: impl Into<String>) {
        self.grade.caps.push(Cap { to, rule, reason: reason.into(), inferred: false });
    }

    /// The same, as others read the guide.
    fn cap_inferred(&mut self, to: Letter, rule: &'static str, reason: impl Into<String>) {
        self.grade.caps.push(Cap { to, rule, reason: reason.into(), inferred: true });
    }

    /// Could not be told; stands beside the grade.
    fn in_doubt(&mut self, what: &'static str, could_be: Letter, reason: impl Into<String>) {
        self.grade.not_tested.push(NotTested {
            what,
            could_be,
            reason: reason.into(),
            prevents_grade: false,
        });
    }

    /// Could not be told, and without it there is no grade.
    fn cannot_grade(&mut self, what: &'static str, could_be: Letter, reason: impl Into<String>) {
        self.grade.not_tested.push(NotTested { what, could_be, reason: reason.into(), prevents_grade: true });
    }

    /// The versions spoken, oldest first.
    fn offered(&self) -> impl Iterator<Item = &'a VersionFacts> + Clone + use<'a> {
        self.inspection.versions.iter().filter(|facts| facts.offered == Some(true))
    }

    fn offers(&self, version: ProtocolVersion) -> bool {
        self.offered().any(|facts| facts.version == version)
    }

    /// SSL 3 to TLS 1.2, as far as spoken.
    fn offered_old(&self) -> impl Iterator<Item = &'a VersionFacts> + Clone + use<'a> {
        let old = ProtocolVersion::SSLv3..=ProtocolVersion::TLSv1_2;
        self.offered().filter(move |facts| old.contains(&facts.version))
    }
}

/// Points of one category, in halves: 200 is the most. `None` where they could not be told.
type Halves = Option<u32>;

/// The points of all categories.
struct Points {
    protocol: Halves,
    key_exchange: Halves,
    cipher: Halves,
}

impl Points {
    /// A category without points takes the others' away. Halves of points count in the sum, which is rounded down.
    fn score(&self) -> Option<Score> {
        let (protocol, key_exchange, cipher) = (self.protocol?, self.key_exchange?, self.cipher?);
        let has_zero = [protocol, key_exchange, cipher].contains(&0);
        let total = if has_zero { 0 } else { (30 * protocol + 30 * key_exchange + 40 * cipher) / 200 };
        Some(Score { total, protocol: protocol / 2, key_exchange: key_exchange / 2, cipher: cipher / 2 })
    }
}

/// The letter for a total, before the caps.
fn letter(total: u32) -> Letter {
    match total {
        80.. => Letter::APlus,
        65.. => Letter::B,
        50.. => Letter::C,
        35.. => Letter::D,
        20.. => Letter::E,
        _ => Letter::F,
    }
}

fn finish(mut grade: Grade, points: &Points) -> Grade {
    grade.score = points.score();
    grade.caps.sort_by_key(|cap| Reverse(cap.to));
    grade.not_tested.sort_by_key(|open| (!open.prevents_grade, Reverse(open.could_be)));
    let worst = |is_about_trust| {
        grade.caps.iter().map(|cap| cap.to).filter(|to| to.is_about_trust() == is_about_trust).max()
    };
    let cap = worst(false).unwrap_or(Letter::APlus);
    grade.ignoring_trust = match grade.score {
        _ if cap == Letter::F => Some(cap),
        Some(score) => Some(letter(score.total).max(cap)),
        None => None,
    };
    let is_open = grade.not_tested.iter().any(|open| open.prevents_grade && open.could_be.is_about_trust());
    grade.letter = match worst(true) {
        Some(letter) => Some(letter),
        None => grade.ignoring_trust.filter(|letter| !is_open || *letter == Letter::F),
    };
    grade
}
