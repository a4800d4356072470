//! Frames to messages: remembers what the viewer shows, sends the tiles that differ.
//!
//! The caller hands in the areas that the host reported as changed and a way to read pixels; bands of one tile's height
//! are read, so that no second whole frame is ever held. A frame is a series of messages of about [`MESSAGE`] bytes,
//! made one at a time: between two of them the caller can serve input.

use crate::message::{FIRST, HEADER, Header, LAST, WHOLE};
use crate::pixels::{View, differing};
use crate::tile::TileWriter;
use crate::{MAX_PIXELS, MAX_SIDE, TILE};

/// A message is closed once it is this long, in bytes.
pub const MESSAGE: usize = 64 << 10;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Left.
    pub x: u32,
    /// Top.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// Makes messages of one capture.
pub struct Encoder {
    width: u32,
    height: u32,
    shown: Vec<u8>,
    /// For each tile: it may differ from what the viewer shows.
    suspect: Vec<bool>,
    whole: bool,
    sequence: u64,
    writer: TileWriter,
}

/// A frame that is being sent, from [`Encoder::begin`] until its last message.
#[derive(Debug)]
pub struct Sending {
    taken_at: u64,
    next_tile: usize,
    flags: u8,
    done: bool,
    /// What was read and not yet worked off when the message before was full.
    band: Option<Band>,
}

/// A run of neighbouring tiles of one row.
#[derive(Debug)]
struct Band {
    first: usize,
    run: usize,
    worked_off: usize,
    area: Area,
    pixels: Vec<u8>,
}

/// The picture is too large for the codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// For a viewer that shows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            shown: Vec::new(),
            suspect: Vec::new(),
            whole: true,
            sequence: 0,
            writer: TileWriter::new(),
        }
    }

    /// The next frame is whole: the viewer lost its picture, or another display starts.
    pub fn refresh(&mut self) {
        self.whole = true;
    }

    /// Notes that the host's picture has this size and differs from the frame before in `areas`. May be called several
    /// times before a frame is sent.
    ///
    /// # Errors
    /// [`TooLarge`] above [`MAX_SIDE`] or [`MAX_PIXELS`].
    pub fn changed(&mut self, width: u32, height: u32, areas: &[Area]) -> Result<(), TooLarge> {
        if width > MAX_SIDE || height > MAX_SIDE || width.saturating_mul(height) > MAX_PIXELS {
            return Err(TooLarge);
        }
        if (width, height) != (self.width, self.height) {
            (self.width, self.height) = (width, height);
            self.whole = true;
            self.shown = vec![0; width as usize * height as usize * 4];
            self.suspect = vec![false; self.columns() * height.div_ceil(TILE) as usize];
        }
        let columns = self.columns();
        for area in areas {
            let right = area.x.saturating_add(area.width).min(width).div_ceil(TILE) as usize;
            let bottom = area.y.saturating_add(area.height).min(height).div_ceil(TILE) as usize;
            for row in (area.y / TILE) as usize..bottom {
                let band = self.suspect.get_mut(row * columns..(row + 1) * columns).unwrap_or_default();
                band.iter_mut().take(right).skip((area.x / TILE) as usize).for_each(|tile| *tile = true);
            }
        }
        Ok(())
    }

    /// True when a frame would have something to say.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.width > 0 && (self.whole || self.suspect.contains(&true))
    }

    /// The number of the newest frame that was begun.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Begins a frame of what is pending. Between this and the last message the pixels must stay the same.
    pub fn begin(&mut self, taken_at: u64) -> Sending {
        let mut flags = FIRST;
        if self.whole {
            flags |= WHOLE;
            self.whole = false;
            self.shown.fill(0);
            self.suspect.fill(true);
        }
        Sending { taken_at, next_tile: 0, flags, done: false, band: None }
    }

    /// The frame's next message; none when it is complete, also when nothing really differed (then no number is used).
    /// `read` gives an area's pixels, rows packed.
    ///
    /// # Errors
    /// What `read` fails with; the tiles that were not sent stay pending.
    pub fn message<E>(
        &mut self,
        sending: &mut Sending,
        mut read: impl FnMut(Area) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Vec<u8>>, E> {
        if sending.done {
            return Ok(None);
        }
        let mut out = vec![0; HEADER];
        let mut tiles = 0_u16;
        while out.len() < MESSAGE {
            let mut band = match sending.band.take() {
                Some(band) => band,
                None => match self.read_band(sending.next_tile, &mut read) {
                    Ok(Some(band)) => band,
                    Ok(None) => {
                        sending.done = true;
                        break;
                    }
                    Err(error) => {
                        // Parts of the frame may be out already: start afresh once pixels can be read again.
                        self.whole = true;
                        return Err(error);
                    }
                },
            };
            while band.worked_off < band.run && out.len() < MESSAGE {
                tiles += u16::from(self.tile(&band, sending.flags, &mut out));
                band.worked_off += 1;
            }
            sending.next_tile = band.first + band.worked_off;
            if band.worked_off < band.run {
                sending.band = Some(band);
            }
        }
        if sending.done && tiles == 0 && sending.flags == FIRST {
            return Ok(None);
        }
        if sending.flags & FIRST != 0 {
            self.sequence += 1;
        }
        let header = Header {
            flags: sending.flags | if sending.done { LAST } else { 0 },
            width: self.width,
            height: self.height,
            tiles,
            sequence: self.sequence,
            taken_at: sending.taken_at,
        };
        if let Some(head) = out.get_mut(..HEADER) {
            head.copy_from_slice(&header.to_bytes());
        }
        sending.flags = 0;
        Ok(Some(out))
    }

    /// Reads the next run of tiles that may differ.
    fn read_band<E>(&self, from: usize, read: &mut impl FnMut(Area) -> Result<Vec<u8>, E>) -> Result<Option<Band>, E> {
        let Some(skipped) = self.suspect.iter().skip(from).position(|tile| *tile) else {
            return Ok(None);
        };
        let first = from + skipped;
        let in_row = self.columns() - first % self.columns();
        let run = self.suspect.iter().skip(first).take(in_row).take_while(|tile| **tile).count();
        let area = self.area(first, run);
        Ok(Some(Band { first, run, worked_off: 0, area, pixels: read(area)? }))
    }

    /// Writes the band's next tile if it differs.
    fn tile(&mut self, band: &Band, flags: u8, out: &mut Vec<u8>) -> bool {
        let (nth, tile) = (band.worked_off, band.first + band.worked_off);
        let (stride, rows) = (band.area.width as usize, band.area.height as usize);
        let band = View { bytes: &band.pixels, stride, width: stride, height: rows };
        let side = TILE as usize;
        let (column, row) = (tile % self.columns(), tile / self.columns());
        let width = side.min(self.width as usize - column * side);
        if let Some(suspect) = self.suspect.get_mut(tile) {
            *suspect = false;
        }
        let stride = self.width as usize;
        let shown = View { bytes: &self.shown, stride, width: stride, height: self.height as usize };
        let (Some(new), Some(old)) =
            (band.part(nth * side, 0, width, band.height), shown.part(column * side, row * side, width, band.height))
        else {
            return false;
        };
        let pixels = (width * band.height) as u32;
        let differ = differing(new, old);
        if differ == 0 {
            return false;
        }
        let before = (flags & WHOLE == 0 && differ * 8 < pixels).then_some(old);
        // At most 256 columns and rows: MAX_SIDE / TILE.
        self.writer.write((column as u16, row as u16), new, before, out);
        let start = (row * side * stride + column * side) * 4;
        let rows = self.shown.get_mut(start..).unwrap_or_default().chunks_mut(stride * 4);
        for (to, from) in rows.zip(new.rows()) {
            if let Some(to) = to.get_mut(..from.len()) {
                to.copy_from_slice(from);
            }
        }
        true
    }

    fn columns(&self) -> usize {
        self.width.div_ceil(TILE) as usize
    }

    /// The pixels of `run` tiles from `first` on, all in one row of tiles.
    fn area(&self, first: usize, run: usize) -> Area {
        let columns = self.columns().max(1);
        let x = (first % columns) as u32 * TILE;
        let y = (first / columns) as u32 * TILE;
        Area { x, y, width: (run as u32 * TILE).min(self.width - x), height: TILE.min(self.height - y) }
    }
}
