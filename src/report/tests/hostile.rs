//! No text of a peer breaks a format: JSON reads back, lines stay lines, cells stay cells, a terminal stays still.

use proptest::prelude::*;
use serde_json::Value;

use super::super::*;
use super::goldens::{csv, json, jsonl, table};
use super::samples::*;
use crate::text::{Untrusted, is_unsafe_for_terminal};
use crate::wire::v1::{CertificateDocument, EndpointDocument};

/// Text that mixes what is dangerous with what is ordinary.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        any::<String>(),
        any::<char>().prop_map(String::from),
        proptest::sample::select(vec![
            ";", " ", "\"", ",", "\r", "\n", "\t", "=", "-", "\u{301}", "証", "\u{ff1d}"
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn check_terminal(text: &str, width: usize) {
    for line in text.lines() {
        let mut plain = String::new();
        let mut rest = line;
        // Our own colours are the only escape sequences.
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            let (code, after) = after.strip_prefix('[').unwrap().split_once('m').unwrap();
            assert!(code.chars().all(|c| c.is_ascii_digit() || c == ';'), "{code:?}");
            rest = after;
        }
        plain.push_str(rest);
        assert!(!plain.chars().any(is_unsafe_for_terminal), "{plain:?}");
        assert!(layout::display_width(&plain) <= width || plain.starts_with("Next: "), "{width}: {plain}");
    }
}

fn check_csv(text: &str, rows: usize) {
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let columns = reader.headers().unwrap().len();
    assert_eq!(columns, csv_columns().count());
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows);
    for record in &records {
        assert_eq!(record.len(), columns);
        for cell in record {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
            assert!(!cell.chars().any(is_unsafe_for_terminal), "{cell:?}");
            assert!(cell.chars().count() <= 32_767);
        }
    }
}

fn check_all(samples: &[Sample]) {
    let compact = json(samples, JsonLayout::Compact);
    let pretty = json(samples, JsonLayout::Pretty);
    let report: Value = serde_json::from_str(&compact).unwrap();
    assert_eq!(report, serde_json::from_str::<Value>(&pretty).unwrap());
    assert!(!compact.trim_end().chars().any(is_unsafe_for_terminal));
    assert!(!pretty.chars().any(|c| c != '\n' && is_unsafe_for_terminal(c)));
    assert!(!pretty.contains(['<', '>']));
    let certificates = certificates(samples).len();
    let lines = jsonl(samples);
    assert_eq!(lines.split_terminator('\n').count(), samples.len() + certificates + 1);
    for line in lines.split_terminator('\n') {
        assert!(serde_json::from_str::<Value>(line).unwrap()["type"].is_string());
    }
    check_csv(&csv(samples), samples.len());
    for width in [40, 80, 120] {
        for colour in [false, true] {
            check_terminal(&table(samples, &scan(samples), width, colour), width);
            check_terminal(&super::inspected::table(samples, width, colour, true), width);
        }
    }
}

#[test]
fn known_attacks_stay_text() {
    check_all(&hostile_estate());
}

#[test]
fn hostile_text_reads_back_from_json_as_it_was() {
    let samples = hostile_estate();
    let report: Value = serde_json::from_str(&json(&samples, JsonLayout::Pretty)).unwrap();
    for (endpoint, text) in report["endpoints"].as_array().unwrap().iter().zip(HOSTILE) {
        assert_eq!(endpoint["target"], text);
        assert_eq!(endpoint["findings"][0]["detail"], text);
        assert_eq!(endpoint["findings"][0]["evidence"]["presented"], text);
    }
    let subjects: Vec<&str> = report["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["san"]["dns"][0].as_str().unwrap())
        .collect();
    assert!(subjects.iter().all(|subject| HOSTILE.contains(subject)));
}

#[test]
fn a_certificate_with_five_thousand_names_fits_everywhere() {
    let mut sample = hostile("many", 0);
    let mut leaf = hostile_certificate("many");
    leaf.san.as_mut().unwrap().dns =
        (0..5_000).map(|number| Untrusted::new(format!("{number}.{}", "long-label.".repeat(20)))).collect();
    leaf.subject = name(&"huge ".repeat(20_000));
    sample.observation.outcome = handshake(chain(vec![leaf]));
    let samples = [sample];
    check_all(&samples);
    let report: Value = serde_json::from_str(&json(&samples, JsonLayout::Compact)).unwrap();
    assert_eq!(report["certificates"][0]["san"]["dns"].as_array().unwrap().len(), 5_000);
    let text = csv(&samples);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let record = reader.records().next().unwrap().unwrap();
    let count = csv_columns().position(|name| name == "name_count").unwrap();
    assert_eq!(&record[count], "5001");
    assert!(table(&samples, &scan(&samples), 80, false).len() < 10_000);
}

#[test]
fn documents_read_back_as_they_were_written() {
    for sample in estate().iter().chain(&hostile_estate()) {
        sample.view(|view| {
            let document = crate::wire::v1::endpoint_document(view);
            let text = serde_json::to_string(&document).unwrap();
            assert_eq!(serde_json::from_str::<EndpointDocument<'_>>(&text).unwrap(), document);
        });
    }
    for certificate in &certificates(&hostile_estate()) {
        let document = crate::wire::v1::certificate_document(&certificate_view(certificate));
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<CertificateDocument<'_>>(&text).unwrap(), document);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_stays_text_in_every_format(texts in proptest::collection::vec(text(), 1..4)) {
        let samples: Vec<Sample> = texts.iter().enumerate().map(|(at, text)| hostile(text, at)).collect();
        check_all(&samples);
        let report: Value = serde_json::from_str(&json(&samples, JsonLayout::Compact)).unwrap();
        for (endpoint, text) in report["endpoints"].as_array().unwrap().iter().zip(&texts) {
            prop_assert_eq!(endpoint["target"].as_str().unwrap(), text.as_str());
        }
    }

    #[test]
    fn any_text_is_wrapped_within_its_width(text in text(), width in 1_usize..60, lines in 1_usize..5) {
        let clean = layout::clean(&text);
        let wrapped = layout::wrap(&clean, width, lines);
        prop_assert!(wrapped.len() <= lines);
        for line in &wrapped {
            // A wide character does not fit a width of one.
            prop_assert!(layout::display_width(line) <= width.max(2), "{:?}", line);
        }
    }
}
