//! Asks whether the host speaks SSL 2: one connection. Never goes beyond the hellos, never judges.

use super::conversation::{Conversation, Heard};
use super::host::Host;
use crate::model::{Failure, Purpose, Reason, Stage};
use crate::probe::sweep::visit_random;
use crate::tls::{Ssl2Answer, Ssl2Question, Ssl2Reply};

/// Asks over a connection of its own.
///
/// # Errors
/// When no connection could be made: the question stays open.
pub(super) async fn ask(host: &Host<'_>) -> Result<Ssl2Answer, Failure> {
    let random = visit_random();
    let Some(challenge) = random.as_ref().and_then(|random| random.first_chunk()) else {
        return Err(Failure::new(Stage::Handshake, Reason::Local, "this machine's random generator failed"));
    };
    let conversation = Conversation::open(host, Purpose::Suites).await?;
    let mut heard = match conversation.say(&Ssl2Question::hello(challenge)).await {
        Some(broken) => broken,
        None => conversation.hear().await,
    };
    let mut reply = Ssl2Reply::default();
    loop {
        match heard {
            Heard::Bytes(bytes) => {
                if let Some(answer) = reply.feed(&bytes) {
                    return Ok(answer);
                }
            }
            Heard::Closed => return Ok(reply.hang_up()),
            Heard::Reset => return Ok(Ssl2Answer::Reset),
            Heard::Silence => return Ok(Ssl2Answer::Timeout),
        }
        heard = conversation.hear().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::deep::test_hosts::inspecting;
    use crate::probe::test_hosts::{self, RSA, Tls};
    use crate::tls::{AlertDescription, Ssl2Cipher};

    async fn asked(host: &test_hosts::Host) -> Ssl2Answer {
        inspecting(host, async |host| ask(host).await).await.unwrap()
    }

    #[tokio::test]
    async fn an_ssl2_server_shows_its_ciphers_in_one_connection() {
        let hello = b"\x80\x24\x04\x00\x01\x00\x02\x00\x03\x00\x06\x00\x10DER\x07\x00\xc0\x02\x00\x80................";
        let host = test_hosts::Host::saying(hello).await;
        let ciphers =
            vec![Ssl2Cipher::SSL2_DES_192_EDE3_CBC_WITH_MD5, Ssl2Cipher::SSL2_RC4_128_EXPORT40_WITH_MD5];
        let certificate = Some(b"DER".as_slice().into());
        assert_eq!(asked(&host).await, Ssl2Answer::Offered { ciphers, certificate });
        assert_eq!(host.accepted(), 1);
    }

    #[tokio::test]
    async fn a_refusal_is_told_from_silence() {
        let host = test_hosts::Host::tls(Tls::new(&[&RSA])).await;
        assert_eq!(asked(&host).await.is_offered(), Some(false));
        let alert = test_hosts::Host::saying(&[21, 3, 0, 0, 2, 2, 40]).await;
        assert_eq!(asked(&alert).await, Ssl2Answer::Alert(AlertDescription::handshake_failure));
        assert_eq!(asked(&test_hosts::Host::resetting().await).await, Ssl2Answer::Reset);
        let silent = test_hosts::Host::silent().await;
        tokio::time::pause();
        assert_eq!(asked(&silent).await, Ssl2Answer::Timeout);
    }
}
