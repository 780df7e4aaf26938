//! A scripted mail server at the other end of a pipe in memory: time stands still until everybody waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::clock::{Clock, SystemClock};
use crate::estate::{Authority, Identity, Leaf};
use crate::notify::smtp::stream::Wire;
use crate::notify::smtp::{Login, Mail, MailError, MailServer, Secret, Security, Session};
use crate::time::UnixTime;

pub(super) const HOST: &str = "mail.example.com";

/// What the server does next.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Sends these lines; CR LF is added.
    Say(&'static str),
    /// Sends these bytes as they are, so many times.
    Raw(&'static str, usize),
    /// Reads a line, which must begin so.
    Hear(&'static str),
    /// Reads lines up to a lone dot.
    HearMail,
    /// Waits until the client has sent something, and leaves it where it is.
    Await,
    /// Begins TLS.
    Tls,
    /// Reads nothing and says nothing, for ever.
    Hang,
    /// Closes.
    Cut,
}

use Act::{Cut, Hear, HearMail, Say, Tls};

/// Implicit TLS, greeting, EHLO.
pub(super) fn opening() -> Vec<Act> {
    vec![Tls, Say("220 mail.example.com ESMTP"), Hear("EHLO"), Say("250-mail.example.com\r\n250 8BITMIME")]
}

/// The greeting and the offer of STARTTLS, in the clear.
pub(super) fn clear_opening() -> Vec<Act> {
    vec![Say("220 mail.example.com ESMTP"), Hear("EHLO"), Say("250-mail.example.com\r\n250 STARTTLS")]
}

/// A mail that is taken.
pub(super) fn mail_taken() -> Vec<Act> {
    [up_to_data(), vec![HearMail, Say("250 2.0.0 Ok: queued as 4ZB")]].concat()
}

/// A mail up to the reply to DATA.
pub(super) fn up_to_data() -> Vec<Act> {
    vec![
        Hear("MAIL FROM:<certvigil@example.com>"),
        Say("250 2.1.0 Ok"),
        Hear("RCPT TO:<oncall@example.org>"),
        Say("250 2.1.5 Ok"),
        Hear("DATA"),
        Say("354 go on"),
    ]
}

/// Client and server, with what the server heard.
pub(super) struct Scene {
    pub(super) server: MailServer,
    identity: Identity,
    folder: tempfile::TempDir,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    pub(super) fn new(security: Security) -> Self {
        Self::with(security, |authority| authority.issue(&Leaf::new(HOST)).unwrap())
    }

    /// With another certificate.
    pub(super) fn with(security: Security, identity: impl FnOnce(&Authority) -> Identity) -> Self {
        let authority = Authority::new(SystemClock.now(), "Mail").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, authority.root_pem()).unwrap();
        Self {
            server: MailServer::new(HOST, 465, security).unwrap().with_ca_file(ca_file),
            identity: identity(&authority),
            folder,
            heard: Arc::default(),
        }
    }

    /// The same with a login; the password is `secret`.
    pub(super) fn with_login(mut self, mechanism: Option<crate::notify::smtp::Mechanism>) -> Self {
        let path = self.folder.path().join("password");
        std::fs::write(&path, "secret\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        let login = Login { user: "certvigil".to_owned(), secret: Secret::in_file(path), mechanism };
        self.server = self.server.with_login(login).unwrap();
        self
    }

    /// Opens a session with a server that plays these acts, then closes.
    pub(super) async fn open(&self, acts: Vec<Act>) -> (Result<Session, MailError>, JoinHandle<()>) {
        // Room for everything: what is written has left.
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let acceptor = TlsAcceptor::from(Arc::new(server_config(&self.identity)));
        let playing = tokio::spawn(play(theirs, acceptor, acts, Arc::clone(&self.heard)));
        let peer = ([127, 0, 0, 1], 465).into();
        (self.server.open_over(ours, peer, [127, 0, 0, 1].into()).await, playing)
    }

    /// The error of opening a session; the server may not have heard a mail.
    pub(super) async fn refuse(&self, acts: Vec<Act>) -> MailError {
        let (opened, playing) = self.open(acts).await;
        playing.abort();
        assert!(!self.heard().iter().any(|line| line.starts_with("MAIL")));
        opened.expect_err("the session must not open")
    }

    /// Lines the server heard, mails included.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

pub(super) fn mail() -> Mail {
    Mail {
        message_id: "abc@certvigil.example.com".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        from: "Certvigil <certvigil@example.com>".to_owned(),
        to: "oncall@example.org".to_owned(),
        subject: "[certvigil] CRITICAL pay.example.com:443 expires in 2 d 6 h".to_owned(),
        text: "pay.example.com:443\n.\nexpires\n".to_owned(),
        html: "<p>pay.example.com:443</p>\n".to_owned(),
        date: UnixTime(1_790_000_000),
        list_id: "certvigil.example.com".to_owned(),
        alert_key: "00ff".to_owned(),
    }
}

fn server_config(identity: &Identity) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain_der(), identity.private_key_der().unwrap())
        .unwrap()
}

async fn play(wire: DuplexStream, acceptor: TlsAcceptor, acts: Vec<Act>, heard: Arc<Mutex<Vec<String>>>) {
    let mut wire: BufReader<Box<dyn Wire>> = BufReader::new(Box::new(wire));
    for act in acts {
        match act {
            Tls => match acceptor.accept(wire).await {
                Ok(inside) => wire = BufReader::new(Box::new(inside)),
                Err(_) => return,
            },
            Say(line) => send(&mut wire, &format!("{line}\r\n")).await,
            Act::Raw(bytes, times) => send(&mut wire, &bytes.repeat(times)).await,
            Hear(start) => match hear(&mut wire, &heard).await {
                Some(line) => assert!(line.starts_with(start), "heard {line}, not {start}"),
                None => return,
            },
            HearMail => loop {
                match hear(&mut wire, &heard).await.as_deref() {
                    Some(".") => break,
                    Some(_) => {}
                    None => return,
                }
            },
            Act::Await => drop(wire.fill_buf().await),
            Act::Hang => tokio::time::sleep(Duration::from_secs(100_000)).await,
            Cut => return,
        }
    }
    // Whatever the client says at the end is heard, until it leaves.
    let mut rest = Vec::new();
    let _ = wire.read_to_end(&mut rest).await;
    heard.lock().unwrap().extend(String::from_utf8_lossy(&rest).lines().map(str::to_owned));
}

async fn send(wire: &mut BufReader<Box<dyn Wire>>, text: &str) {
    // A client that has left is what some tests are about.
    let _ = wire.write_all(text.as_bytes()).await;
    let _ = wire.flush().await;
}

async fn hear(wire: &mut BufReader<Box<dyn Wire>>, heard: &Mutex<Vec<String>>) -> Option<String> {
    let mut line = String::new();
    match wire.read_line(&mut line).await {
        Ok(read) if read > 0 => {
            let line = line.trim_end().to_owned();
            heard.lock().unwrap().push(line.clone());
            Some(line)
        }
        _ => None,
    }
}
