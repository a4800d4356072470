//! A server, a customer's computer that has joined, and a technician who has proved the session password.

use crate::table;
use anyhow::{Result, ensure};
use hospes_tests::api::PreparedSession;
use hospes_tests::process::{Process, finish};
use hospes_tests::{Host, Server, Technician};
use std::time::{Duration, Instant};

/// The service, without a customer yet.
pub(crate) struct Service {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: Server,
    pub(crate) technician: Technician,
}

/// A customer's computer in a session.
pub(crate) struct Customer {
    pub(crate) host: Host,
    pub(crate) session: PreparedSession,
}

impl Service {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let server = Server::start(folder.path(), &["base", "insight"], &[])?;
        let technician = server.log_in("tech@acme.test").await?;
        Ok(Self { folder, server, technician })
    }

    /// A new session with a new host, online. Nothing of a plugin is on it yet.
    pub(crate) async fn customer(&self, name: &str, display: Option<&str>) -> Result<Customer> {
        self.customer_by(name, display, &[]).await
    }

    /// The same, with these arguments for the network.
    pub(crate) async fn customer_by(&self, name: &str, display: Option<&str>, network: &[&str]) -> Result<Customer> {
        let mut session = self.technician.api.prepare().await?;
        session.network = network.iter().map(|argument| (*argument).to_owned()).collect();
        let mut host = Host::new(self.folder.path(), name)?;
        if let Some(display) = display {
            host = host.on(display);
        }
        host.join(&session)?;
        self.technician.api.wait_for(&session.id, Duration::from_secs(30), |session| session["online"] == true).await?;
        Ok(Customer { host, session })
    }

    /// Runs `hospes` as the technician; answers how long it took. The session password is proved on the way.
    pub(crate) fn hospes(&self, customer: &Customer, arguments: &[&str]) -> Result<Duration> {
        let mut command = self.technician.hospes()?;
        command.args(arguments).env("HOSPES_SESSION_PASSWORD", &customer.session.password);
        let start = Instant::now();
        let (code, output, errors) = finish(&mut command, None)?;
        let time = start.elapsed();
        ensure!(code == 0, "hospes {arguments:?}: exit code {code}\n{output}{errors}");
        Ok(time)
    }

    /// `hospes ls` of the shared folder.
    pub(crate) fn list(&self, customer: &Customer) -> Result<Duration> {
        self.hospes(customer, &["ls", &format!("{}:Docs/", customer.session.id)])
    }

    /// Ends the session and waits until the host is gone.
    pub(crate) async fn end(&self, mut customer: Customer) -> Result<()> {
        self.technician.api.end(&customer.session.id).await?;
        process(&mut customer.host.process)?.wait(Duration::from_secs(20))?;
        Ok(())
    }

    /// Prints the resident memory of server and host.
    pub(crate) fn print_memory(&self, customer: &Customer, when: &str) -> Result<()> {
        let [server, host] = self.memory(customer)?;
        table::line(&format!("memory {when}"), format!("server {}, host {}", table::mib(server), table::mib(host)));
        Ok(())
    }

    /// Resident memory of server and host in bytes.
    pub(crate) fn memory(&self, customer: &Customer) -> Result<[u64; 2]> {
        Ok([running(&self.server.process)?.resident()?, running(&customer.host.process)?.resident()?])
    }

    /// Processor time that server and host used so far.
    pub(crate) fn cpu(&self, customer: &Customer) -> Result<[Duration; 2]> {
        Ok([running(&self.server.process)?.cpu()?, running(&customer.host.process)?.cpu()?])
    }
}

fn running(process: &Option<Process>) -> Result<&Process> {
    process.as_ref().ok_or_else(|| anyhow::anyhow!("a process is down"))
}

fn process(process: &mut Option<Process>) -> Result<&mut Process> {
    process.as_mut().ok_or_else(|| anyhow::anyhow!("a process is down"))
}
