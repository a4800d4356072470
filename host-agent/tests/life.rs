//! A host's life: joining, outages, ends, removal; the server is played by the test (`peer`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod peer;

use hospes_session::model::{EndReason, Language};
use hospes_transport::ServerIdentity;
use hospes_wire::control::{ConsentState, HostMessage, ServerMessage};
use hospes_wire::link::DeploymentLink;
use peer::{CODE, Computer, Server, now};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn r13_ended_by_the_technician_nothing_is_left() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.headless(&server.link);
    server.active().await;
    assert!(computer.state().join("host.json").exists());
    assert!(computer.home().join(".config/autostart").exists());
    server.tell(ServerMessage::Ended { reason: EndReason::Technician }).await;
    assert!(agent.ends().await.success());
    assert_eq!(computer.snapshot(), before);
    let receipt = server.heard(|message| matches!(message, HostMessage::Removed { .. })).await;
    let HostMessage::Removed { undone } = receipt else { unreachable!() };
    assert!(undone.iter().any(|line| line.contains("autostart")), "{undone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r4_a_wrong_code_exits_with_1_and_leaves_nothing() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.join(&server.link, &["--headless", "--code", "000000", "--consent", "allow"]);
    assert_eq!(agent.ends().await.code(), Some(1));
    assert_eq!(computer.snapshot(), before);
    assert!(agent.log().contains("The code is wrong"), "{}", agent.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_key_gets_no_token_and_no_code() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let other = ServerIdentity::from_secret([8; 32]).unwrap();
    let link = DeploymentLink { pin: other.pin(), ..server.link.clone() };
    let mut agent = computer.headless(&link);
    assert_eq!(agent.ends().await.code(), Some(1));
    assert!(agent.log().contains("key is not the one in the link"), "{}", agent.log());
    assert!(server.world.lock().unwrap().heard.is_empty());
    assert_eq!(computer.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_a_lease_that_ends_with_the_network_cut_removes_the_host() {
    let (server, computer) = (Server::start(Duration::from_secs(5)).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.headless(&server.link);
    server.active().await;
    server.cut().await;
    let activated = server.world.lock().unwrap().activated_at;
    assert!(agent.ends().await.success());
    assert!(now() >= activated + 5000, "not before its end");
    assert_eq!(computer.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_the_session_goes_on_after_an_outage_and_after_a_reboot() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let mut agent = computer.headless(&server.link);
    server.active().await;
    server.cut().await;
    server.forget();
    server.back().await;
    server.active().await;

    agent.signal("KILL");
    agent.ends().await;
    server.forget();
    let mut agent = computer.run(computer.autostart());
    server.active().await;

    // A shutdown is no end.
    server.forget();
    agent.signal("TERM");
    assert!(agent.ends().await.success());
    assert!(computer.state().join("host.json").exists());
    let _agent = computer.run(computer.autostart());
    server.active().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r13_ended_while_it_was_off_it_removes_itself_at_the_next_log_in() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.headless(&server.link);
    server.active().await;
    agent.signal("KILL");
    agent.ends().await;
    server.world.lock().unwrap().ended = Some(EndReason::Technician);
    let mut agent = computer.run(computer.autostart());
    assert!(agent.ends().await.success());
    assert_eq!(computer.snapshot(), before);
    server.heard(|message| matches!(message, HostMessage::Removed { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r13_the_customer_ends_from_the_dialogue_or_another_terminal() {
    for by_command in [false, true] {
        let (server, computer) = (Server::start(HOUR).await, Computer::default());
        let before = computer.snapshot();
        let mut agent = computer.join(&server.link, &["--code", CODE, "--consent", "allow"]);
        server.active().await;
        if by_command {
            let status = computer.agent(&["status"]).output().unwrap();
            assert!(status.status.success());
            assert!(String::from_utf8_lossy(&status.stdout).contains("Acme"), "{status:?}");
            assert!(computer.agent(&["end"]).output().unwrap().status.success());
        } else {
            agent.say("end");
        }
        assert!(agent.ends().await.success());
        server.heard(|message| matches!(message, HostMessage::End {})).await;
        server.heard(|message| matches!(message, HostMessage::Removed { .. })).await;
        assert_eq!(computer.snapshot(), before);
        assert_eq!(computer.agent(&["status"]).output().unwrap().status.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_second_join_is_refused_and_the_server_hears_of_it() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let mut first = computer.headless(&server.link);
    server.active().await;
    let mut second = computer.headless(&server.link);
    assert_eq!(second.ends().await.code(), Some(1));
    assert!(second.log().contains("already runs a support session"), "{}", second.log());
    server.heard(|message| matches!(message, HostMessage::AlreadyHosting { .. })).await;

    // Also while the first one's process is not there (after a reboot, before the log-in).
    first.signal("KILL");
    first.ends().await;
    server.forget();
    let other = DeploymentLink { token: hospes_wire::link::LinkToken([6; 16]), ..server.link.clone() };
    assert_eq!(computer.headless(&other).ends().await.code(), Some(1));
    server.heard(|message| matches!(message, HostMessage::AlreadyHosting { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dialogue_shows_who_asks_for_code_and_consent_in_the_invitations_language() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    server.world.lock().unwrap().language = Language::Fr;
    let mut agent = computer.join(&server.link, &[]);
    agent.shows("Tina Tech, de Acme, souhaite vous aider").await;
    agent.shows("NON CONFIRMÉ").await;
    agent.shows("Code de sécurité").await;
    agent.say("12345");
    agent.shows("Un code de sécurité a six chiffres").await;
    agent.say("654321");
    agent.shows("Le code est faux. Essais restants : 4").await;
    agent.say(" 123 456 ");
    agent.shows("Lister et télécharger").await;
    agent.say("peut-être");
    agent.shows("Répondez par").await;
    agent.say("o");
    agent.shows("Envoyer, renommer").await;
    agent.say("n");
    let HostMessage::Consent { classes, unavailable } =
        server.heard(|message| matches!(message, HostMessage::Consent { .. })).await
    else {
        unreachable!()
    };
    use hospes_licence::interface::ConsentClass::{Control, ReadFiles, WriteFiles};
    assert_eq!(
        (classes[&ReadFiles], classes[&WriteFiles], classes[&Control]),
        (ConsentState::Granted, ConsentState::Denied, ConsentState::Ask)
    );
    assert!(unavailable["hospes:desk/screen"].contains("display"), "{unavailable:?}");
    agent.shows("[active jusqu'à").await;
    server.forget();
    agent.say("autoriser write-files");
    agent.shows("L'autoriser maintenant").await;
    agent.say("o");
    let allowed = |message: &HostMessage| matches!(message, HostMessage::Consent { classes, .. } if classes[&WriteFiles] == ConsentState::Granted);
    server.heard(allowed).await;
    agent.say("fin");
    assert!(agent.ends().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_was_cut_goes_on_with_the_same_key() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let mut agent = computer.join(&server.link, &["--code", CODE]);
    agent.shows("List and download files").await;
    agent.signal("KILL");
    agent.ends().await;
    let first = server.world.lock().unwrap().host;
    let _agent = computer.join(&server.link, &["--headless", "--consent", "allow", "--code", CODE]);
    server.active().await;
    assert_eq!(server.world.lock().unwrap().host, first, "the server takes the code from the same key only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_answers_status_and_ends_when_told() {
    for command in ["end", "uninstall"] {
        let (server, computer) = (Server::start(HOUR).await, Computer::default());
        let before = computer.snapshot();
        let mut agent = computer.join(&server.link, &["--code", CODE]);
        agent.shows("List and download files").await;
        let status = computer.agent(&["status"]).output().unwrap();
        assert!(String::from_utf8_lossy(&status.stdout).contains("setting-up"), "{status:?}");
        assert!(computer.agent(&[command]).output().unwrap().status.success());
        assert_eq!(agent.ends().await.code(), Some(1));
        assert_eq!(computer.snapshot(), before, "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r13_a_set_up_that_is_stopped_after_the_code_tells_the_server() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.join(&server.link, &["--code", CODE]);
    agent.shows("List and download files").await;
    agent.signal("INT");
    assert_eq!(agent.ends().await.code(), Some(1));
    assert_eq!(computer.snapshot(), before);
    let heard = server.heard(|message| matches!(message, HostMessage::Removed { .. })).await;
    let HostMessage::Removed { undone } = heard else { unreachable!() };
    assert!(undone.iter().any(|line| line.contains("host.json")), "{undone:?}");

    // Out of reach, it is removed all the same.
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.join(&server.link, &["--code", CODE]);
    agent.shows("List and download files").await;
    server.cut().await;
    agent.signal("INT");
    assert_eq!(agent.ends().await.code(), Some(1));
    assert_eq!(computer.snapshot(), before);

    // Before the code was right there is nobody to tell.
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.join(&server.link, &[]);
    agent.shows("Security code").await;
    agent.signal("INT");
    assert_eq!(agent.ends().await.code(), Some(1));
    assert_eq!(computer.snapshot(), before);
    let told = |message: &HostMessage| matches!(message, HostMessage::Resume { .. } | HostMessage::Removed { .. });
    assert!(!server.world.lock().unwrap().heard.iter().any(told));
}

#[tokio::test(flavor = "multi_thread")]
async fn r13_what_cannot_be_removed_is_said() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let mut agent = computer.join(&server.link, &["--code", CODE]);
    agent.shows("List and download files").await;
    let odd = computer.state().join("lease.json");
    std::fs::create_dir(&odd).unwrap();
    agent.signal("INT");
    assert_eq!(agent.ends().await.code(), Some(1));
    assert!(agent.log().contains(&format!("could not remove {}", odd.display())), "{}", agent.log());
    assert!(odd.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_over_while_the_computer_was_off_the_server_gets_the_receipt() {
    let (server, computer) = (Server::start(Duration::from_secs(4)).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.headless(&server.link);
    server.active().await;
    agent.signal("KILL");
    agent.ends().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    server.forget();
    let mut agent = computer.run(computer.autostart());
    assert!(agent.ends().await.success());
    server.heard(|message| matches!(message, HostMessage::Removed { .. })).await;
    assert_eq!(computer.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_lie_in_the_state_directory_already_are_left_alone() {
    for name in ["journal", "lease.json", "hospes-agent", "cache"] {
        let (server, computer) = (Server::start(HOUR).await, Computer::default());
        std::fs::create_dir_all(computer.state()).unwrap();
        std::fs::write(computer.state().join(name), "the user's own\n").unwrap();
        let mut agent = computer.headless(&server.link);
        assert_eq!(agent.ends().await.code(), Some(1), "{name}");
        assert!(agent.log().contains("--state"), "{name}: {}", agent.log());
        assert_eq!(std::fs::read(computer.state().join(name)).unwrap(), b"the user's own\n", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_was_cut_is_finished_by_the_next_start() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let mut agent = computer.headless(&server.link);
    server.active().await;
    agent.signal("KILL");
    agent.ends().await;
    // As a removal leaves it that was killed half-way: some things are gone, the journal is not.
    std::fs::remove_dir_all(computer.state().join("cache")).unwrap();
    std::fs::remove_file(computer.state().join("lease.json")).unwrap();
    std::fs::remove_file(computer.state().join("host.json")).unwrap();
    let mut agent = computer.run(computer.autostart());
    agent.ends().await;
    assert_eq!(computer.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_reads_its_link_from_its_name_and_removes_itself() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let download = computer.home().join(format!("{} (1)", server.link.file_name()));
    std::fs::copy(env!("CARGO_BIN_EXE_hospes-agent"), &download).unwrap();
    let mut command = computer.command(&download);
    command.env("XDG_STATE_HOME", computer.home().join(".local/state"));
    let mut agent = computer.run(command);
    agent.shows("Security code").await;
    agent.say(CODE);
    agent.shows("List and download files").await;
    agent.say("y");
    agent.shows("Upload, rename").await;
    agent.say("n");
    server.active().await;
    agent.say("end");
    assert!(agent.ends().await.success());
    assert_eq!(computer.snapshot(), before, "the download is gone too");
}

/// The download as a file manager starts it: a display, no terminal; `programs` is all that is on the PATH.
fn double_click(server: &Server, computer: &Computer, programs: &Path) -> Command {
    let download = computer.home().join(server.link.file_name());
    std::fs::copy(env!("CARGO_BIN_EXE_hospes-agent"), &download).unwrap();
    let mut command = computer.command(&download);
    command.env("XDG_STATE_HOME", computer.home().join(".local/state"));
    command.env("DISPLAY", ":no-display").env("PATH", programs).stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_download_that_is_double_clicked_opens_its_dialogue_in_a_terminal() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let before = computer.snapshot();
    let programs = tempfile::tempdir().unwrap();
    // A terminal in which the customer types; the first one does not start, another one is installed.
    let (typed, shown) = (programs.path().join("typed"), programs.path().join("shown"));
    std::fs::write(&typed, format!("{CODE}\ny\nn\n")).unwrap();
    let terminal = format!("#!/bin/sh\nshift\nexec \"$@\" <{} >{} 2>&1\n", typed.display(), shown.display());
    for (name, script) in [("x-terminal-emulator", "#!/bin/sh\nexit 1\n"), ("xterm", terminal.as_str())] {
        let path = programs.path().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let clicked = double_click(&server, &computer, programs.path()).output().unwrap();
    assert!(clicked.status.success(), "{clicked:?}");
    server.active().await;
    let text = std::fs::read_to_string(&shown).unwrap();
    assert!(text.contains("Tina Tech of Acme") && text.contains("Security code"), "{text}");
    server.tell(ServerMessage::Ended { reason: EndReason::Technician }).await;
    server.heard(|message| matches!(message, HostMessage::Removed { .. })).await;
    assert_eq!(computer.snapshot(), before, "the download is gone too");

    // Refused (the link was used): the window stays until the customer has read why.
    assert!(double_click(&server, &computer, programs.path()).output().unwrap().status.success());
    let start = std::time::Instant::now();
    while !std::fs::read_to_string(&shown).unwrap().contains("Press Enter to close") {
        assert!(start.elapsed() < peer::SOON, "{}", std::fs::read_to_string(&shown).unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_without_any_terminal_says_what_to_do() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let programs = tempfile::tempdir().unwrap();
    let clicked = double_click(&server, &computer, programs.path()).output().unwrap();
    assert_eq!(clicked.status.code(), Some(1));
    let reason = String::from_utf8(clicked.stderr).unwrap();
    assert!(reason.contains("Open a terminal window and run there: "), "{reason}");
    assert!(reason.contains(&server.link.file_name()), "{reason}");
    assert!(!computer.home().join(".local/state/hospes-agent").exists());
}

#[test]
fn wrong_usage_exits_with_2() {
    let computer = Computer::default();
    for arguments in [
        &["join"][..],
        &["join", "http://example.com/s/abc"],
        &["join", "https://example.com/s/abc", "--root", "nothing"],
        &["join", "https://example.com/s/abc", "--consent", "perhaps"],
        &["dance"],
    ] {
        let output = computer.command(env!("CARGO_BIN_EXE_hospes-agent")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty());
    }
    assert_eq!(computer.command(env!("CARGO_BIN_EXE_hospes-agent")).output().unwrap().status.code(), Some(2));
}
