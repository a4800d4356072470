//! Tries deliveries: claim, carry, write down what came of it. Time and chance come from the caller, so that an outage of
//! a day passes in a millisecond of a test.

use hospes_session::id::{CompanyId, DeliveryId};
use hospes_session::model::Millis;
use hospes_session::notification::{TEST, next_try};
use hospes_store::Result;
use hospes_store::Store;
use hospes_store::outbox::{Delivery, Failure, NewDelivery, Tried};

/// How long a claim lasts. Longer than any try ([`super::notifiers`] ends one after 60 s), so that nobody else begins
/// while it goes on; after a crash the next server need not wait for it.
pub(crate) const CLAIM: Millis = 90_000;
/// Tries of one company at a time: its receivers may hang without holding up another's.
pub(crate) const PER_COMPANY: u32 = 4;
/// Tries at a time.
pub(crate) const AT_A_TIME: usize = 16;

/// Why a try failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotCarried {
    /// Whether another try is useless.
    pub(crate) permanent: bool,
    /// Why.
    pub(crate) failure: Failure,
}

/// Carries one delivery to its receiver.
#[async_trait::async_trait]
pub(crate) trait Carrier: Send + Sync {
    /// One try, at most a minute long.
    async fn carry(&self, delivery: &Delivery) -> std::result::Result<(), NotCarried>;
}

/// What follows from a try.
pub(crate) fn after(
    delivery: &Delivery,
    carried: std::result::Result<(), NotCarried>,
    now: Millis,
    chance: u32,
) -> Tried {
    let Err(NotCarried { permanent, failure }) = carried else { return Tried::Delivered };
    // Somebody waits for the answer to a test; that is its one try.
    if permanent || delivery.event == TEST {
        return Tried::Dead(failure);
    }
    match next_try(delivery.tries, delivery.since, now, chance) {
        Some(at) => Tried::Again(at, failure),
        None => Tried::Dead(failure),
    }
}

/// Claims a delivery and tries it once; none when another has it or it is not due. `time` is asked again after the try.
pub(crate) async fn try_once(
    store: &dyn Store,
    carrier: &dyn Carrier,
    id: DeliveryId,
    time: impl Fn() -> Millis,
    chance: u32,
) -> Result<Option<Delivery>> {
    let now = time();
    match store.claim(id, now, now + CLAIM).await? {
        Some(delivery) => finish(store, carrier, delivery, time, chance).await,
        None => Ok(None),
    }
}

/// Tries a delivery that was claimed.
pub(crate) async fn finish(
    store: &dyn Store,
    carrier: &dyn Carrier,
    delivery: Delivery,
    time: impl Fn() -> Millis,
    chance: u32,
) -> Result<Option<Delivery>> {
    let carried = if delivery.lacks_its_link() {
        Err(NotCarried { permanent: true, failure: Failure::link_dead() })
    } else {
        carrier.carry(&delivery).await
    };
    let now = time();
    let tried = after(&delivery, carried, now, chance);
    store.finish(delivery.id, delivery.attempts, &tried, now).await
}

/// A test delivery: made, claimed, and tried once by the caller.
pub(crate) async fn begin_test(
    store: &dyn Store,
    company: CompanyId,
    new: &NewDelivery,
    now: Millis,
) -> Result<Delivery> {
    store.add_test(company, new, TEST, now, now + CLAIM).await
}
