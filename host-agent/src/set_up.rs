//! The set-up: the code, what is allowed, what is installed; from the first look at the invitation to the lease.

use crate::consent::ConsentBook;
use crate::dialogue::{Answer, Dialogue};
use crate::install;
use crate::kept::{Choices, Kept, Phase};
use crate::lease_keeper::{self, LeaseKeeper};
use crate::line::{Line, LineError, unexpected};
use crate::mark;
use crate::network;
use crate::place::Place;
use crate::publishers;
use crate::serve::Started;
use crate::terminal;
use crate::texts::{self, Text};
use crate::why;
use crate::words;
use hospes_licence::interface::ConsentClass;
use hospes_session::code::SecurityCode;
use hospes_session::model::EndReason;
use hospes_transport::{Backoff, TransportError};
use hospes_wire::control::{ConsentState, HostMessage, Invitation, Pairing, ServerMessage};
use hospes_wire::link::DeploymentLink;
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::sync::mpsc;

/// Tries to reach the server before a join gives up; a session that is active tries for ever.
const TRIES: u32 = 4;

/// Why a set-up stops.
pub(crate) enum Stop {
    /// It is over: remove everything.
    Over(String),
    /// The same command may go on later.
    Retry(String),
    /// As [`Stop::Retry`], not in words yet.
    Trouble(Trouble),
}

/// Trouble that is not told in the customer's language yet: the same command may go on later.
pub(crate) enum Trouble {
    /// With the conversation.
    Line(LineError),
    /// On this computer, in the system's own words.
    Here(String),
}

/// What the customer is told of a set-up that stopped.
pub(crate) struct Stopped {
    /// Everything is to be removed; else the same command may go on later.
    pub over: bool,
    /// The sentence.
    pub reason: String,
}

impl From<LineError> for Stop {
    fn from(error: LineError) -> Self {
        Self::Trouble(Trouble::Line(error))
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Trouble(Trouble::Here(error.to_string()))
    }
}

/// A set-up that runs.
pub(crate) struct SetUp {
    pub place: Place,
    pub link: DeploymentLink,
    pub kept: Kept,
    pub dialogue: Dialogue,
    pub commands: mpsc::Receiver<String>,
}

impl SetUp {
    /// Runs the set-up, and again when the connection was lost in the middle: a server that restarts costs the customer a
    /// moment, not another command.
    pub(crate) async fn run_through(&mut self, given: Option<String>) -> Result<Started, Stop> {
        const TIMES: u32 = 5;
        let mut backoff = Backoff::new();
        for _ in 1..TIMES {
            let code = match &self.kept.phase {
                Phase::Joining { code: Some(typed) } => Some(typed.clone()),
                _ => given.clone(),
            };
            match self.run(code).await {
                Err(Stop::Retry(reason)) => tracing::info!(reason, "the set-up goes on"),
                Err(Stop::Trouble(Trouble::Line(error))) => tracing::info!(%error, "the set-up goes on"),
                Err(Stop::Trouble(Trouble::Here(error))) => tracing::info!(error, "the set-up goes on"),
                done => return done,
            }
            let random = getrandom::u32().unwrap_or_default();
            tokio::time::sleep(backoff.next(Duration::ZERO, random)).await;
        }
        self.run(given).await
    }

    async fn run(&mut self, code: Option<String>) -> Result<Started, Stop> {
        let mut line = self.dial().await.map_err(|stop| self.nothing_yet(stop))?;
        if !matches!(self.kept.phase, Phase::Paired { .. }) {
            let invitation = self.look_up(&mut line).await?;
            self.dialogue.speak(invitation.language);
            words::show_invitation(&self.dialogue, &invitation);
            line = self.pair(line, code, &invitation).await?;
        } else {
            line = self.pair_again(line).await?;
        }
        let Phase::Paired { pairing, publishers, .. } = self.kept.phase.clone() else {
            return Err(Stop::Retry("the set-up lost its place".to_owned()));
        };
        self.dialogue.speak(pairing.invitation.language);
        if ConsentBook::load(&self.place)?.is_none() {
            let classes = self.consent(&pairing.invitation).await;
            ConsentBook::write_new(&self.place, classes)?;
        }
        self.kept.save(&self.place)?;
        let until = lease_keeper::wall().saturating_add(pairing.invitation.lease);
        if let Err(error) = mark::write(&self.place, until) {
            // Only a second account of the same computer would have needed it.
            tracing::warn!(%error, "other accounts will not see this session while its host is not running");
        }
        if let Err(why) = install::install(&self.place, &self.kept)? {
            self.dialogue.say(Text::NoAutostart, &[("why", &why)]);
        }
        if line.connection.close_reason().is_some() {
            // The customer took a while to answer.
            line = self.dial().await?;
            line = self.pair_again(line).await?;
        }
        match line.ask(&HostMessage::Installed {}).await? {
            ServerMessage::Activated { activated_at, lease_ends } => {
                let length = lease_ends.saturating_sub(activated_at).min(pairing.invitation.lease);
                let lease = LeaseKeeper::start(&self.place, length)?;
                // On a retry the lease may have been running for a while.
                lease.narrow(lease_ends.saturating_sub(line.server_now()));
                lease.persist()?;
                self.kept.phase = Phase::Active { pairing, publishers };
                self.kept.save(&self.place)?;
                Ok(Started { line, lease_ends })
            }
            ServerMessage::Ended { reason } => Err(self.over(reason)),
            ServerMessage::Refused { problem } => Err(Stop::Over(words::refused(&self.dialogue, &problem))),
            other => Err(unexpected(&other).into()),
        }
    }

    /// Before a code was tried there is nothing to go on with.
    fn nothing_yet(&self, stop: Stop) -> Stop {
        match (stop, &self.kept.phase) {
            (Stop::Retry(reason), Phase::Joining { code: None }) => Stop::Over(reason),
            (Stop::Trouble(trouble), Phase::Joining { code: None }) => Stop::Over(self.in_words(&trouble)),
            (stop, _) => stop,
        }
    }

    /// A customer who stops the set-up leaves nothing; a shutdown leaves what can be gone on with, if anything.
    pub(crate) fn stopped(&self, stop: Stop) -> Stopped {
        let begun = !matches!(self.kept.phase, Phase::Joining { .. });
        let (over, reason) = match self.nothing_yet(stop) {
            Stop::Over(reason) => (true, reason),
            Stop::Retry(reason) if reason.is_empty() => (!begun, reason),
            Stop::Retry(reason) => (false, reason),
            Stop::Trouble(trouble) => (false, self.in_words(&trouble)),
        };
        let silent = if over { Text::Stopped } else { Text::StoppedGoesOn };
        Stopped { over, reason: if reason.is_empty() { self.dialogue.text(silent, &[]) } else { reason } }
    }

    fn in_words(&self, trouble: &Trouble) -> String {
        match trouble {
            Trouble::Line(LineError::Refused(problem)) => words::refused(&self.dialogue, problem),
            Trouble::Line(error) => self.dialogue.text(Text::NoServer, &[("why", &why::line(&self.dialogue, error))]),
            Trouble::Here(error) => {
                let what = self.dialogue.text(Text::ThisComputer, &[]);
                self.dialogue.text(Text::Because, &[("what", &what), ("why", error)])
            }
        }
    }

    fn over(&self, reason: EndReason) -> Stop {
        Stop::Over(self.dialogue.text(texts::ended(reason), &[]))
    }

    async fn dial(&self) -> Result<Line, Stop> {
        let mut backoff = Backoff::new();
        let mut tries = 1;
        loop {
            let dialled = async {
                let ways = self.kept.choices.network.ways()?;
                Line::greet(hospes_transport::reach(&(&self.link).into(), &ways).await?).await
            };
            match dialled.await {
                Ok(line) => return Ok(line),
                Err(LineError::Transport(TransportError::WrongKey)) => {
                    return Err(Stop::Over(self.dialogue.text(Text::WrongKey, &[])));
                }
                // Nobody but the customer can put that right, so there is no use in trying on.
                Err(LineError::Transport(error)) if error.is_local_matter() => {
                    let said = network::trouble(&self.dialogue, &error).unwrap_or_else(|| error.to_string());
                    return Err(Stop::Retry(said));
                }
                Err(error) if tries == TRIES => {
                    return Err(Stop::Retry(
                        self.dialogue.text(Text::NoServer, &[("why", &why::line(&self.dialogue, &error))]),
                    ));
                }
                Err(error) => tracing::info!(%error, "trying again"),
            }
            tries += 1;
            let random = getrandom::u32().unwrap_or_default();
            tokio::time::sleep(backoff.next(Duration::ZERO, random)).await;
        }
    }

    async fn look_up(&self, line: &mut Line) -> Result<Invitation, Stop> {
        let answer = line.ask(&HostMessage::LookUp { token: self.link.token.0 }).await;
        match answer? {
            ServerMessage::Invitation(invitation) => Ok(invitation),
            ServerMessage::Refused { problem } => Err(Stop::Over(words::refused(&self.dialogue, &problem))),
            ServerMessage::Ended { reason } => Err(self.over(reason)),
            other => Err(Stop::Over(self.in_words(&Trouble::Line(unexpected(&other))))),
        }
    }

    /// Asks for the code until it is right (R4).
    async fn pair(&mut self, mut line: Line, given: Option<String>, shown: &Invitation) -> Result<Line, Stop> {
        let mut next = given;
        loop {
            let typed = match next.take() {
                Some(code) => code,
                None => self.type_code().await?,
            };
            self.kept.phase = Phase::Joining { code: Some(typed.clone()) };
            let journal = install::prepare(&self.place, &self.kept)
                .map_err(|e| Stop::Over(self.in_words(&Trouble::Here(e.to_string()))))?;
            install::note_download(&journal)?;
            if line.connection.close_reason().is_some() {
                line = self.dial().await?;
            }
            match self.try_code(&mut line, &typed).await? {
                ServerMessage::Paired(pairing) => {
                    self.paired(typed, pairing, shown).await?;
                    return Ok(line);
                }
                ServerMessage::CodeWrong { tries_left } => {
                    let wrong = match tries_left {
                        0 => self.dialogue.text(Text::CodeBurned, &[]),
                        _ => self.dialogue.text(Text::CodeWrong, &[("tries", &tries_left.to_string())]),
                    };
                    if self.kept.choices.headless || tries_left == 0 {
                        return Err(Stop::Over(wrong));
                    }
                    self.dialogue.print(&wrong);
                }
                ServerMessage::Ended { reason } => return Err(self.over(reason)),
                // Too many tries from this network: a person may try again later.
                ServerMessage::Refused { problem } if problem.status == 429 && !self.kept.choices.headless => {
                    self.dialogue.print(&words::refused(&self.dialogue, &problem));
                }
                ServerMessage::Refused { problem } => {
                    return Err(Stop::Over(words::refused(&self.dialogue, &problem)));
                }
                other => return Err(unexpected(&other).into()),
            }
        }
    }

    async fn type_code(&self) -> Result<String, Stop> {
        let question = self.dialogue.text(Text::AskCode, &[]);
        loop {
            let line = self.dialogue.line(&question).await;
            if line.is_none() && !std::io::stdin().is_terminal() {
                return Err(Stop::Over(self.dialogue.text(Text::NoTerminal, &[("command", &terminal::command())])));
            }
            let line = line.unwrap_or_default();
            if line.trim().is_empty() {
                return Err(Stop::Over(self.dialogue.text(Text::Stopped, &[])));
            }
            // What is no code at all is not worth one of five tries.
            match SecurityCode::parse(&line) {
                Some(code) => return Ok(code.reveal().to_owned()),
                None => self.dialogue.say(Text::CodeShape, &[]),
            }
        }
    }

    async fn try_code(&self, line: &mut Line, code: &str) -> Result<ServerMessage, LineError> {
        let (host_key, proof) = line.proof(&self.kept.key())?;
        let token = self.link.token.0;
        line.ask(&HostMessage::Pair { token, code: code.to_owned(), host_key, proof }).await
    }

    /// The code was right once: this key may go on.
    async fn pair_again(&mut self, mut line: Line) -> Result<Line, Stop> {
        let Phase::Paired { code, .. } = &self.kept.phase else {
            return Err(Stop::Retry("the set-up lost its place".to_owned()));
        };
        match self.try_code(&mut line, &code.clone()).await? {
            ServerMessage::Paired(_) => Ok(line),
            ServerMessage::CodeWrong { .. } => Err(Stop::Over(self.dialogue.text(Text::CodeBurned, &[]))),
            ServerMessage::Ended { reason } => Err(self.over(reason)),
            ServerMessage::Refused { problem } => Err(Stop::Over(words::refused(&self.dialogue, &problem))),
            other => Err(unexpected(&other).into()),
        }
    }

    /// Keeps what was handed over, cut down to what the customer saw before the code.
    async fn paired(&mut self, code: String, mut pairing: Box<Pairing>, shown: &Invitation) -> Result<(), Stop> {
        let offered = std::mem::take(&mut pairing.invitation.publishers);
        pairing.invitation = Invitation { lease: pairing.invitation.lease.min(shown.lease), ..shown.clone() };
        pairing.invitation.publishers = offered.into_iter().filter(|p| shown.publishers.contains(p)).collect();
        let publishers = publishers::accepted(&pairing.invitation.publishers, &self.kept.choices, &self.dialogue).await;
        self.kept.phase = Phase::Paired { code, pairing, publishers };
        self.kept.save(&self.place)?;
        Ok(())
    }

    /// Asks per class: seeing before controlling, reading before writing.
    async fn consent(&self, invitation: &Invitation) -> std::collections::BTreeMap<ConsentClass, ConsentState> {
        let Choices { consent, headless, .. } = self.kept.choices;
        let asks = consent == crate::kept::ConsentMode::Ask && !headless;
        if asks && !invitation.classes.is_empty() {
            words::show_consent_intro(&self.dialogue, invitation, &self.kept.choices);
        }
        let mut said = std::collections::BTreeMap::new();
        for class in ConsentClass::ALL {
            let mut state = ConsentBook::unasked(consent, headless, class);
            if asks && invitation.classes.contains(&class) {
                let sentence = self.dialogue.text(texts::class(class), &[]);
                let question = self.dialogue.text(Text::ConsentQuestion, &[("class", &sentence)]);
                state = match self.dialogue.choose(&question, true).await {
                    Some(Answer::Yes) => ConsentState::Granted,
                    Some(Answer::EachTime) => ConsentState::Ask,
                    Some(Answer::No) | None => ConsentState::Denied,
                };
            }
            said.insert(class, state);
        }
        said
    }
}
