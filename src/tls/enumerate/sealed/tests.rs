//! What TLS 1.3 shows under encryption, against answers as a caller brings them.

use super::*;

const SUITES: [CipherSuite; 1] = [CipherSuite::TLS_AES_128_GCM_SHA256];
const GROUPS: [NamedGroup; 1] = [NamedGroup::secp256r1];

fn opened(scheme: Option<SignatureScheme>, alpn: Option<&str>) -> SealedAnswer {
    SealedAnswer::Opened { scheme, alpn: alpn.map(Into::into) }
}

#[test]
fn schemes_are_removed_one_by_one_until_the_server_refuses() {
    let mut sealed = Sealed::schemes(&SUITES, &GROUPS);
    let mine = [SignatureScheme::rsa_pss_rsae_sha256, SignatureScheme::rsa_pss_rsae_sha512];
    let mut asked = 0;
    while let Some(offer) = sealed.offer() {
        asked += 1;
        assert_eq!(offer.key_shares, Some(GROUPS.to_vec()));
        let scheme = mine.into_iter().find(|scheme| offer.signature_schemes.contains(scheme));
        sealed.hear(&scheme.map_or(SealedAnswer::Refused, |scheme| opened(Some(scheme), None)));
    }
    assert_eq!((sealed.into_schemes(), asked), ((mine.to_vec(), true), 3));
}

#[test]
fn protocols_end_with_an_answer_that_has_none() {
    let mut sealed = Sealed::protocols(&SUITES, &GROUPS);
    sealed.hear(&opened(None, Some("h2")));
    assert!(!sealed.offer().unwrap().alpn.contains(&b"h2".to_vec()));
    sealed.hear(&opened(None, None));
    assert_eq!(sealed.into_protocols(), Some(vec!["h2".into()]));
}

#[test]
fn silence_and_hanging_up_are_asked_about_once_more() {
    let mut sealed = Sealed::schemes(&SUITES, &GROUPS);
    sealed.hear(&SealedAnswer::Unheard);
    assert!(sealed.offer().is_some());
    sealed.hear(&SealedAnswer::Unheard);
    assert!(sealed.offer().is_none());
    assert_eq!(sealed.into_schemes(), (Vec::new(), false));
    let mut sealed = Sealed::schemes(&SUITES, &GROUPS);
    sealed.hear(&SealedAnswer::HungUp);
    sealed.hear(&SealedAnswer::HungUp);
    assert_eq!(sealed.into_schemes(), (Vec::new(), true));
    let mut sealed = Sealed::schemes(&SUITES, &GROUPS);
    sealed.hear(&SealedAnswer::Unheard);
    sealed.hear(&SealedAnswer::HungUp);
    assert_eq!(sealed.into_schemes(), (Vec::new(), false), "to hang up after silence is no refusal");
}

#[test]
fn nothing_is_asked_of_a_server_whose_flight_cannot_be_opened() {
    assert!(Sealed::schemes(&SUITES, &[NamedGroup::sect571r1]).offer().is_none());
    assert!(Sealed::protocols(&[], &GROUPS).offer().is_none());
}
