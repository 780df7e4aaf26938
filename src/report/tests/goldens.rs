//! Reports as people and programs read them, kept in `fixtures/golden/`. `CERTVIGIL_UPDATE_GOLDENS=1` rewrites them.

use super::super::*;
use super::samples::*;
use crate::model::{Rule, Severity};
use crate::wire::v1::*;

/// Compares `actual` with the golden file `name`, or rewrites it.
pub(in crate::report) fn golden(name: &str, actual: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name);
    if std::env::var_os("CERTVIGIL_UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name} differs; CERTVIGIL_UPDATE_GOLDENS=1 cargo test rewrites it");
}

/// All records of `samples`, written by `writer`.
pub(super) fn write_all(writer: &mut dyn RecordWriter, samples: &[Sample], head: &ReportHead<'_>) {
    for sample in samples {
        sample.view(|view| writer.endpoint(view)).unwrap();
    }
    for certificate in &certificates(samples) {
        writer.certificate(&certificate_view(certificate)).unwrap();
    }
    writer.finish(head).unwrap();
}

pub(super) fn json(samples: &[Sample], layout: JsonLayout) -> String {
    let (scan, stores) = (scan(samples), stores());
    let stores: Vec<StoreView<'_>> = stores.iter().map(|info| StoreView { info, anchors: 142 }).collect();
    let mut out = Vec::new();
    let head = head(&scan, &stores);
    let mut report = JsonReport::begin(&mut out, &head, layout).unwrap();
    write_all(&mut report, samples, &head);
    String::from_utf8(out).unwrap()
}

pub(super) fn jsonl(samples: &[Sample]) -> String {
    let (scan, stores) = (scan(samples), stores());
    let stores: Vec<StoreView<'_>> = stores.iter().map(|info| StoreView { info, anchors: 142 }).collect();
    let mut out = Vec::new();
    write_all(&mut JsonlReport::new(&mut out), samples, &head(&scan, &stores));
    String::from_utf8(out).unwrap()
}

pub(super) fn csv(samples: &[Sample]) -> String {
    let scan = scan(samples);
    let mut out = Vec::new();
    write_all(&mut CsvReport::begin(&mut out, NOW).unwrap(), samples, &head(&scan, &[]));
    String::from_utf8(out).unwrap()
}

pub(super) fn table(samples: &[Sample], scan: &crate::model::Scan, width: usize, colour: bool) -> String {
    let stores = stores();
    let stores: Vec<StoreView<'_>> = stores.iter().map(|info| StoreView { info, anchors: 142 }).collect();
    let mut table = TableBuilder::new(12);
    samples.iter().for_each(|sample| sample.view(|view| table.add(view)));
    let options = TableOptions { width, colour, now: NOW };
    table.render(
        &options,
        &ScanView { scan },
        &stores,
        "certvigil report --scan latest -f json -o report.json",
    )
}

#[test]
fn the_json_report_is_the_golden_one() {
    golden("report.json", &json(&estate(), JsonLayout::Pretty));
    golden("report-hostile.json", &json(&hostile_estate(), JsonLayout::Pretty));
}

#[test]
fn the_json_lines_are_the_golden_ones() {
    golden("report.jsonl", &jsonl(&estate()));
}

#[test]
fn the_csv_report_is_the_golden_one() {
    golden("report.csv", &csv(&estate()));
    golden("report-hostile.csv", &csv(&hostile_estate()));
}

#[test]
fn the_tables_are_the_golden_ones() {
    let samples = estate();
    for width in [80, 120, 200] {
        golden(&format!("table-{width}.txt"), &table(&samples, &scan(&samples), width, false));
    }
    golden("table-colour-120.txt", &table(&samples, &scan(&samples), 120, true));
    let samples = large_estate();
    golden("table-large-120.txt", &table(&samples, &scan_with_dead_addresses(&samples), 120, false));
    let samples = hostile_estate();
    golden("table-hostile-120.txt", &table(&samples, &scan(&samples), 120, false));
}

#[test]
fn a_report_without_records_is_whole() {
    for layout in [JsonLayout::Pretty, JsonLayout::Compact] {
        let report: serde_json::Value = serde_json::from_str(&json(&[], layout)).unwrap();
        assert_eq!(report["endpoints"], serde_json::json!([]));
        assert_eq!(report["certificates"], serde_json::json!([]));
        assert_eq!(report["schema"], "certvigil.report/v1");
    }
    assert_eq!(jsonl(&[]).lines().count(), 1);
    assert_eq!(csv(&[]).lines().count(), 1);
    assert!(table(&[], &scan(&[]), 80, false).starts_with("0 endpoints: 0 with a chain."));
}

#[test]
fn an_endpoint_after_the_certificates_is_refused_in_json() {
    let samples = estate();
    let scan = scan(&samples);
    let head = head(&scan, &[]);
    let mut out = Vec::new();
    let mut report = JsonReport::begin(&mut out, &head, JsonLayout::Compact).unwrap();
    report.certificate(&certificate_view(&certificates(&samples)[0])).unwrap();
    assert!(samples[0].view(|view| report.endpoint(view)).is_err());
    report.finish(&head).unwrap();
    report.finish(&head).unwrap();
    assert!(report.certificate(&certificate_view(&certificates(&samples)[0])).is_err());
    serde_json::from_slice::<serde_json::Value>(&out).unwrap();
}

#[test]
fn a_report_cut_short_is_not_json_and_its_lines_are_whole() {
    let report = json(&estate(), JsonLayout::Pretty);
    let short = &report[..report.len() - 3];
    assert!(serde_json::from_str::<serde_json::Value>(short).is_err());
    // Each record is one call to the writer.
    struct Calls(Vec<Vec<u8>>);
    impl std::io::Write for Calls {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let samples = estate();
    let scan = scan(&samples);
    let mut calls = Calls(Vec::new());
    write_all(&mut JsonlReport::new(&mut calls), &samples, &head(&scan, &[]));
    assert!(
        calls.0.iter().all(|call| call.ends_with(b"\n") && call.iter().filter(|b| **b == b'\n').count() == 1)
    );
    let last: serde_json::Value = serde_json::from_slice(calls.0.last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["schema"]), (&"scan".into(), &"certvigil.report/v1".into()));
    assert_eq!(last["counts"]["endpoints"], scan.counts.endpoints);
}

#[test]
fn a_full_disk_is_told() {
    #[derive(Debug)]
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let samples = estate();
    let scan = scan(&samples);
    let head = head(&scan, &[]);
    let full = std::io::ErrorKind::StorageFull;
    assert_eq!(JsonReport::begin(Full, &head, JsonLayout::Compact).unwrap_err().kind(), full);
    assert_eq!(JsonlReport::new(Full).finish(&head).unwrap_err().kind(), full);
    let mut csv = CsvReport::begin(Full, NOW).unwrap();
    samples[0].view(|view| csv.endpoint(view)).unwrap();
    assert_eq!(csv.finish(&head).unwrap_err().kind(), full);
    // Small rows are gathered; the writer's error comes back as it was, whichever row fills the buffer.
    let mut csv = CsvReport::begin(Full, NOW).unwrap();
    let results = (0..1_000).map(|_| samples[0].view(|view| csv.endpoint(view)));
    let error = results.filter_map(Result::err).next().unwrap();
    assert_eq!(error.kind(), full);
}

#[test]
fn the_counts_of_the_table_add_up() {
    let samples = large_estate();
    let text = table(&samples, &scan_with_dead_addresses(&samples), 200, false);
    for sentence in [
        "412 endpoints: 380 with a chain, 32 without (20 refused, 12 timed out); 14,000 dead addresses not listed.",
        "5 endpoints seen before gave no chain this time; 256 probes left out by exclusions.",
        "304 high, 64 medium",
        "and 303 more endpoints",
        "53 further findings, none worse, are not shown here",
    ] {
        assert!(text.contains(sentence), "{sentence}\n{text}");
    }
}

#[test]
fn set_aside_findings_are_counted_and_not_shown() {
    let samples = estate();
    let text = table(&samples, &scan(&samples), 120, false);
    assert!(!text.contains("It is valid for"));
    assert!(text.contains("accepted  intranet.example:443"));
    assert!(text.contains("Certificate is valid for too long (silenced)"));
    assert!(text.contains("2 findings acknowledged or silenced"));
}

#[test]
fn the_worst_finding_is_shown_however_late_it_comes() {
    let sample = |number: u32, severity, end| {
        let label = format!("host-{number}.example");
        let address = format!("10.1.{}.{}:443", number / 250, number % 250);
        let detail = format!("detail of {number}");
        Sample::new(endpoint(Some(&label), &address), handshake(leaf_chain(&label, "R11", days(end))))
            .judged(None, Some(true))
            .found(verdict(Rule::Expiring, severity, "Certificate expires", &detail, &label))
    };
    let low = Severity::Low;
    // More groups than are kept; the last ones come twice, the second time under their own name again.
    let mut samples: Vec<Sample> = (0..3_000).map(|number| sample(number, low, 50)).collect();
    samples.push(sample(2_999, low, 1));
    samples.push(sample(5_000, Severity::Critical, 90));
    let text = table(&samples, &scan(&samples), 120, false);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("critical  host-5000.example:443"), "{text}");
    assert!(text.contains("findings: 1 critical, 3,001 low."));
    // Twelve lines are shown, each with one finding.
    assert!(text.contains("2,990 further findings, none worse, are not shown here"), "{text}");
}

#[test]
fn a_group_is_named_after_the_endpoint_that_expires_first() {
    let sample = |number: u32, end| {
        let label = format!("host-{number}.example");
        Sample::new(endpoint(Some(&label), "127.0.0.1:443"), handshake(leaf_chain(&label, "R11", days(end))))
            .found(verdict(Rule::UnknownIssuer, Severity::High, "Unknown issuer", &label, "R11"))
    };
    let samples = [sample(1, 50), sample(2, 20)];
    let text = table(&samples, &scan(&samples), 120, false);
    assert!(text.contains("high      host-2.example:443      Unknown issuer"), "{text}");
    assert!(text.contains("For example: host-2.example"), "{text}");
    assert!(text.contains("and host-1.example:443"), "{text}");
    assert!(text.contains("2026-12-14"), "{text}");
}
