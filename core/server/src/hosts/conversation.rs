//! The control stream of one host ([`hospes_wire::control`]): what it says, and what is answered.

use crate::clock;
use crate::hosts::registry::{OnlineHost, Report};
use crate::hosts::{invite, refused};
use crate::refusal::Refusal;
use crate::state::App;
use axum::http::StatusCode;
use hospes_licence::key::{Context, PublicKey};
use hospes_session::code::{SecurityCode, hash_code, hash_token};
use hospes_session::id::{ChannelId, SessionId};
use hospes_session::model::{EndReason, HostFacts, HostKey, Session, SessionState};
use hospes_session::rules::{self, Command};
use hospes_store::StoreError;
use hospes_transport::Connection;
use hospes_wire::control::{EXPORTER_LABEL, HostMessage, ServerMessage};
use hospes_wire::problem::Problem;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;

/// Lines of a receipt that are kept, and the characters of each.
const RECEIPT: (usize, usize) = (200, 300);

/// One conversation.
pub(super) struct Conversation {
    app: Arc<App>,
    connection: Connection,
    outbox: mpsc::Sender<ServerMessage>,
    facts: Option<HostFacts>,
    /// The session whose link it knows, and how long its code can be typed.
    invited: Option<(SessionId, Duration)>,
    /// Set once, when the host has proved its key for a session.
    session: Arc<OnceLock<SessionId>>,
    host: Option<Arc<OnlineHost>>,
}

/// Ends the conversation; the text is for the log.
type Heard = Result<(), String>;

impl Conversation {
    pub(super) fn new(app: Arc<App>, connection: Connection, outbox: mpsc::Sender<ServerMessage>) -> Self {
        Self { app, connection, outbox, facts: None, invited: None, session: Arc::default(), host: None }
    }

    /// The session whose host this is, once it is proved.
    pub(super) fn session(&self) -> Arc<OnceLock<SessionId>> {
        self.session.clone()
    }

    /// Whether the host has said hello.
    pub(super) fn greeted(&self) -> bool {
        self.facts.is_some()
    }

    /// Whether the host has proved its key for a session.
    pub(super) fn proved(&self) -> bool {
        self.host.is_some()
    }

    /// The session whose link it has named since this was asked last, and for how long that can still be used.
    pub(super) fn invited(&mut self) -> Option<(SessionId, Duration)> {
        self.invited.take()
    }

    /// Answers that something is not done.
    pub(super) async fn refuse(&self, problem: Problem) -> Heard {
        self.say(refused(problem)).await
    }

    async fn say(&self, message: ServerMessage) -> Heard {
        self.outbox.send(message).await.map_err(|_| "the host does not listen any more".to_owned())
    }

    /// Deals with one message.
    pub(super) async fn hear(&mut self, message: HostMessage) -> Heard {
        if !self.greeted() && !matches!(message, HostMessage::Hello { .. }) {
            self.refuse(Problem::new("no-hello", 400, "The first message must be 'hello'.")).await?;
            return Err("no hello".to_owned());
        }
        match self.answer(message).await {
            Ok(Some(answer)) => self.say(answer).await,
            Ok(None) => Ok(()),
            Err(refusal) => self.refuse(refusal.into_problem()).await,
        }
    }

    async fn answer(&mut self, message: HostMessage) -> Result<Option<ServerMessage>, Refusal> {
        match message {
            HostMessage::Hello { v, facts } => {
                if v != hospes_wire::VERSION {
                    return Err(Refusal::new(
                        "unsupported-version",
                        StatusCode::BAD_REQUEST,
                        "This server does not speak that version.",
                    )
                    .detail(format!("It speaks version {}; download the host again.", hospes_wire::VERSION)));
                }
                self.facts = Some(invite::trimmed(facts));
                Ok(Some(ServerMessage::Welcome { v: hospes_wire::VERSION, now: clock::now() }))
            }
            HostMessage::LookUp { token } => self.look_up(&token).await.map(Some),
            HostMessage::Pair { token, code, host_key, proof } => {
                self.pair(&token, &code, host_key, &proof).await.map(Some)
            }
            HostMessage::Installed {} => self.installed().await.map(Some),
            HostMessage::Resume { session, host_key, proof } => self.resume(&session, host_key, &proof).await.map(Some),
            HostMessage::AlreadyHosting { token } => self.already_hosting(&token).await.map(Some),
            HostMessage::Consent { classes, unavailable } => {
                let host = self.known()?;
                let unavailable =
                    unavailable.into_iter().take(64).map(|(interface, why)| (interface, invite::cut(&why, 300)));
                self.app.hosts.report(host.session, Report { classes, unavailable: unavailable.collect() });
                self.app.events.publish(host.company, Some(host.session), "host.consent", json!({}));
                Ok(None)
            }
            HostMessage::ChannelClosed { channel, problem } => {
                self.channel_closed(&channel, problem)?;
                Ok(None)
            }
            HostMessage::End {} => {
                let host = self.known()?;
                let command = Command::End { reason: EndReason::Customer };
                // The host is told by the same way as every end.
                self.app.apply(host.session, &command, "customer", "session.end", json!({})).await?;
                Ok(None)
            }
            HostMessage::Removed { undone } => {
                let host = self.known()?;
                let undone: Vec<_> = undone.iter().take(RECEIPT.0).map(|line| invite::cut(line, RECEIPT.1)).collect();
                let command = Command::HostRemoved { host_key: host.key };
                self.apply(host.session, &command, host.key, "host.removed", json!({ "undone": undone })).await?;
                Ok(None)
            }
        }
    }

    async fn look_up(&mut self, token: &[u8; 16]) -> Result<ServerMessage, Refusal> {
        let session = self.by_token(token).await?;
        self.note_link(&session);
        match &session.state {
            SessionState::Prepared(prepared) if prepared.expires_at > clock::now() => {
                Ok(ServerMessage::Invitation(invite::invitation(&self.app, &session, prepared.expires_at).await?))
            }
            SessionState::Prepared(_) => Ok(ServerMessage::Ended { reason: EndReason::LinkExpired }),
            SessionState::Active(_) => Err(taken()),
            SessionState::Ended(ended) => Ok(ServerMessage::Ended { reason: ended.reason }),
        }
    }

    /// A try of the security code (R4). Every try that is heard counts, also one that is no code at all.
    async fn pair(
        &mut self,
        token: &[u8; 16],
        code: &str,
        host_key: PublicKey,
        proof: &[u8; 64],
    ) -> Result<ServerMessage, Refusal> {
        let address = self.address();
        self.app.codes.check(address).map_err(too_many)?;
        self.check_proof(host_key, proof)?;
        let session = self.by_token(token).await?;
        self.note_link(&session);
        let key = HostKey(host_key.0);
        let code_hash = match SecurityCode::parse(code) {
            Some(code) => hash_code(token, &code),
            None => clock::random()?,
        };
        let command = Command::TryCode { code_hash, host_key: key };
        let decision =
            self.apply(session.id, &command, key, "session.code", json!({ "address": address.to_string() })).await?;
        match decision.answer {
            rules::Answer::CodeRight => {}
            // The host was activated and did not hear of it: it goes on where it was.
            rules::Answer::NotNow if decision.next.host_key() == Some(key) => {}
            rules::Answer::CodeWrong { tries_left } => {
                self.app.codes.failed(address);
                return Ok(ServerMessage::CodeWrong { tries_left });
            }
            // Each of these leaves a line in the audit log as well: none is free.
            rules::Answer::Over(reason) => {
                self.app.codes.failed(address);
                return Ok(ServerMessage::Ended { reason });
            }
            rules::Answer::TakenByAnotherHost => {
                self.app.codes.failed(address);
                return Err(taken());
            }
            rules::Answer::Done | rules::Answer::NotNow => return Err(not_now()),
        }
        self.connect(&decision.next, key)?;
        let pairing = invite::pairing(&self.app, &decision.next).await?;
        Ok(ServerMessage::Paired(Box::new(pairing)))
    }

    /// Key and journal are on the host's disk: the lease starts (R4, R5), and the server forgets the verifier.
    #[tracing::instrument(name = "activate", skip_all)]
    async fn installed(&mut self) -> Result<ServerMessage, Refusal> {
        let host = self.known()?;
        let facts = self.facts.clone().ok_or_else(not_now)?;
        let command = Command::ConfirmHost { host_key: host.key, host: facts };
        let decision = self.apply(host.session, &command, host.key, "session.activate", json!({})).await?;
        match (&decision.answer, &decision.next.state) {
            (rules::Answer::Done, SessionState::Active(active)) => {
                self.app.events.publish(host.company, Some(host.session), "host.online", json!({}));
                Ok(ServerMessage::Activated { activated_at: active.activated_at, lease_ends: active.lease_expires_at })
            }
            (rules::Answer::Over(reason), _) => Ok(ServerMessage::Ended { reason: *reason }),
            (rules::Answer::TakenByAnotherHost, _) => Err(taken()),
            _ => Err(not_now()),
        }
    }

    /// A host that is back (R11), or that learns that its session is over.
    async fn resume(&mut self, session: &str, host_key: PublicKey, proof: &[u8; 64]) -> Result<ServerMessage, Refusal> {
        self.check_proof(host_key, proof)?;
        let id: SessionId = session.parse().map_err(|_| Refusal::not_found())?;
        let key = HostKey(host_key.0);
        let session = self.app.store.session_for_host(id).await?;
        if session.host_key() != Some(key) {
            return Err(Refusal::new("not-this-host", StatusCode::FORBIDDEN, "The session belongs to another host."));
        }
        self.connect(&session, key)?;
        // Read again now that ends are told to this connection: none can fall between.
        let session = self.app.store.session_for_host(id).await?;
        match &session.state {
            SessionState::Active(active) if active.lease_expires_at > clock::now() => {
                self.app.events.publish(session.company, Some(id), "host.online", json!({}));
                if active.told.offline.is_some() {
                    self.apply(id, &Command::HostOnline, key, "host.online", json!({})).await?;
                }
                Ok(ServerMessage::Resumed { lease_ends: active.lease_expires_at })
            }
            SessionState::Active(_) => Ok(ServerMessage::Ended { reason: EndReason::LeaseExpired }),
            SessionState::Prepared(_) => {
                Ok(ServerMessage::Paired(Box::new(invite::pairing(&self.app, &session).await?)))
            }
            SessionState::Ended(ended) => Ok(ServerMessage::Ended { reason: ended.reason }),
        }
    }

    /// R12: the computer runs a host already; the customer is told there, the technician here.
    async fn already_hosting(&self, token: &[u8; 16]) -> Result<ServerMessage, Refusal> {
        let address = self.address();
        self.app.codes.check(address).map_err(too_many)?;
        let session = self.by_token(token).await?;
        self.app.codes.failed(address);
        let command = Command::RefuseHost { reason: "already-hosting".to_owned() };
        let actor = format!("address:{address}");
        self.app.apply(session.id, &command, &actor, "host.refuse", json!({ "reason": "already-hosting" })).await?;
        Err(Refusal::new("already-hosting", StatusCode::CONFLICT, "This computer already runs a host.")
            .detail("End the other session on this computer first, or use another computer."))
    }

    /// The stream says the same; this is for a stream that was given up. What is still on its way may arrive first.
    fn channel_closed(&self, channel: &str, problem: Option<Problem>) -> Result<(), Refusal> {
        let host = self.known()?;
        let id: ChannelId = channel.parse().map_err(|_| Refusal::not_found())?;
        if let (Some(channel), Some(problem)) = (self.app.channels.get(host.session, id), problem) {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                channel.end(invite::trimmed_problem(problem));
            });
        }
        Ok(())
    }

    /// The connection is over.
    pub(super) async fn gone(&mut self) {
        let Some(host) = self.host.take() else { return };
        if !self.app.hosts.disconnect(&host) {
            return;
        }
        match self.app.store.session_for_host(host.session).await.map(|session| session.state) {
            Ok(SessionState::Active(_)) => {
                self.app.events.publish(host.company, Some(host.session), "host.offline", json!({}));
            }
            // A host that came back only to learn of the end has said what is allowed once more: nobody asks again.
            Ok(SessionState::Ended(_)) => self.app.hosts.forget(host.session),
            Ok(SessionState::Prepared(_)) | Err(_) => {}
        }
    }

    fn known(&self) -> Result<Arc<OnlineHost>, Refusal> {
        self.host.clone().ok_or_else(|| {
            Refusal::new("not-paired", StatusCode::CONFLICT, "The host has not proved its key on this connection.")
                .detail("Send 'pair' or 'resume' first.")
        })
    }

    /// One connection is one host's: it cannot become another.
    fn connect(&mut self, session: &Session, key: HostKey) -> Result<(), Refusal> {
        if let Some(host) = &self.host {
            let same = host.session == session.id && host.key == key;
            return if same { Ok(()) } else { Err(not_now()) };
        }
        let outbox = self.outbox.clone();
        let host = self.app.hosts.connect(session.id, session.company, key, self.connection.clone(), outbox);
        let _set_once = self.session.set(session.id);
        self.host = Some(host);
        Ok(())
    }

    /// The proof is over bytes of this TLS connection: worth nothing on another.
    fn check_proof(&self, host_key: PublicKey, proof: &[u8; 64]) -> Result<(), Refusal> {
        let bytes = self.connection.exporter(EXPORTER_LABEL).map_err(|error| Refusal::internal(error.to_string()))?;
        host_key.verify(Context::HostProof, &bytes, proof).map_err(|_| {
            Refusal::new("wrong-proof", StatusCode::FORBIDDEN, "The host did not prove that it holds its key.")
        })
    }

    /// A customer who reads the invitation and looks for the code may take as long as the code lives.
    fn note_link(&mut self, session: &Session) {
        if let SessionState::Prepared(prepared) = &session.state {
            let rest = prepared.expires_at.saturating_sub(clock::now());
            self.invited = (rest > 0).then_some((session.id, Duration::from_millis(rest)));
        }
    }

    async fn by_token(&self, token: &[u8; 16]) -> Result<Session, Refusal> {
        self.app.store.session_by_token(hash_token(token)).await.map_err(|error| match error {
            StoreError::NotFound => Refusal::new("link-unknown", StatusCode::NOT_FOUND, "This link is not known.")
                .detail("Copy the whole link from the invitation."),
            other => other.into(),
        })
    }

    async fn apply(
        &self,
        id: SessionId,
        command: &Command,
        key: HostKey,
        action: &str,
        detail: Value,
    ) -> Result<rules::Decision, Refusal> {
        let actor = format!("host:{}", PublicKey(key.0));
        self.app.apply(id, command, &actor, action, detail).await
    }

    fn address(&self) -> IpAddr {
        self.connection.remote_address().ip()
    }
}

fn too_many(seconds: u64) -> Refusal {
    Refusal::new("too-many-tries", StatusCode::TOO_MANY_REQUESTS, "Too many wrong codes from this address.")
        .detail(format!("Try again in {seconds} s."))
}

fn taken() -> Refusal {
    Refusal::new("link-used", StatusCode::CONFLICT, "This link has been used on another computer.")
        .detail("Ask your technician for a new link.")
}

fn not_now() -> Refusal {
    Refusal::new("not-now", StatusCode::CONFLICT, "This cannot be done now.")
}
