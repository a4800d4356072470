//! Text, whatever the keyboard layout is.
//!
//! A character that the layout has at its first or second level is typed by that key, as a person would. Any other is
//! put on a keycode that no key uses. Programs fetch the new mapping when they are told of it, perhaps late, so a borrowed
//! keycode keeps its character until it is needed again, the longest unused first, and all are given back at the end.

use super::{Server, failed, lost};
use hospes_runtime::provider::{Error, Result};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, KeyButMask, Keycode, Keysym};

/// Most keycodes that are borrowed.
const MOST: usize = 64;

/// How a character is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stroke {
    pub(super) keycode: Keycode,
    pub(super) shift: bool,
    /// The mapping was just changed: programs need a moment to hear of it.
    pub(super) fresh: bool,
}

/// The keyboard's mapping and what was borrowed of it.
pub(super) struct Typist {
    first: Keycode,
    per_keycode: usize,
    keysyms: Vec<Keysym>,
    /// Longest unused first.
    borrowed: Vec<(Keycode, Keysym)>,
}

impl Typist {
    pub(super) fn new(server: &Server) -> Result<Self> {
        let setup = server.conn.setup();
        let count = setup.max_keycode - setup.min_keycode + 1;
        let cookie = server.conn.get_keyboard_mapping(setup.min_keycode, count).map_err(|e| lost(&e))?;
        let mapping = cookie.reply().map_err(|e| failed(&e))?;
        Ok(Self {
            first: setup.min_keycode,
            per_keycode: usize::from(mapping.keysyms_per_keycode).max(1),
            keysyms: mapping.keysyms,
            borrowed: Vec::new(),
        })
    }

    /// How to type `character` now.
    pub(super) fn stroke(&mut self, server: &Server, character: char) -> Result<Stroke> {
        let keysym = keysym(character)
            .ok_or_else(|| Error::Invalid(format!("the character U+{:04X} cannot be typed", u32::from(character))))?;
        if let Some((keycode, shift)) = self.on_the_layout(keysym)
            && layout_applies(server)?
        {
            return Ok(Stroke { keycode, shift, fresh: false });
        }
        if let Some(at) = self.borrowed.iter().position(|(_, known)| *known == keysym) {
            let known = self.borrowed.remove(at);
            self.borrowed.push(known);
            return Ok(Stroke { keycode: known.0, shift: false, fresh: false });
        }
        let keycode = self.borrow()?;
        self.map(server, keycode, keysym)?;
        self.borrowed.push((keycode, keysym));
        Ok(Stroke { keycode, shift: false, fresh: true })
    }

    fn on_the_layout(&self, keysym: Keysym) -> Option<(Keycode, bool)> {
        let level = |level: usize| {
            let place = self.keysyms.chunks(self.per_keycode).position(|keys| keys.get(level) == Some(&keysym))?;
            Some((self.first.checked_add(u8::try_from(place).ok()?)?, level == 1))
        };
        level(0).or_else(|| level(1))
    }

    fn borrow(&mut self) -> Result<Keycode> {
        let unused = |(place, keys): (usize, &[Keysym])| {
            let keycode = self.first.checked_add(u8::try_from(place).ok()?)?;
            let free = keys.iter().all(|keysym| *keysym == 0);
            (free && !self.borrowed.iter().any(|(known, _)| *known == keycode)).then_some(keycode)
        };
        let free = self.keysyms.chunks(self.per_keycode).enumerate().filter_map(unused).next();
        match free {
            Some(keycode) if self.borrowed.len() < MOST => Ok(keycode),
            _ if self.borrowed.is_empty() => {
                Err(Error::Unavailable("the keyboard has no free key for this text".into()))
            }
            _ => Ok(self.borrowed.remove(0).0),
        }
    }

    fn map(&self, server: &Server, keycode: Keycode, keysym: Keysym) -> Result<()> {
        // On both levels, so that a held Shift changes nothing.
        let cookie = server.conn.change_keyboard_mapping(1, keycode, 2, &[keysym, keysym]).map_err(|e| lost(&e))?;
        cookie.check().map_err(|e| failed(&e))
    }

    /// Gives all borrowed keycodes back.
    pub(super) fn give_back(&mut self, server: &Server) {
        for (keycode, _) in std::mem::take(&mut self.borrowed) {
            let _ = self.map(server, keycode, 0);
        }
    }
}

/// True when a key's first level is what comes out: first group, and no modifier but Num Lock.
fn layout_applies(server: &Server) -> Result<bool> {
    let cookie = server.conn.query_pointer(server.root()?).map_err(|e| lost(&e))?;
    let mask = u16::from(cookie.reply().map_err(|e| failed(&e))?.mask);
    let harmless = u16::from(KeyButMask::MOD2) | (0x1f << 8);
    Ok(mask & !harmless == 0)
}

/// The keysym of a character, by the rule of the X protocol's appendix A.
fn keysym(character: char) -> Option<Keysym> {
    match character {
        '\n' | '\r' => Some(0xff0d),
        '\t' => Some(0xff09),
        '\u{8}' => Some(0xff08),
        ' '..='~' | '\u{a0}'..='\u{ff}' => Some(character.into()),
        _ if character.is_control() => None,
        _ => Some(0x0100_0000 | u32::from(character)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn characters_have_keysyms() {
        let cases = [
            ('a', Some(0x61)),
            ('é', Some(0xe9)),
            ('€', Some(0x0100_20ac)),
            ('😀', Some(0x0101_f600)),
            ('\n', Some(0xff0d)),
            ('\0', None),
            ('\u{1b}', None),
            ('\u{9f}', None),
        ];
        for (character, expected) in cases {
            assert_eq!(super::keysym(character), expected, "{character:?}");
        }
    }
}
