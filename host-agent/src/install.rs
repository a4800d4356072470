//! What the host makes on the customer's computer, and how all of it goes again.

use crate::disk;
use crate::journal::{self, Journal, Thing};
use crate::kept::Kept;
use crate::mark;
use crate::place::{self, Place};
use crate::texts;
use hospes_wire::link::DeploymentLink;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Makes the state directory with journal and key: everything that a later start needs to go on or to clean up. What
/// will be made is noted in the order in which it may be undone last to first: the way back to this program (the
/// autostart entry and its executable) goes after what has no other use.
pub(crate) fn prepare(place: &Place, kept: &Kept) -> io::Result<Journal> {
    let missing = disk::missing_directories(place.dir());
    for path in &missing {
        disk::create_directory(path)?;
    }
    let journal = Journal::open(&place.journal())?;
    refuse_foreign(place, &journal)?;
    for path in missing {
        journal.note(Thing::Directory { path })?;
    }
    journal.note(Thing::File { path: place.kept() })?;
    journal.note(Thing::File { path: place.executable() })?;
    if let Some(entry) = autostart_entry(kept) {
        for path in entry.parent().map(disk::missing_directories).unwrap_or_default() {
            journal.note(Thing::Directory { path })?;
        }
        journal.note(Thing::File { path: entry })?;
    }
    for path in place.notes() {
        journal.note(Thing::File { path })?;
    }
    journal.note(Thing::Tree { path: place.cache() })?;
    if let Some(path) = mark::own(place) {
        journal.note(Thing::File { path })?;
    }
    kept.save(place)?;
    Ok(journal)
}

/// What lies in the directory already and is not in the journal is somebody else's: it would be overwritten now and
/// removed at the end.
fn refuse_foreign(place: &Place, journal: &Journal) -> io::Result<()> {
    let noted = journal.things();
    let foreign = |path: &PathBuf| path.symlink_metadata().is_ok() && !noted.iter().any(|thing| thing.path() == path);
    let mut all = place.notes().into_iter().chain([place.kept(), place.executable(), place.cache()]);
    match all.find(foreign) {
        None => Ok(()),
        Some(path) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("{} is there already and not this host's; name another directory with --state", path.display()),
        )),
    }
}

/// The copy of this executable, the cache, and the autostart entry that brings the host back at the next log-in (R11).
/// All of it was noted by [`prepare`].
pub(crate) fn install(place: &Place, kept: &Kept) -> io::Result<Result<(), String>> {
    let own = std::env::current_exe()?;
    let copy = place.executable();
    if own != copy {
        let beside = disk::unfinished(&copy);
        disk::copy_program(&own, &beside)?;
        fs::File::open(&beside)?.sync_all()?;
        fs::rename(&beside, &copy)?;
        disk::sync_parent(&copy)?;
    }
    disk::own_directory(&place.cache())?;
    Ok(autostart(place, kept, &copy))
}

/// The host goes on without the entry, but the customer is told.
fn autostart(place: &Place, kept: &Kept, program: &Path) -> Result<(), String> {
    let entry = autostart_entry(kept).ok_or_else(|| "HOME is not set".to_owned())?;
    let text = entry_text(place, program)?;
    let make = || -> io::Result<()> {
        for path in entry.parent().map(disk::missing_directories).unwrap_or_default() {
            disk::create_directory(&path)?;
        }
        disk::write(&entry, text.as_bytes(), 0o600)
    };
    make().map_err(|error| format!("{}: {error}", entry.display()))
}

/// Notes the executable that runs for removal, when it is a download whose name carries a token: any other executable is
/// not the host's to remove.
pub(crate) fn note_download(journal: &Journal) -> io::Result<()> {
    let own = std::env::current_exe()?;
    let carries = own.file_name().and_then(|n| n.to_str()).is_some_and(|n| DeploymentLink::from_file_name(n).is_ok());
    if carries { journal.note(Thing::Download { path: own }) } else { Ok(()) }
}

/// `~/.config/autostart/hospes-agent-ID.desktop`; ID is the start of the host's public key.
fn autostart_entry(kept: &Kept) -> Option<PathBuf> {
    let key = kept.key().public().to_string();
    let id = key.get(..16).unwrap_or(&key);
    place::xdg("XDG_CONFIG_HOME", ".config").map(|dir| dir.join(format!("autostart/hospes-agent-{id}.desktop")))
}

fn entry_text(place: &Place, program: &Path) -> Result<String, String> {
    let program = desktop_argument(program)?;
    let state = desktop_argument(place.dir())?;
    let scope = if place.scoped() { format!(" --state {state}") } else { String::new() };
    Ok(format!(
        "[Desktop Entry]\nType=Application\nName=Hospes support session\n\
         Name[fr]=Session d'assistance Hospes\nName[es]=Sesión de asistencia Hospes\n\
         Comment=Runs until the end of the support session, then removes itself\n\
         Exec={program} resume{scope}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
    ))
}

/// An argument of an `Exec` line by the Desktop Entry specification: quoted, reserved characters escaped twice (once for
/// the string, once for the quotes), `%` doubled.
fn desktop_argument(path: &Path) -> Result<String, String> {
    let text = path
        .to_str()
        .filter(|text| !text.contains(['\n', '\r']))
        .ok_or_else(|| format!("the path {} cannot stand in an autostart entry", path.display()))?;
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '`' | '$' => out.extend(['\\', '\\', c]),
            '\\' => out.push_str("\\\\\\\\"),
            '%' => out.push_str("%%"),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

/// What a cut removal or set-up left in this place is undone now: the lines of what was undone. An empty directory that
/// was named with `--state` is the user's and stays.
pub(crate) fn remove(place: &Place) -> io::Result<Vec<String>> {
    Ok(Journal::open(&place.journal())?.undo())
}

/// As [`remove`]; what could not be removed is said on stderr.
pub(crate) fn remove_or_say(place: &Place) -> io::Result<Vec<String>> {
    let lines = remove(place)?;
    for line in journal::left(&lines) {
        // The window may be closed already; the removal goes on all the same.
        let _ = writeln!(io::stderr(), "hospes-agent: {}", texts::harmless(line));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_an_exec_line_are_quoted() {
        for (path, expect) in
            [("/a/b", "\"/a/b\""), ("/a b/50%", "\"/a b/50%%\""), (r#"/q"$`\"#, "\"/q\\\\\"\\\\$\\\\`\\\\\\\\\"")]
        {
            assert_eq!(desktop_argument(Path::new(path)).as_deref(), Ok(expect));
        }
        assert!(desktop_argument(Path::new("/new\nline")).is_err());
    }
}
