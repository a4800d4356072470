//! `hospes:notify`: what a notifier has in the server. Plan first, then shape, then the number of calls, then the
//! provider, within its time.

use super::HostError;
use super::base::level_of;
use super::log::Log;
use crate::bindings::hospes::base::log;
use crate::bindings::hospes::base::types::{self, Denial, Error, Failure};
use crate::bindings::notifier::hospes::notify::{http, mail};
use crate::budget::Limiter;
use crate::error::{Budget, Exceeded};
use crate::meter::Clock;
use crate::notifier::{Outside, RefusedRequest, check_mail, check_request};
use crate::provider::notify::{HttpRequest, HttpResponse, MailMessage};
use hospes_licence::manifest::Manifest;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

const HTTP: &str = "hospes:notify/http";
const MAIL: &str = "hospes:notify/mail";

/// Longest wait for the answer to a web request.
const HTTP_TIME: Duration = Duration::from_secs(10);
/// Bytes of an answer's body that are handed on.
const MAX_ANSWER: usize = 64 << 10;
/// Headers of an answer that are handed on.
const MAX_ANSWER_HEADERS: usize = 64;

/// Everything that the store of one delivery holds.
pub(crate) struct NotifierState {
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    pub(crate) limiter: Limiter,
    pub(crate) clock: Arc<Clock>,
    pub(crate) log: Arc<Log>,
    /// The delivery's key.
    pub(crate) key: String,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) outside: Outside,
    /// Requests and messages that are left.
    pub(crate) outside_calls: u32,
    pub(crate) host_call_time: Duration,
}

/// Links the inert floor, the log, and what the manifest states. A notifier has no session and no channel.
pub(crate) fn link(engine: &Engine, stated: &BTreeSet<String>) -> wasmtime::Result<Linker<NotifierState>> {
    let mut linker = Linker::<NotifierState>::new(engine);
    let l = &mut linker;
    crate::wasi::link(l)?;
    type Own = HasSelf<NotifierState>;
    types::add_to_linker::<_, Own>(l, |state| state)?;
    log::add_to_linker::<_, Own>(l, |state| state)?;
    for name in stated {
        match name.as_str() {
            HTTP => http::add_to_linker::<_, Own>(l, |state| state)?,
            MAIL => mail::add_to_linker::<_, Own>(l, |state| state)?,
            // Refused by `inspect` before; a name that is new there and forgotten here fails to link.
            _ => {}
        }
    }
    Ok(linker)
}

impl NotifierState {
    /// Counts a call to the outside and asks the plan.
    fn go_out(&mut self, interface: &str) -> wasmtime::Result<Result<(), Error>> {
        self.clock.host_call();
        self.outside_calls = self.outside_calls.checked_sub(1).ok_or(Exceeded(Budget::OutsideCalls))?;
        let unlocked = self.outside.unlocked.contains(interface);
        Ok(if unlocked { Ok(()) } else { Err(Error::Denied(Denial::NotLicensed)) })
    }
}

impl mail::Host for NotifierState {
    async fn send(&mut self, key: String, message: mail::Message) -> wasmtime::Result<Result<(), Error>> {
        if let Err(error) = self.go_out(MAIL)? {
            return Ok(Err(error));
        }
        let mail::Message { to, subject, text, html } = message;
        let message = MailMessage { to, subject, text, html };
        if let Err(why) = check_mail(&self.key, self.outside.recipient.as_deref(), &key, &message) {
            return Ok(Err(Error::Invalid(why)));
        }
        let Some(provider) = self.outside.mail.clone() else {
            return Ok(Err(Error::Unavailable("this server has no mail server configured".into())));
        };
        let answer = tokio::time::timeout(self.host_call_time, provider.send(&key, message)).await;
        self.clock.host_call();
        Ok(match answer {
            Ok(answer) => answer.map_err(Error::from),
            Err(_) => {
                Err(Error::Unavailable(format!("the mail server did not answer within {:?}", self.host_call_time)))
            }
        })
    }
}

impl http::Host for NotifierState {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, Error>> {
        if let Err(error) = self.go_out(HTTP)? {
            return Ok(Err(error));
        }
        let http::Request { method, url, headers, body } = request;
        let hosts = self.manifest.network.as_ref().map(|network| &network.hosts);
        let request = match check_request(HttpRequest { method, url, headers, body }, hosts) {
            Ok(request) => request,
            Err(RefusedRequest::Invalid(why)) => return Ok(Err(Error::Invalid(why))),
            Err(RefusedRequest::Host(message)) => {
                return Ok(Err(Error::Other(Failure { code: "host-not-allowed".into(), message })));
            }
        };
        let Some(provider) = self.outside.http.clone() else {
            return Ok(Err(Error::Unavailable("this server lets notifiers send no web requests".into())));
        };
        let limit = HTTP_TIME.min(self.host_call_time);
        let answer = tokio::time::timeout(limit, provider.send(request)).await;
        self.clock.host_call();
        Ok(match answer {
            Ok(Ok(HttpResponse { status, mut headers, mut body })) => {
                headers.truncate(MAX_ANSWER_HEADERS);
                body.truncate(MAX_ANSWER);
                Ok(http::Response { status, headers, body })
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Error::Unavailable(format!("no answer came within {limit:?}"))),
        })
    }
}

impl log::Host for NotifierState {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.clock.host_call();
        Ok(self.log.line(level_of(level), &message)?)
    }
}

impl types::Host for NotifierState {
    fn convert_error(&mut self, error: HostError) -> wasmtime::Result<Error> {
        match error {
            HostError::Guest(error) => Ok(error),
            HostError::Trap(error) => Err(error),
        }
    }
}

impl WasiView for NotifierState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
