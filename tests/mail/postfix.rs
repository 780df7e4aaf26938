//! Postfix with Dovecot's SASL: submission as most people have it, and the mail read back from the maildir.

use super::support::folder;
use super::support::postfix::{PASSWORD, Postfix, USER};
use super::{
    Fate, MailError, MailServer, Mechanism, Security, assert_is_mail, login, mail, refuse, runtime, send,
};

#[test]
fn mail_goes_through_postfix_by_starttls_and_by_implicit_tls() {
    let postfix = Postfix::start();
    let folder = folder();
    let mut number = 0;
    for (address, security) in
        [(postfix.submission, Security::StartTls), (postfix.submissions, Security::Implicit)]
    {
        // One certificate for both ports: they share the address.
        let server = MailServer::new(&address.ip().to_string(), address.port(), security)
            .unwrap()
            .with_ca_file(postfix.ca_file());
        for mechanism in [None, Some(Mechanism::Plain), Some(Mechanism::Login)] {
            number += 1;
            let right = login(folder.path(), USER, PASSWORD, mechanism);
            let fate = send(&server.clone().with_login(right).unwrap(), number);
            assert!(
                matches!(&fate, Fate::Accepted { reply } if reply.starts_with("250 2.0.0 Ok: queued as ")),
                "{fate:?}"
            );
            let delivered = postfix.wait_for(number as usize);
            let last = delivered.iter().find(|received| {
                received.header("Message-ID") == format!("<{number:032x}@certvigil.example.com>")
            });
            assert_is_mail(last.unwrap(), number);
        }
        let wrong = login(folder.path(), USER, "wrong", None);
        let error = refuse(&server.clone().with_login(wrong).unwrap());
        assert!(matches!(error, MailError::Reply { code: 535, .. }), "{error}");
        let fate = send(&server, 99);
        assert!(matches!(fate, Fate::Refused(MailError::Reply { .. })), "{fate:?}");
    }
    greylisting_and_unknown_addresses_hold_nobody(&postfix, number);
}

fn greylisting_and_unknown_addresses_hold_nobody(postfix: &Postfix, before: u32) {
    let folder = folder();
    let address = postfix.submissions;
    let server = MailServer::new(&address.ip().to_string(), address.port(), Security::Implicit)
        .unwrap()
        .with_ca_file(postfix.ca_file())
        .with_login(login(folder.path(), USER, PASSWORD, None))
        .unwrap();
    runtime().block_on(async {
        let mut session = server.open().await.unwrap();
        for (to, code) in
            [("slow@example.org", 450), ("nobody@example.org", 550), ("oncall@example.org", 250)]
        {
            let mail = super::Mail { to: to.to_owned(), ..mail(before + 1) };
            let fate = session.send(&mail).await;
            match (&fate, code) {
                (Fate::Deferred(MailError::Reply { code: 450, .. }), 450)
                | (Fate::Refused(MailError::Reply { code: 550, .. }), 550)
                | (Fate::Accepted { .. }, 250) => {}
                _ => panic!("{to}: {fate:?}"),
            }
        }
        session.close().await;
    });
    assert_eq!(postfix.wait_for(before as usize + 1).len(), before as usize + 1);
}
