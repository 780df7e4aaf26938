//! News on its way: queued with what brought it, sealed, delivered; and what hooks and people leave behind.

use super::*;

pub(super) fn alert(number: i64) -> Arc<Alert> {
    Arc::new(Alert {
        key: AlertKey::of(&["test", &number.to_string()]),
        at: UnixTime(number),
        profile: Some("web".to_owned()),
        scan: None,
        vantage: "here".to_owned(),
        news: News::Watch(WatchNews::Test { by: format!("tester {number}") }),
    })
}

pub(super) fn mail(to: &str, urgency: Urgency) -> LaneId {
    LaneId { channel: Channel::Mail(to.to_owned()), urgency }
}

pub(super) fn hook(name: &str) -> LaneId {
    LaneId { channel: Channel::Hook(name.to_owned()), urgency: Urgency::Digest }
}

pub(super) fn outgoing(lane: &LaneId, numbers: impl IntoIterator<Item = i64>) -> Vec<Outgoing> {
    let LaneId { channel, urgency } = lane;
    let item = |number| Outgoing {
        channel: channel.clone(),
        urgency: *urgency,
        route: "default".to_owned(),
        alert: alert(number),
    };
    numbers.into_iter().map(item).collect()
}

pub(super) fn event(action: &str) -> AuditEvent {
    AuditEvent {
        at: UnixTime(1),
        actor: "tester".to_owned(),
        action: action.to_owned(),
        object: "web".to_owned(),
        detail: String::new(),
    }
}

/// Adds a silence that matches nothing.
pub(super) fn silence(store: &Store) -> Result<Silence, StoreError> {
    let (add, event) = ([(Matcher::default(), decision())], event("silence.added"));
    let commit = DecisionCommit { add: &add, remove: None, findings: &[], event: &event };
    store.put_decision(&commit).map(|mut added| added.remove(0))
}

pub(super) fn setback(attempts: u32) -> Setback {
    Setback { attempts, next_at: UnixTime(9_000), error: "451 greylisted".to_owned() }
}

pub(super) fn run(outcome: &str) -> HookRun {
    HookRun {
        hook: "renew".to_owned(),
        subject: certificate(1).sha256.to_string(),
        tries: vec![UnixTime(5)],
        next_at: UnixTime(6),
        outcome: outcome.to_owned(),
        failures: 0,
        verification: Some(Verification {
            profile: "web".to_owned(),
            old: certificate(1).sha256,
            findings: vec![FindingKey("a:443/x".to_owned())],
            since: UnixTime(5),
            until: UnixTime(1_805),
        }),
    }
}

pub(super) fn finding(key: &str) -> FindingUpdate {
    let finding = Finding {
        profile: "web".to_owned(),
        key: FindingKey(key.to_owned()),
        rule: Rule::Expired,
        severity: Severity::High,
        state: FindingState::Acknowledged,
        title: "Expired".to_owned(),
        detail: "a day ago".to_owned(),
        remediation: String::new(),
        subject: Subject::Endpoint(endpoint(1).id()),
        first_seen: UnixTime(100),
        last_seen: UnixTime(100),
        resolved_at: None,
        owner: Some("payments".to_owned()),
        tags: vec!["edge".to_owned(), "prod".to_owned()],
        decision: Some(decision()),
        told_at: Some(UnixTime(100)),
        told_severity: Some(Severity::High),
        returns: 3,
    };
    FindingUpdate { finding, members: vec![endpoint(1).id()] }
}

pub(super) fn decision() -> Decision {
    Decision {
        by: "tester".to_owned(),
        at: UnixTime(7),
        reason: "known".to_owned(),
        until: Some(UnixTime(70)),
    }
}

/// Number and time of each item of a lane.
pub(super) fn items(store: &Store, lane: &LaneId, through: Option<u64>) -> Vec<(u64, i64)> {
    let mut all = Vec::new();
    store
        .lane_items(lane, through, |number, outgoing| {
            assert_eq!((&outgoing.channel, outgoing.urgency), (&lane.channel, lane.urgency));
            all.push((number, outgoing.alert.at.0));
            Flow::Continue(())
        })
        .unwrap();
    all
}

fn only_lane(store: &Store) -> Lane {
    let lanes = store.lanes().unwrap();
    assert_eq!(lanes.len(), 1, "{lanes:?}");
    lanes.into_iter().next().unwrap()
}

#[test]
fn news_is_queued_with_the_findings_that_bring_it() {
    let mut store = temporary();
    let [ops, dev] = ["ops@example.com", "dev@example.com"].map(|to| mail(to, Urgency::Digest));
    let updates = [finding("a:443/x"), finding("b:443/x")];
    let mut news = outgoing(&ops, [10, 11]);
    news.extend(outgoing(&dev, [10]));
    let watch =
        ProfileWatch { last_complete: Some(4), last_finished: Some(UnixTime(12)), ..Default::default() };
    let commit = FindingsCommit {
        sequence: 4,
        updates: &updates,
        outgoing: &news,
        event: Some(&event("findings.reconciled")),
        profile_watch: Some(("web", &watch)),
    };
    store.put_findings(&commit).unwrap();

    let stored = store.finding("web", &FindingKey("b:443/x".to_owned())).unwrap().unwrap();
    assert_eq!((&stored.finding, stored.scan), (&updates[1].finding, 4));
    assert_eq!(items(&store, &ops, None), [(1, 10), (2, 11)]);
    assert_eq!(items(&store, &dev, None), [(1, 10)]);
    let mut first = None;
    let visit = |_, outgoing| {
        first = Some(outgoing);
        Flow::Break(())
    };
    store.lane_items(&ops, None, visit).unwrap();
    assert_eq!(first.as_ref(), news.first());
    assert_eq!(store.profile_watch("web").unwrap(), watch);
    assert_eq!(store.profile_watch("mail").unwrap(), ProfileWatch::default());
    assert_eq!(actions(&store), ["store.created", "findings.reconciled"]);
    assert_sound(&mut store);
    assert_eq!(store.check().unwrap().waiting, 3);
}

#[test]
fn lanes_come_mail_first_then_the_immediate_then_the_oldest() {
    let mut store = temporary();
    let expected = [
        (mail("late@example.com", Urgency::Immediate), 50),
        (mail("b@example.com", Urgency::Digest), 10),
        (mail("a@example.com", Urgency::Digest), 20),
        (LaneId { urgency: Urgency::Immediate, ..hook("renew") }, 40),
        (hook("page"), 5),
    ];
    for (lane, at) in expected.iter().rev() {
        store.queue(&outgoing(lane, [*at, at + 1_000]), None).unwrap();
    }
    let lanes = store.lanes().unwrap();
    let got: Vec<_> = lanes.iter().map(|lane| (lane.id.clone(), lane.oldest.0)).collect();
    assert_eq!(got, expected);
    assert!(lanes.iter().all(|lane| lane.waiting == 2 && lane.state == LaneState::Ready));
    assert_sound(&mut store);
}

#[test]
fn what_is_sealed_stays_as_it_is_and_news_stands_behind_it() {
    let mut store = temporary();
    let lane = mail("ops@example.com", Urgency::Digest);
    assert_eq!(store.seal(&lane, UnixTime(1)).unwrap(), None);
    store.queue(&outgoing(&lane, [10, 11]), None).unwrap();
    let seal = store.seal(&lane, UnixTime(20)).unwrap().unwrap();
    assert_eq!(seal, Seal { through: 2, sealed_at: UnixTime(20), setback: None });
    store.queue(&outgoing(&lane, [30]), None).unwrap();
    assert_eq!(store.seal(&lane, UnixTime(40)).unwrap().unwrap(), seal);
    assert_eq!(items(&store, &lane, Some(seal.through)), [(1, 10), (2, 11)]);

    // Its fate is unknown: it stays sealed, whatever the caller thinks the seal is.
    let unknown = Seal { through: 3, sealed_at: UnixTime(99), setback: Some(setback(1)) };
    store.set_lane_state(&lane, &LaneState::Sealed(unknown), Some(&event("mail.unknown"))).unwrap();
    let kept = Seal { setback: Some(setback(1)), ..seal };
    assert_eq!(only_lane(&store).state, LaneState::Sealed(kept.clone()));
    assert_eq!(store.seal(&lane, UnixTime(50)).unwrap(), Some(kept));
    assert_sound(&mut store);

    store.lane_delivered(&lane, 2, Some(&event("mail.accepted"))).unwrap();
    let left = only_lane(&store);
    assert_eq!((left.waiting, left.oldest, left.state), (1, UnixTime(30), LaneState::Ready));
    assert_eq!(items(&store, &lane, None), [(3, 30)]);
    assert_eq!(actions(&store), ["store.created", "mail.unknown", "mail.accepted"]);
    assert_sound(&mut store);
}

#[test]
fn a_lane_that_was_deferred_or_refused_sends_all_that_has_come_by_then() {
    let mut store = temporary();
    let lane = mail("ops@example.com", Urgency::Digest);
    store.queue(&outgoing(&lane, [10]), None).unwrap();
    for (through, state) in
        [(2, LaneState::Deferred(setback(1))), (3, LaneState::Refused(setback(2))), (4, LaneState::Ready)]
    {
        assert_eq!(store.seal(&lane, UnixTime(20)).unwrap().unwrap().through, through - 1);
        store.set_lane_state(&lane, &state, None).unwrap();
        assert_eq!(only_lane(&store).state, state);
        store.queue(&outgoing(&lane, [30]), None).unwrap();
        assert_eq!(only_lane(&store).state, state);
        assert_sound(&mut store);
    }
    assert_eq!(store.seal(&lane, UnixTime(60)).unwrap().unwrap().through, 4);
    store.lane_delivered(&lane, 4, None).unwrap();
    assert_eq!(store.lanes().unwrap(), []);
    assert_sound(&mut store);
}

#[test]
fn a_delivery_told_twice_takes_nothing_that_came_later() {
    let mut store = temporary();
    let lane = mail("ops@example.com", Urgency::Immediate);
    store.queue(&outgoing(&lane, [10, 11]), None).unwrap();
    let first = store.seal(&lane, UnixTime(20)).unwrap().unwrap();
    store.queue(&outgoing(&lane, [30, 31]), None).unwrap();
    let delivered = |through| store.lane_delivered(&lane, through, Some(&event("mail.accepted"))).unwrap();
    delivered(first.through);
    delivered(first.through);
    let second = store.seal(&lane, UnixTime(40)).unwrap().unwrap();
    assert_eq!(second.through, 4);
    delivered(first.through);
    // Not even a part of what is sealed.
    delivered(3);
    assert_eq!(only_lane(&store).state, LaneState::Sealed(second.clone()));
    assert_eq!(items(&store, &lane, None), [(3, 30), (4, 31)]);
    store.queue(&outgoing(&lane, [50]), None).unwrap();
    // No more than what is sealed.
    delivered(99);
    assert_eq!(items(&store, &lane, None), [(5, 50)]);
    assert_eq!(actions(&store), ["store.created", "mail.accepted", "mail.accepted"]);
    assert_sound(&mut store);
}

#[test]
fn numbers_are_never_used_again_and_an_empty_lane_has_no_state() {
    let mut store = temporary();
    let lane = mail("ops@example.com", Urgency::Digest);
    for round in 0..3 {
        store.queue(&outgoing(&lane, [round, round + 1]), None).unwrap();
        let seal = store.seal(&lane, UnixTime(20)).unwrap().unwrap();
        assert_eq!(seal.through, (u64::try_from(round).unwrap() + 1) * 2);
        store.lane_delivered(&lane, seal.through, None).unwrap();
        assert_eq!(store.seal(&lane, UnixTime(20)).unwrap(), None);
        store.set_lane_state(&lane, &LaneState::Refused(setback(1)), Some(&event("never.written"))).unwrap();
        assert_eq!(store.lanes().unwrap(), []);
        assert_sound(&mut store);
    }
    // Nobody seals what is yet to come.
    store.queue(&outgoing(&lane, [50]), None).unwrap();
    let ahead = Seal { through: 99, sealed_at: UnixTime(1), setback: None };
    store.set_lane_state(&lane, &LaneState::Sealed(ahead), None).unwrap();
    assert_eq!(store.seal(&lane, UnixTime(2)).unwrap().unwrap().through, 7);
    assert_eq!(actions(&store), ["store.created"]);
    assert_sound(&mut store);
}

#[test]
fn a_hook_takes_its_items_and_leaves_its_run() {
    let mut store = temporary();
    let lane = hook("renew");
    store.queue(&outgoing(&lane, [10, 11, 12, 13]), None).unwrap();
    store.settle_hook(&lane, &[1, 3], &run("exit 0"), Some(&event("hook.ran"))).unwrap();
    assert_eq!(items(&store, &lane, None), [(2, 11), (4, 13)]);
    assert_eq!((only_lane(&store).waiting, only_lane(&store).oldest), (2, UnixTime(11)));
    assert_eq!(store.hook_run("renew", &run("").subject).unwrap(), Some(run("exit 0")));
    assert_sound(&mut store);
    // Again, and of items that nobody queued.
    store.settle_hook(&lane, &[1, 3, 77], &run("exit 1"), None).unwrap();
    assert_eq!(only_lane(&store).waiting, 2);
    store.settle_hook(&lane, &[4, 2], &run("exit 0"), None).unwrap();
    assert_eq!(store.lanes().unwrap(), []);

    let other = HookRun { subject: "a:443/x".to_owned(), verification: None, ..run("exit 75") };
    store.put_hook_run(&other, &[], Some(&event("hook.failed"))).unwrap();
    assert_eq!(store.hook_runs().unwrap().len(), 2);
    store.remove_hook_runs(std::slice::from_ref(&other)).unwrap();
    store.remove_hook_runs(&[other]).unwrap();
    assert_eq!(store.hook_runs().unwrap(), [run("exit 0")]);
    assert_eq!(store.hook_run("renew", "a:443/x").unwrap(), None);
    assert_eq!(actions(&store), ["store.created", "hook.ran", "hook.failed"]);
    assert_sound(&mut store);
}

#[test]
fn a_decision_changes_findings_and_silences_at_once_and_no_scan() {
    let store = temporary();
    let updates = [finding("a:443/x509.validity.expired")];
    let finding = updates[0].finding.clone();
    let commit = FindingsCommit { sequence: 7, updates: &updates, ..FindingsCommit::default() };
    store.put_findings(&commit).unwrap();
    let silenced = Finding { state: FindingState::Silenced, ..finding.clone() };
    let findings = [StoredFinding { finding: silenced.clone(), scan: 7 }];
    let matcher = Matcher { owner: Some("payments".to_owned()), ..Matcher::default() };
    let add = [(matcher, decision())];
    let added = store
        .put_decision(&DecisionCommit {
            add: &add,
            remove: None,
            findings: &findings,
            event: &event("silence.added"),
        })
        .unwrap();
    assert_eq!(store.silences().unwrap(), added);
    let kept = store.finding("web", &finding.key).unwrap().unwrap();
    assert_eq!((kept.finding, kept.scan), (silenced, 7));
    let findings = [StoredFinding { finding: finding.clone(), scan: 7 }];
    let remove = DecisionCommit {
        add: &[],
        remove: Some(added[0].id),
        findings: &findings,
        event: &event("silence.removed"),
    };
    assert_eq!(store.put_decision(&remove).unwrap(), []);
    assert_eq!(store.silences().unwrap(), []);
    assert_eq!(store.finding("web", &finding.key).unwrap().unwrap().finding, finding);
    let log = actions(&store);
    assert!(log.ends_with(&["silence.added".to_owned(), "silence.removed".to_owned()]), "{log:?}");
}

#[test]
fn silences_have_numbers_of_their_own_for_ever() {
    let mut store = temporary();
    let add = || silence(&store).unwrap().id;
    assert_eq!((add(), add()), (1, 2));
    let event = event("silence.removed");
    let remove = DecisionCommit { add: &[], remove: Some(2), findings: &[], event: &event };
    store.put_decision(&remove).unwrap();
    assert_eq!(silence(&store).unwrap().id, 3);
    let ids: Vec<u64> = store.silences().unwrap().iter().map(|silence| silence.id).collect();
    assert_eq!(ids, [1, 3]);
    assert_eq!(actions(&store).len(), 5);
    assert_sound(&mut store);
}

#[test]
fn the_watch_remembers_one_thing_at_a_time() {
    let mut store = temporary();
    assert_eq!(store.watch().unwrap(), Watch::default());
    let watch = Watch { trusted_clock: Some(UnixTime(-1)), ..Watch::default() };
    store.put_watch(&watch, &[]).unwrap();
    assert_eq!(store.watch().unwrap(), watch);
    assert_sound(&mut store);
}

#[test]
fn a_backup_keeps_what_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let [copy, restored] = ["copy", "restored"].map(|name| folder.path().join(name));
    let store = temporary();
    let lane = mail("ops@example.com", Urgency::Digest);
    store.queue(&outgoing(&lane, [10, 11]), None).unwrap();
    let seal = store.seal(&lane, UnixTime(20)).unwrap();
    silence(&store).unwrap();
    store.put_hook_run(&run("exit 0"), &[], None).unwrap();
    store.rebuild_derived("tester", UnixTime(1)).unwrap();
    store.backup(&copy).unwrap();
    Store::restore(&copy, &restored, "tester", UnixTime(1)).unwrap();
    let mut back = Store::open(&restored, &Options::default()).unwrap();
    assert_eq!(back.seal(&lane, UnixTime(30)).unwrap(), seal);
    assert_eq!(items(&back, &lane, None), [(1, 10), (2, 11)]);
    assert_eq!(silence(&back).unwrap().id, 2);
    assert_eq!(back.hook_runs().unwrap(), [run("exit 0")]);
    assert_sound(&mut back);
}

#[test]
fn lanes_that_disagree_with_their_items_are_found() {
    let sound = || {
        let store = temporary();
        store.queue(&outgoing(&mail("a@example.com", Urgency::Digest), [10, 11]), None).unwrap();
        silence(&store).unwrap();
        store
    };
    type Damage = fn(&redb::WriteTransaction);
    let damages: [(&str, &str, Damage); 5] = [
        ("lanes", "wrong number of items", |transaction| {
            transaction.open_table(schema::OUTBOX).unwrap().pop_last().unwrap();
        }),
        ("lanes", "wrong time of its oldest item", |transaction| {
            transaction.open_table(schema::OUTBOX).unwrap().pop_first().unwrap();
        }),
        ("outbox", "items of unknown lanes", |transaction| {
            transaction.open_table(schema::LANES).unwrap().pop_first().unwrap();
        }),
        ("outbox", "damaged record", |transaction| {
            let mut table = transaction.open_table(schema::OUTBOX).unwrap();
            let key = redb::ReadableTable::first(&table).unwrap().unwrap().0.value().to_vec();
            table.insert(key.as_slice(), b"no record".as_slice()).unwrap();
        }),
        ("silences", "number that was not given out", |transaction| {
            transaction.open_table(schema::META).unwrap().remove(b"next_silence".as_slice()).unwrap();
        }),
    ];
    for (table, what, damage) in damages {
        let mut store = sound();
        assert_sound(&mut store);
        let transaction = store.write().unwrap();
        damage(&transaction);
        transaction.commit().unwrap();
        let faults = store.check().unwrap().faults;
        assert!(faults.iter().any(|fault| fault.table == table && fault.what == what), "{what}: {faults:?}");
    }
}

#[test]
fn a_damaged_item_is_told_and_holds_up_no_delivery_before_it() {
    let store = temporary();
    let lane = mail("ops@example.com", Urgency::Digest);
    store.queue(&outgoing(&lane, [10, 11]), None).unwrap();
    let transaction = store.write().unwrap();
    {
        let mut table = transaction.open_table(schema::OUTBOX).unwrap();
        let key = redb::ReadableTable::last(&table).unwrap().unwrap().0.value().to_vec();
        table.insert(key.as_slice(), b"no record".as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    store.lane_delivered(&lane, 1, None).unwrap();
    assert_eq!(only_lane(&store).waiting, 1);
    let error = store.lane_items(&lane, None, |_, _| Flow::Continue(())).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { table: "outbox", .. }), "{error}");
}
