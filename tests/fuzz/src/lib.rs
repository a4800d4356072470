//! What the rooms' fuzz targets (`tests/fuzz.rs` of each) share: a kept corpus, and edits of it.
//!
//! Every target is a normal test: it plays what is in `tests/__fuzz__/TARGET/corpus` and, for a second, inputs of its
//! own making. Random bytes hardly ever look like a message, so each target also takes its input as a list of edits of a
//! kept one ([`Corpus::edited`]). Where a fuzzer that watches the code's paths is at hand (`cargo bolero test -p ROOM
//! TARGET`), it starts from the same corpus. An input that broke something stays in `tests/__fuzz__/TARGET/crashes`.
//!
//! `BOLERO_RANDOM_TEST_TIME_MS` makes the second longer, `UPDATE_CORPUS=1` writes the seeds anew after a message
//! changed.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "helps tests: a corpus that is not right fails them")]

use std::collections::BTreeSet;
use std::path::Path;

/// Longest result of edits, in bytes; a flood has tests of its own.
const LONGEST: usize = 64 << 10;

/// Pieces that have broken readers before: numbers beyond their types, unfinished escapes, depth, signs that turn text.
const PIECES: &[&[u8]] = &[
    b"null",
    b"-1",
    b"0",
    b"1e999",
    b"18446744073709551615",
    b"18446744073709551616",
    b"\"\"",
    b"{}",
    b"[]",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"\0",
    b"\n",
    b"'''",
    b"../",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":",
    b"\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x08",
    b"\x7f\xff\xff\xff",
];

/// The kept inputs of one target.
pub struct Corpus {
    inputs: Vec<Vec<u8>>,
}

impl Corpus {
    /// The corpus of `target` in the folder of its source, `tests`: `seeds`, which are valid messages of today, and what
    /// fuzzing found beside them. Fails when the folder does not hold the seeds, or holds others of their kind.
    #[must_use]
    pub fn of(tests: &str, target: &str, seeds: &[(&str, Vec<u8>)]) -> Self {
        let folder = Path::new(tests).join("__fuzz__").join(target).join("corpus");
        let update = std::env::var_os("UPDATE_CORPUS").is_some();
        let hint = "if the change is meant, run the test once with UPDATE_CORPUS=1";
        if update {
            std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
        let names: BTreeSet<String> = seeds.iter().map(|(name, _)| format!("seed-{name}")).collect();
        assert_eq!(names.len(), seeds.len(), "{target}: two seeds have one name");
        for (name, seed) in seeds {
            let path = folder.join(format!("seed-{name}"));
            if update {
                std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
            let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; {hint}", path.display()));
            assert!(kept == *seed, "{} is not what this version writes; {hint}", path.display());
        }
        let mut inputs = Vec::new();
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            assert!(!name.starts_with("seed-") || names.contains(&name), "{} is no seed any more", path.display());
            inputs.push(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
        // The order of a directory is nobody's promise; an input must mean the same edits tomorrow.
        inputs.sort();
        Self { inputs }
    }

    /// A kept input with one to four edits, both chosen by `script`; any bytes are a script.
    #[must_use]
    pub fn edited(&self, script: &[u8]) -> Vec<u8> {
        let mut script = Script(script);
        let mut bytes = script.pick(&self.inputs).cloned().unwrap_or_default();
        for _ in 0..=script.below(4) {
            self.edit(&mut bytes, &mut script);
            bytes.truncate(LONGEST);
        }
        bytes
    }

    fn edit(&self, bytes: &mut Vec<u8>, script: &mut Script<'_>) {
        let at = script.below(bytes.len() + 1);
        let to = at + script.below(17).min(bytes.len() - at);
        match script.below(9) {
            0 => drop(bytes.drain(at..to)),
            1 => {
                let piece = bytes.get(at..to).unwrap_or_default().to_vec();
                drop(bytes.splice(at..at, piece));
            }
            2 => {
                let (bit, byte) = (script.below(8), bytes.get_mut(at));
                byte.into_iter().for_each(|byte| *byte ^= 1 << bit);
            }
            3 => bytes.get_mut(at..to).unwrap_or_default().fill_with(|| script.byte()),
            4 => {
                let piece = script.pick(PIECES).copied().unwrap_or_default();
                drop(bytes.splice(at..to, piece.iter().copied()));
            }
            // A whole word or value: from one sign of the notation to the next.
            5 | 6 => {
                let sign = |byte: &u8| b"\":,[]{}=\n ".contains(byte);
                let start = bytes.iter().skip(at).position(sign).map_or(bytes.len(), |found| at + found + 1);
                let end = bytes.iter().skip(start).position(sign).map_or(bytes.len(), |found| start + found);
                let piece = script.pick(PIECES).copied().unwrap_or_default();
                drop(bytes.splice(start..end, piece.iter().copied()));
            }
            7 => bytes.truncate(at),
            _ => {
                // The rest of another input.
                let other = script.pick(&self.inputs).map(Vec::as_slice).unwrap_or_default();
                let from = script.below(other.len() + 1);
                drop(bytes.splice(at.., other.iter().skip(from).copied()));
            }
        }
    }
}

/// Bytes as decisions; zeros when they are used up.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    fn below(&mut self, end: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        if end > 1 << 16 { number * (end >> 16) } else { number % end.max(1) }
    }

    fn pick<'b, T>(&mut self, from: &'b [T]) -> Option<&'b T> {
        let at = self.below(from.len());
        from.get(at)
    }
}
