//! The SMTP side: one conversation per connection.

use crate::mail_catcher::{Fault, Inbox, Mail};
use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Longest line and longest message, in bytes.
const LINE: u64 = 64 << 10;
const MESSAGE: usize = 8 << 20;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Takes connections until dropped; then they end too.
pub(super) async fn serve(
    listener: TcpListener,
    inbox: Arc<Inbox>,
    tls: Option<TlsAcceptor>,
    login: Option<(String, String)>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, from)) = accepted else { continue };
        let talk = talk(stream, from.ip(), inbox.clone(), tls.clone(), login.clone());
        // One that breaks off is the sender's matter.
        connections.spawn(async move {
            let _ = talk.await;
        });
    }
}

/// What a conversation has gathered; shared with the state machine, which owns its handler.
#[derive(Default)]
struct Gathered {
    to: Vec<String>,
    data: Vec<u8>,
    user: Option<String>,
    secure: bool,
    vanish: bool,
}

struct Postman {
    inbox: Arc<Inbox>,
    gathered: Arc<Mutex<Gathered>>,
    login: Option<(String, String)>,
    needs_tls: bool,
}

impl Postman {
    fn with<T>(&self, change: impl FnOnce(&mut Gathered) -> T) -> T {
        change(&mut super::lock(&self.gathered))
    }

    fn check(&self, user: &str, password: &str) -> Response {
        match &self.login {
            Some((name, secret)) if name == user && secret == password => {
                self.with(|gathered| gathered.user = Some(user.to_owned()));
                response::AUTH_OK
            }
            _ => response::INVALID_CREDENTIALS,
        }
    }
}

impl Handler for Postman {
    fn mail(&mut self, _: IpAddr, _: &str, _: &str) -> Response {
        let secure = self.with(|gathered| {
            gathered.to.clear();
            gathered.data.clear();
            gathered.secure
        });
        if self.needs_tls && !secure {
            return Response::custom(530, "Must issue a STARTTLS command first".to_owned());
        }
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.with(|gathered| gathered.to.push(to.to_owned()));
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.with(|gathered| {
            if gathered.data.len() + line.len() > MESSAGE {
                return Err(std::io::Error::other("the message is too long"));
            }
            gathered.data.extend_from_slice(line);
            Ok(())
        })
    }

    fn data_end(&mut self) -> Response {
        let fault = self.inbox.fault();
        match fault {
            Some(Fault::Later) => return Response::custom(451, "Try again later".to_owned()),
            Some(Fault::Never) => return response::NO_MAILBOX,
            Some(Fault::Silent) | None => {}
        }
        let mail = self.with(|gathered| {
            gathered.vanish = fault == Some(Fault::Silent);
            Mail::read(&gathered.data, gathered.to.clone(), gathered.user.clone(), gathered.secure)
        });
        self.inbox.keep(mail);
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        self.check(user, password)
    }

    fn auth_login(&mut self, user: &str, password: &str) -> Response {
        self.check(user, password)
    }
}

async fn talk(
    stream: TcpStream,
    from: IpAddr,
    inbox: Arc<Inbox>,
    tls: Option<TlsAcceptor>,
    login: Option<(String, String)>,
) -> std::io::Result<()> {
    let gathered = Arc::<Mutex<Gathered>>::default();
    let mut builder = SessionBuilder::new("mail-catcher");
    if tls.is_some() {
        builder.enable_start_tls();
    }
    if login.is_some() {
        builder.enable_auth(AuthMechanism::Plain).enable_auth(AuthMechanism::Login);
        if tls.is_none() {
            builder.insecure_enable_plaintext_auth();
        }
    }
    let postman = Postman { inbox, gathered: gathered.clone(), login, needs_tls: tls.is_some() };
    let mut session: Session<Postman> = builder.build(from, postman);
    let mut stream: Box<dyn Stream> = Box::new(stream);
    write(&mut stream, &session.greeting()).await?;
    loop {
        let (upgrade, rest) = lines(stream, &mut session, &gathered).await?;
        let (true, Some(acceptor)) = (upgrade, &tls) else { return Ok(()) };
        // What was sent in clear after STARTTLS is thrown away with the old reader, as it must be.
        stream = Box::new(acceptor.accept(rest).await?);
        super::lock(&gathered).secure = true;
        session.tls_active();
    }
}

/// Line by line, until the connection ends (false) or changes to TLS (true).
async fn lines(
    stream: Box<dyn Stream>,
    session: &mut Session<Postman>,
    gathered: &Mutex<Gathered>,
) -> std::io::Result<(bool, Box<dyn Stream>)> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut reader).take(LINE).read_until(b'\n', &mut line).await? == 0 {
            return Ok((false, reader.into_inner()));
        }
        let answer = session.process(&line);
        if super::lock(gathered).vanish {
            return Ok((false, reader.into_inner()));
        }
        if answer.action != Action::NoReply {
            write(reader.get_mut(), &answer).await?;
        }
        match answer.action {
            Action::Close => return Ok((false, reader.into_inner())),
            Action::UpgradeTls => return Ok((true, reader.into_inner())),
            Action::NoReply | Action::Reply => {}
        }
    }
}

async fn write(stream: &mut Box<dyn Stream>, answer: &Response) -> std::io::Result<()> {
    stream.write_all(&answer.buffer()?).await?;
    stream.flush().await
}
