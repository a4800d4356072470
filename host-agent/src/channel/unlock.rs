//! The session password's proof, before a channel opens: once for each login (R2). See [`crate::unlock`] for the pace.

use super::open::{Peer, problem_of};
use crate::host::Host;
use hospes_pake::{HostLogin, PakeError};
use hospes_wire::channel::{FromHost, ToHost};
use hospes_wire::problem::Problem;
use std::time::Duration;

/// Longest wait for the third message: the technician's computer stretches the password meanwhile.
const THIRD: Duration = Duration::from_secs(20);

/// Passes when this login has proved the password, now or before.
pub(super) async fn unlock(host: &Host, login: &str, peer: &mut Peer) -> Result<(), Problem> {
    if host.unlocks.is_unlocked(login) {
        return Ok(());
    }
    let now = || host.lease.elapsed();
    peer.say(&FromHost::NeedPassword { retry_after: seconds(host.unlocks.wait(now())) }).await?;
    let first = pake(peer).await?;
    // One guess at a time, and none before its time.
    let (login_state, response, _one) = loop {
        let one = host.unlocks.guessing.lock().await;
        let wait = host.unlocks.wait(now());
        if wait == 0 {
            host.unlocks.count_guess(now()).map_err(|error| problem_of(&error))?;
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|error| problem_of(&error))?;
            let (state, response) =
                HostLogin::respond(&host.pairing.password_verifier, &first, seed).map_err(|error| bad(&error))?;
            break (state, response, one);
        }
        drop(one);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    };
    peer.say(&FromHost::Pake { message: response }).await?;
    let third = tokio::time::timeout(THIRD, pake(peer)).await.map_err(|_| wrong(host))??;
    match login_state.finish(&third) {
        Ok(()) => host.unlocks.unlock(login).map_err(|error| problem_of(&error)),
        Err(PakeError::WrongPassword) => Err(wrong(host)),
        Err(error) => Err(bad(&error)),
    }
}

async fn pake(peer: &mut Peer) -> Result<Vec<u8>, Problem> {
    match peer.hear().await? {
        ToHost::Pake { message } => Ok(message),
        ToHost::Open { .. } => {
            Err(Problem::new("bad-message", 400, "A message of the password proof was due, not another opening"))
        }
    }
}

fn seconds(millis: u64) -> u32 {
    u32::try_from(millis.div_ceil(1000)).unwrap_or(u32::MAX)
}

fn wrong(host: &Host) -> Problem {
    let wait = seconds(host.unlocks.wait(host.lease.elapsed()));
    Problem::new("session-password-wrong", 403, "The session password is wrong").detail(if wait == 0 {
        "try again".to_owned()
    } else {
        format!("the next try is answered in {wait} s")
    })
}

fn bad(error: &PakeError) -> Problem {
    Problem::new("bad-message", 400, "The password proof cannot be read").detail(error.to_string())
}
