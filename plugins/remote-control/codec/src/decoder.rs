//! Messages to pixels. The bytes come from a computer that may be hostile: nothing here indexes, panics or allocates
//! more than [`MAX_PIXELS`] allows, and a tile is written only after all of it was understood.
#![deny(clippy::indexing_slicing)]

use crate::message::{FIRST, Header, Reader, WHOLE};
use crate::tile::{DELTA, LZ4, PALETTE, RAW, SOLID, XOR, index_bits};
use crate::{Area, MAX_PIXELS, MAX_SIDE, TILE};
use lz4_flex::block::decompress_into;

/// Largest body of a tile, in bytes.
const LARGEST: usize = (TILE * TILE * 3) as usize;

/// Why a message was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not a tile message, or cut short.
    Header,
    /// The size is zero, too large, or not that of the framebuffer.
    Size,
    /// A tile's header is cut short or names a place outside the picture.
    Place,
    /// A tile's body is not what its method says.
    Body,
    /// Bytes follow the last tile.
    Trailing,
}

/// What a message did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The message's header.
    pub header: Header,
    /// True when the framebuffer has a new size.
    pub resized: bool,
}

/// A framebuffer that messages are decoded into: red, green, blue, 255 for each pixel, rows packed.
#[derive(Default)]
pub struct Decoder {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
    /// Areas that the newest message touched.
    dirty: Vec<Area>,
    plain: Vec<u8>,
    tile: Vec<[u8; 3]>,
}

impl Decoder {
    /// An empty framebuffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The framebuffer.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// What the newest message touched; neighbouring tiles of a row are one area.
    #[must_use]
    pub fn dirty(&self) -> &[Area] {
        &self.dirty
    }

    /// Decodes one message.
    ///
    /// # Errors
    /// [`DecodeError`]; the framebuffer then holds the tiles before the bad one.
    pub fn decode(&mut self, message: &[u8]) -> Result<Update, DecodeError> {
        self.dirty.clear();
        let (header, body) = Header::parse(message).ok_or(DecodeError::Header)?;
        let mut resized = false;
        if header.flags & WHOLE != 0 {
            if header.flags & FIRST == 0 {
                return Err(DecodeError::Header);
            }
            resized = self.restart(header.width, header.height)?;
        } else if (header.width, header.height) != (self.width, self.height) {
            return Err(DecodeError::Size);
        }
        let mut reader = Reader(body);
        for _ in 0..header.tiles {
            self.tile(&mut reader)?;
        }
        if reader.0.is_empty() { Ok(Update { header, resized }) } else { Err(DecodeError::Trailing) }
    }

    fn restart(&mut self, width: u32, height: u32) -> Result<bool, DecodeError> {
        let pixels = width.saturating_mul(height);
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
            return Err(DecodeError::Size);
        }
        let resized = (width, height) != (self.width, self.height);
        (self.width, self.height) = (width, height);
        self.rgba.resize(pixels as usize * 4, 0);
        self.rgba.as_chunks_mut::<4>().0.fill([0, 0, 0, 255]);
        self.dirty.push(Area { x: 0, y: 0, width, height });
        Ok(resized)
    }

    fn tile(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut head = || Some((reader.u16()?, reader.u16()?, reader.u8()?, reader.u8()?, reader.u16()?));
        let (column, row, method, parameter, length) = head().ok_or(DecodeError::Place)?;
        let body = reader.bytes(usize::from(length)).ok_or(DecodeError::Place)?;
        let (x, y) = (u32::from(column) * TILE, u32::from(row) * TILE);
        if x >= self.width || y >= self.height {
            return Err(DecodeError::Place);
        }
        let area = Area { x, y, width: TILE.min(self.width - x), height: TILE.min(self.height - y) };
        let (width, height) = (area.width as usize, area.height as usize);
        let n = width * height;
        let packed = method & LZ4 != 0;
        self.tile.clear();
        match method & !LZ4 {
            SOLID if !packed => {
                let colour = <[u8; 3]>::try_from(body).map_err(|_| DecodeError::Body)?;
                self.tile.resize(n, colour);
            }
            RAW | XOR => {
                let plain = unpack(&mut self.plain, body, packed, n * 3)?;
                self.tile.extend_from_slice(plain.as_chunks::<3>().0);
            }
            PALETTE => {
                let colours = usize::from(parameter) + 1;
                let (palette, indices) = body.split_at_checked(colours * 3).ok_or(DecodeError::Body)?;
                let bits = index_bits(colours);
                let row_bytes = (width * bits).div_ceil(8);
                let plain = unpack(&mut self.plain, indices, packed, row_bytes * height)?;
                spread(plain, palette.as_chunks::<3>().0, bits, row_bytes, width, &mut self.tile)?;
            }
            DELTA => {
                let plain = unpack(&mut self.plain, body, packed, n * 3)?;
                undo_delta(plain, n, width, &mut self.tile);
            }
            _ => return Err(DecodeError::Body),
        }
        if self.tile.len() != n {
            return Err(DecodeError::Body);
        }
        self.put(area, method & !LZ4 == XOR);
        Ok(())
    }

    /// Copies `self.tile` to its place.
    fn put(&mut self, area: Area, xor: bool) {
        let stride = self.width as usize * 4;
        let start = area.y as usize * stride + area.x as usize * 4;
        let rows = self.rgba.get_mut(start..).unwrap_or_default().chunks_mut(stride);
        for (to, from) in rows.zip(self.tile.chunks_exact(area.width as usize)) {
            let to = to.as_chunks_mut::<4>().0.iter_mut();
            if xor {
                for ([r, g, b, _], [db, dg, dr]) in to.zip(from) {
                    (*r, *g, *b) = (*r ^ dr, *g ^ dg, *b ^ db);
                }
            } else {
                for (to, [b, g, r]) in to.zip(from) {
                    *to = [*r, *g, *b, 255];
                }
            }
        }
        match self.dirty.last_mut() {
            Some(last) if last.y == area.y && last.height == area.height && last.x + last.width == area.x => {
                last.width += area.width;
            }
            Some(last) if (last.width, last.height) == (self.width, self.height) => {}
            _ => self.dirty.push(area),
        }
    }
}

/// The body's `len` bytes, unpacked if need be.
fn unpack<'a>(plain: &'a mut Vec<u8>, body: &'a [u8], packed: bool, len: usize) -> Result<&'a [u8], DecodeError> {
    if !packed {
        return if body.len() == len { Ok(body) } else { Err(DecodeError::Body) };
    }
    plain.resize(LARGEST, 0);
    let room = plain.get_mut(..len).ok_or(DecodeError::Body)?;
    match decompress_into(body, room) {
        Ok(got) if got == len => Ok(room),
        _ => Err(DecodeError::Body),
    }
}

/// Indices to colours.
fn spread(
    plain: &[u8],
    palette: &[[u8; 3]],
    bits: usize,
    row_bytes: usize,
    width: usize,
    tile: &mut Vec<[u8; 3]>,
) -> Result<(), DecodeError> {
    let mut colour = |index: u8| palette.get(usize::from(index)).map(|c| tile.push(*c)).ok_or(DecodeError::Body);
    if bits == 8 {
        return plain.iter().try_for_each(|index| colour(*index));
    }
    let mask = (1_u8 << bits) - 1;
    for row in plain.chunks_exact(row_bytes) {
        let mut left = width;
        for byte in row {
            let here = left.min(8 / bits);
            (0..here).try_for_each(|nth| colour(byte >> (nth * bits) & mask))?;
            left -= here;
        }
    }
    Ok(())
}

/// Planes of differences to pixels.
fn undo_delta(plain: &[u8], n: usize, width: usize, tile: &mut Vec<[u8; 3]>) {
    tile.resize(n, [0; 3]);
    for (channel, plane) in plain.chunks_exact(n).enumerate() {
        let mut above = 0_u8;
        for (to, from) in tile.chunks_exact_mut(width).zip(plane.chunks_exact(width)) {
            let mut value = above;
            for (nth, (to, from)) in to.iter_mut().zip(from).enumerate() {
                value = value.wrapping_add(*from);
                if nth == 0 {
                    above = value;
                }
                if let Some(to) = to.get_mut(channel) {
                    *to = value;
                }
            }
        }
    }
}
