//! Reading pixels from the X server, by shared memory where it can be had, and bringing them into one form: blue, green,
//! red, unused.

use super::{Server, failed, failed_with_id, lost};
use hospes_runtime::provider::desk::Rect;
use hospes_runtime::provider::{Error, Result};
use rustix::fs::{MemfdFlags, SealFlags};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use x11rb::connection::Connection;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, ImageOrder};

/// All planes.
const PLANES: u32 = !0;

/// How the server lays pixels out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes for each pixel: 2, 3 or 4.
    pub(super) bytes: usize,
    /// Rows start at a multiple of this many bytes.
    pub(super) pad: usize,
    /// Most significant byte first.
    pub(super) big: bool,
    /// Masks of blue, green, red.
    pub(super) masks: [u32; 3],
}

impl Layout {
    fn of(server: &Server) -> Result<Self> {
        let setup = server.conn.setup();
        let screen = server.screen()?;
        let unknown = || Error::Unavailable(format!("screens of {} bits depth cannot be captured", screen.root_depth));
        let format = setup.pixmap_formats.iter().find(|f| f.depth == screen.root_depth).ok_or_else(unknown)?;
        let visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
        let visual = visuals.into_iter().find(|v| v.visual_id == screen.root_visual).ok_or_else(unknown)?;
        let layout = Self {
            bytes: usize::from(format.bits_per_pixel / 8),
            pad: usize::from(format.scanline_pad / 8).max(1),
            big: setup.image_byte_order == ImageOrder::MSB_FIRST,
            masks: [visual.blue_mask, visual.green_mask, visual.red_mask],
        };
        let coloured = layout.masks.iter().all(|mask| *mask != 0);
        if coloured && (2..=4).contains(&layout.bytes) { Ok(layout) } else { Err(unknown()) }
    }

    /// Bytes from one row to the next.
    pub(super) fn stride(&self, width: usize) -> usize {
        (width * self.bytes).next_multiple_of(self.pad)
    }

    /// One row, in the provider's form.
    pub(super) fn row(&self, from: &[u8], to: &mut [u8]) {
        if *self == Self::PLAIN {
            if let Some(from) = from.get(..to.len()) {
                to.copy_from_slice(from);
            }
            return;
        }
        for (from, to) in from.chunks_exact(self.bytes).zip(to.as_chunks_mut::<4>().0) {
            let shift = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
            let value = if self.big { from.iter().fold(0, shift) } else { from.iter().rev().fold(0, shift) };
            let [b, g, r] = self.masks.map(|mask| channel(value, mask));
            *to = [b, g, r, 0];
        }
    }

    /// What nearly every server has: nothing to convert.
    pub(super) const PLAIN: Self = Self { bytes: 4, pad: 4, big: false, masks: [0xff, 0xff00, 0x00ff_0000] };
}

/// A channel's value, spread to 0..=255.
fn channel(value: u32, mask: u32) -> u8 {
    let most = u64::from(mask >> mask.trailing_zeros());
    let value = u64::from((value & mask) >> mask.trailing_zeros());
    // At most 255: value is at most `most`, which is not 0.
    ((value * 255 + most / 2) / most.max(1)) as u8
}

/// A memfd that the X server writes into.
struct Shared {
    segment: shm::Seg,
    file: File,
    size: usize,
}

/// Copies parts of the screen.
pub(super) struct Grabber {
    layout: Layout,
    shared: Option<Shared>,
    /// The server or the connection cannot share memory; not tried again.
    plain_only: bool,
    buffer: Vec<u8>,
}

/// The picture of a display, blue, green, red, unused; rows packed.
#[derive(Default)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) bytes: Vec<u8>,
}

impl Picture {
    /// The rows of `area`, which lies inside.
    fn rows(&mut self, area: Rect) -> impl Iterator<Item = &mut [u8]> {
        let (x, width) = (area.x as usize * 4, area.width as usize * 4);
        let rows = self.bytes.chunks_mut(self.width.max(1) * 4).skip(area.y as usize).take(area.height as usize);
        rows.filter_map(move |row| row.get_mut(x..x + width))
    }

    /// A copy of `area`.
    pub(super) fn copy(&self, area: Rect) -> Option<Vec<u8>> {
        let stride = self.width * 4;
        let start = (area.y as usize).checked_mul(stride)?.checked_add(area.x as usize * 4)?;
        let width = area.width as usize * 4;
        if area.width as usize == self.width {
            return self.bytes.get(start..start + width * area.height as usize).map(<[u8]>::to_vec);
        }
        let mut out = Vec::with_capacity(width * area.height as usize);
        for row in 0..area.height as usize {
            out.extend_from_slice(self.bytes.get(start + row * stride..)?.get(..width)?);
        }
        Some(out)
    }
}

impl Grabber {
    pub(super) fn new(server: &Server) -> Result<Self> {
        Ok(Self { layout: Layout::of(server)?, shared: None, plain_only: false, buffer: Vec::new() })
    }

    /// Copies `areas` of the screen into `picture`, whose top left corner is at `origin` of the screen. The areas are
    /// disjoint and inside the picture. All requests are sent before the first answer is awaited.
    pub(super) fn grab(
        &mut self,
        server: &Server,
        origin: (i32, i32),
        areas: &[Rect],
        picture: &mut Picture,
    ) -> Result<()> {
        let layout = self.layout;
        let size = |area: &Rect| layout.stride(area.width as usize) * area.height as usize;
        let total = areas.iter().map(size).sum();
        if !self.plain_only && !self.share(server, total) {
            self.plain_only = true;
        }
        match &self.shared {
            Some(shared) if !self.plain_only => {
                let mut offset = 0;
                let mut waiting = Vec::with_capacity(areas.len());
                for area in areas {
                    let (x, y, width, height) = place(origin, *area)?;
                    let at = u32::try_from(offset).map_err(|_| Error::Invalid("the screen is too large".into()))?;
                    let format = ImageFormat::Z_PIXMAP.into();
                    let cookie = server
                        .conn
                        .shm_get_image(server.root()?, x, y, width, height, PLANES, format, shared.segment, at)
                        .map_err(|e| lost(&e))?;
                    waiting.push((cookie, offset, *area));
                    offset += size(area);
                }
                for (cookie, offset, area) in waiting {
                    cookie.reply().map_err(|e| failed(&e))?;
                    self.buffer.resize(size(&area), 0);
                    let read = shared.file.read_exact_at(&mut self.buffer, offset as u64);
                    read.map_err(|e| Error::Other("io", format!("shared memory cannot be read: {e}")))?;
                    copy_rows(self.layout, &self.buffer, area, picture);
                }
            }
            _ => {
                for area in areas {
                    let (x, y, width, height) = place(origin, *area)?;
                    let cookie = server
                        .conn
                        .get_image(ImageFormat::Z_PIXMAP, server.root()?, x, y, width, height, PLANES)
                        .map_err(|e| lost(&e))?;
                    copy_rows(self.layout, &cookie.reply().map_err(|e| failed(&e))?.data, *area, picture);
                }
            }
        }
        Ok(())
    }

    /// Makes sure that `size` bytes are shared; false when that cannot be.
    fn share(&mut self, server: &Server, size: usize) -> bool {
        if self.shared.as_ref().is_some_and(|shared| shared.size >= size) {
            return true;
        }
        self.unshare(server);
        self.shared = attach(server, size.max(1 << 20)).ok();
        self.shared.is_some()
    }

    /// Gives the shared memory back.
    pub(super) fn unshare(&mut self, server: &Server) {
        if let Some(shared) = self.shared.take() {
            let _ = server.conn.shm_detach(shared.segment);
        }
    }
}

fn copy_rows(layout: Layout, from: &[u8], area: Rect, picture: &mut Picture) {
    let rows = from.chunks(layout.stride(area.width as usize).max(1));
    for (from, to) in rows.zip(picture.rows(area)) {
        layout.row(from, to);
    }
}

/// An area's place on the screen, as the protocol counts.
fn place(origin: (i32, i32), area: Rect) -> Result<(i16, i16, u16, u16)> {
    let place = || {
        let x = i16::try_from(origin.0 + i32::try_from(area.x).ok()?).ok()?;
        let y = i16::try_from(origin.1 + i32::try_from(area.y).ok()?).ok()?;
        Some((x, y, u16::try_from(area.width).ok()?, u16::try_from(area.height).ok()?))
    };
    place().ok_or_else(|| Error::Invalid("an area outside the screen".into()))
}

fn attach(server: &Server, size: usize) -> Result<Shared> {
    let version = server.conn.shm_query_version().map_err(|e| lost(&e))?.reply().map_err(|e| failed(&e))?;
    if (version.major_version, version.minor_version) < (1, 2) {
        return Err(Error::Unavailable("the X server cannot share memory by descriptor".into()));
    }
    let memory = || -> rustix::io::Result<(OwnedFd, OwnedFd)> {
        let fd = rustix::fs::memfd_create("hospes-screen", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        rustix::fs::ftruncate(&fd, size as u64)?;
        // The server maps it: a size that could shrink would be a way to crash the desktop.
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW)?;
        let other = rustix::io::fcntl_dupfd_cloexec(&fd, 0)?;
        Ok((fd, other))
    };
    let (ours, theirs) = memory().map_err(|e| Error::Other("io", format!("no shared memory: {e}")))?;
    let segment = server.conn.generate_id().map_err(failed_with_id)?;
    let cookie = server.conn.shm_attach_fd(segment, theirs, false).map_err(|e| lost(&e))?;
    cookie.check().map_err(|e| failed(&e))?;
    Ok(Shared { segment, file: File::from(ours), size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_becomes_blue_green_red() {
        let cases: &[(Layout, &[u8], [u8; 4])] = &[
            (Layout::PLAIN, &[1, 2, 3, 9], [1, 2, 3, 9]),
            (Layout { big: true, ..Layout::PLAIN }, &[9, 3, 2, 1], [1, 2, 3, 0]),
            (Layout { masks: [0x00ff_0000, 0xff00, 0xff], ..Layout::PLAIN }, &[3, 2, 1, 0], [1, 2, 3, 0]),
            (Layout { bytes: 3, ..Layout::PLAIN }, &[1, 2, 3], [1, 2, 3, 0]),
            (Layout { bytes: 2, pad: 4, big: false, masks: [0x1f, 0x7e0, 0xf800] }, &[0xff, 0xff], [255, 255, 255, 0]),
            (Layout { bytes: 2, pad: 4, big: false, masks: [0x1f, 0x7e0, 0xf800] }, &[0x00, 0xf8], [0, 0, 255, 0]),
            (
                Layout { bytes: 4, pad: 4, big: false, masks: [0x3ff, 0xf_fc00, 0x3ff0_0000] },
                &[0xff, 0x03, 0x00, 0x00],
                [255, 0, 0, 0],
            ),
        ];
        for (layout, from, expected) in cases {
            let mut to = [0; 4];
            layout.row(from, &mut to);
            assert_eq!(&to, expected, "{layout:?}");
        }
        assert_eq!(Layout { bytes: 2, ..Layout::PLAIN }.stride(3), 8);
    }
}
