//! The system's own commands: a fixed program with fixed arguments, no shell, an end in time, an answer of bounded length.

use hospes_runtime::provider::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest run of a command.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest output that is read.
const MAX_OUTPUT: u64 = 8 << 20;
/// Longest complaint that is read.
const MAX_COMPLAINT: u64 = 4 << 10;

/// Where a program of the system is. Not looked for along `PATH`: what answers for the system must be the system's.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

/// Runs to its end; its output, or what it complained of.
pub(super) fn run(program: &Path, arguments: &[&str]) -> Result<Vec<u8>, Error> {
    run_for(LIMIT, program, arguments)
}

fn run_for(limit: Duration, program: &Path, arguments: &[&str]) -> Result<Vec<u8>, Error> {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |why: String| Error::Unavailable(format!("{name}: {why}"));
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("SYSTEMD_COLORS", "0")
        .env("SYSTEMD_PAGER", "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    // Read beside the waiting, or a full pipe would keep the command from ending.
    let output = read(child.stdout.take(), MAX_OUTPUT);
    let complaint = read(child.stderr.take(), MAX_COMPLAINT);
    let status = wait(&mut child, limit).map_err(|error| failed(error.to_string()))?;
    let Some(status) = status else { return Err(failed(format!("no answer within {} s", limit.as_secs()))) };
    let output = output.join().unwrap_or_default();
    if status.success() {
        return Ok(output);
    }
    let complaint = String::from_utf8_lossy(&complaint.join().unwrap_or_default()).trim().to_owned();
    Err(failed(if complaint.is_empty() { status.to_string() } else { complaint }))
}

fn read(pipe: Option<impl Read + Send + 'static>, most: u64) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(most).read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Waits, and ends it when the time is over; none then.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<std::process::ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_answers_complains_or_is_ended_in_time() {
        let shell = find("sh").unwrap();
        let check = |script: &str, expect: Result<&str, &str>| {
            let answer = run_for(Duration::from_millis(300), &shell, &["-c", script]);
            let answer = answer.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|error| error.to_string());
            assert_eq!(answer.as_deref().map_err(String::as_str), expect, "{script}");
        };
        check("echo good", Ok("good\n"));
        check("echo bad >&2; exit 3", Err("unavailable: sh: bad"));
        check("exit 3", Err("unavailable: sh: exit status: 3"));
        check("exec sleep 5", Err("unavailable: sh: no answer within 0 s"));
        // More than a pipe holds does not keep it from ending.
        let long = run_for(Duration::from_secs(10), &shell, &["-c", "head -c 1000000 /dev/zero"]);
        assert_eq!(long.unwrap().len(), 1_000_000);
        assert_eq!(find("no-such-program"), None);
    }
}
