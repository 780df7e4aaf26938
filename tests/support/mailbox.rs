//! A mail server that keeps what it takes: aiosmtpd, with implicit TLS unless asked otherwise, and faults that are
//! switched while it runs. The program is `fixtures/mail/receiver.py`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use certvigil::estate::{Identity, Leaf};
use serde_json::{Value, json};

use super::program::within;
use super::{Fact, Peer, authority, folder, own_address, write, write_identity};

/// How a client gets into TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Implicit,
    StartTls,
    Plain,
}

/// A mail server to be.
pub(crate) struct Receiver<'a> {
    pub(crate) entry: Entry,
    /// User and password; `None`: mail is taken without a login.
    pub(crate) login: Option<(&'a str, &'a str)>,
    /// SASL mechanisms on offer.
    pub(crate) mechanisms: &'a [&'a str],
    /// `None`: a sound one for the address it listens on and `localhost`.
    pub(crate) identity: Option<(&'a Identity, String)>,
}

/// A running mail server; ends when dropped.
pub(crate) struct Mailbox {
    peer: Peer,
    files: tempfile::TempDir,
}

/// A mail as the server took it; headers and parts are decoded by Python's `email`.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) mail_from: String,
    pub(crate) rcpt_to: Vec<String>,
    /// The user who logged in.
    pub(crate) login: Option<String>,
    /// Names and values in their order, unfolded.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) html: String,
    /// The message as it came over the wire.
    pub(crate) raw: String,
    /// What the parser found wrong with it.
    pub(crate) defects: Vec<String>,
}

impl Mailbox {
    /// Implicit TLS, no login.
    pub(crate) fn start() -> Self {
        Receiver::new(Entry::Implicit).start()
    }

    /// An address; the certificate is for it.
    pub(crate) fn host(&self) -> String {
        self.peer.address.ip().to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        self.peer.address.port()
    }

    /// PEM of the root to trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.files.path().join("root.pem")
    }

    /// All mail so far, in the order it was taken.
    pub(crate) fn mails(&self) -> Vec<Received> {
        let text = std::fs::read_to_string(self.files.path().join("inbox.jsonl")).unwrap_or_default();
        // A line that is still being written has no end yet.
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(Received::read).collect()
    }

    /// Waits until there are at least so many mails.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        within(&format!("{count} mails"), || Some(self.mails()).filter(|mails| mails.len() >= count))
    }

    /// Every recipient is answered so from now on: `450 4.2.0 later`.
    pub(crate) fn answer_recipients(&self, reply: &str) {
        self.fail(&json!({ "rcpt": { "*": reply } }));
    }

    /// Every mail is answered so from now on: a reply, `close`, `store-and-close`, `slow SECONDS`.
    pub(crate) fn answer_mail(&self, reply: &str) {
        self.fail(&json!({ "data": { "*": reply } }));
    }

    /// Connections are cut before the greeting from now on.
    pub(crate) fn go_down(&self) {
        self.fail(&json!({ "refuse": true }));
    }

    /// Sets these faults instead of any others; `fixtures/mail/receiver.py` lists them.
    pub(crate) fn fail(&self, faults: &Value) {
        // Replaced in one step: the server reads it whenever it likes.
        let new = write(self.files.path(), "control.new", &faults.to_string());
        std::fs::rename(new, self.files.path().join("control.json")).unwrap();
    }

    /// All faults end.
    pub(crate) fn recover(&self) {
        self.fail(&json!({}));
    }

    /// What the server has written to its log.
    pub(crate) fn log(&self) -> String {
        self.peer.log()
    }
}

impl Receiver<'_> {
    pub(crate) fn new(entry: Entry) -> Self {
        Self { entry, login: None, mechanisms: &["PLAIN", "LOGIN", "XOAUTH2"], identity: None }
    }

    pub(crate) fn start(&self) -> Mailbox {
        let address = own_address();
        let files = folder();
        let path = files.path();
        let (identity, root) = match &self.identity {
            Some((identity, root)) => ((*identity).clone(), root.clone()),
            None => sound_identity(address),
        };
        write(path, "root.pem", &root);
        let pem = write_identity(path, "server", &identity);
        let mut command = Command::new("/usr/bin/python3");
        command.arg("-B").arg(receiver_program());
        command.args(["--host", &address.ip().to_string(), "--port", &address.port().to_string()]);
        command.arg("--inbox").arg(path.join("inbox.jsonl"));
        command.arg("--control").arg(path.join("control.json"));
        command.args(["--security", self.entry.name()]);
        command.arg("--certificate").arg(pem.chain).arg("--key").arg(pem.key);
        if let Some((user, password)) = self.login {
            command.args(["--user", user, "--password", password]);
        }
        command.arg("--mechanisms").args(self.mechanisms);
        Mailbox { peer: Peer::start(command, folder(), address, Fact::Log("ready")), files }
    }
}

impl Entry {
    fn name(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::Plain => "plain",
        }
    }
}

impl Received {
    /// The value of a header that stands there once.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        let (_, value) = values.next().unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        assert!(values.next().is_none(), "{name} stands there twice: {:?}", self.headers);
        value
    }

    pub(crate) fn subject(&self) -> &str {
        self.header("Subject")
    }

    /// A line of the receiver's inbox.
    pub(crate) fn read(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |value: &Value| value.as_array().unwrap().iter().map(text).collect::<Vec<_>>();
        let headers = value["headers"].as_array().unwrap().iter();
        Self {
            mail_from: text(&value["mail_from"]),
            rcpt_to: texts(&value["rcpt_to"]),
            login: value["login"].as_str().map(str::to_owned),
            headers: headers.map(|header| (text(&header[0]), text(&header[1]))).collect(),
            text: text(&value["text"]),
            html: text(&value["html"]),
            raw: text(&value["raw"]),
            defects: texts(&value["defects"]),
        }
    }
}

/// A certificate for the address and `localhost`, and the root above it.
pub(crate) fn sound_identity(address: SocketAddr) -> (Identity, String) {
    let authority = authority();
    let mut leaf = Leaf::new(&address.ip().to_string());
    leaf.names.push("localhost".to_owned());
    (authority.issue(&leaf).unwrap(), authority.root_pem())
}

fn receiver_program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail/receiver.py")
}
