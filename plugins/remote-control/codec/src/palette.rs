//! Finding the colours of a tile.

use crate::pixels::View;

/// Slots of the hash table: twice the largest palette, so that probing stays short.
const SLOTS: usize = 512;
/// Most colours of a palette tile.
pub(crate) const MOST: usize = 256;

/// The colours of one tile and each pixel's index. Kept between tiles so that nothing is allocated.
pub(crate) struct Palette {
    slots: [(u32, u16); SLOTS],
    round: u16,
    slot_round: [u16; SLOTS],
    /// As `0x00RRGGBB`, in the order in which they appear.
    pub(crate) colours: Vec<u32>,
    /// One for each pixel.
    pub(crate) indices: Vec<u8>,
}

impl Palette {
    pub(crate) fn new() -> Self {
        Self {
            slots: [(0, 0); SLOTS],
            round: 0,
            slot_round: [0; SLOTS],
            colours: Vec::with_capacity(MOST),
            indices: Vec::with_capacity(4096),
        }
    }

    /// False when the tile has more than [`MOST`] colours; what was found is then of no use.
    pub(crate) fn scan(&mut self, tile: View<'_>) -> bool {
        self.colours.clear();
        self.indices.clear();
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.slot_round = [0; SLOTS];
            self.round = 1;
        }
        let mut last = None;
        for row in tile.rows() {
            for pixel in row.as_chunks::<4>().0 {
                let colour = u32::from_le_bytes(*pixel) & 0x00ff_ffff;
                let index = match last {
                    Some((known, index)) if known == colour => index,
                    _ => match self.index_of(colour) {
                        Some(index) => index,
                        None => return false,
                    },
                };
                last = Some((colour, index));
                self.indices.push(index);
            }
        }
        true
    }

    fn index_of(&mut self, colour: u32) -> Option<u8> {
        // Knuth's multiplicative hash: the top 9 bits name the slot.
        let mut slot = (colour.wrapping_mul(2_654_435_761) >> 23) as usize % SLOTS;
        loop {
            let round = self.slot_round.get_mut(slot)?;
            let entry = self.slots.get_mut(slot)?;
            if *round != self.round {
                let index = u8::try_from(self.colours.len()).ok()?;
                *round = self.round;
                *entry = (colour, u16::from(index));
                self.colours.push(colour);
                return Some(index);
            }
            if entry.0 == colour {
                return Some((entry.1 & 0xff) as u8);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}
