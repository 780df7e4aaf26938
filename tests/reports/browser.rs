//! The page in a real browser: hostile text stays text, nothing runs, nothing is fetched.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, DnType, KeyPair};

use crate::support::program;
use crate::support::program::{Home, run};

/// A proxy that everything the browser asks for goes through; it answers nothing and remembers what was asked.
struct Proxy {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut head = [0; 4_096];
                let length = stream.read(&mut head).unwrap_or(0);
                heard.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).into_owned());
                let _ = stream
                    .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Self { address, asked }
    }

    fn asked_for(&self, what: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|head| head.contains(what))
    }
}

/// The document as the browser has it after loading and running what it runs.
fn loaded(home: &Home, page: &Path, proxy: &Proxy) -> String {
    let mut chromium = Command::new(program("chromium", "chromium"));
    home.dress(&mut chromium);
    chromium.env("PATH", std::env::var_os("PATH").unwrap_or_default()).args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--dump-dom",
        &format!("--user-data-dir={}", home.path("browser").display()),
        &format!("--proxy-server={}", proxy.address),
        "--proxy-bypass-list=<-loopback>",
        &format!("file://{}", page.display()),
    ]);
    let done = run(chromium);
    assert_eq!(done.code, Some(0), "{}", done.err);
    done.out
}

const HOSTILE: &str = "</td></table><script>document.title='pwned'</script><img src=http://evil.test/image \
    onerror=\"document.title='pwned'\"><style>@import url(http://evil.test/style)</style><link rel=stylesheet \
    href=http://evil.test/sheet><iframe src=http://evil.test/frame></iframe>&amp;\u{202e}\u{1b}[2J";

#[test]
fn hostile_certificates_stay_text_in_a_browser_and_nothing_is_fetched() {
    let home = Home::new();
    let mut parameters = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, HOSTILE);
    parameters.distinguished_name.push(DnType::OrganizationName, HOSTILE);
    let key = KeyPair::generate().unwrap();
    home.write("hostile.pem", parameters.self_signed(&key).unwrap().pem());
    let arguments = ["inspect", "hostile.pem", "-f", "html", "-o", "page.html", "--fail-on", "none"];
    home.expect(0, &arguments);
    let proxy = Proxy::start();
    let document = loaded(&home, &home.path("page.html"), &proxy);
    assert!(document.contains("<title>TLS certificates, "), "{document}");
    assert!(!document.contains("<script") && !document.contains("<img") && !document.contains("<iframe"));
    assert!(
        document.contains("&lt;script&gt;document.title='pwned'&lt;/script&gt;"),
        "the text is there: {document}"
    );
    assert!(document.contains("\\u{202e}\\u{1b}[2J"), "hidden characters are shown");
    assert!(!proxy.asked_for("evil.test"), "{:?}", proxy.asked.lock().unwrap());
    // Its own styles are those that the policy admits.
    assert!(document.contains("</main>"), "the page is whole");
}

#[test]
fn the_browser_s_check_sees_scripts_and_requests() {
    let home = Home::new();
    let page = home.write(
        "page.html",
        "<title>fine</title><script>document.title='pwned'</script><img src=http://evil.test/image>",
    );
    let proxy = Proxy::start();
    let document = loaded(&home, Path::new(&page), &proxy);
    assert!(document.contains("pwned"), "{document}");
    assert!(proxy.asked_for("evil.test/image"), "{:?}", proxy.asked.lock().unwrap());
}
