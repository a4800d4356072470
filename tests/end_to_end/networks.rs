//! What a customer behind a proxy meets.

use anyhow::{Context, Result, ensure};
use hospes_tests::{Host, Network, Server};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_host_behind_a_proxy_goes_through_it_by_its_environment_too() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(Network::Proxied, folder.path(), &["base"], &[])?;
    let api = server.api("tech@acme.test").await?;
    let mut session = api.prepare().await?;
    ensure!(session.link.contains(hospes_tests::network::HIDDEN_NAME), "{}", session.link);
    let [_, proxy, ca, file] = session.network.as_slice() else { anyhow::bail!("{:?}", session.network) };
    let (proxy, network) = (proxy.clone(), vec![ca.clone(), file.clone()]);
    let before = server.between.tunnels().context("no proxy")?;
    let mut host = Host::new(folder.path(), "customer")?.with("HTTPS_PROXY", &proxy);
    session.network = network;
    host.join(&session)?;
    api.wait_for(&session.id, SOON, |session| session["online"] == true).await?;
    ensure!(server.between.tunnels().context("no proxy")? > before, "the host did not go through the proxy");
    api.end(&session.id).await?;
    host.process.as_mut().context("gone")?.wait(SOON)?;
    Ok(())
}

/// (language, what stands in the network's way) -> what the customer reads. Nothing is left, and no password is shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_is_told_to_the_customer_in_the_own_language() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(Network::Proxied, folder.path(), &["base"], &[])?;
    let api = server.api("tech@acme.test").await?;
    let session = api.prepare().await?;
    let [_, proxy, ca, file] = session.network.as_slice() else { anyhow::bail!("{:?}", session.network) };
    let wrong = proxy.replace("carla:", "mallory:");
    let elsewhere = session.link.replace(&format!(":{}/", server.port), ":9/");
    ensure!(elsewhere != session.link && wrong != *proxy);
    let cases: Vec<(&str, &str, Vec<&str>, &str)> = vec![
        ("en_GB.UTF-8", &session.link, vec!["--proxy", &wrong, ca, file], "wants a name and password"),
        ("fr_FR.UTF-8", &session.link, vec!["--proxy", &wrong, ca, file], "demande un nom et un mot de passe"),
        ("es_ES.UTF-8", &session.link, vec!["--proxy", &wrong, ca, file], "pide un nombre y una contraseña"),
        ("en_GB.UTF-8", &elsewhere, vec!["--proxy", proxy, ca, file], "does not allow the connection (status 403)"),
        ("fr_FR.UTF-8", &elsewhere, vec!["--proxy", proxy, ca, file], "n'autorise pas la connexion (statut 403)"),
        ("es_ES.UTF-8", &elsewhere, vec!["--proxy", proxy, ca, file], "no permite la conexión (estado 403)"),
        ("en_GB.UTF-8", &session.link, vec!["--proxy", proxy], "does not trust the certificate of support.hospes.test"),
        ("fr_FR.UTF-8", &session.link, vec!["--proxy", proxy], "ne fait pas confiance au certificat"),
        ("es_ES.UTF-8", &session.link, vec!["--proxy", proxy], "no confía en el certificado"),
        ("en_GB.UTF-8", &session.link, vec!["--proxy", "http://127.0.0.1:9", ca, file], "cannot be used"),
        ("en_GB.UTF-8", &session.link, vec!["--proxy", "socks5://127.0.0.1:9"], "only HTTP proxies"),
        ("en_GB.UTF-8", &session.link, vec!["--ca", "/nowhere/ca.pem"], "--ca /nowhere/ca.pem"),
    ];
    for (number, (language, link, network, expect)) in cases.into_iter().enumerate() {
        let mut host = Host::new(folder.path(), &format!("customer-{number}"))?.with("LANG", language);
        let before = host.snapshot();
        let mut arguments = vec!["--code", &session.code, "--headless", "--consent", "allow"];
        arguments.extend(network);
        host.join_with(link, &arguments)?;
        let process = host.process.as_mut().context("gone")?;
        let status = process.wait(SOON)?;
        let log = process.log();
        ensure!(!status.success() && log.contains(expect), "{language} {arguments:?}: {status}\n{log}");
        ensure!(!log.contains("p%40ss") && !log.contains("p@ss"), "a password is shown:\n{log}");
        assert_eq!(host.snapshot(), before);
    }
    assert_eq!(api.session(&session.id).await?["state"], "prepared");
    Ok(())
}
