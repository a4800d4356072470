//! Staying connected: dial, and dial again.

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::TransportError;
use crate::reach::reach;
use crate::way::{Address, Ways};
use std::time::Duration;
use tokio::time::Instant;

/// A connection that lived so long went well: after it, dialling starts without delay. One that ended sooner counts as
/// a failure, or a server that refuses at once would be dialled in a tight loop.
const WENT_WELL: Duration = Duration::from_secs(3);
/// Longest pause before the first dial after a connection that went well: the hosts of a restarted server do not come
/// back in one moment.
const SPREAD: Duration = Duration::from_millis(300);

/// Dials one server again and again, with back-off and jitter.
#[derive(Debug)]
pub struct Redial {
    address: Address,
    ways: Ways,
    backoff: Backoff,
    /// The connection given out last, and since when.
    last: Option<(Connection, Instant)>,
    offline_since: Instant,
}

impl Redial {
    /// For the server at `address`, by those `ways`.
    #[must_use]
    pub fn new(address: Address, ways: Ways) -> Self {
        let offline_since = Instant::now();
        Self { address, ways, backoff: Backoff::new(), last: None, offline_since }
    }

    /// Dials until there is a connection; closes the last one if it still lives. `on_trouble` hears why the last one
    /// ended, then of each failure, and how long it waits until the next try. Cancel safe: a dropped call loses one try.
    ///
    /// A wrong key is a failure like others: it is never accepted, and may be the network's doing, so it goes on.
    pub async fn connect(&mut self, mut on_trouble: impl FnMut(&TransportError, Duration)) -> Connection {
        if let Some((connection, since)) = self.last.take() {
            let reason = connection.close_reason().unwrap_or(TransportError::ClosedHere);
            connection.close("dialling again");
            let went_well = since.elapsed() >= WENT_WELL;
            self.offline_since = Instant::now();
            let pause = if went_well {
                self.backoff.reset();
                SPREAD / 1000 * (random() % 1000)
            } else {
                self.backoff.next(Duration::ZERO, random())
            };
            on_trouble(&reason, pause);
            tokio::time::sleep(pause).await;
        }
        loop {
            match reach(&self.address, &self.ways).await {
                Ok(connection) => {
                    self.last = Some((connection.clone(), Instant::now()));
                    return connection;
                }
                Err(error) => {
                    let pause = self.backoff.next(self.offline_since.elapsed(), random());
                    on_trouble(&error, pause);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

/// Jitter. Without the system's randomness hosts would come back in step, and nothing worse.
fn random() -> u32 {
    getrandom::u32().unwrap_or_default()
}
