//! The bytes of a mail. A parser that is not ours reads them in `tests/mail.rs`.

use proptest::prelude::*;

use super::fake::mail;
use crate::notify::smtp::{Envelope, Mail};
use crate::time::UnixTime;

/// Header lines, folded ones joined.
fn headers(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

fn names(bytes: &[u8]) -> Vec<String> {
    headers(bytes).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

const NAMES: [&str; 11] = [
    "From",
    "To",
    "Date",
    "Message-ID",
    "Subject",
    "List-Id",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Certvigil-Key",
    "MIME-Version",
    "Content-Type",
];

#[test]
fn a_mail_is_written_the_same_each_time() {
    let bytes = String::from_utf8(mail().to_bytes().unwrap()).unwrap();
    let expected = "From: Certvigil <certvigil@example.com>\r\n\
        To: oncall@example.org\r\n\
        Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n\
        Message-ID: <abc@certvigil.example.com>\r\n\
        Subject: [certvigil] CRITICAL pay.example.com:443 expires in 2 d 6 h\r\n\
        List-Id: <certvigil.example.com>\r\n\
        Auto-Submitted: auto-generated\r\n\
        X-Auto-Response-Suppress: All\r\n\
        X-Certvigil-Key: 00ff\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative;";
    assert_eq!(bytes.get(..expected.len()).unwrap(), expected);
    assert_eq!(names(bytes.as_bytes()), NAMES);
    assert_eq!(bytes.as_bytes(), mail().to_bytes().unwrap());
    let other = Mail { message_id: "abd@certvigil.example.com".to_owned(), ..mail() }.to_bytes().unwrap();
    assert_ne!(bytes.split("boundary").nth(1), String::from_utf8(other).unwrap().split("boundary").nth(1));
}

#[test]
fn threads_are_named_by_their_ids() {
    let references: Vec<String> =
        (0..10).map(|number| format!("{number:032x}@certvigil.example.com")).collect();
    let mail = Mail { in_reply_to: references.first().cloned(), references, ..mail() };
    let bytes = mail.to_bytes().unwrap();
    let headers = headers(&bytes);
    assert!(headers.contains(&format!("In-Reply-To: <{:032x}@certvigil.example.com>", 0)));
    let line = headers.iter().find(|line| line.starts_with("References: ")).unwrap();
    assert_eq!(line.matches('<').count(), 10);
    assert!(std::str::from_utf8(&bytes).unwrap().lines().all(|line| line.len() < 120));
}

#[test]
fn what_is_no_address_or_id_is_refused_by_name() {
    for from in
        ["", "a", "a@", "@b", "a@b c", "a b@example.com", "a@example.com\r\nBcc: x@example.com", "<a@b"]
    {
        let mail = Mail { from: from.to_owned(), ..mail() };
        assert!(Envelope::of(&mail).is_err() && mail.to_bytes().is_err(), "{from}");
    }
    for id in ["", "a", "a@", "@b", "a@b@c", "a b@c", "a@b>\r\nX: y", "a@b\0", "ä@b"] {
        let error = Mail { message_id: id.to_owned(), ..mail() }.to_bytes().unwrap_err().to_string();
        assert!(error.contains("is no Message-ID") && error.lines().count() == 1, "{error}");
        assert!(Mail { references: vec![id.to_owned()], ..mail() }.to_bytes().is_err());
        assert!(Mail { in_reply_to: Some(id.to_owned()), ..mail() }.to_bytes().is_err());
    }
}

#[test]
fn a_domain_becomes_a_labels() {
    let mail = Mail { to: "Käthe <kaethe@bücher.example>".to_owned(), ..mail() };
    let to = headers(&mail.to_bytes().unwrap()).into_iter().find(|line| line.starts_with("To:")).unwrap();
    assert!(to.ends_with("<kaethe@xn--bcher-kva.example>") && to.is_ascii(), "{to}");
    assert!(!Envelope::of(&mail).unwrap().needs_smtputf8());
    let local = Mail { to: "käthe@example.com".to_owned(), ..mail };
    assert!(Envelope::of(&local).unwrap().needs_smtputf8());
}

#[test]
fn no_date_is_out_of_range() {
    for seconds in [i64::MIN, -1, 0, i64::MAX] {
        Mail { date: UnixTime(seconds), ..mail() }.to_bytes().unwrap();
    }
}

proptest! {
    #[test]
    fn no_text_begins_a_header_or_a_long_line(
        subject in "(?s).{0,400}|[\r\n\0 -~]{0,2000}",
        name in "(?s).{0,100}",
        key in "(?s).{0,100}",
        text in "(?s).{0,3000}",
        html in "[\r\n.=\0 -~]{0,3000}",
    ) {
        let hostile = Mail {
            subject: format!("{subject}\r\nBcc: x@example.com"),
            from: format!("{name} <certvigil@example.com>"),
            list_id: key.clone(),
            alert_key: key,
            text,
            html,
            ..mail()
        };
        let bytes = hostile.to_bytes().unwrap();
        prop_assert_eq!(names(&bytes), NAMES);
        prop_assert!(bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b'\t' | b' '..=b'~')));
        for line in bytes.split(|byte| *byte == b'\n') {
            prop_assert!(line.len() < 998);
        }
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        prop_assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    }
}
