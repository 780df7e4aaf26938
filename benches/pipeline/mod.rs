//! A profile's scan in which every endpoint has a new finding, with mail and without: what telling costs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use certvigil::app::parts::{Parts, StoreChoice};
use certvigil::app::progress::ScanProgress;
use certvigil::app::request::ScanRequest;
use certvigil::app::scan;
use certvigil::config::{Profile, Settings};

use crate::farm::{Farm, network};

/// Endpoints, each with a finding of its own: the farm's root is not trusted.
pub(crate) const ENDPOINTS: usize = 16_384;

/// Bytes of mail that the sink took.
static MAIL_BYTES: AtomicU64 = AtomicU64::new(0);

/// A scan from nothing to the last mail; gives the bytes of mail.
pub(crate) fn scan_and_tell(runtime: &tokio::runtime::Runtime, farm: &Farm, tells: bool) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let settings = if tells { mail_settings(sink()) } else { String::new() };
    std::fs::write(path("certvigil.toml"), settings).unwrap();
    let profile = format!(
        "targets = [\"{}\"]\nports = \"{}\"\ndepth = \"sweep\"\ntrust = [\"mozilla\"]\n[pace]\nrate = \"max\"\nconcurrency = 64\n",
        network(ENDPOINTS),
        farm.port
    );
    std::fs::write(path("bench.toml"), profile).unwrap();
    let settings = Settings::load(Some(&path("certvigil.toml"))).unwrap();
    let parts = Parts::new(settings, StoreChoice::At(path("bench.redb"))).unwrap();
    let profile = Profile::load(path("bench.toml").to_str().unwrap()).unwrap();
    let request = ScanRequest { profile: Some(profile), ..ScanRequest::default() };
    let before = MAIL_BYTES.load(Ordering::Relaxed);
    runtime.block_on(async {
        let prepared = scan::prepare(request, &parts).unwrap();
        let finished = scan::run(prepared, Arc::new(ScanProgress::default()), None).await.unwrap();
        let delivery = finished.deliver().await.unwrap();
        assert_eq!(delivery.map(|delivery| (delivery.sent, delivery.left.len())), tells.then_some((1, 0)));
    });
    MAIL_BYTES.load(Ordering::Relaxed) - before
}

fn mail_settings(port: u16) -> String {
    format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {port}\nsecurity = \"plain\"\nplain_is_accepted = true\n\
         from = \"certvigil@bench.test\"\n\
         [[route]]\nname = \"default\"\ndefault = true\nto = [\"on-call@bench.test\"]\n"
    )
}

/// A mail server that takes everything and keeps nothing.
fn sink() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        take_mail(stream);
    });
    port
}

/// One session (RFC 5321), until the client leaves.
fn take_mail(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    let mut in_data = false;
    stream.write_all(b"220 sink\r\n").unwrap();
    loop {
        line.clear();
        if lines.read_line(&mut line).unwrap() == 0 {
            return;
        }
        let reply: &[u8] = match line.trim_end() {
            "." if in_data => {
                in_data = false;
                b"250 taken\r\n"
            }
            _ if in_data => {
                MAIL_BYTES.fetch_add(line.len() as u64, Ordering::Relaxed);
                continue;
            }
            "DATA" => {
                in_data = true;
                b"354 go on\r\n"
            }
            "QUIT" => return drop(stream.write_all(b"221 bye\r\n")),
            _ => b"250 sink\r\n",
        };
        stream.write_all(reply).unwrap();
    }
}
