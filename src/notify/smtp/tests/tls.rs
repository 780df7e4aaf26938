//! How TLS begins: stripped, injected into, and with a certificate that is not to be trusted.

use super::fake::Act::{Await, Cut, Hear, Raw, Say, Tls};
use super::fake::{HOST, Scene, clear_opening, mail, mail_taken};
use crate::estate::Leaf;
use crate::notify::smtp::{Fate, MailError, MailServer, Security};
use crate::time::DAY_SECONDS;

#[tokio::test(start_paused = true)]
async fn starttls_leads_into_tls_and_mail_goes_through() {
    let scene = Scene::new(Security::StartTls);
    let upgrade =
        vec![Hear("STARTTLS"), Say("220 2.0.0 Ready"), Tls, Hear("EHLO"), Say("250 mail.example.com")];
    let (session, _playing) = scene.open([clear_opening(), upgrade, mail_taken()].concat()).await;
    assert!(matches!(session.unwrap().send(&mail()).await, Fate::Accepted { .. }));
}

#[tokio::test(start_paused = true)]
async fn replies_injected_before_tls_are_an_error_and_no_mail_counts_as_sent() {
    let forged = "220 2.0.0 Ready\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 queued as FORGED\r\n";
    for acts in [
        // In one piece with the go-ahead.
        vec![Hear("STARTTLS"), Raw(forged, 1), Tls],
        // Before the command was sent.
        vec![Raw(forged, 1), Hear("STARTTLS"), Tls],
        // After the go-ahead was read, in front of the server's hello.
        vec![Hear("STARTTLS"), Say("220 2.0.0 Ready"), Await, Say("250 ok"), Tls],
        // Half a reply, to be completed inside TLS.
        vec![Hear("STARTTLS"), Raw("220 2.0.0 Ready\r\n25", 1), Tls],
    ] {
        let error = Scene::new(Security::StartTls).refuse([clear_opening(), acts].concat()).await;
        assert!(
            error.to_string().contains("the server, or somebody in between, sent text before TLS began"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stripped_starttls_is_refused() {
    let stripped =
        vec![Say("220 mail.example.com"), Hear("EHLO"), Say("250-mail\r\n250-NOSTARTTLS\r\n250 SIZE")];
    let error = Scene::new(Security::StartTls).refuse(stripped).await;
    assert_eq!(
        error.to_string(),
        "mail.example.com:465: STARTTLS not offered: refusing to send in the clear; use security = \"implicit\""
    );
    for (reply, part) in [("454 4.7.0 TLS not available", "454 4.7.0"), ("250 fine", "250 fine")] {
        let acts = [clear_opening(), vec![Hear("STARTTLS"), Say(reply)]].concat();
        let error = Scene::new(Security::StartTls).refuse(acts).await;
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_certificate_is_refused_and_says_why() {
    for security in [Security::Implicit, Security::StartTls] {
        let acts = || match security {
            Security::StartTls => [clear_opening(), vec![Hear("STARTTLS"), Say("220 Ready"), Tls]].concat(),
            _ => vec![Tls],
        };
        for other in ["other.example.com", "127.0.0.1"] {
            let scene = Scene::with(security, |ca| ca.issue(&Leaf::new(other)).unwrap());
            let error = scene.refuse(acts()).await.to_string();
            let part = format!("its certificate is for {other}, not for mail.example.com; see `server_name`");
            assert!(error.contains(&part), "{error}");
        }
        let expired = Scene::with(security, |ca| {
            ca.issue(&Leaf::new(HOST).valid(-30 * DAY_SECONDS, -DAY_SECONDS)).unwrap()
        });
        let error = expired.refuse(acts()).await.to_string();
        assert!(error.contains("its certificate expired on 20"), "{error}");
        let own = Scene::with(security, |ca| ca.self_signed(&Leaf::new(HOST)).unwrap());
        let error = own.refuse(acts()).await;
        assert!(matches!(error, MailError::Certificate { .. }) && !error.is_permanent(), "{error}");
        let mut strange = Scene::new(security);
        strange.server = MailServer::new(HOST, 465, security).unwrap();
        let error = strange.refuse(acts()).await.to_string();
        assert!(error.contains("not trusted here") || error.contains("trust anchors"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_may_be_given_for_the_certificate() {
    let mut scene = Scene::with(Security::Implicit, |ca| ca.issue(&Leaf::new("other.example.com")).unwrap());
    scene.server = scene.server.clone().with_server_name("other.example.com").unwrap();
    let acts = vec![Tls, Say("220 x"), Hear("EHLO"), Say("250 x"), Cut];
    assert!(scene.open(acts).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_tls_is_refused() {
    let error = Scene::new(Security::Implicit).refuse(vec![Say("220 mail.example.com ESMTP")]).await;
    assert!(error.to_string().contains("TLS failed (it does not begin with TLS there"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_file_of_authorities_must_hold_some() {
    for (text, part) in [(Some("no pem"), "no certificate in it"), (None, "No such file")] {
        let mut scene = Scene::new(Security::Implicit);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        scene.server = scene.server.clone().with_ca_file(path);
        let error = scene.refuse(vec![Tls]).await.to_string();
        assert!(error.contains(part) && error.contains("ca.pem"), "{error}");
    }
}
