//! Where things are.

use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// The checkout and its target directory.
pub(crate) struct House {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

/// A first-party plugin: its folder below `plugins/` and the file that cargo makes of it.
pub(crate) const PLUGINS: [(&str, &str); 5] = [
    ("dashboard", "hospes_plugin_dashboard.wasm"),
    ("file-manager", "hospes_plugin_file_manager.wasm"),
    ("notify-email", "hospes_plugin_notify_email.wasm"),
    ("notify-webhook", "hospes_plugin_notify_webhook.wasm"),
    ("remote-control", "hospes_plugin_remote_control.wasm"),
];

/// A crate for the browser: package, the file that cargo makes of it, where the page's build looks for it.
pub(crate) const BROWSER_CRATES: [(&str, &str, &str); 2] = [
    ("hospes-pake-web", "hospes_pake_web.wasm", "core/console/src/generated/pake.wasm"),
    ("hospes-tiles-web", "hospes_tiles_web.wasm", "plugins/remote-control/ui/src/generated/tiles.wasm"),
];

impl House {
    pub(crate) fn find() -> Result<Self> {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("cargo metadata cannot be started")?;
        anyhow::ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let path = |key: &str| metadata[key].as_str().map(PathBuf::from).with_context(|| format!("no {key}"));
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// Signed plugins, embedded in `hospes`.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.target.join("hospes-plugins")
    }

    /// The built console, embedded in `hospes`.
    pub(crate) fn console(&self) -> PathBuf {
        self.root.join("core/console/dist")
    }

    /// An executable of the workspace.
    pub(crate) fn executable(&self, name: &str, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" }).join(name)
    }
}
