//! The session password (R2): from `HOSPES_SESSION_PASSWORD`, or asked once. Kept in memory for reconnecting, never on
//! disk; the host remembers that this log-in proved it.

use super::error::ClientError;
use std::io::IsTerminal;
use zeroize::Zeroizing;

/// Where scripts put it.
pub(super) const VARIABLE: &str = "HOSPES_SESSION_PASSWORD";
/// How often a person may mistype it.
const TRIES: u8 = 3;

/// What is known of the password.
#[derive(Default)]
pub(super) struct SessionPassword {
    known: Option<Zeroizing<String>>,
    asked: u8,
}

impl SessionPassword {
    /// One that is known, for tests.
    #[cfg(test)]
    pub(super) fn known(password: &str) -> Self {
        Self { known: Some(Zeroizing::new(password.to_owned())), asked: TRIES }
    }

    /// The password: the one that is known, or the person's answer.
    pub(super) async fn get(&mut self) -> Result<Zeroizing<String>, ClientError> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let password = match std::env::var(VARIABLE) {
            Ok(password) if self.asked == 0 && !password.is_empty() => {
                // Trying the same one again makes no sense.
                self.asked = TRIES;
                Zeroizing::new(password)
            }
            _ => {
                self.asked += 1;
                tokio::task::spawn_blocking(ask).await.map_err(|e| ClientError::local("the terminal", e))??
            }
        };
        self.known = Some(password.clone());
        Ok(password)
    }

    /// It was wrong. An error when there is no other to try.
    pub(super) fn was_wrong(&mut self) -> Result<(), ClientError> {
        self.known = None;
        if self.asked >= TRIES {
            return Err(ClientError::Failed("the session password is wrong".to_owned()));
        }
        eprintln!("That is not the session password.");
        Ok(())
    }
}

fn ask() -> Result<Zeroizing<String>, ClientError> {
    if !std::io::stderr().is_terminal() {
        return Err(no_terminal());
    }
    rpassword::prompt_password("Session password: ").map(Zeroizing::new).map_err(|_| no_terminal())
}

fn no_terminal() -> ClientError {
    ClientError::Failed(format!(
        "this host asks for the session password, and there is no terminal to ask at; put it into {VARIABLE}"
    ))
}
