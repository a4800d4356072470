//! The operating system's log: systemd's journal, through `journalctl`.

use super::command;
use hospes_runtime::provider::system::{Event, Severity};
use hospes_runtime::provider::{Error, Result};
use std::path::{Path, PathBuf};

/// Longest message, in bytes.
const LONGEST: usize = 4 << 10;

/// The journal's command, or why there is none.
pub(super) fn journal() -> Result<PathBuf, String> {
    let kept = |place: &str| std::fs::read_dir(Path::new(place)).is_ok_and(|mut entries| entries.next().is_some());
    if !kept("/var/log/journal") && !kept("/run/log/journal") {
        return Err("this computer keeps no systemd journal".to_owned());
    }
    command::find("journalctl").ok_or_else(|| "there is no journalctl on this computer".to_owned())
}

/// The newest entries, or those from that place on, and where older ones go on.
pub(super) fn read(next: Option<&str>, count: u32) -> Result<(Vec<Event>, Option<String>)> {
    let journalctl = journal().map_err(Error::Unavailable)?;
    // One more than is wanted: it is where the next page begins.
    let lines = format!("--lines={}", count.saturating_add(1));
    let mut arguments = vec!["--output=json", "--reverse", "--quiet", "--no-pager", &lines];
    let cursor = next.map(place).transpose()?;
    arguments.extend(cursor.as_deref());
    let output = command::run(&journalctl, &arguments)?;
    Ok(parse(&output, count))
}

/// The argument for a place that was handed out. Only what a cursor is made of passes.
fn place(next: &str) -> Result<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b';');
    if next.is_empty() || !next.bytes().all(plain) {
        return Err(Error::Invalid("not a place in this log".to_owned()));
    }
    Ok(format!("--cursor={next}"))
}

fn parse(output: &[u8], count: u32) -> (Vec<Event>, Option<String>) {
    let mut events = Vec::new();
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Ok(entry) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
        let text = |key: &str| field(entry.get(key));
        if events.len() >= usize::try_from(count).unwrap_or(usize::MAX) {
            return (events, text("__CURSOR"));
        }
        let micros: u64 = text("__REALTIME_TIMESTAMP").and_then(|text| text.parse().ok()).unwrap_or(0);
        let sources = ["SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_COMM"];
        events.push(Event {
            at: micros / 1000,
            source: sources.iter().find_map(|key| text(key)).unwrap_or_default(),
            severity: match text("PRIORITY").as_deref() {
                Some("0" | "1" | "2") => Severity::Critical,
                Some("3") => Severity::Error,
                Some("4") => Severity::Warning,
                Some("7") => Severity::Debug,
                _ => Severity::Info,
            },
            message: text("MESSAGE").unwrap_or_default(),
        });
    }
    (events, None)
}

/// A field as text: a string, bytes where it is none (a colour, another encoding), the first of several.
fn field(value: Option<&serde_json::Value>) -> Option<String> {
    let mut text = match value? {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(parts) => match parts.first()? {
            serde_json::Value::Number(_) => {
                let bytes: Vec<u8> = parts.iter().filter_map(|part| u8::try_from(part.as_u64()?).ok()).collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            first => return field(Some(first)),
        },
        _ => return None,
    };
    text.truncate(text.floor_char_boundary(LONGEST));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = r#"{"__CURSOR":"s=1;i=3","__REALTIME_TIMESTAMP":"1700000000123456","PRIORITY":"3","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"it broke"}
{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1700000000000000","PRIORITY":"6","_COMM":"sh","MESSAGE":[104,255,105]}
not json
{"__CURSOR":"s=1;i=1","MESSAGE":null,"_SYSTEMD_UNIT":["a.service","b.service"]}
"#;

    #[test]
    fn entries_and_where_older_ones_go_on() {
        let (events, next) = parse(OUTPUT.as_bytes(), 2);
        let said: Vec<_> =
            events.iter().map(|event| (event.at, &*event.source, event.severity, &*event.message)).collect();
        assert_eq!(
            said,
            [
                (1_700_000_000_123, "kernel", Severity::Error, "it broke"),
                (1_700_000_000_000, "sh", Severity::Info, "h\u{fffd}i"),
            ]
        );
        assert_eq!(next.as_deref(), Some("s=1;i=1"));
        let (events, next) = parse(OUTPUT.as_bytes(), 3);
        assert_eq!((events.len(), events[2].source.as_str(), next), (3, "a.service", None));
    }

    #[test]
    fn only_a_place_passes_as_a_place() {
        assert_eq!(place("s=1f;i=3;b=0a").unwrap(), "--cursor=s=1f;i=3;b=0a");
        for wrong in ["", "--rotate", "a b", "x\n", "/etc"] {
            assert!(matches!(place(wrong), Err(Error::Invalid(_))), "{wrong:?}");
        }
    }

    #[test]
    fn without_a_journal_the_reason_is_told() {
        match (journal(), read(None, 5)) {
            (Ok(_), Ok((events, _))) => assert!(events.len() <= 5),
            (Err(reason), Err(error)) => assert_eq!(error, Error::Unavailable(reason)),
            (journal, read) => panic!("{journal:?} {read:?}"),
        }
    }
}
