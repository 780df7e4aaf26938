//! Records of alerts: news on its way, lanes, hook runs, silences, the watch.

use super::*;
use crate::model::{
    Alert, AlertEndpoint, AlertKey, CertificateBrief, Channel, Decision, FindingNews, FindingState, HookRun,
    LaneId, LaneState, Matcher, News, Outgoing, ProfileSummary, ProfileWatch, Seal, Setback, Severity,
    SeverityCounts, Silence, Verification, Watch, WatchNews,
};
use crate::store::record::lane::{self, LaneRecord};
use crate::store::record::{alert, decision, hook_run, watch};

/// Text as somebody would write it who means harm, and any other.
fn hostile() -> impl Strategy<Value = String> {
    let chosen = prop::sample::select(vec![
        "pay.example.com\r\nBcc: all@example.com\r\n\r\n",
        "\u{1b}[2J\u{9b}31m\u{202e}moc.elpmaxe",
        "<script>alert(1)</script>&amp;\"'",
        "=HYPERLINK(\"http://a.example\")",
        "a\0b\u{feff}\u{2028}\u{10ffff}",
        "$(reboot) `id` ; --\n",
    ]);
    prop_oneof![chosen.prop_map(str::to_owned), any::<String>(), Just("x".repeat(300))]
}

fn unread() -> impl Strategy<Value = Untrusted> {
    hostile().prop_map(Untrusted::from)
}

pub(super) fn decisions() -> impl Strategy<Value = Decision> {
    (hostile(), times(), hostile(), option::of(times())).prop_map(|(by, at, reason, until)| Decision {
        by,
        at,
        reason,
        until,
    })
}

fn rules() -> impl Strategy<Value = Rule> {
    prop::sample::select(Rule::ALL)
}

fn counts_by_severity() -> impl Strategy<Value = SeverityCounts> {
    any::<[u64; 5]>().prop_map(SeverityCounts::from_array)
}

fn briefs() -> impl Strategy<Value = CertificateBrief> {
    (fingerprints(), vec(unread(), 0..4), unread(), option::of(times()), option::of(times())).prop_map(
        |(sha256, names, issuer, not_before, not_after)| CertificateBrief {
            sha256,
            names,
            issuer,
            not_before,
            not_after,
        },
    )
}

fn finding_news() -> impl Strategy<Value = FindingNews> {
    let endpoint = (hostile(), any::<Option<std::net::IpAddr>>())
        .prop_map(|(label, address)| AlertEndpoint { label, address });
    let what = (variants(), rules(), variants(), briefs_or_none());
    let texts = vec(hostile(), 4);
    let who = (option::of(hostile()), vec(hostile(), 0..3));
    let numbers = (times(), times(), any::<u64>(), any::<u32>());
    (what, texts, who, numbers, vec(endpoint, 0..4)).prop_map(|(what, texts, who, numbers, endpoints)| {
        let [finding, title, detail, remediation] = texts.try_into().unwrap();
        FindingNews {
            occasion: what.0,
            finding: FindingKey(finding),
            rule: what.1,
            severity: what.2,
            title,
            detail,
            remediation,
            first_seen: numbers.0,
            last_seen: numbers.1,
            owner: who.0,
            tags: who.1,
            endpoints,
            endpoint_count: numbers.2,
            certificate: what.3,
            returns: numbers.3,
        }
    })
}

fn briefs_or_none() -> impl Strategy<Value = Option<CertificateBrief>> {
    option::of(briefs())
}

fn watch_news() -> impl Strategy<Value = WatchNews> {
    let summary = (hostile(), times(), any::<[u64; 3]>(), counts_by_severity()).prop_map(
        |(name, last_finished, [endpoints, with_chain, silenced], open)| ProfileSummary {
            name,
            last_finished,
            endpoints,
            with_chain,
            open,
            silenced,
        },
    );
    let hook = (hostile(), hostile(), unread(), any::<u32>(), times(), vec(unread(), 0..3));
    prop_oneof![
        (any::<bool>(), any::<[u64; 2]>(), counts_by_severity()).prop_map(
            |(is_first, [endpoints, with_chain], open)| WatchNews::Baseline {
                is_first,
                endpoints,
                with_chain,
                open
            }
        ),
        (any::<[u64; 2]>(), vec((hostile(), any::<u64>()), 0..3)).prop_map(
            |([lost, answered_before], reasons)| WatchNews::CutOff { lost, answered_before, reasons }
        ),
        (times(), any::<i64>()).prop_map(|(last_finished, every_seconds)| WatchNews::ScanMissed {
            last_finished,
            every_seconds
        }),
        (times(), times()).prop_map(|(trusted, now)| WatchNews::ClockJumped { trusted, now }),
        vec(summary, 0..3).prop_map(|profiles| WatchNews::StillWatching { profiles }),
        hook.prop_map(|(hook, outcome, output, tries, next_try, names)| WatchNews::HookFailed {
            hook,
            outcome,
            output,
            tries,
            next_try,
            names
        }),
        (hostile(), unread(), any::<u64>()).prop_map(|(to, error, waiting)| WatchNews::Undeliverable {
            to,
            error,
            waiting
        }),
        hostile().prop_map(|by| WatchNews::Test { by }),
    ]
}

fn alerts() -> impl Strategy<Value = Alert> {
    let news = prop_oneof![
        finding_news().prop_map(|news| News::Finding(Box::new(news))),
        watch_news().prop_map(News::Watch),
    ];
    (hostile(), times(), option::of(hostile()), option::of(hostile()), hostile(), news).prop_map(
        |(key, at, profile, scan, vantage, news)| Alert {
            key: AlertKey(key),
            at,
            profile,
            scan: scan.map(ScanId),
            vantage,
            news,
        },
    )
}

fn channels() -> impl Strategy<Value = Channel> {
    prop_oneof![hostile().prop_map(Channel::Mail), hostile().prop_map(Channel::Hook)]
}

fn outgoing() -> impl Strategy<Value = Outgoing> {
    (channels(), variants(), hostile(), alerts()).prop_map(|(channel, urgency, route, alert)| Outgoing {
        channel,
        urgency,
        route,
        alert: Arc::new(alert),
    })
}

fn setbacks() -> impl Strategy<Value = Setback> {
    (any::<u32>(), times(), hostile()).prop_map(|(attempts, next_at, error)| Setback {
        attempts,
        next_at,
        error,
    })
}

fn lane_states() -> impl Strategy<Value = LaneState> {
    prop_oneof![
        Just(LaneState::Ready),
        setbacks().prop_map(LaneState::Deferred),
        setbacks().prop_map(LaneState::Refused),
        (any::<u64>(), times(), option::of(setbacks())).prop_map(|(through, sealed_at, setback)| {
            LaneState::Sealed(Seal { through, sealed_at, setback })
        }),
    ]
}

fn hook_runs() -> impl Strategy<Value = HookRun> {
    let verification =
        (hostile(), fingerprints(), vec(hostile().prop_map(FindingKey), 0..3), times(), times()).prop_map(
            |(profile, old, findings, since, until)| Verification { profile, old, findings, since, until },
        );
    let texts = vec(hostile(), 3);
    (texts, vec(times(), 0..8), times(), any::<u32>(), option::of(verification)).prop_map(
        |(texts, tries, next_at, failures, verification)| {
            let [hook, subject, outcome] = texts.try_into().unwrap();
            HookRun { hook, subject, tries, next_at, outcome, failures, verification }
        },
    )
}

fn silences() -> impl Strategy<Value = Silence> {
    let texts = vec(option::of(hostile()), 5);
    (any::<u64>(), texts, option::of(rules()), option::of(variants()), decisions()).prop_map(
        |(id, texts, rule, max_severity, decision)| {
            let [key, profile, endpoint, owner, tag] = texts.try_into().unwrap();
            let matcher = Matcher { key, profile, rule, endpoint, owner, tag, max_severity };
            Silence { id, matcher, decision }
        },
    )
}

/// A record of `table` with this payload and a checksum that is right.
fn sealed(table: Table, key: &[u8], version: u8, payload: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.begin(table, key, version).extend_from_slice(payload);
    encoder.finish().to_vec()
}

/// The payload in a record: what stands between the version and the checksum.
fn payload(record: &[u8]) -> &[u8] {
    &record[1..record.len() - CHECKSUM_LENGTH]
}

fn item(outgoing: &Outgoing, number: u64) -> (Vec<u8>, Vec<u8>) {
    let key = lane::item_key(&lane::key(&outgoing.channel, outgoing.urgency), number);
    let record = alert::encode(&mut Encoder::default(), &key, outgoing).to_vec();
    (key, record)
}

proptest! {
    #[test]
    fn news_reads_back_whatever_it_says(outgoing in outgoing(), number in any::<u64>()) {
        let (key, record) = item(&outgoing, number);
        prop_assert_eq!(alert::decode(&key, &record).unwrap(), (number, outgoing));
    }

    #[test]
    fn news_cut_anywhere_is_corrupt(outgoing in outgoing(), cut in any::<prop::sample::Index>()) {
        let (key, record) = item(&outgoing, 1);
        let whole = payload(&record);
        let cut = sealed(Table::Outbox, &key, 1, &whole[..cut.index(whole.len())]);
        let is_corrupt = matches!(alert::decode(&key, &cut), Err(StoreError::Corrupt { table: "outbox", .. }));
        prop_assert!(is_corrupt);
        let longer = sealed(Table::Outbox, &key, 1, &[whole, &[0]].concat());
        prop_assert!(alert::decode(&key, &longer).is_err());
        let newer = sealed(Table::Outbox, &key, 2, whole);
        prop_assert!(alert::decode(&key, &newer).is_err());
    }

    #[test]
    fn a_flipped_bit_of_news_is_never_a_value(outgoing in outgoing(), bit in any::<prop::sample::Index>()) {
        let (key, mut record) = item(&outgoing, 1);
        let bit = bit.index(record.len() * 8);
        record[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(alert::decode(&key, &record).is_err());
    }

    #[test]
    fn lanes_read_back(
        channel in channels(),
        urgency in variants(),
        numbers in any::<[u64; 2]>(),
        oldest in times(),
        state in lane_states(),
    ) {
        let key = lane::key(&channel, urgency);
        prop_assert_eq!(lane::lane_of(&key), Some(LaneId { channel, urgency }));
        let record = LaneRecord { waiting: numbers[0], next: numbers[1], oldest, state };
        let bytes = record.encode(&mut Encoder::default(), &key).to_vec();
        prop_assert_eq!(LaneRecord::decode(&key, &bytes).unwrap(), record);
    }

    #[test]
    fn items_of_lanes_never_mix_and_stand_in_their_order(
        lanes in [(channels(), variants()), (channels(), variants())],
        numbers in any::<[u64; 2]>(),
    ) {
        let keys = lanes.clone().map(|(channel, urgency)| lane::key(&channel, urgency));
        let items = [lane::item_key(&keys[0], numbers[0]), lane::item_key(&keys[1], numbers[1])];
        let inside = items[1] >= lane::item_key(&keys[0], 0) && items[1] <= lane::item_key(&keys[0], u64::MAX);
        prop_assert_eq!(inside, lanes[0] == lanes[1]);
        if lanes[0] == lanes[1] {
            prop_assert_eq!(items[0].cmp(&items[1]), numbers[0].cmp(&numbers[1]));
        }
        let (lane, lane_key, number) = lane::item_of(&items[0]).unwrap();
        prop_assert_eq!((lane.channel, lane.urgency, lane_key, number), (
            lanes[0].0.clone(), lanes[0].1, keys[0].as_slice(), numbers[0],
        ));
    }

    #[test]
    fn hook_runs_read_back(run in hook_runs()) {
        let key = hook_run::key(&run.hook, &run.subject);
        let record = hook_run::encode(&mut Encoder::default(), &key, &run).to_vec();
        prop_assert_eq!(hook_run::decode(&key, &record).unwrap(), run);
    }

    #[test]
    fn silences_read_back(silence in silences()) {
        let record = decision::encode(&mut Encoder::default(), &silence).to_vec();
        prop_assert_eq!(decision::decode(&silence.id.to_be_bytes(), &record).unwrap(), silence);
    }

    #[test]
    fn what_the_watch_remembers_reads_back(
        clocks in [option::of(times()), option::of(times()), option::of(times())],
        judged_by in option::of(fingerprints()),
        last_complete in any::<Option<u64>>(),
        profile in hostile(),
    ) {
        let [trusted_clock, doubtful_clock, still_watching] = clocks;
        let whole = Watch { trusted_clock, doubtful_clock, still_watching };
        let record = watch::encode(&mut Encoder::default(), &whole).to_vec();
        prop_assert_eq!(watch::decode(watch::KEY, &record).unwrap(), whole);
        let of_profile = ProfileWatch { judged_by, last_complete, last_finished: trusted_clock, cut_off_since: doubtful_clock, cut_off_told: still_watching };
        let key = watch::profile_key(&profile);
        let record = watch::encode_profile(&mut Encoder::default(), &key, &of_profile).to_vec();
        prop_assert_eq!(watch::decode_profile(&key, &record).unwrap(), of_profile);
        prop_assert!(key != watch::KEY && watch::is_of_profile(&key));
    }

    /// The checksum is right, the payload is anything: nothing panics, nothing allocates by a claimed length.
    #[test]
    fn sealed_nonsense_of_alerts_never_panics(
        bytes in vec(any::<u8>(), 0..200),
        start in outgoing(),
        place in any::<prop::sample::Index>(),
    ) {
        let (key, record) = item(&start, 7);
        let whole = payload(&record);
        // Nonsense from the start, and nonsense after a sound beginning.
        let mixed = [&whole[..place.index(whole.len())], &bytes].concat();
        for payload in [&bytes, &mixed] {
            drop(alert::decode(&key, &sealed(Table::Outbox, &key, 1, payload)));
            drop(LaneRecord::decode(&key, &sealed(Table::Lane, &key, 1, payload)));
            drop(hook_run::decode(&key, &sealed(Table::HookRun, &key, 1, payload)));
            drop(decision::decode(&key, &sealed(Table::Silence, &key, 1, payload)));
            drop(watch::decode(&key, &sealed(Table::Watch, &key, 1, payload)));
            drop(watch::decode_profile(&key, &sealed(Table::Watch, &key, 1, payload)));
        }
        lane::lane_of(&bytes);
        lane::item_of(&bytes);
    }
}

#[test]
fn what_nobody_knows_yet_is_corrupt() {
    let news = WatchNews::Test { by: "a".to_owned() };
    let alert = Alert {
        key: AlertKey("k".to_owned()),
        at: UnixTime(0),
        profile: None,
        scan: None,
        vantage: "v".to_owned(),
        news: News::Watch(news),
    };
    let outgoing = Outgoing {
        channel: Channel::Mail("a@example.com".to_owned()),
        urgency: crate::model::Urgency::Digest,
        route: String::new(),
        alert: Arc::new(alert),
    };
    let (key, record) = item(&outgoing, 1);
    let known = payload(&record).to_vec();
    assert_eq!(known, b"\0\x01k\0\0\0\x01v\x01\x07\x01a");
    for (place, unknown) in [(8, 2), (9, 8), (4, 2)] {
        let mut changed = known.clone();
        changed[place] = unknown;
        let record = sealed(Table::Outbox, &key, 1, &changed);
        assert!(matches!(alert::decode(&key, &record), Err(StoreError::Corrupt { .. })), "{place}");
    }
    // An urgency and a kind of channel that are none.
    for (place, unknown) in [(0, 2), (1, 2)] {
        let mut key = key.clone();
        key[place] = unknown;
        let record = sealed(Table::Outbox, &key, 1, &known);
        assert!(alert::decode(&key, &record).is_err(), "{place}");
    }
}

#[test]
fn a_finding_of_version_1_reads_with_nothing_told_and_nothing_decided() {
    let finding = Finding {
        profile: "web".to_owned(),
        key: FindingKey("a.example:443/x509.validity.expired".to_owned()),
        rule: Rule::Expired,
        severity: Severity::High,
        state: FindingState::Open,
        title: "Expired".to_owned(),
        detail: "a day ago".to_owned(),
        remediation: String::new(),
        subject: Subject::Endpoint(EndpointId([7; 16])),
        first_seen: UnixTime(100),
        last_seen: UnixTime(200),
        resolved_at: None,
        owner: None,
        tags: Vec::new(),
        decision: None,
        told_at: None,
        told_severity: None,
        returns: 0,
    };
    let key = finding::key(&finding.profile, &finding.key);
    let old = [
        b"\x03web\x23a.example:443/x509.validity.expired\x15x509.validity.expired\x03\0".as_slice(),
        b"\x07Expired\x09a day ago\x01",
        &[7; 16],
        b"\xc8\x01\x90\x03\0\x09",
    ]
    .concat();
    let read = finding::decode(&key, &sealed(Table::Finding, &key, 1, &old)).unwrap();
    assert_eq!((read.finding, read.scan), (finding.clone(), 9));
    let new = finding::encode(&mut Encoder::default(), &key, &finding, 9).to_vec();
    assert_eq!((new[0], payload(&new)), (2, [old.as_slice(), &[0, 0, 0, 0, 0, 0, 0]].concat().as_slice()));
    for version in [0, 3] {
        assert!(finding::decode(&key, &sealed(Table::Finding, &key, version, &old)).is_err());
    }
}
