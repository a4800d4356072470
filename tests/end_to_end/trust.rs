//! What customers are promised about the host's executable and its components.

use anyhow::{Context, Result, ensure};
use hospes_tests::process::executable;
use hospes_tests::{Host, Network, Server, in_every_network};
use std::time::Duration;

/// First eight bytes of every WebAssembly component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn the_host_arrives_empty_its_executable_holds_no_component() -> Result<()> {
    let agent = std::fs::read(executable("hospes-agent")?)?;
    let plugins =
        executable("hospes-agent")?.parent().and_then(|p| p.parent()).context("no folder")?.join("hospes-plugins");
    let mut seen = 0;
    for entry in std::fs::read_dir(&plugins).context("plugins are not built; run `cargo xtask build` first")? {
        let component = std::fs::read(entry?.path())?;
        ensure!(component.starts_with(COMPONENT));
        let middle = component.len() / 2;
        for offset in [middle / 2, middle, middle + middle / 2] {
            assert!(!contains(&agent, &component[offset..offset + 64]), "component bytes in the host's executable");
        }
        seen += 1;
    }
    assert!(seen >= 2);
    Ok(())
}

in_every_network!(a_capability_arrives_only_when_it_is_opened);

async fn a_capability_arrives_only_when_it_is_opened(network: Network) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(network, folder.path(), &["base"], &[])?;
    let technician = server.log_in("tech@acme.test").await?;
    let session = technician.api.prepare().await?;
    let mut host = Host::new(folder.path(), "customer")?;
    host.join(&session)?;
    technician.api.wait_for(&session.id, Duration::from_secs(20), |session| session["online"] == true).await?;
    let components = |host: &Host| {
        host.snapshot()
            .into_iter()
            .filter(|path| std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(COMPONENT)))
            .count()
    };
    assert_eq!(components(&host), 0, "a fresh host holds no component");
    let mut list = technician.hospes()?;
    list.args(["ls", &format!("{}:Docs/", session.id)]).env("HOSPES_SESSION_PASSWORD", &session.password);
    let (code, _, errors) = hospes_tests::process::finish(&mut list, None)?;
    ensure!(code == 0, "{errors}");
    assert_eq!(components(&host), 1, "the file manager, and nothing else");
    Ok(())
}
