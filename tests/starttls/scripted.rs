//! Scripted servers: protocols without a real server to be had, and what real ones say only on bad days.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};

use super::*;

/// A server that hears and says; each connection the same.
struct Scripted {
    /// What it says first, and to each message of the client.
    says: Vec<Vec<u8>>,
    is_first: bool,
    then: Then,
}

enum Then {
    Close,
    /// TLS inside pre-login packets of MS-TDS.
    Tds(Arc<ServerConfig>),
}

impl Scripted {
    /// Runs until the test ends: the process is the test's own.
    fn start(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A scanner that has seen enough hangs up; the next connection is served all the same.
                let _ = self.serve(stream.unwrap());
            }
        });
        address
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        for (number, words) in self.says.iter().enumerate() {
            if number > 0 || !self.is_first {
                // Messages of the client are far shorter than this, and it waits for an answer to each.
                let count = stream.read(&mut [0; 1024])?;
                if count == 0 {
                    return Ok(());
                }
            }
            stream.write_all(words)?;
        }
        match &self.then {
            Then::Close => stream.shutdown(std::net::Shutdown::Both),
            Then::Tds(config) => handshake(config, Tds { stream, inside: Vec::new() }),
        }
    }
}

fn handshake(config: &Arc<ServerConfig>, mut stream: impl Read + Write) -> io::Result<()> {
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(())
}

/// Pre-login packets around what is written, off what is read (MS-TDS section 2.2.3.1).
struct Tds {
    stream: TcpStream,
    /// Content of a packet that is not yet read.
    inside: Vec<u8>,
}

impl Read for Tds {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.inside.is_empty() {
            let mut header = [0; 8];
            self.stream.read_exact(&mut header)?;
            assert_eq!(header[0], 18, "not a pre-login packet: {header:?}");
            self.inside = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])) - 8];
            self.stream.read_exact(&mut self.inside)?;
        }
        let count = self.inside.as_slice().read(buffer)?;
        self.inside.drain(..count);
        Ok(count)
    }
}

impl Write for Tds {
    /// In packets of 512 bytes, so that records are torn apart.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for chunk in bytes.chunks(504) {
            let [high, low] = u16::try_from(chunk.len() + 8).unwrap().to_be_bytes();
            let is_last = u8::from(chunk.len() < 504);
            self.stream.write_all(&[&[18, is_last, high, low, 0, 0, 0, 0], chunk].concat())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn config(sound: &Sound) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = sound.identity.private_key_der().unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(sound.identity.chain_der(), key).unwrap())
}

/// A server that speaks first.
fn greeter(says: &[&str], then: Then) -> SocketAddr {
    let says = says.iter().map(|words| words.as_bytes().to_vec()).collect();
    Scripted { says, is_first: true, then }.start()
}

/// The answer to pre-login of a SQL Server with this kind of encryption.
fn sql_server(encryption: u8, then: Then) -> SocketAddr {
    let answer =
        vec![4, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 255, 16, 0, 0, 0, 0, 0, encryption];
    Scripted { says: vec![answer], is_first: false, then }.start()
}

#[test]
fn sql_server_is_read_through_its_packets() {
    let sound = Sound::new();
    assert_read(&sound, sql_server(1, Then::Tds(config(&sound))), "mssql");
    assert_inspected(&sound, sql_server(1, Then::Tds(config(&sound))), "mssql");
    assert_no_way(sql_server(2, Then::Close), "mssql", "not_offered");
}

#[test]
fn a_server_that_is_busy_says_so_in_its_words() {
    let words = assert_no_way(
        greeter(&["421 4.7.0 Too many connections from you\r\n"], Then::Close),
        "smtp",
        "throttled",
    );
    assert!(words.as_str().unwrap().contains("Too many connections from you"), "{words}");
}

#[test]
fn text_behind_the_go_ahead_is_an_injection() {
    let says =
        ["220 mail.example ESMTP\r\n", "250-mail.example\r\n250 STARTTLS\r\n", "220 Go\r\n250 Injected\r\n"];
    let words = assert_no_way(greeter(&says, Then::Close), "smtp", "injected");
    assert!(words.as_str().unwrap().contains("250 Injected"), "{words}");
}

#[test]
fn a_server_that_breaks_down_as_it_turns_to_tls_injects_nothing() {
    // The ClientHello is read before this is said: a broken server, and nobody in between.
    let says = ["220 ftp.example FTP\r\n", "234 Proceed\r\n", "500 OOPS: cannot load the key\r\n"];
    let address = greeter(&says, Then::Close);
    let root = support::authority().root_pem();
    let endpoint = scan(address, &root, &["--starttls", "ftp"]);
    assert_eq!(endpoint["outcome"]["stage"], "handshake", "{endpoint:#}");
    assert_eq!(endpoint["outcome"]["reason"], "not_tls", "{endpoint:#}");
}

#[test]
fn another_protocol_is_named() {
    let words = assert_no_way(greeter(&["SSH-2.0-OpenSSH_9.2\r\n"], Then::Close), "smtp", "wrong_protocol");
    assert!(words.as_str().unwrap().contains("SSH"), "{words}");
}
