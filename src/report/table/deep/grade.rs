//! A grade in the block of an endpoint: the letter with its points, why it is no better, and what it leaves open.

use super::super::super::layout::clean;
use super::super::super::style::Style;
use crate::model::{Grade, Letter};

/// The letter beside the endpoint's name.
pub(super) fn beside(grade: &Grade) -> String {
    match grade.letter {
        Some(letter) if letter.is_about_trust() => match grade.ignoring_trust {
            Some(without) => format!(": grade {} ({} if trust is ignored)", letter.name(), without.name()),
            None => format!(": grade {}", letter.name()),
        },
        Some(letter) => format!(": grade {}", letter.name()),
        None => ": no grade".to_owned(),
    }
}

/// The lines of the field. Without `detailed` only what decides the letter, and what keeps it from being given.
pub(super) fn lines(grade: &Grade, detailed: bool) -> Vec<(String, Style)> {
    let mut lines = Vec::new();
    if let Some(score) = grade.score {
        let words = format!(
            "{} points: protocol {}, key exchange {}, cipher {} ({})",
            score.total,
            score.protocol,
            score.key_exchange,
            score.cipher,
            Grade::GUIDE
        );
        lines.push((words, Style::Plain));
    }
    let deciding = |to: Letter| Some(to) == grade.letter || Some(to) == grade.ignoring_trust;
    for cap in grade.caps.iter().filter(|cap| detailed || deciding(cap.to)) {
        let inferred = if cap.inferred { " (inferred)" } else { "" };
        lines.push((format!("{}: {}{inferred}", cap.to.name(), clean(&cap.reason)), style(cap.to)));
    }
    for open in grade.not_tested.iter().filter(|open| detailed || open.prevents_grade) {
        let words =
            format!("not tested ({}, could be {}): {}", open.what, open.could_be.name(), clean(&open.reason));
        lines.push((words, Style::Low));
    }
    if detailed {
        lines.extend(grade.notes.iter().map(|note| ((*note).to_owned(), Style::Dim)));
    }
    lines
}

fn style(letter: Letter) -> Style {
    match letter {
        Letter::APlus | Letter::A => Style::Plain,
        Letter::AMinus => Style::Low,
        Letter::B | Letter::C => Style::Medium,
        Letter::D | Letter::E | Letter::F | Letter::M | Letter::T => Style::High,
    }
}
