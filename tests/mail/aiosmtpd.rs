//! aiosmtpd: scripted faults, and every mail read back.

use std::process::Command;

use super::support::authority;
use super::support::mailbox::{Entry, Mailbox, Receiver};
use super::{
    Fate, MailError, MailServer, Mechanism, Security, assert_is_mail, login, mail, refuse, runtime, send,
};
use certvigil::estate::Leaf;

fn server(mailbox: &Mailbox, security: Security) -> MailServer {
    MailServer::new(&mailbox.host(), mailbox.port(), security).unwrap().with_ca_file(mailbox.ca_file())
}

#[test]
fn the_mailbox_parses_what_an_independent_client_sends() {
    let mailbox = Mailbox::start();
    let script = "
import smtplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[3])
with smtplib.SMTP_SSL(sys.argv[1], int(sys.argv[2]), context=context) as smtp:
    smtp.sendmail('a@example.com', ['b@example.org'], 'Subject: =?utf-8?q?gr=C3=BCn?=\\r\\nX-One: 1\\r\\n\\r\\nhello')
";
    let ended = Command::new("/usr/bin/python3")
        .args(["-c", script, &mailbox.host(), &mailbox.port().to_string()])
        .arg(mailbox.ca_file())
        .status()
        .unwrap();
    assert!(ended.success(), "{}", mailbox.log());
    let mails = mailbox.wait_for(1);
    let [first] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!((first.subject(), first.header("x-one"), first.text.trim()), ("grün", "1", "hello"));
    assert_eq!(
        (first.mail_from.as_str(), first.rcpt_to.concat().as_str()),
        ("a@example.com", "b@example.org")
    );
}

#[test]
fn mail_arrives_through_each_kind_of_security() {
    for (entry, security) in [
        (Entry::Implicit, Security::Implicit),
        (Entry::StartTls, Security::StartTls),
        (Entry::Plain, Security::PlainException),
    ] {
        let mailbox = Receiver::new(entry).start();
        let fate = send(&server(&mailbox, security), 1);
        assert_eq!(fate, Fate::Accepted { reply: "250 2.0.0 OK: kept as 1".to_owned() }, "{}", mailbox.log());
        let mails = mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert_is_mail(&mails[0], 1);
        assert_eq!(mails[0].mail_from, "certvigil@example.com");
        assert_eq!(mails[0].rcpt_to, ["oncall@example.org"]);
    }
}

#[test]
fn the_same_mail_is_the_same_bytes_on_the_wire() {
    let mailbox = Mailbox::start();
    let server = server(&mailbox, Security::Implicit);
    send(&server, 1);
    send(&server, 1);
    let mails = mailbox.mails();
    assert_eq!(mails[0].raw, mails[1].raw);
}

#[test]
fn many_mails_go_through_one_session_and_one_bad_address_holds_none() {
    let mailbox = Mailbox::start();
    mailbox.fail(&serde_json::json!({ "rcpt": { "gone@example.org": "550 5.1.1 nobody of that name" } }));
    let server = server(&mailbox, Security::Implicit);
    runtime().block_on(async {
        let mut session = server.open().await.unwrap();
        for number in 0..20 {
            let mut mail = mail(number);
            if number % 4 == 1 {
                mail.to = "gone@example.org".to_owned();
            }
            let fate = session.send(&mail).await;
            match fate {
                Fate::Accepted { .. } => assert_ne!(number % 4, 1),
                Fate::Refused(error) => {
                    assert_eq!(number % 4, 1);
                    assert!(error.to_string().contains("550 5.1.1 nobody of that name"));
                }
                other => panic!("{other:?}"),
            }
        }
        session.close().await;
    });
    assert_eq!(mailbox.mails().len(), 15);
}

#[test]
fn each_fault_has_its_fate_and_what_was_taken_is_known() {
    let mailbox = Mailbox::start();
    let server = server(&mailbox, Security::Implicit);
    mailbox.answer_recipients("450 4.2.0 Greylisted");
    assert!(matches!(send(&server, 1), Fate::Deferred(MailError::Reply { code: 450, .. })));
    mailbox.answer_recipients("550 5.1.1 unknown");
    assert!(matches!(send(&server, 1), Fate::Refused(MailError::Reply { code: 550, .. })));
    mailbox.answer_mail("451 4.3.0 try again");
    assert!(matches!(send(&server, 1), Fate::Deferred(MailError::Reply { code: 451, .. })));
    mailbox.answer_mail("452 4.3.1 full");
    assert!(matches!(send(&server, 1), Fate::Deferred(MailError::Reply { code: 452, .. })));
    mailbox.answer_mail("554 5.7.1 spam");
    assert!(matches!(send(&server, 1), Fate::Refused(MailError::Reply { code: 554, .. })));
    mailbox.fail(&serde_json::json!({ "cut_in_data": true }));
    // The message is small: it may have left as a whole before the cut is seen.
    assert!(matches!(send(&server, 1), Fate::Deferred(_) | Fate::Unknown(_)));
    mailbox.answer_mail("close");
    assert!(matches!(send(&server, 1), Fate::Unknown(MailError::Lost { .. })));
    assert!(mailbox.mails().is_empty());
    mailbox.answer_mail("store-and-close");
    assert!(matches!(send(&server, 2), Fate::Unknown(MailError::Lost { .. })));
    mailbox.recover();
    // Nobody knew: the same mail comes again, and its reader sees that it is the same.
    assert!(matches!(send(&server, 2), Fate::Accepted { .. }));
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].raw, mails[1].raw);
    mailbox.go_down();
    let error = refuse(&server);
    assert!(!error.is_permanent(), "{error}");
}

#[test]
fn a_slow_server_is_waited_for() {
    let mailbox = Mailbox::start();
    mailbox.answer_mail("slow 0.3");
    assert!(matches!(send(&server(&mailbox, Security::Implicit), 1), Fate::Accepted { .. }));
}

#[test]
fn logins_go_by_each_mechanism_and_a_wrong_password_is_refused() {
    let folder = super::support::folder();
    for entry in [Entry::Implicit, Entry::StartTls] {
        let security = if entry == Entry::Implicit { Security::Implicit } else { Security::StartTls };
        let mailbox =
            Receiver { login: Some(("certvigil", "pass w\u{f6}rd")), ..Receiver::new(entry) }.start();
        for mechanism in [None, Some(Mechanism::Plain), Some(Mechanism::Login), Some(Mechanism::XOAuth2)] {
            let right = login(folder.path(), "certvigil", "pass w\u{f6}rd", mechanism);
            let fate = send(&server(&mailbox, security).with_login(right).unwrap(), 1);
            assert!(matches!(fate, Fate::Accepted { .. }), "{mechanism:?} {fate:?} {}", mailbox.log());
            let wrong = login(folder.path(), "certvigil", "wrong", mechanism);
            let error = refuse(&server(&mailbox, security).with_login(wrong).unwrap());
            assert!(matches!(error, MailError::Reply { code: 535, .. }), "{mechanism:?} {error}");
        }
        let mails = mailbox.mails();
        assert_eq!(mails.len(), 4);
        assert!(mails.iter().all(|mail| mail.login.as_deref() == Some("certvigil")));
        // Without a login the server says what it wants.
        let fate = send(&server(&mailbox, security), 1);
        assert!(
            matches!(&fate, Fate::Refused(error) if error.to_string().contains("it wants a login")),
            "{fate:?}"
        );
    }
}

#[test]
fn a_server_whose_certificate_is_for_another_is_refused() {
    let authority = authority();
    let other = authority.issue(&Leaf::new("other.example.com")).unwrap();
    let mailbox =
        Receiver { identity: Some((&other, authority.root_pem())), ..Receiver::new(Entry::Implicit) }.start();
    let error = refuse(&server(&mailbox, Security::Implicit)).to_string();
    assert!(error.contains("its certificate is for other.example.com, not for 127."), "{error}");
    let named = server(&mailbox, Security::Implicit).with_server_name("other.example.com").unwrap();
    assert!(matches!(send(&named, 1), Fate::Accepted { .. }));
}

#[test]
fn a_server_in_the_clear_is_refused_where_tls_is_wanted() {
    let mailbox = Receiver::new(Entry::Plain).start();
    assert!(matches!(refuse(&server(&mailbox, Security::StartTls)), MailError::NoStartTls { .. }));
    assert!(matches!(refuse(&server(&mailbox, Security::Implicit)), MailError::Tls { .. }));
    assert!(mailbox.mails().is_empty());
}
