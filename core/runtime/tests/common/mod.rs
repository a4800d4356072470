//! What the runtime's tests share: signed plugins, a gate that is set by hand, an open channel.

#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helper")]

use bytes::Bytes;
use hospes_licence::key::{KeyPair, PublicKey};
use hospes_licence::plugin_file;
use hospes_runtime::gate::{Denial, Gate, Verdict};
use hospes_runtime::provider::Providers;
use hospes_runtime::{Budgets, ChannelContext, Outcome, Plugin, Runtime, RuntimeError, SessionInfo, Settings};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub fn publisher() -> KeyPair {
    KeyPair::from_secret(&[0x42; 32])
}

pub fn publishers() -> Vec<PublicKey> {
    vec![publisher().public()]
}

pub fn manifest(id: &str, interfaces: &[&str]) -> String {
    let list: Vec<String> = interfaces.iter().map(|name| format!("{name:?}")).collect();
    format!(
        "id = \"{id}\"\nversion = \"0.1.0\"\nkind = \"capability\"\npublisher = \"test\"\nmin-host = \"0.1\"\n\
         title = {{ en = \"{id}\" }}\n[tiers]\n\"{id}\" = [{}]\n",
        list.join(", ")
    )
}

pub fn packed(component: &[u8], manifest: &str) -> Vec<u8> {
    plugin_file::pack(component, manifest, &BTreeMap::new()).unwrap()
}

/// A signed plugin file of one of the components in `tests/hostile`.
pub fn signed(name: &str, interfaces: &[&str]) -> Vec<u8> {
    let component = hospes_hostile::component(name).unwrap();
    plugin_file::sign(&packed(&component, &manifest(name, interfaces)), &publisher()).unwrap()
}

pub fn runtime() -> Arc<Runtime> {
    Arc::new(Runtime::new(&Settings::default()).unwrap())
}

pub async fn load(runtime: &Arc<Runtime>, name: &str, interfaces: &[&str]) -> Result<Arc<Plugin>, RuntimeError> {
    runtime.load(signed(name, interfaces), &publishers()).await.map(Arc::new)
}

/// Says what it was told to say about an interface; everything else is allowed. Counts questions.
#[derive(Default)]
pub struct TestGate {
    pub verdicts: Mutex<BTreeMap<String, Verdict>>,
    pub answer: Mutex<Option<Verdict>>,
    pub asked: Mutex<Vec<String>>,
}

impl TestGate {
    pub fn set(&self, interface: &str, verdict: Verdict) {
        self.verdicts.lock().unwrap().insert(interface.into(), verdict);
    }
}

impl Gate for TestGate {
    fn verdict(&self, interface: &str) -> Verdict {
        self.verdicts.lock().unwrap().get(interface).cloned().unwrap_or(Verdict::Allow)
    }

    fn ask<'a>(&'a self, interface: &'a str) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        self.asked.lock().unwrap().push(interface.into());
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move {
            match answer {
                Some(verdict) => verdict,
                None => std::future::pending().await,
            }
        })
    }

    fn unlocked(&self) -> Vec<String> {
        vec!["hospes:files/read".into(), "hospes:files/write".into()]
    }
}

pub struct Open {
    pub to: Option<mpsc::Sender<Bytes>>,
    pub from: mpsc::Receiver<Bytes>,
    pub cancel: CancellationToken,
    pub gate: Arc<TestGate>,
    pub done: JoinHandle<Outcome>,
}

pub fn open_with(runtime: &Arc<Runtime>, plugin: &Arc<Plugin>, budgets: Budgets, providers: Providers) -> Open {
    let (to, incoming) = mpsc::channel(8);
    let (outgoing, from) = mpsc::channel(8);
    let (cancel, gate) = (CancellationToken::new(), Arc::new(TestGate::default()));
    let info = SessionInfo {
        id: "session-1".into(),
        company: "Demo".into(),
        technician: "Tess".into(),
        capability: plugin.manifest.id.clone(),
        lease_ends: 86_400_000,
        language: "en".into(),
    };
    let context = ChannelContext {
        info,
        request: "{\"path\":\"x\"}".into(),
        gate: Arc::clone(&gate) as Arc<dyn Gate>,
        providers,
        licence: None,
        incoming,
        outgoing,
        cancel: cancel.clone(),
        budgets,
    };
    let (runtime, plugin) = (Arc::clone(runtime), Arc::clone(plugin));
    let done = tokio::spawn(async move { runtime.run(&plugin, context).await });
    Open { to: Some(to), from, cancel, gate, done }
}

pub fn open(runtime: &Arc<Runtime>, plugin: &Arc<Plugin>) -> Open {
    open_with(runtime, plugin, Budgets::default(), Providers::default())
}

impl Open {
    pub async fn send(&self, message: &str) {
        self.to.as_ref().unwrap().send(Bytes::copy_from_slice(message.as_bytes())).await.unwrap();
    }

    pub async fn recv(&mut self) -> String {
        let message = soon(self.from.recv()).await.expect("the plugin finished");
        String::from_utf8(message.to_vec()).unwrap()
    }

    pub async fn ask(&mut self, message: &str) -> String {
        self.send(message).await;
        self.recv().await
    }

    pub async fn close(mut self) -> Outcome {
        drop(self.to.take());
        soon(self.done).await.unwrap()
    }
}

/// What does not happen within 60 s does not happen.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it takes too long")
}

pub fn denied(denial: Denial) -> Verdict {
    Verdict::Deny(denial)
}
