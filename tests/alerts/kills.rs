//! The program is killed at any moment of a flush: every alert arrives, and each kill costs at most one duplicate.

use std::collections::BTreeMap;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Watch;

const KILLS: u64 = 24;

#[test]
fn a_program_killed_while_it_sends_loses_nothing_and_repeats_only_the_same_mail() {
    let mut watch =
        Watch::new(3, "[[route]]\nname = \"all\"\nto = [\"a@company.test\", \"b@company.test\"]\n");
    watch.scan(0);
    let before = watch.mailbox.wait_for(1).len();
    watch.mailbox.answer_recipients("450 4.2.0 later");
    for last in 1..=3 {
        watch.serve(last, -1);
    }
    watch.scan(3);
    watch.mailbox.recover();
    let mut kills = 0;
    for number in 0..KILLS {
        let running = watch.home.start(&watch.arguments(&["notify", "outbox", "flush"]));
        // Spread over the run: from before the store is open to after the last mail.
        std::thread::sleep(Duration::from_millis(number * 7 % 160));
        running.signal(Signal::SIGKILL);
        kills += u64::from(running.finish().code.is_none());
        if watch.mailbox.mails().len() >= before + 2 {
            break;
        }
    }
    watch.flush(0);
    let mails = watch.mailbox.mails().split_off(before);
    let mut copies: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for mail in &mails {
        copies.entry(mail.header("Message-ID")).or_default().push(&mail.raw);
    }
    assert_eq!(copies.len(), 2, "one urgent mail to each of the two");
    assert!(copies.values().all(|copies| copies.iter().all(|copy| *copy == copies[0])));
    assert!(
        u64::try_from(mails.len() - copies.len()).unwrap() <= kills,
        "{} mails after {kills} kills",
        mails.len()
    );
    for last in 1..=3 {
        let label = watch.stage.target(last);
        assert!(mails.iter().all(|mail| mail.text.contains(&label)), "{label}");
    }
}
