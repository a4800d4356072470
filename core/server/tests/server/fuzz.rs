//! Fuzz target: whatever a hostile host says, before and after it has proved its key, costs its own connection at most.
//! The server goes on answering, and what it shows of the host to a technician is text that can be seen.

use crate::support::{Host, Site, Technician, link_of};
use hospes_fuzz::Corpus;
use hospes_licence::interface::ConsentClass;
use hospes_licence::key::PublicKey;
use hospes_session::model::HostFacts;
use hospes_wire::channel::Fetch;
use hospes_wire::control::{ConsentState, HostMessage, ServerMessage};
use hospes_wire::message::{from_frame, to_frame};
use hospes_wire::problem::Problem;
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Panics of the server's tasks, which would otherwise only end a connection.
static PANICS: AtomicU32 = AtomicU32::new(0);

struct Scene {
    _site: Site,
    technician: Technician,
    prepared: Value,
}

impl Scene {
    async fn new() -> Self {
        let site = Site::start_with(|settings| settings.rate_limits.codes_per_minute = 1_000_000).await;
        let technician = site.demo().await;
        let mut scene = Self { _site: site, technician, prepared: Value::Null };
        scene.join().await;
        scene
    }

    /// A session with a host that has proved its key.
    async fn join(&mut self) {
        self.prepared = self.technician.prepare().await;
        let mut host = Host::dial(&self.prepared, [9; 32]).await;
        host.join(self.prepared["security_code"].as_str().unwrap()).await;
    }

    fn id(&self) -> String {
        self.prepared["id"].as_str().unwrap().to_owned()
    }

    async fn play(&mut self, corpus: &Corpus, script: &[u8]) {
        let (first, script) = script.split_first().map_or((0, script), |(first, rest)| (*first, rest));
        let mut host = Host::dial(&self.prepared, [9; 32]).await;
        if first & 1 == 1 {
            host.resume(&self.id()).await;
        }
        let pieces = script.chunks(script.len().div_ceil(3).max(1));
        for message in pieces.map(|piece| corpus.edited(piece)) {
            // A connection that the server has closed is an answer too.
            let _closed = match first >> 1 & 3 {
                0 => host.sender.send_raw(message).await,
                1 => match host.connection.open_stream().await {
                    Ok(mut stream) => stream.send(message).await,
                    Err(error) => Err(error),
                },
                _ => host.sender.send(message).await,
            };
        }
        // Once this is answered, what was said before it has been heard.
        let facts = HostFacts { os: "Debian 13".into(), hostname: "desk".into(), agent: "0.1.0".into() };
        let _closed = host.sender.send(to_frame(&HostMessage::Hello { v: 1, facts }).unwrap()).await;
        if first >> 1 & 3 == 0 {
            // Half a frame would wait for its rest.
            let _closed = host.sender.finish().await;
        }
        while let Ok(Some(frame)) = host.receiver.recv().await {
            if matches!(from_frame(&frame), Ok(ServerMessage::Welcome { .. })) {
                break;
            }
        }
        let mut next = Host::dial(&self.prepared, [8; 32]).await;
        let token = link_of(&self.prepared).token.0;
        next.ask(HostMessage::LookUp { token }).await;
        let (status, shown) = self.technician.get(&format!("/sessions/{}", self.id())).await;
        assert_eq!(status, 200, "{shown}");
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a task of the server panicked");
        seen(&shown);
        let (_, capabilities) = self.technician.get(&format!("/sessions/{}/capabilities", self.id())).await;
        seen(&capabilities);
        drop(host);
        if shown["state"] == "ended" {
            self.join().await;
        }
    }
}

/// No text of a host turns, hides or ends a line.
fn seen(shown: &Value) {
    match shown {
        Value::String(text) => {
            assert!(!text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{text:?}")
        }
        Value::Array(values) => values.iter().for_each(seen),
        Value::Object(values) => values.values().for_each(seen),
        _ => {}
    }
}

#[test]
fn fuzz_hostile_host() {
    let frame = |message: &HostMessage| to_frame(message).unwrap();
    let (host_key, proof) = (PublicKey([3; 32]), [4; 64]);
    let facts = HostFacts { os: "Debian 13".into(), hostname: "desk".into(), agent: "0.1.0".into() };
    let classes = ConsentClass::ALL.into_iter().map(|class| (class, ConsentState::Ask)).collect();
    let unavailable = BTreeMap::from([("hospes:desk/screen".into(), "no display".into())]);
    // What is shown to a technician, with what could turn or end the line.
    let classes_again: BTreeMap<_, _> =
        ConsentClass::ALL.into_iter().map(|class| (class, ConsentState::Granted)).collect();
    let odd = ["hospes:files/read", "hospes:files/write", "hospes:desk/screen", "hospes:desk/input"];
    let odd = odd.into_iter().map(|name| (name.into(), "no\u{202e}such\u{1b}[31m\ndisk".into())).collect();
    let channel = "0190163d-8694-739b-aea5-966c26f8ad91".to_owned();
    let problem = Some(Problem::new("plugin-crashed", 500, "It crashed"));
    let seeds = [
        ("hello", frame(&HostMessage::Hello { v: 1, facts })),
        ("pair", frame(&HostMessage::Pair { token: [9; 16], code: "123456".into(), host_key, proof })),
        ("installed", frame(&HostMessage::Installed {})),
        ("resume", frame(&HostMessage::Resume { session: channel.clone(), host_key, proof })),
        ("already-hosting", frame(&HostMessage::AlreadyHosting { token: [9; 16] })),
        ("consent", frame(&HostMessage::Consent { classes, unavailable })),
        ("consent-odd", frame(&HostMessage::Consent { classes: classes_again, unavailable: odd })),
        ("channel-closed", frame(&HostMessage::ChannelClosed { channel, problem })),
        ("end", frame(&HostMessage::End {})),
        ("removed", frame(&HostMessage::Removed { undone: vec!["autostart".into()] })),
        ("fetch", to_frame(&Fetch::Component { hash: "ab".repeat(32) }).unwrap()),
    ];
    let corpus = Corpus::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server"), "hostile_host", &seeds);
    let runtime = Runtime::new().unwrap();
    let scene = AssertUnwindSafe(std::sync::Mutex::new(runtime.block_on(Scene::new())));
    let runtime = AssertUnwindSafe(runtime);
    let counted = std::sync::Once::new();
    bolero::check!(name = "hostile_host").for_each(|input: &[u8]| {
        counted.call_once(|| {
            let own = std::thread::current().id();
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if std::thread::current().id() != own {
                    PANICS.fetch_add(1, Ordering::Relaxed);
                }
                before(info);
            }));
        });
        let (runtime, scene) = (&runtime, &scene);
        let mut scene = scene.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        runtime.block_on(async {
            let played = tokio::time::timeout(Duration::from_secs(60), scene.play(&corpus, input)).await;
            assert!(played.is_ok(), "the server does not answer any more");
        });
    });
}
