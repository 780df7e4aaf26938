//! The formats of other programs' readers, over the same samples: goldens, and what they must never do.

use super::super::*;
use super::goldens::{golden, write_all};
use super::samples::*;
use crate::model::*;
use crate::text::is_unsafe_for_terminal;
use crate::wire::v1::*;

type Begin<'b> = &'b dyn for<'w> Fn(&'w mut Vec<u8>, &ReportHead<'_>) -> Box<dyn RecordWriter + 'w>;

fn written(samples: &[Sample], begin: Begin<'_>) -> (String, Option<CheckState>) {
    written_of(samples, &scan(samples), begin)
}

fn written_of(samples: &[Sample], scan: &Scan, begin: Begin<'_>) -> (String, Option<CheckState>) {
    let stores = stores();
    let stores: Vec<StoreView<'_>> = stores.iter().map(|info| StoreView { info, anchors: 142 }).collect();
    let head = head(scan, &stores);
    let mut out = Vec::new();
    let mut writer = begin(&mut out, &head);
    write_all(&mut *writer, samples, &head);
    let state = writer.check_state();
    drop(writer);
    (String::from_utf8(out).unwrap(), state)
}

fn nagios(samples: &[Sample]) -> (String, Option<CheckState>) {
    written(samples, &|out, _| Box::new(NagiosReport::new(out, NOW)))
}

fn junit(samples: &[Sample]) -> String {
    written(samples, &|out, head| Box::new(JunitReport::begin(out, head).unwrap())).0
}

fn sarif(samples: &[Sample]) -> String {
    let mut origins = Origins::default();
    origins.add("mail.example:443", "lists/mail hosts.txt", 3);
    origins.add_argument("127.0.0.0/24", 1);
    let origins: &'static Origins = Box::leak(Box::new(origins));
    written(samples, &|out, _| Box::new(SarifReport::begin(out, origins).unwrap())).0
}

fn cbom(samples: &[Sample]) -> String {
    written(samples, &|out, head| Box::new(CbomReport::begin(out, head).unwrap())).0
}

fn html(samples: &[Sample]) -> String {
    let options = HtmlOptions { now: NOW, json_command: None };
    written(samples, &|out, head| Box::new(HtmlReport::begin(out, head, options.clone()).unwrap())).0
}

fn tlsx(samples: &[Sample]) -> String {
    written(samples, &|out, _| Box::new(TlsxReport::new(out, NOW))).0
}

fn testssl(samples: &[Sample]) -> String {
    written(samples, &|out, _| Box::new(TestsslReport::begin(out, NOW).unwrap())).0
}

/// `www.example` has a steward whose review is long ago, `shop.example` one whose is not; nobody else has.
fn steward(endpoint: &Endpoint) -> Steward {
    let is = |name: &str| endpoint.server_name.as_ref().is_some_and(|one| one.as_str() == name);
    let reviewed = |day: &str| Steward {
        purpose: Some("=card payments".to_owned()),
        reviewer: Some("ada".to_owned()),
        reviewed: Some(day.to_owned()),
    };
    if is("shop.example") {
        reviewed("2026-06-01")
    } else if is("www.example") {
        reviewed("2024-01-31")
    } else {
        Steward::default()
    }
}

fn register(samples: &[Sample], register: Register, form: RegisterForm) -> String {
    let begin: Begin<'_> =
        &|out, head| Box::new(RegisterReport::begin(out, head, register, form, NOW, &steward).unwrap());
    written(samples, begin).0
}

#[test]
fn the_other_formats_are_the_golden_ones() {
    let (ordinary, hostile) = (estate(), hostile_estate());
    let inspected = super::inspected::inspected_estate();
    golden("report.nagios.txt", &nagios(&ordinary).0);
    golden("report.junit.xml", &junit(&ordinary));
    golden("report.sarif.json", &sarif(&ordinary));
    golden("report.html", &html(&ordinary));
    golden("report-hostile.junit.xml", &junit(&hostile));
    golden("report-hostile.sarif.json", &sarif(&hostile));
    golden("report-hostile.cbom.json", &cbom(&hostile));
    golden("report-hostile.html", &html(&hostile));
    golden("report-inspected.cbom.json", &cbom(&inspected));
    golden("report-inspected.html", &html(&inspected));
    golden("report-inspected.tlsx.jsonl", &tlsx(&inspected));
    golden("report-inspected.testssl.json", &testssl(&inspected));
    golden("register-pci.csv", &register(&ordinary, Register::Pci, RegisterForm::Csv));
    golden("register-dora.csv", &register(&ordinary, Register::Dora, RegisterForm::Csv));
    golden("register-pci.html", &register(&ordinary, Register::Pci, RegisterForm::Html));
}

#[test]
fn a_plugin_s_state_is_that_of_its_worst_open_finding() {
    let with = |severity: Option<Severity>| {
        let sample = Sample::new(
            endpoint(Some("a.example"), "127.0.0.1:443"),
            handshake(leaf_chain("a", "b", days(50))),
        );
        match severity {
            Some(severity) => sample.found(verdict(Rule::Expiring, severity, "Ends | soon\n", "", "a")),
            None => sample,
        }
    };
    let state = |samples: &[Sample]| nagios(samples).1.unwrap();
    assert_eq!(state(&[with(None)]), CheckState::Ok);
    assert_eq!(state(&[with(Some(Severity::Low))]), CheckState::Ok);
    assert_eq!(state(&[with(Some(Severity::Medium))]), CheckState::Warning);
    assert_eq!(state(&[with(Some(Severity::High))]), CheckState::Critical);
    assert_eq!(state(&[with(Some(Severity::Critical)).silenced()]), CheckState::Ok);
    assert_eq!(state(&[]), CheckState::Unknown, "nothing was measured");
    let incomplete = |samples: &[Sample]| {
        let scan = Scan { state: ScanState::Incomplete, ..scan(samples) };
        written_of(samples, &scan, &|out, _| Box::new(NagiosReport::new(out, NOW))).1.unwrap()
    };
    assert_eq!(incomplete(&[with(None)]), CheckState::Unknown);
    assert_eq!(incomplete(&[with(Some(Severity::Critical))]), CheckState::Critical);
    assert_eq!(
        [CheckState::Ok, CheckState::Warning, CheckState::Critical, CheckState::Unknown]
            .map(CheckState::exit_code),
        [0, 1, 2, 3]
    );
}

/// One line; what follows the only bar is performance data: `label=value;warn;crit;min` with numbers or nothing.
fn check_plugin_line(line: &str) {
    assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    let line = line.strip_suffix('\n').unwrap();
    assert!(!line.chars().any(is_unsafe_for_terminal), "{line:?}");
    let [text, data] = line.split('|').collect::<Vec<_>>().try_into().unwrap();
    let states = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
    assert!(states.iter().any(|state| text.starts_with(&format!("CERTVIGIL {state} - "))), "{text}");
    for datum in data.split_whitespace() {
        let (label, values) = datum.split_once('=').unwrap();
        assert!(label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{label}");
        let values: Vec<&str> = values.split(';').collect();
        assert!(values.len() <= 5, "{datum}");
        assert!(values[0].parse::<i64>().is_ok(), "{datum}");
        assert!(values[1..].iter().all(|value| value.is_empty() || value.parse::<i64>().is_ok()), "{datum}");
    }
}

#[test]
fn a_plugin_s_answer_is_one_line_whatever_the_names_are() {
    for samples in [estate(), hostile_estate(), Vec::new()] {
        check_plugin_line(&nagios(&samples).0);
    }
    for text in HOSTILE {
        check_plugin_line(&nagios(&[hostile(&format!("{text}|x=1"), 0)]).0);
        check_plugin_line(&nagios_error(&format!("{text}|x=1")).replace('\n', " | \n"));
    }
}

#[test]
fn suites_of_junit_never_merge_failures_errors_and_skips() {
    let result = |outcome, id: &str| RuleResult {
        rule: std::sync::Arc::new(PolicyRule {
            id: id.into(),
            level: Level::Must,
            text: "RSA keys have 3,000 bits".into(),
            source: "section 3".into(),
            remedy: "Make a longer key.".into(),
            note: None,
        }),
        severity: Severity::High,
        outcome,
        reason: None,
    };
    let mut sample = Sample::new(endpoint(None, "127.0.0.1:443"), handshake(leaf_chain("a", "b", days(50))));
    let policy = Policy { name: "house".into(), ..Policy::certvigil_default() };
    sample.assessment.policies.push(PolicyVerdict {
        policy: std::sync::Arc::new(policy),
        outcome: PolicyOutcome::Fail,
        results: vec![
            result(RuleOutcome::Pass, "a"),
            result(RuleOutcome::Warn, "b"),
            result(RuleOutcome::Fail, "c"),
            result(RuleOutcome::NotApplicable, "d"),
            result(RuleOutcome::NotDetermined, "e"),
            result(RuleOutcome::Excepted, "f"),
        ],
    });
    let text = junit(&[sample]);
    assert!(text.contains("tests=\"7\" failures=\"1\" errors=\"1\" skipped=\"2\""), "{text}");
    let after = |id: &str| {
        let start = format!("<testcase classname=\"house\" name=\"{id}\" time=\"0\"");
        text.split_once(&start).unwrap().1.lines().next().unwrap().to_owned()
    };
    assert_eq!(after("a"), "/>");
    assert!(after("b").starts_with("><system-out>RSA keys have 3,000 bits"));
    assert!(after("c").starts_with("><failure type=\"high\" message=\"RSA keys have 3,000 bits\">"));
    assert!(after("d").starts_with("><skipped message="));
    assert!(after("e").starts_with("><error type=\"not_determined\""));
    assert!(after("f").starts_with("><skipped message=\"excepted: "));
}

#[test]
fn a_renewal_opens_no_new_alert() {
    let at = |end| {
        Sample::new(
            endpoint(Some("a.example"), "127.0.0.1:443"),
            handshake(leaf_chain("a.example", "R11", days(end))),
        )
        .found(verdict(
            Rule::Expiring,
            Severity::High,
            "Ends soon",
            &format!("{end} days"),
            &end.to_string(),
        ))
    };
    let fingerprint = |sample: Sample| {
        let log: serde_json::Value = serde_json::from_str(&sarif(&[sample])).unwrap();
        log["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    assert_eq!(fingerprint(at(3)), fingerprint(at(9)));
    let log: serde_json::Value = serde_json::from_str(&sarif(&estate())).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let mail = results.iter().find(|one| one["ruleId"] == "scan.not_measured").unwrap();
    let place = &mail["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "lists/mail%20hosts.txt");
    assert_eq!(place["region"]["startLine"], 3);
    let silenced = results.iter().find(|one| one["ruleId"] == "x509.validity.too_long").unwrap();
    assert_eq!(silenced["suppressions"][0]["status"], "accepted");
}

/// Looks at every member of every object.
fn each_member(value: &serde_json::Value, look: &mut dyn FnMut(&str, &serde_json::Value)) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                look(key, value);
                each_member(value, look);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| each_member(value, look)),
        _ => {}
    }
}

#[test]
fn references_of_the_bill_of_materials_lead_somewhere() {
    for samples in [estate(), hostile_estate(), super::inspected::inspected_estate()] {
        let bom: serde_json::Value = serde_json::from_str(&cbom(&samples)).unwrap();
        let components = bom["components"].as_array().unwrap();
        let known: std::collections::BTreeSet<&str> =
            components.iter().map(|one| one["bom-ref"].as_str().unwrap()).collect();
        assert_eq!(known.len(), components.len(), "a reference names one component");
        let mut led = 0;
        each_member(&bom, &mut |key, value| {
            if matches!(key, "signatureAlgorithmRef" | "subjectPublicKeyRef" | "algorithmRef") {
                led += 1;
                assert!(known.contains(value.as_str().unwrap()), "{value}");
            }
        });
        assert!(led > 0);
        for protocol in components.iter().filter(|one| one["cryptoProperties"]["assetType"] == "protocol") {
            let used =
                protocol["cryptoProperties"]["protocolProperties"]["cryptoRefArray"].as_array().unwrap();
            assert!(used.iter().all(|one| known.contains(one.as_str().unwrap())), "{protocol}");
        }
    }
}

#[test]
fn no_page_holds_a_script_a_style_of_a_peer_or_a_hidden_character() {
    let mut pages = vec![html(&estate()), html(&hostile_estate()), html(&[])];
    pages.push(register(&hostile_estate(), Register::Pci, RegisterForm::Html));
    for page in pages {
        let body = page.split_once("</style>").unwrap().1;
        assert!(!body.contains("<script") && !body.contains("style=") && !body.contains("src="), "{body}");
        assert!(!body.contains("http:") || body.contains("\\u{"), "{body}");
        assert!(!body.chars().any(|c| c != '\n' && is_unsafe_for_terminal(c)), "{body:?}");
        // Every element is one of ours.
        for (at, _) in body.match_indices('<') {
            let name: String = body[at + 1..]
                .trim_start_matches('/')
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let ours = [
                "a",
                "article",
                "b",
                "body",
                "br",
                "code",
                "dd",
                "div",
                "dl",
                "dt",
                "figcaption",
                "figure",
                "footer",
                "h1",
                "h2",
                "h3",
                "head",
                "header",
                "html",
                "li",
                "line",
                "main",
                "nav",
                "p",
                "rect",
                "section",
                "span",
                "svg",
                "table",
                "tbody",
                "td",
                "text",
                "th",
                "thead",
                "tr",
                "ul",
            ];
            assert!(ours.contains(&name.as_str()), "<{name}");
        }
    }
}

#[test]
fn a_page_of_a_large_estate_stays_a_page() {
    let samples = large_estate();
    let page = html(&samples);
    assert!(page.len() < 400_000, "{}", page.len());
    assert!(page.contains("and 294 more"), "like cases are one line");
    let scan = scan_with_dead_addresses(&samples);
    let options = HtmlOptions { now: NOW, json_command: None };
    let page = written_of(&samples, &scan, &|out, head| {
        Box::new(HtmlReport::begin(out, head, options.clone()).unwrap())
    })
    .0;
    for words in
        ["14,000 dead addresses of ranges", "256 probes by exclusions", "127.0.7.0/24: fragile", ">14,412<"]
    {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn a_page_tells_the_hash_of_the_json_report() {
    let samples = estate();
    let options = HtmlOptions { now: NOW, json_command: Some("certvigil report --at X -f json".to_owned()) };
    let page =
        written(&samples, &|out, head| Box::new(HtmlReport::begin(out, head, options.clone()).unwrap())).0;
    let json = super::goldens::json(&samples, JsonLayout::Pretty);
    assert!(page.contains(&crate::x509::Fingerprint::of(json.as_bytes()).to_string()));
}

#[test]
fn a_register_says_who_is_missing_and_starts_no_formula() {
    let csv = register(&estate(), Register::Pci, RegisterForm::Csv);
    let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
    let headings = reader.headings();
    let rows: Vec<std::collections::BTreeMap<String, String>> = reader
        .records()
        .map(|row| headings.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect())
        .collect();
    // Eight chains, and a second one at the shop.
    assert_eq!(rows.len(), 9);
    let of = |place: &str| rows.iter().find(|row| row["location"] == place).unwrap();
    assert_eq!(of("shop.example:443")["purpose"], "'=card payments");
    assert_eq!(of("shop.example:443")["review_due"], "2027-06-02");
    assert_eq!(of("old.example:443")["reviewer"], "");
    let page = register(&estate(), Register::Dora, RegisterForm::Html);
    assert!(
        page.contains("9 lines without owner, purpose, reviewer or a review within twelve months"),
        "{page}"
    );
    assert!(page.contains("3 endpoints gave no certificate"));
}

/// The names of the columns.
trait Headings {
    fn headings(&mut self) -> Vec<String>;
}

impl Headings for ::csv::Reader<&[u8]> {
    fn headings(&mut self) -> Vec<String> {
        self.headers().unwrap().iter().map(str::to_owned).collect()
    }
}

#[test]
fn the_shapes_of_other_scanners_say_only_what_was_determined() {
    let lines = tlsx(&estate());
    let of = |host: &str| -> serde_json::Value {
        let line = lines.lines().find(|line| line.contains(&format!("\"host\":\"{host}\""))).unwrap();
        serde_json::from_str(line).unwrap()
    };
    let old = of("old.example");
    assert_eq!(
        (&old["expired"], &old["untrusted"], &old["port"]),
        (&true.into(), &true.into(), &"443".into())
    );
    assert_eq!(old["mismatched"], serde_json::Value::Null);
    assert_eq!((&old["tls_version"], &old["serial"]), (&"tls13".into(), &"00:AB:12".into()));
    assert_eq!(of("wrong.example")["mismatched"], true);
    assert_eq!(of("mail.example")["probe_status"], false);
    let findings: serde_json::Value = serde_json::from_str(&testssl(&estate())).unwrap();
    let of = |ip: &str, id: &str| {
        let mut all = findings.as_array().unwrap().iter();
        all.find(|one| one["ip"] == ip && one["id"] == id)
            .map(|one| one["severity"].as_str().unwrap().to_owned())
    };
    assert_eq!(of("old.example/127.0.0.3", "cert_expirationStatus").as_deref(), Some("CRITICAL"));
    assert_eq!(of("mail.example/127.0.0.10", "scanProblem").as_deref(), Some("FATAL"));
    assert_eq!(of("old.example/127.0.0.3", "TLS1_3"), None, "versions were not enumerated");
    assert_eq!(of("127.0.0.5/127.0.0.5", "cert_trust"), None, "there was no name to match");
}
