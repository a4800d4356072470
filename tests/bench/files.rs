//! `hospes cp` beside `scp`, in turn, in the same run and on the same disk.

use crate::scene::{Customer, Service};
use crate::ssh::Ssh;
use crate::table::{line, median, mib, note, section};
use crate::viewer::Channel;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const TIMES: usize = 3;
const SMALL: (usize, usize) = (500, 10 << 10);

pub(crate) async fn measure(size: u64) -> Result<()> {
    section("files (medians of 3, in turn; process start, password and log-in included)");
    let service = Service::start().await?;
    let customer = service.customer("files", None).await?;
    let local = service.folder.path().join("local");
    std::fs::create_dir_all(&local)?;
    service.list(&customer)?;
    let (channel, _) = Channel::open(&service, &customer, "file-manager").await?;
    service.print_memory(&customer, "with the file manager open")?;
    channel.close().await?;

    let ssh = match Ssh::start(service.folder.path()) {
        Ok(ssh) => Some(ssh),
        Err(error) => {
            note(format!(
                "no scp column: {error:#}. Debian: apt-get install openssh-server; as root also mkdir /run/sshd"
            ));
            None
        }
    };
    let (large, small) = (local.join("large.bin"), local.join("small"));
    write_random(&large, size)?;
    std::fs::create_dir_all(&small)?;
    for number in 0..SMALL.0 {
        write_random(&small.join(format!("file-{number:03}.bin")), SMALL.1 as u64)?;
    }
    let mut bench = Bench { service: &service, customer: &customer, ssh: ssh.as_ref(), local: &local, number: 0 };
    let rate = |time: Duration| format!("{:.0} MiB/s", mebibytes(size) / time.as_secs_f64());
    let (up, down) = bench.both_ways(&large)?;
    up.print(&format!("up, one file of {}", mib(size)), rate);
    down.print(&format!("down, one file of {}", mib(size)), rate);
    let rate = |time: Duration| format!("{:.0} files/s", SMALL.0 as f64 / time.as_secs_f64());
    let (up, down) = bench.both_ways(&small)?;
    let what = format!("{} files of {} KiB", SMALL.0, SMALL.1 >> 10);
    up.print(&format!("up, {what}"), rate);
    down.print(&format!("down, {what}"), rate);
    note(
        "hospes cp compares a hash of the whole content, and all of it is on the disk when it says done; scp does neither",
    );

    bench.memory(&large).await?;
    service.end(customer).await?;

    section("the same where UDP is blocked: the host's connection runs through a WebSocket");
    let customer = service.customer_by("websocket", None, &["--transport", "websocket"]).await?;
    service.list(&customer)?;
    let mut bench = Bench { service: &service, customer: &customer, ssh: None, local: &local, number: 1000 };
    let rate = |time: Duration| format!("{:.0} MiB/s", mebibytes(size) / time.as_secs_f64());
    let (up, down) = bench.both_ways(&large)?;
    up.print(&format!("up, one file of {}", mib(size)), rate);
    down.print(&format!("down, one file of {}", mib(size)), rate);
    bench.memory(&large).await?;
    service.end(customer).await
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn write_random(path: &Path, size: u64) -> Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    let mut block = vec![0; 1 << 20];
    let mut left = size as usize;
    while left > 0 {
        let part = block.len().min(left);
        let block = block.get_mut(..part).unwrap_or_default();
        getrandom::fill(block)?;
        file.write_all(block)?;
        left -= part;
    }
    Ok(())
}

#[derive(Default)]
struct Times {
    hospes: Vec<Duration>,
    scp: Vec<Duration>,
}

impl Times {
    fn print(&self, what: &str, rate: impl Fn(Duration) -> String) {
        let hospes = median(&self.hospes);
        let mut text = format!("hospes {:.2} s ({})", hospes.as_secs_f64(), rate(hospes));
        if !self.scp.is_empty() {
            let scp = median(&self.scp);
            let ratio = hospes.as_secs_f64() / scp.as_secs_f64();
            text += &format!(", scp {:.2} s ({}), hospes takes {ratio:.2} times as long", scp.as_secs_f64(), rate(scp));
        }
        line(what, text);
    }
}

struct Bench<'a> {
    service: &'a Service,
    customer: &'a Customer,
    ssh: Option<&'a Ssh>,
    local: &'a Path,
    number: u32,
}

impl Bench<'_> {
    /// A name that was not used before: nothing is resumed or replaced.
    fn fresh(&mut self) -> String {
        self.number += 1;
        format!("copy-{}", self.number)
    }

    /// The same file or folder up and down, `TIMES` times, each in turn with scp.
    fn both_ways(&mut self, source: &Path) -> Result<(Times, Times)> {
        let (mut up, mut down) = (Times::default(), Times::default());
        for _ in 0..TIMES {
            let name = self.fresh();
            let (there, back) = (self.customer.host.docs.join(&name), self.local.join(&name));
            up.hospes.push(self.hospes(&source.to_string_lossy(), &self.remote(&name))?);
            if let Some(ssh) = self.ssh {
                let place = there.with_extension("scp");
                up.scp.push(ssh.copy(source, ssh.there(&place))?);
                remove(&place)?;
            }
            down.hospes.push(self.hospes(&self.remote(&name), &back.to_string_lossy())?);
            if let Some(ssh) = self.ssh {
                let place = back.with_extension("scp");
                down.scp.push(ssh.copy(ssh.there(&there), &place)?);
                remove(&place)?;
            }
            ensure!(content(source)? == content(&back)?, "{} came back changed", source.display());
            remove(&there)?;
            remove(&back)?;
        }
        Ok((up, down))
    }

    fn remote(&self, name: &str) -> String {
        format!("{}:Docs/{name}", self.customer.session.id)
    }

    fn hospes(&self, from: &str, to: &str) -> Result<Duration> {
        self.service.hospes(self.customer, &["cp", from, to])
    }

    /// The highest resident memory while a copy runs, in both directions.
    async fn memory(&mut self, source: &Path) -> Result<()> {
        let name = self.fresh();
        let (remote, back) = (self.remote(&name), self.local.join(&name).to_string_lossy().into_owned());
        let source = source.to_string_lossy().into_owned();
        for (way, from, to) in [("up", &source, &remote), ("down", &remote, &back)] {
            let mut command = self.service.technician.hospes()?;
            command.args(["cp", from, to]).env("HOSPES_SESSION_PASSWORD", &self.customer.session.password);
            let mut copy = hospes_tests::process::Process::start(&mut command, &self.local.join("copy.log"))?;
            let mut highest = [0; 3];
            let deadline = Instant::now() + Duration::from_secs(600);
            while copy.running() {
                let [server, host] = self.service.memory(self.customer)?;
                for (highest, now) in highest.iter_mut().zip([server, host, copy.resident().unwrap_or(0)]) {
                    *highest = now.max(*highest);
                }
                ensure!(Instant::now() < deadline, "the copy does not end: {}", copy.log());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ensure!(copy.wait(Duration::from_secs(1))?.success(), "the copy failed: {}", copy.log());
            let [server, host, own] = highest.map(mib);
            line(
                &format!("memory while a copy goes {way}, highest"),
                format!("server {server}, host {host}, hospes cp {own}"),
            );
        }
        Ok(())
    }
}

fn remove(path: &Path) -> Result<()> {
    if path.is_dir() {
        std::fs::remove_dir_all(path)?;
    } else {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Every file below it with its bytes; a single file as itself.
fn content(path: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    if path.is_file() {
        return Ok(vec![(PathBuf::new(), std::fs::read(path)?)]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        files.push((entry.file_name().into(), std::fs::read(entry.path())?));
    }
    files.sort();
    Ok(files)
}
