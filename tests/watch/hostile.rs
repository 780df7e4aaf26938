//! Certificates that try to speak for the watch: their text arrives as text.

use certvigil::estate::{Authority, Leaf};
use certvigil::time::DAY_SECONDS;

use crate::QUIET;
use crate::support::days::{BEGAN, Days};
use crate::support::mailbox::Received;

const HEADERS: [&str; 13] = [
    "From",
    "To",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "List-Id",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Certvigil-Key",
    "MIME-Version",
    "Content-Type",
];

/// Controls, directions and invisible characters.
fn is_dangerous(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn check(mail: &Received) {
    assert!(mail.defects.is_empty(), "{:?}", mail.defects);
    let mut names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut expected = HEADERS.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let subject = mail.subject();
    assert!(!subject.contains(['\r', '\n']) && !subject.contains(is_dangerous), "{subject:?}");
    assert!(subject.chars().count() <= 150, "{subject}");
    // On the wire: no header line but ours, and the lines they are folded into.
    let raw = mail.raw.replace("\r\n", "\n");
    let (head, _) = raw.split_once("\n\n").unwrap();
    for line in head.lines() {
        let is_ours = HEADERS.iter().any(|name| line.starts_with(&format!("{name}: ")));
        assert!(is_ours || line.starts_with(' '), "{line:?}");
    }
    assert!(!mail.text.contains(is_dangerous), "{}", mail.text);
    assert!(!mail.html.contains(is_dangerous), "{}", mail.html);
    // Nothing that runs or is loaded, and no line that looks like one of ours.
    let html = mail.html.to_lowercase();
    for tag in ["<script", "<img", "<iframe", "<a ", "<object", "onerror=\"", "href=", "src="] {
        assert!(!html.contains(tag), "{tag}: {}", mail.html);
    }
    for line in mail.text.lines().map(str::trim_start) {
        assert!(!line.starts_with("OK:") && !line.starts_with("Set-Cookie:"), "{line}");
        assert!(!line.starts_with("Bcc:") && !line.starts_with("=HYPERLINK"), "{line}");
    }
}

#[test]
fn text_of_certificates_forges_no_header_no_line_and_nothing_that_runs() {
    let mut days = Days::with(QUIET);
    let issuer = "Evil\r\nBcc: all@company.test\r\n\r\n\u{1b}[31m<script>alert(2)</script>";
    days.authority = Authority::new(BEGAN, issuer).unwrap();
    let leaf = |from: i64, to: i64| {
        let names = ["pay.test".to_owned(), "\r\nBcc: all@company.test".to_owned()];
        let mut leaf = Leaf::hostile("pay.test").valid(from * DAY_SECONDS, to * DAY_SECONDS);
        leaf.names.extend(names);
        leaf
    };
    days.names.set("pay.test", &[days.address(1)]);
    days.serve_leaf(1, &leaf(-10, 80));
    days.profile(&["pay.test"], "", "");
    let mut mails = days.day(0).mails;
    assert_eq!(mails.len(), 1);
    days.serve_leaf(1, &leaf(-91, -1));
    mails.extend(days.day(1).mails);
    days.serve_leaf(1, &leaf(-1, 89));
    mails.extend(days.day(2).mails);
    assert!(mails.len() >= 3);
    mails.iter().for_each(check);
    // It did get there, and is readable.
    let text: String = mails.iter().map(|mail| mail.text.as_str()).collect();
    assert!(text.contains("\\u{1b}[2Jx.test"), "{text}");
    assert!(text.contains("Bcc: all@company.test"), "{text}");
    assert!(mails.iter().any(|mail| mail.html.contains("&lt;script&gt;")), "{}", mails[1].html);
}
