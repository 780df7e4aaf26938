//! What is sent, in which order, and what becomes of what is not.

use super::fake::{Answer, FakePost};
use super::*;
use crate::model::LaneState;
use crate::time::DAY_SECONDS;

const OPS: &str = "ops@a.example";
const WEB: &str = "web@a.example";

#[tokio::test(start_paused = true)]
async fn urgent_mail_goes_first_and_all_over_one_session() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(WEB, Urgency::Digest, "one.example");
    desk.later(60);
    desk.queue(OPS, Urgency::Digest, "two.example");
    desk.queue(OPS, Urgency::Digest, "three.example");
    desk.queue(OPS, Urgency::Immediate, "four.example");
    let delivery = desk.deliver(&post, Hurry::Due).await;
    assert_eq!((delivery.sent, delivery.left.len()), (3, 0), "{delivery:?}");
    let state = post.state.borrow();
    let told: Vec<(&str, bool, bool)> = state
        .inbox
        .iter()
        .map(|mail| {
            (mail.to.as_str(), mail.text.contains("four.example"), mail.text.contains("three.example"))
        })
        .collect();
    assert_eq!(told, [(OPS, true, false), (WEB, false, false), (OPS, false, true)]);
    assert_eq!(state.sessions, 1);
    assert!(state.inbox.iter().all(|mail| mail.message_id.ends_with("@a.example>")));
    assert!(state.inbox[0].references[0].starts_with("<t-"), "{:?}", state.inbox[0]);
    drop(state);
    assert_eq!(desk.audit("mail.sent").len(), 3);
    assert!(desk.audit("mail.sent")[0].contains("1 items, <"), "{:?}", desk.audit("mail.sent"));
}

#[tokio::test(start_paused = true)]
async fn a_week_without_a_mail_server_ends_with_one_digest() {
    let (desk, post) = (Desk::new(), FakePost::default());
    post.state.borrow_mut().is_down = true;
    for day in 0..7 {
        desk.queue(OPS, Urgency::Digest, &format!("day-{day}.example"));
        for _ in 0..4 {
            let delivery = desk.deliver(&post, Hurry::Due).await;
            assert_eq!((delivery.sent, delivery.left.len()), (0, 1));
            assert!(delivery.left[0].what.contains("cannot connect"), "{:?}", delivery.left);
            assert!(delivery.left[0].what.contains("next try at"), "{:?}", delivery.left);
            desk.later(DAY_SECONDS / 4);
        }
    }
    post.state.borrow_mut().is_down = false;
    let delivery = desk.deliver(&post, Hurry::Due).await;
    assert_eq!((delivery.sent, delivery.left.len()), (1, 0));
    let state = post.state.borrow();
    assert_eq!(state.inbox.len(), 1);
    for day in 0..7 {
        assert!(state.inbox[0].text.contains(&format!("day-{day}.example")), "{}", state.inbox[0].text);
    }
    let entries = desk.audit("mail.deferred");
    assert!((7..=8).contains(&entries.len()), "one entry a day: {entries:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_not_due_is_left_alone_until_somebody_flushes() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(OPS, Urgency::Digest, "one.example");
    post.answer(OPS, Answer::Defer);
    assert_eq!(desk.deliver(&post, Hurry::Due).await.left.len(), 1);
    post.state.borrow_mut().answers.clear();
    desk.queue(OPS, Urgency::Digest, "two.example");
    assert_eq!(desk.deliver(&post, Hurry::Due).await.sent, 0);
    assert_eq!(post.state.borrow().sessions, 1);
    assert_eq!(desk.deliver(&post, Hurry::Everything).await.sent, 1);
    // What was turned away is unsealed, and news that came since is in the same mail.
    assert!(post.state.borrow().inbox[0].text.contains("two.example"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_to_the_default_route_once() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(WEB, Urgency::Digest, "one.example");
    desk.queue(WEB, Urgency::Immediate, "two.example");
    post.answer(WEB, Answer::Refuse);
    let delivery = desk.deliver(&post, Hurry::Due).await;
    assert_eq!((delivery.sent, delivery.left.len()), (1, 2), "{delivery:?}");
    assert_eq!(post.subjects().iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), [OPS]);
    assert!(post.state.borrow().inbox[0].text.contains(WEB));
    assert!(delivery.left[0].what.contains("refused: 550 no such user"), "{:?}", delivery.left);
    for _ in 0..3 {
        desk.later(DAY_SECONDS);
        assert_eq!(desk.deliver(&post, Hurry::Due).await.sent, 0);
    }
    assert_eq!(post.subjects().len(), 1);
    post.state.borrow_mut().answers.clear();
    assert_eq!(desk.deliver(&post, Hurry::Everything).await.sent, 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_default_route_is_not_sent_there() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(OPS, Urgency::Digest, "one.example");
    post.answer(OPS, Answer::Refuse);
    assert_eq!(desk.deliver(&post, Hurry::Due).await.left.len(), 1);
    assert_eq!(desk.store.lanes().unwrap()[0].waiting, 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_fate_repeats_the_same_mail_and_keeps_later_news_out_of_it() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(OPS, Urgency::Digest, "one.example");
    post.answer(OPS, Answer::TakeAndLose);
    let left = desk.deliver(&post, Hurry::Due).await.left;
    assert!(left[0].what.contains("it is not known whether it arrived"), "{left:?}");
    desk.queue(OPS, Urgency::Digest, "two.example");
    desk.later(3_600);
    // Turned away for certain this time; the first one may have arrived all the same.
    post.answer(OPS, Answer::Defer);
    assert_eq!(desk.deliver(&post, Hurry::Due).await.sent, 0);
    desk.later(3_600);
    post.state.borrow_mut().answers.clear();
    // The same mail, and then another with what came behind it.
    let delivery = desk.deliver(&post, Hurry::Due).await;
    assert_eq!((delivery.sent, delivery.left.len()), (2, 0));
    let state = post.state.borrow();
    assert_eq!(state.inbox[0], state.inbox[1]);
    assert!(!state.inbox[1].text.contains("two.example") && state.inbox[2].text.contains("two.example"));
    assert_ne!(state.inbox[2].message_id, state.inbox[0].message_id);
}

#[tokio::test(start_paused = true)]
async fn a_mail_of_unknown_fate_that_is_refused_for_a_week_no_longer_holds_up_what_came_after() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(OPS, Urgency::Digest, "one.example");
    post.answer(OPS, Answer::TakeAndLose);
    desk.deliver(&post, Hurry::Due).await;
    desk.queue(OPS, Urgency::Digest, "two.example");
    post.answer(OPS, Answer::Refuse);
    for day in 1..=6 {
        desk.later(DAY_SECONDS);
        desk.deliver(&post, Hurry::Due).await;
        let state = desk.store.lanes().unwrap()[0].state.clone();
        assert_eq!(matches!(state, LaneState::Refused(_)), day == 6, "{day}: {state:?}");
    }
    post.state.borrow_mut().answers.clear();
    desk.later(DAY_SECONDS);
    assert_eq!(desk.deliver(&post, Hurry::Due).await.left.len(), 0);
    let state = post.state.borrow();
    let last = state.inbox.last().unwrap();
    assert!(last.text.contains("one.example") && last.text.contains("two.example"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_takes_no_longer_than_allowed() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(OPS, Urgency::Immediate, "one.example");
    desk.queue(WEB, Urgency::Digest, "two.example");
    post.answer(OPS, Answer::Hang);
    let began = Instant::now();
    let delivery = desk.deliver(&post, Hurry::Due).await;
    assert_eq!(began.elapsed(), Duration::from_secs(120));
    assert_eq!((delivery.sent, delivery.left.len()), (0, 2));
    assert!(delivery.left[1].what.contains("the time for alerts was over"), "{:?}", delivery.left);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_years_ahead_does_not_hold_mail_for_years() {
    let (desk, post) = (Desk::new(), FakePost::default());
    desk.queue(OPS, Urgency::Digest, "one.example");
    desk.later(3_650 * DAY_SECONDS);
    post.answer(OPS, Answer::Refuse);
    desk.deliver(&post, Hurry::Due).await;
    desk.clock.set(START);
    post.state.borrow_mut().answers.clear();
    assert_eq!(desk.deliver(&post, Hurry::Due).await.sent, 1);
}

#[tokio::test(start_paused = true)]
async fn mail_without_settings_for_it_stays_and_is_named() {
    let desk = Desk::with("[[hook]]\nname = \"renew\"\ncommand = [\"/bin/true\"]\n");
    desk.queue(OPS, Urgency::Digest, "one.example");
    let round = Round::new(&desk.parts, &desk.store, &desk.alerting, Duration::from_secs(120));
    let delivery = deliver_by(&round, None::<&FakePost>, &Nobody, &Nobody, Hurry::Everything).await.unwrap();
    assert!(delivery.left[0].what.contains("no [mail]"), "{delivery:?}");
    assert_eq!(desk.store.lanes().unwrap()[0].waiting, 1);
}

#[test]
fn two_routes_with_one_address_make_one_row() {
    let desk = Desk::new();
    let mut told = (*alert("one.example", START)).clone();
    if let News::Finding(news) = &mut told.news {
        news.owner = Some("web".to_owned());
    }
    let rows = desk.alerting.outgoing(&Arc::new(told), Urgency::Digest);
    let told: Vec<(String, &str)> =
        rows.iter().map(|row| (row.channel.to_string(), row.route.as_str())).collect();
    assert_eq!(told, [(WEB.to_owned(), "web"), (OPS.to_owned(), "web")]);
}
