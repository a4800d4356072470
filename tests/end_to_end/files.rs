//! `hospes ls` and `hospes cp` through server and host.

use anyhow::{Result, ensure};
use hospes_tests::process::finish;
use hospes_tests::{Host, Network, Server, Technician, in_every_network};
use std::path::Path;
use std::time::Duration;

in_every_network! {
    r8_files_go_both_ways_whole,
    r2_a_wrong_session_password_opens_nothing,
    r9_on_essential_the_file_manager_is_refused,
    names_that_lead_out_of_the_shared_folder_are_refused,
    a_copy_goes_on_after_the_server_was_killed,
    r20_what_is_taken_away_in_the_middle_of_a_copy_ends_it_and_can_be_given_back,
}

struct Scene {
    folder: tempfile::TempDir,
    server: Server,
    technician: Technician,
    host: Host,
    id: String,
    password: String,
}

async fn scene(network: Network, plan: &[&str]) -> Result<Scene> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(network, folder.path(), plan, &[])?;
    let technician = server.log_in("tech@acme.test").await?;
    let session = technician.api.prepare().await?;
    let mut host = Host::new(folder.path(), "customer")?;
    host.join(&session)?;
    let active = |session: &serde_json::Value| session["online"] == true;
    technician.api.wait_for(&session.id, Duration::from_secs(20), active).await?;
    Ok(Scene { folder, server, technician, host, id: session.id, password: session.password })
}

impl Scene {
    fn hospes(&self, arguments: &[&str], password: &str) -> Result<(i32, String, String)> {
        let mut command = self.technician.hospes()?;
        command.args(arguments).env("HOSPES_SESSION_PASSWORD", password);
        finish(&mut command, None)
    }

    fn good(&self, arguments: &[&str]) -> Result<String> {
        let (code, output, errors) = self.hospes(arguments, &self.password)?;
        ensure!(code == 0, "{arguments:?}: exit code {code}\n{output}{errors}");
        Ok(output)
    }
}

fn content(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn same(left: &Path, right: &Path) -> Result<()> {
    ensure!(std::fs::read(left)? == std::fs::read(right)?, "{} differs from {}", left.display(), right.display());
    Ok(())
}

async fn r8_files_go_both_ways_whole(network: Network) -> Result<()> {
    let scene = scene(network, &["base"]).await?;
    let local = scene.folder.path().join("local");
    std::fs::create_dir_all(&local)?;
    for (name, length) in [("empty.bin", 0), ("one.bin", 1), ("odd ñame 😀.bin", 700_001), ("large.bin", 30_000_000)]
    {
        std::fs::write(scene.host.docs.join(name), content(length, 1))?;
        scene.good(&["cp", &format!("{}:Docs/{name}", scene.id), &local.join(name).to_string_lossy()])?;
        same(&scene.host.docs.join(name), &local.join(name))?;
        let back = format!("back-{name}");
        scene.good(&["cp", &local.join(name).to_string_lossy(), &format!("{}:Docs/{back}", scene.id)])?;
        same(&local.join(name), &scene.host.docs.join(back))?;
    }
    let listed = scene.good(&["ls", &format!("{}:Docs/", scene.id)])?;
    assert!(listed.contains("back-large.bin") && listed.contains("odd ñame 😀.bin"), "{listed}");
    let left: Vec<_> = std::fs::read_dir(&scene.host.docs)?
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().contains(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

async fn r2_a_wrong_session_password_opens_nothing(network: Network) -> Result<()> {
    let scene = scene(network, &["base"]).await?;
    let target = format!("{}:Docs/", scene.id);
    let (code, output, errors) = scene.hospes(&["ls", &target], "not-the-password")?;
    assert_eq!(code, 1, "{output}");
    assert!(errors.to_lowercase().contains("password"), "{errors}");
    scene.good(&["ls", &target])?;
    // Once per login: no password is needed any more.
    let (code, _, errors) = scene.hospes(&["ls", &target], "")?;
    assert_eq!(code, 0, "{errors}");
    Ok(())
}

async fn r9_on_essential_the_file_manager_is_refused(network: Network) -> Result<()> {
    let scene = scene(network, &["essential"]).await?;
    let (code, _, errors) = scene.hospes(&["ls", &format!("{}:Docs/", scene.id)], &scene.password)?;
    assert_eq!(code, 1);
    assert!(errors.contains("plan"), "{errors}");
    Ok(())
}

async fn names_that_lead_out_of_the_shared_folder_are_refused(network: Network) -> Result<()> {
    let scene = scene(network, &["base"]).await?;
    let secret = scene.folder.path().join("secret.txt");
    std::fs::write(&secret, "secret")?;
    std::os::unix::fs::symlink(&secret, scene.host.docs.join("link.txt"))?;
    std::os::unix::fs::symlink(scene.folder.path(), scene.host.docs.join("folder"))?;
    let out = scene.folder.path().join("out");
    for path in ["../secret.txt", "link.txt", "folder/secret.txt", "/etc/hostname", "x/../../secret.txt"] {
        let (code, output, errors) =
            scene.hospes(&["cp", &format!("{}:Docs/{path}", scene.id), &out.to_string_lossy()], &scene.password)?;
        assert_ne!(code, 0, "{path}: {output}{errors}");
        assert!(!out.exists(), "{path}");
        assert!(!errors.trim().is_empty(), "{path}: no message");
    }
    Ok(())
}

async fn a_copy_goes_on_after_the_server_was_killed(network: Network) -> Result<()> {
    let mut scene = scene(network, &["base"]).await?;
    let bytes = content(300_000_000, 7);
    std::fs::write(scene.host.docs.join("big.bin"), &bytes)?;
    let out = scene.folder.path().join("big.bin");
    let mut command = scene.technician.hospes()?;
    command.arg("cp").arg(format!("{}:Docs/big.bin", scene.id)).arg(&out);
    command.env("HOSPES_SESSION_PASSWORD", &scene.password);
    let log = scene.folder.path().join("cp.log");
    let mut copy = hospes_tests::process::Process::start(&mut command, &log)?;
    // Cut when some bytes have come, wherever the copy keeps them.
    let begun = || {
        std::fs::read_dir(scene.folder.path()).into_iter().flatten().flatten().any(|entry| {
            entry.file_name().to_string_lossy().contains("big.bin")
                && entry.metadata().is_ok_and(|m| m.len() > 10_000_000)
        })
    };
    for _ in 0..1000 {
        if begun() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    scene.server.kill_9()?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.server.up()?;
    let status = copy.wait(Duration::from_secs(90))?;
    if !status.success() {
        // It may give up; then the same command takes the rest.
        scene.good(&["cp", &format!("{}:Docs/big.bin", scene.id), &out.to_string_lossy()])?;
    }
    assert!(std::fs::read(&out)? == bytes, "the copy differs; it wrote:\n{}", copy.log());
    Ok(())
}

async fn r20_what_is_taken_away_in_the_middle_of_a_copy_ends_it_and_can_be_given_back(network: Network) -> Result<()> {
    let scene = scene(network, &["base"]).await?;
    let (api, id) = (&scene.technician.api, &scene.id);
    let choose = async |capabilities: &[&str]| {
        let body = serde_json::json!({ "capabilities": capabilities });
        let (status, answer) = api.call("PATCH", &format!("/sessions/{id}"), Some(body)).await?;
        ensure!(status == 200, "{status} {answer}");
        Ok(())
    };
    // Longer than any machine needs to the change.
    std::fs::File::create(scene.host.docs.join("endless.bin"))?.set_len(4 << 30)?;
    let mut command = scene.technician.hospes()?;
    command.arg("cp").arg(format!("{id}:Docs/endless.bin")).arg(scene.folder.path().join("endless.bin"));
    command.env("HOSPES_SESSION_PASSWORD", &scene.password);
    let mut copy = hospes_tests::process::Process::start(&mut command, &scene.folder.path().join("cp.log"))?;
    let patience = Duration::from_secs(20);
    api.wait_for(id, patience, |session| session["channels"][0]["capability"] == "file-manager").await?;
    choose(&["remote-control"]).await?;
    let status = copy.wait(patience)?;
    assert_eq!(status.code(), Some(1), "{}", copy.log());
    assert!(copy.log().contains("This session does not include it"), "{}", copy.log());
    let session = api.wait_for(id, patience, |session| session["channels"] == serde_json::json!([])).await?;
    assert_eq!((&session["state"], &session["online"]), (&"active".into(), &true.into()), "R14");
    let target = format!("{id}:Docs/");
    let (code, _, errors) = scene.hospes(&["ls", &target], "")?;
    assert!(code == 1 && errors.contains("choose it on the session's page"), "{code} {errors}");
    choose(&["file-manager", "remote-control"]).await?;
    // Once per login: the session password is not asked for again.
    let (code, listed, errors) = scene.hospes(&["ls", &target], "")?;
    assert!(code == 0 && listed.contains("endless.bin"), "{code} {listed}{errors}");
    Ok(())
}
