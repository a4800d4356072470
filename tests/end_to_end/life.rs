//! A session's life between real processes: join, outages, ends, removal.

use anyhow::{Result, ensure};
use hospes_tests::process::finish;
use hospes_tests::{Api, Host, Network, Server, in_every_network};
use std::time::{Duration, Instant};

in_every_network! {
    r13_ended_by_the_technician_the_host_is_gone_without_a_trace,
    r13_ended_by_the_customer_from_the_host,
    r11_hosts_are_back_within_10_s_of_a_killed_server,
    r5_at_the_end_of_the_lease_the_host_removes_itself_with_the_network_cut,
    r13_ended_while_the_host_was_off_it_removes_itself_on_return,
    r11_a_rebooted_host_comes_back_without_the_code,
    r12_a_computer_that_runs_a_host_refuses_another,
    r4_wrong_codes_leave_nothing_and_the_fifth_ends_the_session,
    r4_a_server_that_restarts_in_the_middle_of_joining_costs_nothing,
}

const SOON: Duration = Duration::from_secs(20);

async fn scene(network: Network, settings: &[(&str, &str)]) -> Result<(tempfile::TempDir, Server, Api)> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(network, folder.path(), &["base", "insight"], settings)?;
    let api = server.api("tech@acme.test").await?;
    Ok((folder, server, api))
}

fn online(session: &serde_json::Value) -> bool {
    session["state"] == "active" && session["online"] == true
}

async fn r13_ended_by_the_technician_the_host_is_gone_without_a_trace(network: Network) -> Result<()> {
    let (folder, _server, api) = scene(network, &[]).await?;
    let mut host = Host::new(folder.path(), "customer")?;
    std::fs::write(host.docs.join("mine.txt"), "stays")?;
    let before = host.snapshot();
    let session = api.prepare().await?;
    host.join(&session)?;
    api.wait_for(&session.id, SOON, online).await?;
    ensure!(host.snapshot() != before, "a joined host keeps its key and lease somewhere");

    api.end(&session.id).await?;
    let status = host.process.as_mut().unwrap().wait(SOON)?;
    ensure!(status.success(), "{status}: {}", host.process.as_ref().unwrap().log());
    assert_eq!(host.snapshot(), before);
    let ended = api.wait_for(&session.id, SOON, |session| session["removal"] == "done").await?;
    assert_eq!((&ended["state"], &ended["end_reason"]), (&"ended".into(), &"technician".into()));

    // The link is dead (R15).
    let mut again = Host::new(folder.path(), "again")?;
    again.join(&session)?;
    let status = again.process.as_mut().unwrap().wait(SOON)?;
    assert_eq!(status.code(), Some(1), "{}", again.process.as_ref().unwrap().log());
    let (status, _) = api.page(&session.link).await?;
    assert_eq!(status, 410);
    Ok(())
}

async fn r13_ended_by_the_customer_from_the_host(network: Network) -> Result<()> {
    let (folder, _server, api) = scene(network, &[]).await?;
    let mut host = Host::new(folder.path(), "customer")?;
    let session = api.prepare().await?;
    host.join(&session)?;
    api.wait_for(&session.id, SOON, online).await?;
    let mut end = host.command()?;
    let (code, output, errors) = finish(end.args(["end", "--state"]).arg(&host.state), None)?;
    ensure!(code == 0, "{output}{errors}");
    host.process.as_mut().unwrap().wait(SOON)?;
    api.wait_for(&session.id, SOON, |session| session["end_reason"] == "customer" && session["removal"] == "done")
        .await?;
    assert!(!host.state.exists());
    Ok(())
}

async fn r11_hosts_are_back_within_10_s_of_a_killed_server(network: Network) -> Result<()> {
    let (folder, mut server, api) = scene(network, &[]).await?;
    let mut host = Host::new(folder.path(), "customer")?;
    let session = api.prepare().await?;
    host.join(&session)?;
    api.wait_for(&session.id, SOON, online).await?;
    for downtime in [0, 1500] {
        server.kill_9()?;
        tokio::time::sleep(Duration::from_millis(downtime)).await;
        server.up()?;
        let start = Instant::now();
        api.wait_for(&session.id, Duration::from_secs(10), online).await?;
        eprintln!("back after {:?} (server down for {downtime} ms)", start.elapsed());
    }
    Ok(())
}

async fn r5_at_the_end_of_the_lease_the_host_removes_itself_with_the_network_cut(network: Network) -> Result<()> {
    let (folder, mut server, api) = scene(network, &[("HOSPES_MAX_LEASE_SECONDS", "30")]).await?;
    let mut host = Host::new(folder.path(), "customer")?;
    let before = host.snapshot();
    let session = api.prepare().await?;
    host.join(&session)?;
    api.wait_for(&session.id, SOON, online).await?;
    server.kill_9()?;
    let status = host.process.as_mut().unwrap().wait(Duration::from_secs(45))?;
    ensure!(status.success(), "{status}: {}", host.process.as_ref().unwrap().log());
    assert_eq!(host.snapshot(), before);

    server.up()?;
    let ended = api.wait_for(&session.id, SOON, |session| session["state"] == "ended").await?;
    assert_eq!(ended["end_reason"], "lease-expired");
    Ok(())
}

async fn r13_ended_while_the_host_was_off_it_removes_itself_on_return(network: Network) -> Result<()> {
    let (folder, _server, api) = scene(network, &[]).await?;
    let mut host = Host::new(folder.path(), "customer")?;
    let before = host.snapshot();
    let session = api.prepare().await?;
    host.join(&session)?;
    api.wait_for(&session.id, SOON, online).await?;
    // The server counts the session as active a moment before the host has it on its disk; a power cut between the two is
    // the end of a set-up, and another story.
    let kept = host.state.join("host.json");
    let deadline = std::time::Instant::now() + SOON;
    while !std::fs::read_to_string(&kept)?.contains("\"active\"") {
        ensure!(std::time::Instant::now() < deadline, "the host does not keep that it is active");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A power cut, then the technician ends the session, then the customer logs in again.
    host.process.as_mut().unwrap().kill_9()?;
    api.wait_for(&session.id, SOON, |session| session["online"] == false).await?;
    api.end(&session.id).await?;
    let entry = autostart(&host)?;
    let status = std::process::Command::new("sh")
        .args(["-c", &entry])
        .env_clear()
        .env("HOME", &host.home)
        .env("PATH", "/usr/bin:/bin")
        .status()?;
    assert!(status.success(), "{status}: {entry}");
    assert_eq!(host.snapshot(), before);
    api.wait_for(&session.id, SOON, |session| session["removal"] == "done").await?;
    Ok(())
}

/// The command that the desktop would run at the next log-in.
fn autostart(host: &Host) -> Result<String> {
    let folder = host.home.join(".config/autostart");
    for entry in std::fs::read_dir(&folder)? {
        let text = std::fs::read_to_string(entry?.path())?;
        if let Some(command) = text.lines().find_map(|line| line.strip_prefix("Exec=")) {
            return Ok(command.to_owned());
        }
    }
    anyhow::bail!("{} holds no autostart entry", folder.display())
}

async fn r11_a_rebooted_host_comes_back_without_the_code(network: Network) -> Result<()> {
    let (folder, _server, api) = scene(network, &[]).await?;
    let mut host = Host::new(folder.path(), "customer")?;
    let session = api.prepare().await?;
    host.join(&session)?;
    let first = api.wait_for(&session.id, SOON, online).await?;
    host.process.as_mut().unwrap().kill_9()?;
    api.wait_for(&session.id, SOON, |session| session["online"] == false).await?;
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("exec {}", autostart(&host)?)]).env_clear();
    command.env("HOME", &host.home).env("PATH", "/usr/bin:/bin");
    host.process = Some(hospes_tests::process::Process::start(&mut command, &folder.path().join("reboot.log"))?);
    let second = api.wait_for(&session.id, SOON, online).await?;
    assert_eq!(first["lease_expires_at"], second["lease_expires_at"], "a reboot does not lengthen the lease (R5)");
    Ok(())
}

async fn r12_a_computer_that_runs_a_host_refuses_another(network: Network) -> Result<()> {
    let (folder, server, api) = scene(network, &[]).await?;
    server.technician("Acme", "second@acme.test", "Sam Second")?;
    let other = server.api("second@acme.test").await?;
    let mut host = Host::new(folder.path(), "customer")?;
    let session = api.prepare().await?;
    host.join(&session)?;
    api.wait_for(&session.id, SOON, online).await?;

    let second = other.prepare().await?;
    let mut command = host.command()?;
    command.args(["join", &second.link, "--code", &second.code, "--headless", "--consent", "allow"]);
    command.args(&second.network);
    let (code, output, errors) = finish(command.arg("--state").arg(&host.state), None)?;
    assert_eq!(code, 1, "{output}{errors}");
    assert!(format!("{output}{errors}").contains("already"), "{output}{errors}");
    let seen = other.wait_for(&second.id, SOON, |session| !session["last_refusal"].is_null()).await?;
    assert!(seen["last_refusal"].to_string().contains("already-hosting"), "{seen}");
    assert_eq!(seen["state"], "prepared");
    assert!(online(&api.session(&session.id).await?), "the first session goes on");
    Ok(())
}

async fn r4_wrong_codes_leave_nothing_and_the_fifth_ends_the_session(network: Network) -> Result<()> {
    let (folder, _server, api) = scene(network, &[]).await?;
    let session = api.prepare().await?;
    let wrong = if session.code == "000000" { "000001" } else { "000000" };
    for attempt in 1..=5 {
        let mut host = Host::new(folder.path(), &format!("guesser-{attempt}"))?;
        let before = host.snapshot();
        let mut guess = session.clone();
        guess.code = wrong.to_owned();
        host.join(&guess)?;
        let process = host.process.as_mut().unwrap();
        let status = process.wait(SOON)?;
        assert_eq!(status.code(), Some(1), "{}", process.log());
        assert_eq!(host.snapshot(), before);
    }
    let ended = api.session(&session.id).await?;
    assert_eq!((&ended["state"], &ended["end_reason"]), (&"ended".into(), &"code-burned".into()));
    Ok(())
}

async fn r4_a_server_that_restarts_in_the_middle_of_joining_costs_nothing(network: Network) -> Result<()> {
    let (folder, mut server, api) = scene(network, &[]).await?;
    for after in [40, 90, 150] {
        let mut host = Host::new(folder.path(), &format!("customer-{after}"))?;
        let session = api.prepare().await?;
        host.join(&session)?;
        tokio::time::sleep(Duration::from_millis(after)).await;
        server.kill_9()?;
        server.up()?;
        api.wait_for(&session.id, SOON, online).await?;
        api.end(&session.id).await?;
        host.process.as_mut().unwrap().wait(SOON)?;
    }
    Ok(())
}
