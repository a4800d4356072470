//! A mail server that keeps what it gets and sends nothing on: for tests, walks and the demo. SMTP with STARTTLS and a
//! login when asked for, and a page that shows what came.

mod mail;
mod page;
mod smtp;

pub use mail::Mail;

use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How the catcher behaves.
#[derive(Clone, Default)]
pub struct Options {
    /// Where mail is taken; any free port of 127.0.0.1 when absent.
    pub smtp: Option<SocketAddr>,
    /// Where the page is; likewise.
    pub page: Option<SocketAddr>,
    /// Offers STARTTLS with this certificate, and takes no mail without it.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Takes mail only after a login with this name and password.
    pub login: Option<(String, String)>,
}

/// What is answered to a message instead of taking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `451`: try again later.
    Later,
    /// `550`: there is no such mailbox.
    Never,
    /// Takes the message and breaks the connection before it says so: the sender cannot know.
    Silent,
}

/// What came, and what goes wrong next.
#[derive(Default)]
pub(crate) struct Inbox {
    mails: Mutex<Vec<Mail>>,
    faults: Mutex<VecDeque<Fault>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inbox {
    fn keep(&self, mail: Mail) {
        let mut mails = lock(&self.mails);
        let id = mails.len() + 1;
        mails.push(Mail { id, ..mail });
    }

    fn all(&self) -> Vec<Mail> {
        lock(&self.mails).clone()
    }

    fn get(&self, id: usize) -> Option<Mail> {
        lock(&self.mails).get(id.checked_sub(1)?).cloned()
    }

    fn fault(&self) -> Option<Fault> {
        lock(&self.faults).pop_front()
    }
}

/// A catcher that runs until it is dropped.
pub struct Catcher {
    /// Where mail is taken.
    pub smtp: SocketAddr,
    /// Where the page is.
    pub page: SocketAddr,
    inbox: Arc<Inbox>,
    options: Options,
    door: Option<JoinHandle<()>>,
    show: JoinHandle<()>,
}

impl Catcher {
    /// Starts one.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(options: Options) -> Result<Self> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let inbox = Arc::new(Inbox::default());
        let page = bind(options.page.unwrap_or(any)).await?;
        let page_address = page.local_addr()?;
        let show = tokio::spawn(page::serve(page, inbox.clone()));
        let mut catcher =
            Self { smtp: options.smtp.unwrap_or(any), page: page_address, inbox, options, door: None, show };
        catcher.open().await?;
        Ok(catcher)
    }

    /// Takes mail again after [`Catcher::close`], on the same port.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn open(&mut self) -> Result<()> {
        let listener = bind(self.smtp).await?;
        self.smtp = listener.local_addr()?;
        let acceptor = self.options.tls.clone().map(TlsAcceptor::from);
        self.door = Some(tokio::spawn(smtp::serve(listener, self.inbox.clone(), acceptor, self.options.login.clone())));
        Ok(())
    }

    /// As a mail server that is down: connections are refused. What came stays.
    pub async fn close(&mut self) {
        if let Some(door) = self.door.take() {
            door.abort();
            let _ = door.await;
        }
    }

    /// What is answered to the next messages, in this order.
    pub fn fail_next(&self, faults: &[Fault]) {
        lock(&self.inbox.faults).extend(faults);
    }

    /// Everything that came, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.inbox.all()
    }

    /// Waits until one that looks as wanted is there.
    ///
    /// # Errors
    /// When none comes within `patience`; the error lists what came.
    pub async fn wait_for(&self, patience: Duration, wanted: impl Fn(&Mail) -> bool) -> Result<Mail> {
        let until = Instant::now() + patience;
        loop {
            let mails = self.mails();
            if let Some(mail) = mails.iter().find(|mail| wanted(mail)) {
                return Ok(mail.clone());
            }
            let came: Vec<_> = mails.iter().map(|mail| format!("{} to {:?}", mail.subject, mail.to)).collect();
            anyhow::ensure!(Instant::now() < until, "not within {patience:?}; came: {came:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

impl Drop for Catcher {
    fn drop(&mut self) {
        self.show.abort();
        if let Some(door) = &self.door {
            door.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}
