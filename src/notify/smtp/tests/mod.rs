//! Sessions with scripted servers: every fault at every step, and what became of the mail.

mod fake;
mod login;
mod message;
mod tls;

use std::time::Duration;

use fake::Act::{Cut, Hang, Hear, HearMail, Raw, Say};
use fake::{Act, Scene, clear_opening, mail, mail_taken, opening, up_to_data};

use super::{Fate, MailError, Security, Step};

/// The fate of one mail after a good opening.
async fn fate(acts: Vec<Act>) -> Fate {
    let scene = Scene::new(Security::Implicit);
    let (session, _playing) = scene.open([opening(), acts].concat()).await;
    session.unwrap().send(&mail()).await
}

fn deferred(fate: Fate) -> String {
    match fate {
        Fate::Deferred(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn refused(fate: Fate) -> String {
    match fate {
        Fate::Refused(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn unknown(fate: Fate) -> String {
    match fate {
        Fate::Unknown(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_is_accepted_with_the_servers_words() {
    let fate = fate(mail_taken()).await;
    assert_eq!(fate, Fate::Accepted { reply: "250 2.0.0 Ok: queued as 4ZB".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn several_mails_go_through_one_session_whatever_becomes_of_each() {
    let scene = Scene::new(Security::Implicit);
    let refused_recipient =
        vec![Hear("MAIL"), Say("250 ok"), Hear("RCPT"), Say("550 5.1.1 nobody of that name")];
    let again = || vec![Hear("RSET"), Say("250 flushed")];
    let acts = [
        opening(),
        refused_recipient,
        again(),
        mail_taken(),
        again(),
        mail_taken(),
        vec![Hear("QUIT"), Say("221 bye")],
    ];
    let (session, playing) = scene.open(acts.concat()).await;
    let mut session = session.unwrap();
    assert_eq!(
        refused(session.send(&mail()).await),
        "mail.example.com:465: answered RCPT TO with 550 5.1.1 nobody of that name (it does not take mail for this \
         address)"
    );
    for _ in 0..2 {
        assert!(matches!(session.send(&mail()).await, Fate::Accepted { .. }));
    }
    assert!(session.is_usable());
    session.close().await;
    playing.await.unwrap();
    // The lone dot in each mail is doubled.
    assert_eq!(scene.heard().iter().filter(|line| *line == "..").count(), 2);
    assert_eq!(scene.heard().last().unwrap(), "QUIT");
}

#[tokio::test(start_paused = true)]
async fn before_the_final_dot_a_failure_is_certain() {
    let greylisted =
        vec![Hear("MAIL"), Say("250 ok"), Hear("RCPT"), Say("450 4.2.0 Greylisted, come back in 300 s")];
    assert!(deferred(fate(greylisted).await).contains("450 4.2.0 Greylisted"));
    let sender = vec![Hear("MAIL"), Say("553 5.7.1 not your address")];
    assert!(refused(fate(sender).await).contains("does not let this sender send"));
    let sleepy = vec![Hear("MAIL"), Say("421 4.4.2 idle too long"), Cut];
    assert!(deferred(fate(sleepy).await).contains("421 4.4.2"));
    for cut in [0, 1, 3, 5] {
        let acts = up_to_data().into_iter().take(cut).collect::<Vec<_>>();
        let error = deferred(fate([acts, vec![Cut]].concat()).await);
        assert!(error.contains("connection lost"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_reply_to_the_final_dot_decides() {
    let answered = |reply| [up_to_data(), vec![HearMail, Say(reply)]].concat();
    assert!(deferred(fate(answered("451 4.7.1 try again later")).await).contains("451 4.7.1"));
    assert!(refused(fate(answered("552 5.3.4 too big")).await).contains("552 5.3.4"));
    // A server that does not finish the sentence, or loses the thread.
    assert!(unknown(fate(answered("354 go on")).await).contains("354"));
    assert!(unknown(fate(answered("what?")).await).contains("did not speak SMTP"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_after_the_final_dot_leaves_the_fate_unknown() {
    let cut = [up_to_data(), vec![HearMail, Cut]].concat();
    assert!(unknown(fate(cut).await).contains("connection lost, waited for the mail"));
    let hang = [up_to_data(), vec![HearMail, Hang]].concat();
    assert!(unknown(fate(hang).await).contains("no answer in time"));
    // Half a reply is none.
    let half = [up_to_data(), vec![HearMail, Raw("250 2.0", 1), Cut]].concat();
    unknown(fate(half).await);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_broke_sends_nothing_more() {
    let scene = Scene::new(Security::Implicit);
    let (session, _playing) = scene.open([opening(), vec![Hear("MAIL"), Cut]].concat()).await;
    let mut session = session.unwrap();
    deferred(session.send(&mail()).await);
    assert!(!session.is_usable());
    assert!(deferred(session.send(&mail()).await).contains("open a new one"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_meets_a_deadline_at_each_step() {
    for (steps, hung) in [(0, Step::Tls), (1, Step::Opening), (3, Step::Opening)] {
        let acts = opening().into_iter().take(steps).chain([Hang]).collect();
        let error = Scene::new(Security::Implicit).refuse(acts).await;
        assert_eq!(error, MailError::TimedOut { server: "mail.example.com:465".to_owned(), step: hung });
    }
    let clear = [(0, Step::Greeting), (2, Step::Hello), (4, Step::StartTls), (5, Step::Tls)];
    for (steps, hung) in clear {
        let acts = [clear_opening(), vec![Hear("STARTTLS"), Say("220 go ahead")]].concat();
        let acts = acts.into_iter().take(steps).chain([Hang]).collect();
        let error = Scene::new(Security::StartTls).refuse(acts).await;
        assert_eq!(error, MailError::TimedOut { server: "mail.example.com:465".to_owned(), step: hung });
    }
    for steps in [0, 1, 3, 5] {
        let acts = up_to_data().into_iter().take(steps).chain([Hang]).collect();
        assert!(deferred(fate(acts).await).contains("no answer in time"));
    }
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_the_settings() {
    let mut scene = Scene::new(Security::Implicit);
    scene.server = scene.server.clone().with_step_deadline(Duration::from_secs(7));
    let started = tokio::time::Instant::now();
    scene.refuse(vec![Hang]).await;
    assert_eq!(started.elapsed(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn endless_and_senseless_replies_are_bounded() {
    for (bytes, times, part) in [
        ("2", 900_000, "a line of more than 4096 bytes"),
        ("250-x\r\n", 100_000, "a reply of more than 16384 bytes"),
        ("SSH-2.0-OpenSSH_9.2p1\r\n", 1, "`SSH-2.0-OpenSSH_9.2p1`"),
        ("\u{1b}[2J\u{7}\r\n", 1, "`\\u{1b}[2J\\u{7}`"),
    ] {
        let error = Scene::new(Security::Implicit).refuse(vec![Act::Tls, Raw(bytes, times)]).await;
        assert!(error.to_string().contains(part), "{error}");
        assert!(!error.is_permanent());
    }
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_refuses_is_told_with_its_words() {
    let error = Scene::new(Security::Implicit).refuse(vec![Act::Tls, Say("421 4.3.2 closing"), Cut]).await;
    assert_eq!(
        error.to_string(),
        "mail.example.com:465: answered greeting or EHLO with 421 4.3.2 closing (it is busy or going down)"
    );
    assert!(!error.is_permanent());
    let error = Scene::new(Security::Implicit).refuse(vec![Act::Tls, Say("554 5.7.1 listed"), Cut]).await;
    assert!(error.is_permanent());
}

#[tokio::test(start_paused = true)]
async fn text_out_of_turn_inside_tls_never_counts_as_a_reply() {
    // Replies to what was not asked yet, in one piece: the next command is not sent.
    let early = vec![Hear("MAIL"), Say("250 ok\r\n250 ok\r\n354 go on\r\n250 2.0.0 queued"), Hang];
    assert!(deferred(fate(early).await).contains("text out of turn: `250 ok"));
    // In pieces: DATA is not answered by 354.
    let late = vec![Say("250 out of turn"), Hear("MAIL"), Say("250 ok"), Hear("RCPT"), Say("250 ok"), Hang];
    deferred(fate(late).await);
}

#[tokio::test(start_paused = true)]
async fn a_servers_text_is_escaped_and_cut() {
    let acts = vec![Hear("MAIL"), Raw("550 \u{1b}]0;x\u{7}\u{202e}", 1), Raw("long ", 200), Say("")];
    let error = refused(fate(acts).await);
    assert!(
        error.contains("\\u{1b}]0;x\\u{7}\\u{202e}long")
            && error.ends_with("… (it does not let this sender send: see `from`)")
    );
    assert!(error.chars().count() < 450 && error.lines().count() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_plain_relay_is_spoken_to_in_the_clear() {
    let scene = Scene::new(Security::PlainException);
    let acts = [opening().into_iter().skip(1).collect(), mail_taken()].concat();
    let (session, _playing) = scene.open(acts).await;
    assert!(matches!(session.unwrap().send(&mail()).await, Fate::Accepted { .. }));
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_named() {
    use super::MailServer;
    // Bound and not listening: the kernel refuses.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let error = MailServer::new("127.0.0.1", port, Security::Implicit).unwrap().open().await.unwrap_err();
    assert!(error.to_string().contains("Connection refused"), "{error}");
    assert!(!error.is_permanent());
    assert_eq!(
        MailServer::new("mail example", 25, Security::Implicit).unwrap_err().to_string(),
        "`mail example` is neither a host name nor an address"
    );
}
