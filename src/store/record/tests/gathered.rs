//! What was gathered of others: read back whole, in full records and in repeats, and no part of what an endpoint is
//! but for certificates found revoked.

use super::*;
use crate::model::{Doubt, Gathered, RevocationCheck, RevocationStatus};
use crate::x509::{Fingerprint, Revoked};

fn statuses() -> impl Strategy<Value = RevocationStatus> {
    let doubt = (variants(), texts()).prop_map(|(kind, text)| {
        RevocationStatus::NotDetermined(Doubt { kind, detail: Untrusted::new(text) })
    });
    let revoked = (option::of(times()), any::<Option<u8>>())
        .prop_map(|(at, reason)| RevocationStatus::Revoked(Revoked { at, reason }));
    prop_oneof![Just(RevocationStatus::Good), revoked, doubt]
}

fn gathered() -> impl Strategy<Value = Gathered> {
    let updates = (option::of(times()), option::of(times()), times());
    let check = (any::<[u8; 32]>(), option::of(variants()), statuses(), updates).prop_map(
        |(certificate, method, status, (this_update, next_update, checked_at))| RevocationCheck {
            certificate: Fingerprint(certificate),
            method,
            status,
            this_update,
            next_update,
            checked_at,
        },
    );
    vec(check, 1..4).prop_map(|revocation| Gathered { stapled: None, revocation })
}

fn served(gathered: Gathered) -> Outcome<Vec<u64>> {
    Outcome::Handshake(Box::new(Handshake {
        tls: TlsFacts::default(),
        presented: vec![1],
        other_chains: Vec::new(),
        inspection: None,
        gathered: Some(Box::new(gathered)),
    }))
}

fn digest_with(gathered: Option<&Gathered>) -> observation::Digest {
    observation::digest(Kind::Handshake, &[1], "a.test", gathered)
}

proptest! {
    #[test]
    fn what_was_gathered_reads_back(endpoint in endpoints(), observed_at in times(), position in positions(), found in gathered()) {
        let outcome = served(found.clone());
        let observation = Observation { endpoint, target: Arc::from(""), observed_at, outcome };
        let record = encoded_observation(&position, &observation, Target::Written("a.test"));
        let key = position.key();
        let Decoded::Full { observation: read, .. } = observation::decode(key.as_slice(), &record).unwrap()
            else { panic!("not in full") };
        prop_assert_eq!(&*read, &observation);

        let start = (Kind::Handshake, EndpointId([7; 16]), observed_at);
        let mut encoder = Encoder::default();
        let record =
            observation::encode_same(&mut encoder, key.as_slice(), start, &[1], &position, Some(&found), None);
        let Decoded::Same { gathered, connections: None, .. } = observation::decode(key.as_slice(), record).unwrap()
            else { panic!("not a repeat") };
        prop_assert_eq!(gathered.as_deref(), Some(&found));
    }

    #[test]
    fn only_what_is_revoked_makes_an_endpoint_another(found in gathered()) {
        let is_revoked = found.revocation.iter().any(|c| matches!(c.status, RevocationStatus::Revoked(_)));
        prop_assert_eq!(digest_with(Some(&found)) != digest_with(None), is_revoked);
        let mut later = found.clone();
        for check in &mut later.revocation {
            check.checked_at = check.checked_at.plus_seconds(1);
            check.next_update = None;
        }
        prop_assert_eq!(digest_with(Some(&later)), digest_with(Some(&found)));
    }
}
