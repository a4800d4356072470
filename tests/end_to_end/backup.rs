//! A server that is lost and comes back from its backup, on another directory.

use anyhow::{Result, ensure};
use hospes_tests::process::{executable, finish};
use hospes_tests::{Api, Host, Server};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn r11_a_restored_server_is_the_one_that_its_hosts_know() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), &["base", "insight"], &[])?;
    let api = Api::log_in(&server.url(), "tech@acme.test", hospes_tests::server::PASSWORD).await?;
    let mut host = Host::new(folder.path(), "customer")?;
    let session = api.prepare().await?;
    host.join(&session)?;
    let online = |session: &serde_json::Value| session["state"] == "active" && session["online"] == true;
    let before = api.wait_for(&session.id, SOON, online).await?;

    // While it runs, and while somebody writes.
    let backup = folder.path().join("kept.backup");
    let hospes = || -> Result<Command> { Ok(Command::new(executable("hospes")?)) };
    let writing = tokio::spawn({
        let api = api.clone();
        async move {
            for _ in 0..20 {
                api.call("POST", "/auth/login", Some(serde_json::json!({"email": "x@acme.test", "password": "wrong"})))
                    .await?;
            }
            anyhow::Ok(())
        }
    });
    let data = folder.path().join("server");
    let (code, _, errors) = finish(hospes()?.arg("--data").arg(&data).arg("backup").arg(&backup), None)?;
    ensure!(code == 0, "{errors}");
    writing.await??;

    server.kill_9()?;
    std::fs::rename(&data, folder.path().join("lost"))?;
    let (code, out, errors) = finish(hospes()?.arg("--data").arg(&data).arg("restore").arg(&backup), None)?;
    ensure!(code == 0, "{errors}");
    ensure!(out.contains("audit entries in order"), "{out}");
    server.up()?;
    ensure!(api.call("GET", "/me", None).await?.0 == 401, "a login of before the backup came back");
    let api = Api::log_in(&server.url(), "tech@acme.test", hospes_tests::server::PASSWORD).await?;
    let after = api.wait_for(&session.id, SOON, online).await?;
    assert_eq!(after["lease_expires_at"], before["lease_expires_at"]);
    api.end(&session.id).await?;
    let status = host.process.as_mut().unwrap().wait(SOON)?;
    ensure!(status.success(), "{status}");
    api.wait_for(&session.id, SOON, |session| session["removal"] == "done").await?;

    // A directory that a server uses is not restored over.
    let (code, _, errors) = finish(hospes()?.arg("--data").arg(&data).arg("restore").arg(&backup), None)?;
    ensure!(code == 1 && errors.contains("a server may run on it"), "{code} {errors}");
    Ok(())
}
