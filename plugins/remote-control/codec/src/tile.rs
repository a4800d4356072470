//! One tile to bytes: the smallest of five lossless methods, chosen without trying them all.

use crate::message::TILE_HEADER;
use crate::palette::Palette;
use crate::pixels::View;
use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};

/// One colour.
pub const SOLID: u8 = 0;
/// Three bytes for each pixel.
pub const RAW: u8 = 1;
/// At most 256 colours and an index for each pixel.
pub const PALETTE: u8 = 2;
/// Three planes of differences to the neighbour.
pub const DELTA: u8 = 3;
/// Differences to what the viewer already shows.
pub const XOR: u8 = 4;
/// Set on the method when the body is an LZ4 block.
pub const LZ4: u8 = 0x80;

/// Bits for each index of a palette of that many colours.
#[must_use]
pub fn index_bits(colours: usize) -> usize {
    match colours {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}

/// Writes tiles; keeps its buffers between them.
pub(crate) struct TileWriter {
    palette: Palette,
    table: CompressTable,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

impl TileWriter {
    pub(crate) fn new() -> Self {
        Self { palette: Palette::new(), table: CompressTable::small(), plain: Vec::new(), packed: Vec::new() }
    }

    /// Appends header and body. `before` is what the viewer shows there, when few pixels differ from it.
    pub(crate) fn write(
        &mut self,
        (column, row): (u16, u16),
        tile: View<'_>,
        before: Option<View<'_>>,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.extend_from_slice(&column.to_le_bytes());
        out.extend_from_slice(&row.to_le_bytes());
        out.extend_from_slice(&[0; TILE_HEADER - 4]);
        let (method, parameter) = match before {
            Some(before) => {
                self.xor(tile, before);
                self.body(XOR, 0, out)
            }
            None if self.palette.scan(tile) => self.coloured(tile.width, out),
            None => {
                self.delta(tile);
                // Noise: the differences do not compress, and raw decodes faster than planes.
                let (method, parameter) = self.body(DELTA, 0, out);
                if method & LZ4 != 0 { (method, parameter) } else { self.raw(tile, start, out) }
            }
        };
        let length = out.len() - start - TILE_HEADER;
        if let Some([m, p, low, high]) = out.get_mut(start + 4..start + TILE_HEADER) {
            (*m, *p) = (method, parameter);
            // A tile's body is at most 64 * 64 * 3 bytes, so the length fits into 16 bits.
            (*low, *high) = ((length & 0xff) as u8, (length >> 8 & 0xff) as u8);
        }
    }

    /// Appends `self.plain`, as LZ4 when that is smaller.
    fn body(&mut self, method: u8, parameter: u8, out: &mut Vec<u8>) -> (u8, u8) {
        self.packed.resize(get_maximum_output_size(self.plain.len()), 0);
        let size = compress_into_with_table(&self.plain, &mut self.packed, &mut self.table).ok();
        match size.and_then(|size| self.packed.get(..size)) {
            Some(packed) if packed.len() < self.plain.len() => {
                out.extend_from_slice(packed);
                (method | LZ4, parameter)
            }
            _ => {
                out.extend_from_slice(&self.plain);
                (method, parameter)
            }
        }
    }

    fn raw(&mut self, tile: View<'_>, start: usize, out: &mut Vec<u8>) -> (u8, u8) {
        out.truncate(start + TILE_HEADER);
        for row in tile.rows() {
            out.extend(row.as_chunks::<4>().0.iter().flat_map(|[b, g, r, _]| [*b, *g, *r]));
        }
        (RAW, 0)
    }

    fn coloured(&mut self, width: usize, out: &mut Vec<u8>) -> (u8, u8) {
        let colours = self.palette.colours.len();
        for colour in &self.palette.colours {
            let [b, g, r, _] = colour.to_le_bytes();
            out.extend_from_slice(&[b, g, r]);
        }
        if colours <= 1 {
            return (SOLID, 0);
        }
        self.plain.clear();
        match index_bits(colours) {
            8 => self.plain.extend_from_slice(&self.palette.indices),
            bits => {
                let per_byte = 8 / bits;
                for row in self.palette.indices.chunks(width.max(1)) {
                    for group in row.chunks(per_byte) {
                        let byte = group.iter().rev().fold(0_u8, |byte, index| byte << bits | index);
                        self.plain.push(byte);
                    }
                }
            }
        }
        // `colours` is at most 256 here.
        self.body(PALETTE, ((colours - 1) & 0xff) as u8, out)
    }

    fn delta(&mut self, tile: View<'_>) {
        self.plain.clear();
        for channel in 0..3 {
            let mut above = 0_u8;
            for row in tile.rows() {
                let mut left = above;
                let mut first = true;
                for pixel in row.as_chunks::<4>().0 {
                    let value = match channel {
                        0 => pixel[0],
                        1 => pixel[1],
                        _ => pixel[2],
                    };
                    self.plain.push(value.wrapping_sub(left));
                    left = value;
                    if first {
                        above = value;
                        first = false;
                    }
                }
            }
        }
    }

    fn xor(&mut self, tile: View<'_>, before: View<'_>) {
        self.plain.clear();
        for (new, old) in tile.rows().zip(before.rows()) {
            for (new, old) in new.as_chunks::<4>().0.iter().zip(old.as_chunks::<4>().0) {
                let [b, g, r, _] = (u32::from_le_bytes(*new) ^ u32::from_le_bytes(*old)).to_le_bytes();
                self.plain.extend_from_slice(&[b, g, r]);
            }
        }
    }
}
