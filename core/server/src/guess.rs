//! A password that somebody gives, at log-in or to confirm what must not be done with a stolen token alone: checked
//! against its hash, and limited per address however many come at once.

use crate::caller::Caller;
use crate::clock;
use crate::passwords;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::http::StatusCode;
use hospes_store::model::Audit;
use serde_json::json;
use std::net::IpAddr;
use zeroize::Zeroizing;

/// Whether the password belongs to the hash; without a hash the same work, and no. A wrong one is counted against the
/// address.
///
/// # Errors
/// `too-many-tries` when the address has failed too often.
pub(crate) async fn right(
    app: &App,
    address: IpAddr,
    password: Zeroizing<String>,
    hash: Option<String>,
) -> Answer<bool> {
    let turn = app.passwords.turn().await?;
    app.logins.check(address).map_err(too_many)?;
    // The room is kept until a failure is counted.
    let (right, _turn) = match password.len() {
        ..=passwords::LONGEST => {
            let (right, turn) = app.passwords.check(turn, password, hash).await?;
            (right, Some(turn))
        }
        _ => (false, None),
    };
    if !right {
        app.logins.failed(address);
    }
    Ok(right)
}

/// The caller's own password, for what changes a credential. `field` is where it stands in the body, `action` what it was
/// for, as the audit log names it.
///
/// # Errors
/// `wrong-password`, `too-many-tries`.
pub(crate) async fn confirm(
    app: &App,
    caller: &Caller,
    address: IpAddr,
    password: Zeroizing<String>,
    field: &str,
    action: &str,
) -> Answer<()> {
    if right(app, address, password, Some(caller.technician.password_hash.clone())).await? {
        return Ok(());
    }
    let audit = Audit {
        company: Some(caller.technician.company),
        session: None,
        actor: caller.actor(),
        action: "password.wrong".to_owned(),
        detail: json!({ "for": action, "address": address.to_string(), "login": caller.login }),
    };
    app.store.audit(&audit, clock::now()).await?;
    Err(Refusal::new("wrong-password", StatusCode::FORBIDDEN, "Your password is wrong.")
        .detail(format!("{field}: nothing was changed; type the password that you log in with.")))
}

fn too_many(seconds: u64) -> Refusal {
    Refusal::new("too-many-tries", StatusCode::TOO_MANY_REQUESTS, "Too many failed tries from this address.")
        .detail(format!("Try again in {seconds} s."))
        .retry_after(seconds)
}
