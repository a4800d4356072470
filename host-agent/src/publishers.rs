//! Whose plugins may run on this computer. The set is made once, before the session starts, of those that the customer
//! saw; nothing that a server says later adds to it.

use crate::dialogue::{Answer, Dialogue};
use crate::kept::{Choices, ConsentMode};
use crate::texts::Text;
use hospes_licence::key::PublicKey;
use hospes_wire::control::Publisher;

/// The first-party publisher. A build without `HOSPES_PUBLISHER_KEY` is a development build (the build script refuses a
/// release without it) and trusts the development key: the public half of the secret of 32 bytes 0x42.
pub(crate) fn first_party() -> PublicKey {
    const DEVELOPMENT: &str = "2152f8d19b791d24453242e15f2eab6cb7cffa7b6a5ed30097960e069881db12";
    let hex = option_env!("HOSPES_PUBLISHER_KEY").unwrap_or(DEVELOPMENT);
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).unwrap_or_default();
    // The build script has checked the shape; a key of zeros verifies nothing.
    PublicKey(bytes.try_into().unwrap_or([0; 32]))
}

/// Those of the shown publishers that may run: the first-party one, and others with the customer's yes to each.
pub(crate) async fn accepted(shown: &[Publisher], choices: &Choices, dialogue: &Dialogue) -> Vec<Publisher> {
    let own = first_party();
    let mut accepted = Vec::new();
    for publisher in shown {
        let yes = publisher.key == own
            || choices.consent == ConsentMode::Allow
            || dialogue.choose(&dialogue.text(Text::NewPublisher, &[("publisher", &publisher.name)]), false).await
                == Some(Answer::Yes);
        if yes {
            accepted.push(publisher.clone());
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_licence::key::KeyPair;

    #[test]
    fn a_development_build_trusts_the_development_key() {
        if option_env!("HOSPES_PUBLISHER_KEY").is_none() {
            assert_eq!(first_party(), KeyPair::from_secret(&[0x42; 32]).public());
        }
        assert_ne!(first_party(), PublicKey([0; 32]));
    }

    #[tokio::test]
    async fn without_a_yes_only_the_first_party_runs() {
        let publisher = |name: &str, key| Publisher { name: name.to_owned(), key };
        let shown = [publisher("Hospes", first_party()), publisher("Other", PublicKey([7; 32]))];
        let (nobody, _) = Dialogue::start(true, hospes_session::model::Language::En);
        let ask = Choices { headless: true, ..Choices::default() };
        assert_eq!(accepted(&shown, &ask, &nobody).await, shown[..1]);
        let allow = Choices { consent: ConsentMode::Allow, ..ask };
        assert_eq!(accepted(&shown, &allow, &nobody).await, shown);
    }
}
