//! Mail against real servers: aiosmtpd with scripted faults; Postfix with Dovecot's SASL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by a panic"
)]

#[path = "mail/aiosmtpd.rs"]
mod aiosmtpd;
#[path = "mail/postfix.rs"]
mod postfix;
mod support;

use std::path::{Path, PathBuf};

use certvigil::notify::smtp::{Fate, Login, Mail, MailError, MailServer, Mechanism, Secret, Security};
use certvigil::time::UnixTime;
use support::mailbox::Received;

/// A mail whose every text is hostile or not ASCII.
fn mail(number: u32) -> Mail {
    Mail {
        message_id: format!("{number:032x}@certvigil.example.com"),
        in_reply_to: Some("root@certvigil.example.com".to_owned()),
        references: vec!["root@certvigil.example.com".to_owned(), "other@certvigil.example.com".to_owned()],
        from: "Gr\u{fc}ner W\u{e4}chter <certvigil@example.com>".to_owned(),
        to: "oncall@example.org".to_owned(),
        subject: "[certvigil] CRITICAL \u{1b}[2J\u{202e}pay\r\nBcc: x@example.com\r\n\r\nbody =?utf-8?q?=0d=0aCc:?= \
                  expires in 2 d"
            .to_owned(),
        text: format!("caf\u{e9} \u{1f512}\n.\n..two\nFrom here\n=3D {}\n", "long ".repeat(400)),
        html: "<p title=\"=\">caf\u{e9}</p>\n.\n".to_owned(),
        date: UnixTime(1_790_000_000),
        list_id: "certvigil.example.com".to_owned(),
        alert_key: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}

/// What a mail says when it was taken and read by somebody else.
fn assert_is_mail(received: &Received, number: u32) {
    let sent = mail(number);
    for (name, value) in [
        ("Message-ID", format!("<{number:032x}@certvigil.example.com>").as_str()),
        ("In-Reply-To", "<root@certvigil.example.com>"),
        ("References", "<root@certvigil.example.com> <other@certvigil.example.com>"),
        ("From", "Gr\u{fc}ner W\u{e4}chter <certvigil@example.com>"),
        ("To", "oncall@example.org"),
        (
            "Subject",
            "[certvigil] CRITICAL \\u{1b}[2J\\u{202e}pay\\u{d}\\u{a}Bcc: x@example.com\\u{d}\\u{a}\\u{d}\\u{a}body \
             =\\u{3f}utf-8?q?=0d=0aCc:?= expires in 2 d",
        ),
        ("Date", "Mon, 21 Sep 2026 14:13:20 +0000"),
        ("List-Id", "<certvigil.example.com>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Certvigil-Key", "0123456789abcdef0123456789abcdef"),
    ] {
        assert_eq!(received.header(name), value);
    }
    assert!(received.header("Content-Type").starts_with("multipart/alternative;"));
    let forged =
        |(name, _): &(String, String)| ["bcc", "cc", "precedence"].contains(&name.to_lowercase().as_str());
    assert!(!received.headers.iter().any(forged), "{:?}", received.headers);
    // `postfix` hands the message on with LF, Python reads CR LF as LF.
    assert_eq!(received.text.replace("\r\n", "\n").trim_end(), sent.text.trim_end());
    assert_eq!(received.html.replace("\r\n", "\n").trim_end(), sent.html.trim_end());
    assert!(received.defects.is_empty(), "{:?}", received.defects);
    assert!(received.raw.lines().all(|line| line.len() <= 998));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// One mail through a session of its own.
fn send(server: &MailServer, number: u32) -> Fate {
    runtime().block_on(async {
        let mut session = server.open().await.unwrap_or_else(|error| panic!("{error}"));
        let fate = session.send(&mail(number)).await;
        session.close().await;
        fate
    })
}

/// Why no session opens.
fn refuse(server: &MailServer) -> MailError {
    runtime().block_on(server.open()).map(|_| ()).expect_err("no session may open")
}

/// A login whose password stands in a file of this folder.
fn login(folder: &Path, user: &str, password: &str, mechanism: Option<Mechanism>) -> Login {
    use std::os::unix::fs::PermissionsExt;
    let path: PathBuf = folder.join("password");
    std::fs::write(&path, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    Login { user: user.to_owned(), secret: Secret::in_file(path), mechanism }
}
