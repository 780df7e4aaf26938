//! Lists, histories and differences: goldens of both their forms.

use serde::Serialize;

use super::super::*;
use super::goldens::golden;
use super::samples::*;
use crate::model::*;
use crate::wire::v1::*;

const OPTIONS: TableOptions = TableOptions { width: 120, colour: false, now: NOW };

fn check(name: &str, document: &impl Serialize, table: &str) {
    let mut out = Vec::new();
    write_document(&mut out, document, JsonLayout::Pretty).unwrap();
    golden(&format!("{name}.json"), &String::from_utf8(out).unwrap());
    golden(&format!("{name}.txt"), table);
    assert!(table.lines().all(|line| layout::display_width(line) <= OPTIONS.width), "{table}");
}

#[test]
fn the_inventory_is_the_golden_one() {
    let certificates = certificates(&estate());
    let (owners, tags) = (["web".to_owned()], ["public".to_owned(), "shop".to_owned()]);
    let mut views: Vec<InventoryView<'_>> = certificates
        .iter()
        .zip([None, Some(Severity::Critical), Some(Severity::High)].into_iter().cycle())
        .map(|(certificate, worst)| InventoryView {
            certificate: certificate_view(certificate),
            owners: if worst.is_some() { &owners } else { &[] },
            tags: &tags,
            worst,
        })
        .collect();
    views.sort_by_key(|view| view.certificate.certificate.not_after);
    let rows = views.iter().map(InventoryRow::of).collect();
    let document = InventoryDocument::new(NOW, 1_200, rows);
    let next = "certvigil inventory show old.example";
    check("inventory-list", &document, &inventory_table(&document, &OPTIONS, next));
}

#[test]
fn one_certificate_is_shown_as_the_golden_one() {
    let samples = estate();
    let certificates = certificates(&samples[..2]);
    samples[1].view(|view| {
        let shown = certificates.iter().map(|c| certificate_document(&certificate_view(c))).collect();
        let document = ShowDocument::new(NOW, "shop.example", 1, vec![endpoint_document(view)], shown);
        let next = "certvigil inventory history shop.example:443";
        check("inventory-show", &document, &show_table(&document, &OPTIONS, next));
    });
}

#[test]
fn an_inspected_endpoint_is_shown_with_the_essence_of_its_inspection() {
    let samples = super::inspected::inspected_estate();
    let views = samples.iter().map(|sample| sample.view(endpoint_text)).collect::<Vec<_>>();
    let documents = views.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let document = ShowDocument::new(NOW, "example", 3, documents, Vec::new());
    golden("inventory-show-inspected.txt", &show_table(&document, &OPTIONS, ""));
}

fn endpoint_text(view: &EndpointView<'_>) -> String {
    serde_json::to_string(&endpoint_document(view)).unwrap()
}

#[test]
fn a_history_is_the_golden_one() {
    let at = |mut sample: Sample, day: i64| {
        sample.observation.observed_at = days(day);
        sample.observation
    };
    let place = || endpoint(Some("www.example"), "127.0.0.1:443");
    let fine = at(Sample::new(place(), handshake(leaf_chain("www.example", "R11", days(61)))), -20);
    let failure = Failure::new(Stage::Connect, Reason::Timeout, "no answer within 5 s");
    let silent = at(Sample::new(place(), Outcome::Failure(failure)), -22);
    let before = at(Sample::new(place(), handshake(leaf_chain("www.example", "R10", days(-1)))), -80);
    let entries = vec![
        HistoryEntry::of(&fine, NOW),
        HistoryEntry::of(&silent, days(-21)),
        HistoryEntry::of(&before, days(-23)),
    ];
    let place = place();
    let document = HistoryDocument::new(NOW, EndpointReference::of(&place), 3, entries);
    let next = "certvigil inventory diff --from 2026-11-01 --to latest";
    check("history", &document, &history_table(&document, &OPTIONS, next));
}

#[test]
fn a_difference_is_the_golden_one() {
    let samples = estate();
    let scan = scan(&samples);
    let chain = |label: &str, end| leaf_chain(label, "R11", days(end));
    let (before, after) = (chain("www.example", 3), chain("www.example", 90));
    let [first, second] = [&before, &after].map(|chain| chain.end_entity().unwrap());
    let place = endpoint(Some("www.example"), "127.0.0.1:443");
    let silent = endpoint(None, "127.0.0.77:8443");
    let mut document = DiffDocument::new(NOW, ScanReference::of(&scan), ScanReference::of(&scan));
    let reference = || EndpointReference::of(&place);
    let certificate = || Some(CertificateReference::of(first));
    document.replaced.push(ReplacedCertificate::new(
        reference(),
        CertificateReference::of(first),
        CertificateReference::of(second),
    ));
    let served = |outcome| ServedCertificate {
        endpoint: EndpointReference::of(&silent),
        certificate: certificate(),
        outcome,
        last_seen: Timestamp(days(-4)),
    };
    let failed = |stage: &'static str, reason: &'static str, detail: &'static str| {
        Some(OutcomeDocument::Failure { stage: stage.into(), reason: reason.into(), detail: detail.into() })
    };
    document.new.push(served(Some(OutcomeDocument::Handshake)));
    document.gone.push(served(failed("handshake", "not_tls", "the peer answered \"SSH-2.0\"")));
    for _ in 0..3 {
        document.unreachable.push(served(failed("connect", "timeout", "no answer within 5 s")));
    }
    document.changed.push(ChangedEndpoint {
        endpoint: reference(),
        changes: vec![Change {
            field: "tls.version".into(),
            before: Some("TLSv1.2".into()),
            after: Some("TLSv1.3".into()),
        }],
    });
    document.unchanged = 1_377;
    assert!(!document.is_empty());
    assert_eq!(document.replaced[0].same_key, Some(true));
    check(
        "diff",
        &document,
        &diff_table(&document, 2, &OPTIONS, "certvigil inventory history www.example:443"),
    );
}

#[test]
fn the_findings_are_the_golden_ones() {
    let finding = |key: &str, severity, state| Finding {
        profile: "internal".to_owned(),
        key: FindingKey(key.to_owned()),
        rule: Rule::Expiring,
        severity,
        state,
        title: "Certificate expires soon".to_owned(),
        detail: "20 days are left of 90; the limit is 30 days.".to_owned(),
        remediation: String::new(),
        subject: Subject::Endpoint(endpoint(None, "127.0.0.1:443").id()),
        first_seen: days(-10),
        last_seen: NOW,
        resolved_at: None,
        owner: None,
        tags: Vec::new(),
        decision: None,
        told_at: None,
        told_severity: None,
        returns: 0,
    };
    let open = finding("www.example:443/x509.validity.expiring", Severity::Medium, FindingState::Open);
    let decision = Decision {
        by: "ada".to_owned(),
        at: days(-1),
        reason: "host is switched off on Friday".to_owned(),
        until: Some(days(4)),
    };
    let silenced = Finding {
        owner: Some("shop-team".to_owned()),
        tags: vec!["public".to_owned()],
        decision: Some(decision.clone()),
        ..finding("shop.example:443#rsa/x509.validity.expiring", Severity::High, FindingState::Silenced)
    };
    let rows = vec![FindingRow::of(&silenced), FindingRow::of(&open)];
    let document = FindingsDocument::new(NOW, 2, rows);
    let next = "certvigil findings ack www.example:443/x509.validity.expiring --reason TEXT";
    check("findings", &document, &findings_table(&document, &OPTIONS, next));
}

#[test]
fn the_silences_are_the_golden_ones() {
    let silence = |id, matcher, until: i64| {
        let reason = "moves to the new platform in the summer".to_owned();
        let decision = Decision { by: "ada".to_owned(), at: days(-20), reason, until: Some(days(until)) };
        Silence { id, matcher, decision }
    };
    let laboratory = Matcher {
        endpoint: Some("*.lab.example:*".to_owned()),
        max_severity: Some(Severity::Medium),
        ..Matcher::default()
    };
    let rule = Matcher { rule: Some(Rule::SelfSigned), tag: Some("lab".to_owned()), ..Matcher::default() };
    let silences = [silence(2, laboratory, 14), silence(5, rule, -1)];
    let rows = silences.iter().map(|silence| SilenceRow::of(silence, NOW)).collect();
    let document = SilencesDocument::new(NOW, rows);
    let next = "certvigil findings silence --undo 2";
    check("silences", &document, &silences_table(&document, &OPTIONS, next));
}

#[test]
fn the_doctor_is_the_golden_one() {
    let check_of = |name: &'static str, status, detail: &'static str, remedy: Option<&'static str>| {
        CheckDocument { name: name.into(), status, detail: detail.into(), remedy: remedy.map(Text::from) }
    };
    let checks = vec![
        check_of("store", CheckStatus::Ok, "1,204 records read, every checksum holds.", None),
        check_of(
            "trust stores",
            CheckStatus::Warning,
            "The system's trust store is empty.",
            Some("Install ca-certificates, or choose stores with --trust."),
        ),
        check_of("resolver", CheckStatus::NotChecked, "No name was given to look up.", None),
    ];
    let document = DoctorDocument::new(NOW, checks);
    assert!(document.healthy);
    check("doctor", &document, &doctor_table(&document, &OPTIONS, "certvigil scan 127.0.0.1 --dry-run"));
}

#[test]
fn hostile_text_stays_text_in_the_lists_too() {
    for text in HOSTILE {
        let certificate = hostile_certificate(text);
        let seen = CertificateView { certificate: &certificate, ..certificate_view_of(&certificate) };
        let owners = [text.to_owned()];
        let view = InventoryView { certificate: seen, owners: &owners, tags: &owners, worst: None };
        let list = InventoryDocument::new(NOW, 1, vec![InventoryRow::of(&view)]);
        let show = ShowDocument::new(NOW, text, 0, Vec::new(), vec![certificate_document(&seen)]);
        for table in [inventory_table(&list, &OPTIONS, text), show_table(&show, &OPTIONS, text)] {
            assert!(!table.chars().any(|c| c != '\n' && crate::text::is_unsafe_for_terminal(c)), "{table:?}");
        }
    }
}

fn certificate_view_of(certificate: &crate::x509::Certificate) -> CertificateView<'_> {
    CertificateView {
        certificate,
        first_seen: days(-3),
        last_seen: NOW,
        endpoints: 1,
        public_trust: Some(false),
        self_signed: true,
    }
}

#[test]
fn the_outbox_is_the_golden_one() {
    let lane = |channel, urgency, waiting, day, state| Lane {
        id: LaneId { channel, urgency },
        waiting,
        oldest: days(day),
        state,
    };
    let mail = |to: &str| Channel::Mail(to.to_owned());
    let setback = |attempts, next_at, error: &str| Setback { attempts, next_at, error: error.to_owned() };
    let refused = setback(3, days(1), "550 5.1.1 no such user \u{1b}[2J; check the address in the settings");
    let unknown = setback(1, NOW.plus_seconds(300), "the connection was lost after the mail was handed over");
    let sealed = Seal { through: 9, sealed_at: NOW, setback: Some(unknown) };
    let refusing = setback(1, NOW.plus_seconds(900), "451 4.7.1 greylisted, try again in 300 s");
    let lanes = [
        lane(mail("web@example.org"), Urgency::Digest, 1_204, -1, LaneState::Ready),
        lane(mail("ops@example.org"), Urgency::Immediate, 2, 0, LaneState::Sealed(sealed)),
        lane(mail("ops@example.org"), Urgency::Digest, 40, -2, LaneState::Deferred(refusing)),
        lane(Channel::Hook("renew".to_owned()), Urgency::Digest, 3, -3, LaneState::Ready),
        lane(mail("gone@example.org"), Urgency::Digest, 7, -7, LaneState::Refused(refused)),
    ];
    let old = crate::x509::Fingerprint([0xab; 32]);
    let run = |failures, outcome: &str, verification| HookRun {
        hook: "renew".to_owned(),
        subject: old.to_string(),
        tries: vec![days(-1), days(0)],
        next_at: days(1),
        outcome: outcome.to_owned(),
        failures,
        verification,
    };
    let verification = |until| Verification {
        profile: "web".to_owned(),
        old,
        findings: vec![FindingKey("www.example:443/x509.validity.expiring".to_owned())],
        since: days(0),
        until,
    };
    let runs = [
        run(2, "exit code 1: the issuer answers 429", None),
        run(0, "success", Some(verification(NOW.plus_seconds(1_800)))),
        run(0, "success", Some(verification(days(-1)))),
    ];
    let document = OutboxDocument::new(NOW, &lanes, &runs);
    check("outbox", &document, &outbox_table(&document, &OPTIONS, "certvigil notify outbox flush"));
    let empty = OutboxDocument::new(NOW, &[], &[]);
    assert!(outbox_table(&empty, &OPTIONS, "").contains("Nothing waits"));
}
