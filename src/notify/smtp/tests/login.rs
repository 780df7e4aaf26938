//! Logins: by what the server offers, never outside TLS, each refusal with its remedy.

use super::fake::Act::{Hear, Say, Tls};
use super::fake::{Act, Scene, mail, mail_taken};
use crate::notify::smtp::{Fate, Login, MailServer, Mechanism, Secret, Security};

fn offering(offer: &'static str) -> Vec<Act> {
    vec![Tls, Say("220 mail.example.com"), Hear("EHLO"), Say(offer)]
}

async fn refuse(mechanism: Option<Mechanism>, acts: Vec<Act>) -> String {
    let scene = Scene::new(Security::Implicit).with_login(mechanism);
    let error = scene.refuse(acts).await;
    assert!(!error.to_string().contains("secret") && !format!("{:?}", scene.server).contains("\"secret\""));
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_login_goes_by_what_is_offered() {
    let plain = vec![Hear("AUTH PLAIN AGNlcnR2aWdpbABzZWNyZXQ="), Say("235 2.7.0 ok")];
    let by_login = vec![
        Hear("AUTH LOGIN"),
        Say("334 VXNlcm5hbWU6"),
        Hear("Y2VydHZpZ2ls"),
        Say("334 UGFzc3dvcmQ6"),
        Hear("c2VjcmV0"),
        Say("235 2.7.0 ok"),
    ];
    // user=certvigil ^A auth=Bearer secret ^A ^A
    let bearer =
        vec![Hear("AUTH XOAUTH2 dXNlcj1jZXJ0dmlnaWwBYXV0aD1CZWFyZXIgc2VjcmV0AQE="), Say("235 2.7.0 ok")];
    for (mechanism, offer, dialogue) in [
        (None, "250-x\r\n250 AUTH LOGIN PLAIN XOAUTH2", plain.clone()),
        (None, "250-x\r\n250 AUTH LOGIN", by_login.clone()),
        (Some(Mechanism::Login), "250-x\r\n250 AUTH PLAIN LOGIN", by_login),
        (Some(Mechanism::Plain), "250-x\r\n250 AUTH PLAIN", plain),
        (Some(Mechanism::XOAuth2), "250-x\r\n250 AUTH PLAIN XOAUTH2", bearer),
    ] {
        let scene = Scene::new(Security::Implicit).with_login(mechanism);
        let (session, _playing) = scene.open([offering(offer), dialogue, mail_taken()].concat()).await;
        assert!(matches!(session.unwrap().send(&mail()).await, Fate::Accepted { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_says_what_to_do() {
    let plain = |reply| [offering("250-x\r\n250 AUTH PLAIN"), vec![Hear("AUTH PLAIN"), Say(reply)]].concat();
    for (reply, remedy) in [
        ("535 5.7.8 Authentication failed", "user or password is wrong"),
        (
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
            "mechanism = \"xoauth2\"",
        ),
        (
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            "mechanism = \"xoauth2\"",
        ),
        ("534 5.7.9 Application-specific password required", "application password"),
        ("454 4.7.0 Temporary authentication failure", "454"),
    ] {
        let error = refuse(None, plain(reply)).await;
        assert!(error.contains(remedy) && error.contains("answered the login with"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_repeats_the_password_is_not_quoted() {
    let plain = |reply| [offering("250-x\r\n250 AUTH PLAIN"), vec![Hear("AUTH PLAIN"), Say(reply)]].concat();
    for reply in ["535 no: AUTH PLAIN AGNlcnR2aWdpbABzZWNyZXQ=", "535 secret is wrong", "250 secret"] {
        let error = refuse(None, plain(reply)).await;
        assert!(error.contains("are not shown") && !error.contains("AGNlcnR2"), "{error}");
    }
    let by_login =
        vec![Hear("AUTH LOGIN"), Say("334 VXNlcm5hbWU6"), Hear("Y2VydHZpZ2ls"), Say("334 UGFzc3dvcmQ6")];
    let told = vec![Hear("c2VjcmV0"), Say("535 you said c2VjcmV0")];
    let error = refuse(None, [offering("250-x\r\n250 AUTH LOGIN"), by_login, told].concat()).await;
    assert!(error.contains("535") && !error.contains("c2VjcmV0"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_told_with_the_final_reply() {
    let acts = vec![
        Hear("AUTH XOAUTH2"),
        Say("334 eyJzdGF0dXMiOiI0MDAifQ=="),
        Hear(""),
        Say("535 5.7.8 Username and Password not accepted"),
    ];
    let acts = [offering("250-x\r\n250 AUTH XOAUTH2"), acts].concat();
    assert!(refuse(Some(Mechanism::XOAuth2), acts).await.contains("535 5.7.8"));
}

#[tokio::test(start_paused = true)]
async fn a_mechanism_that_is_not_offered_is_not_tried() {
    let error = refuse(None, offering("250-x\r\n250 AUTH XOAUTH2")).await;
    assert_eq!(error, "mail.example.com:465: no login by PLAIN LOGIN there; it offers XOAUTH2");
    let error = refuse(Some(Mechanism::Plain), offering("250 x")).await;
    assert_eq!(error, "mail.example.com:465: no login by PLAIN there; it offers none");
}

#[tokio::test(start_paused = true)]
async fn a_success_that_is_none_is_an_error() {
    for reply in ["250 ok", "354 go on"] {
        let acts = [offering("250-x\r\n250 AUTH PLAIN"), vec![Hear("AUTH PLAIN"), Say(reply)]].concat();
        assert!(refuse(None, acts).await.contains("did not speak SMTP"));
    }
}

#[test]
fn a_login_without_tls_cannot_be_made() {
    let login = Login { user: "u".to_owned(), secret: Secret::in_variable("X"), mechanism: None };
    let server = MailServer::new("relay.example.com", 25, Security::PlainException).unwrap();
    assert_eq!(
        server.with_login(login).unwrap_err().to_string(),
        "relay.example.com:25: a login needs TLS; use security = \"implicit\" or \"starttls\""
    );
}
