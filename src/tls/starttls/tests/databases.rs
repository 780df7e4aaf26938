//! PostgreSQL, MySQL, SQL Server.

use super::*;
use StartTls::{Mssql, Mysql, Postgres};

const SSL_REQUEST: Act = We(&[0, 0, 0, 8, 4, 210, 22, 47]);

/// ErrorResponse of protocol 3.
fn postgres_error(state: &str, message: &str) -> Act {
    let fields = format!("SFATAL\0VFATAL\0C{state}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    it([b"E", length.as_slice(), fields.as_bytes()].concat())
}

#[test]
fn postgres_answers_with_one_byte() {
    assert_eq!(play(Postgres, &[SSL_REQUEST, it("S")]), READY);
    assert_eq!(play(Postgres, &[SSL_REQUEST, it("N")]), NOT_OFFERED);
}

#[test]
fn postgres_that_cannot_serve_is_quoted() {
    let said = |state, message| play(Postgres, &[SSL_REQUEST, postgres_error(state, message)]);
    assert_eq!(
        said("53300", "sorry, too many clients already"),
        throttled("sorry, too many clients already")
    );
    assert_eq!(
        said("57P03", "the database system is starting up"),
        throttled("the database system is starting up")
    );
    assert_eq!(said("28000", "no entry"), refused("no entry"));
    assert_eq!(said("0A000", "unsupported frontend protocol 1234.5679"), NOT_OFFERED);
    let old = it("Ecould not fork new process for connection: x\n\0");
    let words = "could not fork new process for connection: x\n";
    assert_eq!(play(Postgres, &[SSL_REQUEST, old]), throttled(words));
}

#[test]
fn a_frame_longer_than_all_that_is_held_is_an_error_at_once() {
    let too_long = Err(UpgradeError::TooLong { limit: 8 * 1024 });
    assert_eq!(play(Postgres, &[SSL_REQUEST, it([b'E', 0, 255, 255, 255])]), too_long);
    assert_eq!(play(Mysql, &[it([255, 255, 0, 0])]), too_long);
}

/// A greeting of protocol 10 with these capability flags.
fn mysql_greeting(flags: u16) -> Act {
    let mut payload = b"\x0a8.0.36\0".to_vec();
    payload.extend([7, 0, 0, 0]);
    payload.extend(b"abcdefgh\0");
    payload.extend(flags.to_le_bytes());
    payload.extend([33, 2, 0, 0xff, 0xdf, 21]);
    payload.extend([0; 10]);
    payload.extend(b"ijklmnopqrst\0caching_sha2_password\0");
    it([&[u8::try_from(payload.len()).unwrap(), 0, 0, 0], payload.as_slice()].concat())
}

fn mysql_error(number: u16, message: &str) -> Act {
    let payload = [&[0xff], number.to_le_bytes().as_slice(), message.as_bytes()].concat();
    it([&[u8::try_from(payload.len()).unwrap(), 0, 0, 0], payload.as_slice()].concat())
}

#[test]
fn mysql_is_asked_where_its_greeting_has_the_flag() {
    const REQUEST: &[u8] = b"\x20\0\0\x01\x00\x8a\0\0\0\0\0\x01\x21\
        \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(play(Mysql, &[mysql_greeting(0xffff), We(REQUEST)]), READY);
    assert_eq!(play(Mysql, &[mysql_greeting(0xf7ff)]), NOT_OFFERED);
}

#[test]
fn mysql_that_cannot_serve_is_quoted() {
    let blocked = "Host '10.0.0.1' is blocked because of many connection errors";
    assert_eq!(play(Mysql, &[mysql_error(1129, blocked)]), throttled(blocked));
    assert_eq!(play(Mysql, &[mysql_error(1040, "Too many connections")]), throttled("Too many connections"));
    assert_eq!(play(Mysql, &[mysql_error(1130, "not allowed")]), refused("not allowed"));
    assert_eq!(
        play(Mysql, &[it(b"\x03\0\0\0\x0a8\0")]),
        Err(UpgradeError::Malformed("a greeting that is cut short"))
    );
    assert_eq!(play(Mysql, &[it(b"\x03\0\0\0\x093\0")]), NOT_OFFERED);
}

/// The pre-login request, byte by byte (MS-TDS section 4.1).
const PRE_LOGIN: Act = We(&[
    18, 1, 0, 26, 0, 0, 0, 0, // header
    0, 0, 11, 0, 6, // version
    1, 0, 17, 0, 1,   // encryption
    255, // end of tokens
    0, 0, 0, 0, 0, 0, // the version
    1, // on
]);

/// The answer of MS-TDS section 4.2 with this kind of encryption.
fn pre_login_answer(encryption: u8) -> Vec<u8> {
    let mut answer = vec![4, 1, 0, 43, 0, 0, 1, 0];
    answer.extend([0, 0, 26, 0, 6, 1, 0, 32, 0, 1, 2, 0, 33, 0, 1, 3, 0, 34, 0, 0, 4, 0, 34, 0, 1, 255]);
    answer.extend([9, 0, 0, 0, 0, 0, encryption, 0, 0]);
    answer
}

#[test]
fn sql_server_wraps_tls_in_its_packets() {
    for encryption in [0, 1, 3] {
        assert_eq!(play(Mssql, &[PRE_LOGIN, it(pre_login_answer(encryption))]), Ok(Wrapping::Tds));
    }
    assert_eq!(play(Mssql, &[PRE_LOGIN, it(pre_login_answer(2))]), NOT_OFFERED);
}

#[test]
fn sql_server_may_answer_in_two_packets() {
    let answer = pre_login_answer(1);
    let (first, second) = answer[8..].split_at(20);
    let packet = |status, content: &[u8]| {
        let header = [4, status, 0, u8::try_from(content.len() + 8).unwrap(), 0, 0, 1, 0];
        [header.as_slice(), content].concat()
    };
    let both = [packet(0, first), packet(1, second)].concat();
    assert_eq!(play(Mssql, &[PRE_LOGIN, it(both)]), Ok(Wrapping::Tds));
}

#[test]
fn sql_server_that_breaks_the_protocol_is_said() {
    let malformed = |words, answer: Vec<u8>| {
        assert_eq!(play(Mssql, &[PRE_LOGIN, it(answer)]), Err(UpgradeError::Malformed(words)));
    };
    malformed("an unknown kind of encryption", pre_login_answer(77));
    malformed("a pre-login without encryption", vec![4, 1, 0, 9, 0, 0, 1, 0, 255]);
    malformed("a pre-login without encryption", vec![4, 1, 0, 13, 0, 0, 1, 0, 1, 255, 255, 0, 1]);
    malformed("a packet shorter than its header", vec![4, 1, 0, 7]);
}
