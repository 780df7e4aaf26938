//! Paddings, flights and reactions of the ROBOT probe.

use proptest::prelude::*;

use super::*;

/// A modulus of this many bytes; need not be one of two primes.
fn key(length: usize) -> RsaKey {
    RsaKey::new(&vec![0xf1; length], &[1, 0, 1]).unwrap()
}

#[test]
fn each_padding_breaks_one_rule_only() {
    let random: Vec<u8> = (0..96).collect();
    for padding in Padding::ALL {
        let block = padding.block(256, ProtocolVersion::TLSv1_1, &random).unwrap();
        assert_eq!(block.len(), 256);
        let zeros: Vec<usize> = (1..256).filter(|n| block[*n] == 0).collect();
        let expected = match padding {
            Padding::Right | Padding::WrongVersion | Padding::WrongStart => vec![207],
            Padding::MisplacedZero => vec![254],
            Padding::NoZero => vec![],
        };
        assert_eq!(zeros, expected, "{padding:?}");
        assert_eq!(block[..2] == [0, 2], padding != Padding::WrongStart);
        assert_eq!(block[208..210] == [3, 2], padding != Padding::WrongVersion);
    }
}

#[test]
fn keys_without_room_or_measure_are_not_used() {
    assert_eq!(RsaKey::new(&[0xf1; 2_049], &[3]), None);
    assert_eq!(RsaKey::new(&[0xf1; 63], &[3]), None);
    assert_eq!(RsaKey::new(&[0xf1; 256], &[1; 9]), None);
    assert_eq!(RsaKey::new(&[0; 256], &[3]), None);
    let encrypted = key(64).encrypt(Padding::Right, ProtocolVersion::TLSv1_2, &[7; 96]);
    assert!(encrypted.is_some(), "512 bits have room");
}

#[test]
fn a_flight_is_made_of_whole_records() {
    let flight = |flow: Flow, version, wants_certificate| {
        let terms = Terms { asked: version, version, key: &key(128), wants_certificate };
        let bytes = flow.flight(&terms, Padding::Right, &[7; 96]).unwrap();
        let records = Records::default().feed(&bytes).unwrap();
        records.into_iter().map(|record| (record.content_type, record.body.len())).collect::<Vec<_>>()
    };
    assert_eq!(flight(Flow::Whole, ProtocolVersion::TLSv1_2, false), [(22, 4 + 2 + 128), (20, 1), (22, 64)]);
    assert_eq!(flight(Flow::KeyExchangeOnly, ProtocolVersion::TLSv1_0, true), [(22, 7), (22, 4 + 2 + 128)]);
    assert_eq!(flight(Flow::KeyExchangeOnly, ProtocolVersion::SSLv3, true), [(21, 2), (22, 4 + 128)]);
}

#[test]
fn only_static_rsa_is_offered() {
    let known = vec![CipherSuite::TLS_RSA_WITH_NULL_MD5, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let offered = |known| offer(ProtocolVersion::TLSv1_2, known).cipher_suites;
    assert_eq!(offered(known), [CipherSuite::TLS_RSA_WITH_NULL_MD5]);
    let all = offered(Vec::new());
    assert!(all.len() > 20 && all.contains(&CipherSuite::SSL_RSA_FIPS_WITH_DES_CBC_SHA));
    assert!(all.iter().all(|suite| is_static_rsa(*suite)));
    for other in [
        CipherSuite::TLS_RSA_PSK_WITH_AES_128_CBC_SHA,
        CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
        CipherSuite(0xfafa),
    ] {
        assert!(!is_static_rsa(other), "{other}");
    }
}

#[test]
fn a_reaction_is_its_alerts_or_its_end() {
    let alert = [21, 3, 3, 0, 2, 2, 20];
    let mut listener = RobotListener::default();
    assert_eq!(listener.feed(&alert[..4]), None);
    assert_eq!(listener.feed(&alert[4..]), None);
    let reaction = listener.end(End::Reset);
    assert_eq!(reaction, RobotReaction::Alerts(vec![AlertDescription::bad_record_mac]));
    assert_eq!(reaction.to_string(), "bad_record_mac");
    let mut flood = RobotListener::default();
    let twice = [alert, alert].concat();
    assert_eq!(flood.feed(&twice), None);
    assert!(matches!(flood.feed(&twice), Some(RobotReaction::Alerts(alerts)) if alerts.len() == MAX_ALERTS));
    assert_eq!(RobotListener::default().end(End::Silence).to_string(), "silence");
    assert_eq!(RobotListener::default().feed(b"HTTP"), Some(RobotReaction::Other));
}

fn round(reactions: [u8; 5]) -> Round {
    let reaction = |alert| RobotReaction::Alerts(vec![AlertDescription(alert)]);
    Round(Padding::ALL.into_iter().zip(reactions.map(reaction)).collect())
}

#[test]
fn an_oracle_is_strong_where_wrong_paddings_differ() {
    assert!(round([20; 5]).is_uniform());
    let weak = round([20, 40, 40, 40, 20]);
    assert!(!weak.is_uniform() && !weak.is_strong_oracle());
    let strong = round([20, 40, 20, 20, 20]);
    assert!(!strong.is_uniform() && strong.is_strong_oracle());
    assert!(!round([20, 20, 20, 20, 47]).is_uniform());
}

proptest! {
    #[test]
    fn no_reaction_breaks_the_listener(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut listener = RobotListener::default();
        for byte in &bytes {
            if listener.feed(&[*byte]).is_some() {
                break;
            }
        }
        prop_assert!(listener.alerts.len() <= MAX_ALERTS);
    }

    #[test]
    fn an_encrypted_secret_is_as_long_as_the_modulus(random in prop::collection::vec(any::<u8>(), 96)) {
        let encrypted = key(128).encrypt(Padding::Right, ProtocolVersion::TLSv1_0, &random).unwrap();
        prop_assert_eq!(encrypted.len(), 128);
    }
}
