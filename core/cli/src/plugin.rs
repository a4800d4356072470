//! `hospes plugin`: from what a compiler made to what a server runs.

mod report;

use crate::operator::{self, Config};
use crate::output::Format;
use crate::{input, keyfile};
use anyhow::{Context, Result, bail, ensure};
use hospes_licence::plugin_file::{self, MAX_FILE, Pages, pack, sign, verify};
use hospes_server::plugins::Plugins;
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PluginCommand {
    /// Pack a component with its manifest and page, and sign it
    Sign(Sign),
    /// Show what a plugin is, what it imports and who signed it
    Inspect(Inspect),
    /// Check a plugin as a host would before it runs it
    Check(Inspect),
    /// Put a plugin where the server takes it from at its next start
    Install(Install),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// The component that the compiler made (wasm32-wasip2), or an unsigned packed file
    file: PathBuf,
    /// The publisher's key file; `hospes licence keygen --out FILE` makes one
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The plugin's manifest (plugin.toml); needed unless the file is packed already
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The built page's directory; its files are named ui/... in the plugin
    #[arg(long, value_name = "DIR", requires = "manifest")]
    ui: Option<PathBuf>,
    /// Where to write [default: NAME-VERSION.hospes.wasm here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// The plugin file
    file: PathBuf,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Install {
    /// The plugin file, signed by a publisher that the server trusts
    file: PathBuf,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

pub(crate) fn run(command: PluginCommand, data: Option<&Path>) -> Result<()> {
    match command {
        PluginCommand::Sign(args) => make(&args),
        PluginCommand::Inspect(args) => {
            let report = report::read(&component(&args.file)?)?;
            args.format.print(&report, || report.text())
        }
        PluginCommand::Check(args) => check(&args),
        PluginCommand::Install(args) => install(&args, data),
    }
}

fn make(args: &Sign) -> Result<()> {
    let key = keyfile::read(&args.key)?;
    let bytes = component(&args.file)?;
    let packed = match &args.manifest {
        None => bytes,
        Some(manifest) => {
            let text = input::text(manifest)?;
            let pages = args.ui.as_deref().map_or(Ok(Pages::new()), pages)?;
            pack(&bytes, &text, &pages).with_context(|| format!("{} was not packed", args.file.display()))?
        }
    };
    let signed = sign(&packed, &key).with_context(|| {
        let hint = if args.manifest.is_none() { "; give its manifest with --manifest plugin.toml" } else { "" };
        format!("{} was not signed{hint}", args.file.display())
    })?;
    let file = verify(signed)?;
    hospes_runtime::inspect::inspect(&file.bytes, &file.manifest).context("no host would run it")?;
    let out = args.out.clone().unwrap_or_else(|| file.file_name().into());
    write(&out, &file.bytes)?;
    let document = json!({ "file": out, "id": file.manifest.id, "version": file.manifest.version, "hash": file.hash,
        "publisher_key": file.publisher_key.to_string() });
    args.format.print(&document, || format!("{}\nhash {}\nsigned by {}", out.display(), file.hash, file.publisher_key))
}

fn check(args: &Inspect) -> Result<()> {
    let report = report::read(&component(&args.file)?)?;
    let problems = report.problems();
    ensure!(problems.is_empty(), "{} would be refused:\n  {}", args.file.display(), problems.join("\n  "));
    args.format.print(&report, || format!("{} is in order", args.file.display()))
}

fn install(args: &Install, data: Option<&Path>) -> Result<()> {
    let settings = args.config.settings(data)?;
    let bytes = component(&args.file)?;
    let refused = || format!("{} was not installed", args.file.display());
    let file = verify(bytes.clone()).with_context(refused)?;
    hospes_runtime::inspect::inspect(&file.bytes, &file.manifest).with_context(refused)?;
    // The server's own judgement, with its own list of publishers.
    let mut plugins = Plugins::load(None, &settings.publishers, &[])?;
    plugins.add(&args.file.display().to_string(), bytes).with_context(|| {
        let key = file.publisher_key;
        format!("{}: to trust this publisher, add its key to the setting `publishers`: [\"{key}\"]", refused())
    })?;
    let directory = operator::plugins(&settings);
    std::fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let place = directory.join(file.file_name());
    let replaced = others(&directory, &file.manifest.id, &place)?;
    write(&place, &file.bytes)?;
    for old in &replaced {
        std::fs::remove_file(old).with_context(|| format!("the older version {} cannot be removed", old.display()))?;
    }
    let document = json!({ "file": place, "id": file.manifest.id, "version": file.manifest.version, "hash": file.hash,
        "replaced": replaced });
    args.format.print(&document, || {
        format!(
            "installed {} {} as {}; the server takes it at its next start",
            file.manifest.id,
            file.manifest.version,
            place.display()
        )
    })
}

/// Other files of the directory that hold the same plugin: two versions at once would leave it to the file names which
/// one runs.
fn others(directory: &Path, id: &str, place: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(|| format!("{} cannot be read", directory.display()))? {
        let path = entry?.path();
        let plugin = path != place && path.to_string_lossy().ends_with(".hospes.wasm");
        if plugin && plugin_file::claimed(&component(&path)?).is_ok_and(|(manifest, _)| manifest.id == id) {
            found.push(path);
        }
    }
    Ok(found)
}

/// A file's bytes, not more than a plugin may have.
fn component(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes));
    read.with_context(|| format!("{} cannot be read", path.display()))?;
    ensure!(bytes.len() <= MAX_FILE, "{} is longer than the {MAX_FILE} bytes that a plugin may have", path.display());
    Ok(bytes)
}

/// The built page, each file under `ui/`.
fn pages(directory: &Path) -> Result<Pages> {
    let mut pages = Pages::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let Some(name) = path.strip_prefix(directory)?.to_str() else {
                bail!("{} has a name that is not text", path.display());
            };
            pages.insert(format!("ui/{}", name.replace('\\', "/")), component(&path)?);
        }
    }
    Ok(pages)
}

/// Beside its place first, so that a server that starts just now never finds half a file.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let written = std::fs::write(&draft, bytes).and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        // Nothing half-made stays behind; the first error is the one that matters.
        let _ = std::fs::remove_file(&draft);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}
