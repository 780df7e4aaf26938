//! The process dies between every two steps of seal, send and mark: nothing is lost, and each death costs at most
//! one duplicate, of the same mail.

use std::collections::{BTreeMap, BTreeSet};

use super::fake::FakePost;
use super::*;

/// Deaths in all.
const DEATHS: usize = 250;

#[tokio::test(start_paused = true)]
async fn deaths_at_every_step_lose_nothing_and_repeat_only_the_same_mail() {
    let (mut desk, post) = (Desk::new(), FakePost::default());
    let recipients = ["ops@a.example", "web@a.example", "net@a.example"];
    let (mut deaths, mut hosts) = (0, BTreeSet::new());
    let mut turn = 0_usize;
    while deaths < DEATHS {
        turn += 1;
        let host = format!("h{turn}.example");
        let urgency = if turn.is_multiple_of(3) { Urgency::Immediate } else { Urgency::Digest };
        desk.queue(recipients[turn % 3], urgency, &host);
        hosts.insert(host);
        desk.later(60);
        // Every step of a session with up to three mails, one after the other.
        post.dies_at(Some(turn % 8));
        let died = tokio::select! {
            biased;
            _ = desk.deliver(&post, Hurry::Everything) => false,
            () = post.died.notified() => true,
        };
        if died {
            deaths += 1;
            desk = desk.restart();
        }
    }
    post.dies_at(None);
    while !desk.store.lanes().unwrap().is_empty() {
        desk.deliver(&post, Hurry::Everything).await;
    }
    let state = post.state.borrow();
    let mut copies: BTreeMap<&str, Vec<&crate::notify::smtp::Mail>> = BTreeMap::new();
    for mail in &state.inbox {
        copies.entry(&mail.message_id).or_default().push(mail);
    }
    let duplicates: usize = copies.values().map(|copies| copies.len() - 1).sum();
    assert!(duplicates > 0 && duplicates <= deaths, "{duplicates} duplicates of {deaths} deaths");
    assert!(copies.values().all(|copies| copies.iter().all(|copy| *copy == copies[0])));
    for host in hosts {
        let label = format!("{host}:443");
        let telling = copies.values().filter(|copies| copies[0].text.contains(&label)).count();
        assert_eq!(telling, 1, "{host} is told by {telling} mails");
    }
}
