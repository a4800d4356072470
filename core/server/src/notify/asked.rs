//! Room for what people ask the notifiers for and wait for: tests, and looks at settings. The engine has 128 places for all
//! companies; what waits in the queue must find one, whoever tries out a receiver that hangs.

use crate::refusal::{Answer, Refusal};
use axum::http::StatusCode;
use hospes_session::id::CompanyId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of all companies at a time. With the tries of the queue ([`super::courier::AT_A_TIME`]) fewer than the engine has.
const ALL: usize = 96;
/// Of one company at a time.
const PER_COMPANY: usize = 8;
/// How long room is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who may ask now.
pub(crate) struct Asked {
    all: Arc<Semaphore>,
    companies: Mutex<HashMap<CompanyId, Arc<Semaphore>>>,
    patience: Duration,
}

/// Room for one call at a time, until it is dropped.
pub(crate) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_company: OwnedSemaphorePermit,
}

impl Default for Asked {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(ALL)), companies: Mutex::default(), patience: PATIENCE }
    }
}

impl Asked {
    /// Room for a company's request.
    ///
    /// # Errors
    /// `too-many-tries` when there is none within two seconds.
    pub(crate) async fn place(&self, company: CompanyId) -> Answer<Place> {
        let of_company = {
            let mut companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
            companies.entry(company).or_insert_with(|| Arc::new(Semaphore::new(PER_COMPANY))).clone()
        };
        let both = async {
            // The company's first: whoever waits for it holds nothing of the others'.
            let of_company = of_company.acquire_owned().await.ok()?;
            Some(Place { _of_all: self.all.clone().acquire_owned().await.ok()?, _of_company: of_company })
        };
        tokio::time::timeout(self.patience, both).await.ok().flatten().ok_or_else(|| {
            Refusal::new("too-many-tries", StatusCode::TOO_MANY_REQUESTS, "Too many notifications are tried out now.")
                .detail(format!("At most {PER_COMPANY} at a time for a company. Try again in a minute."))
                .retry_after(60)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn r19_a_company_tries_out_so_many_at_a_time_and_takes_no_room_from_the_others() {
        let asked = Asked { all: Arc::new(Semaphore::new(10)), patience: Duration::ZERO, ..Asked::default() };
        let company = |number: u8| CompanyId::from_parts(1, [number; 16]);
        let refused =
            async |number| asked.place(company(number)).await.err().map(|why| why.into_problem().code().to_owned());
        let mut places = Vec::new();
        for _ in 0..PER_COMPANY {
            places.push(asked.place(company(1)).await.unwrap());
        }
        assert_eq!(refused(1).await.as_deref(), Some("too-many-tries"));
        let others = [asked.place(company(2)).await.unwrap(), asked.place(company(3)).await.unwrap()];
        assert_eq!(refused(4).await.as_deref(), Some("too-many-tries"), "there is room for ten");
        drop(others);
        assert_eq!(refused(1).await.as_deref(), Some("too-many-tries"), "its own are still there");
        places.pop();
        assert_eq!(refused(1).await, None);
    }

    #[test]
    fn the_engine_has_room_for_all() {
        const { assert!(ALL + crate::notify::courier::AT_A_TIME < 128) };
    }
}
