//! Header of a tile message (kind 1 of the protocol).

/// First byte of a tile message.
pub const KIND_TILES: u8 = 1;
/// Bytes before the first tile.
pub const HEADER: usize = 24;
/// Bytes before a tile's body.
pub const TILE_HEADER: usize = 8;
/// First message of its frame.
pub const FIRST: u8 = 1;
/// Last message of its frame.
pub const LAST: u8 = 2;
/// The framebuffer takes this size and starts black.
pub const WHOLE: u8 = 4;

/// What stands before the tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// [`FIRST`], [`LAST`], [`WHOLE`].
    pub flags: u8,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Tiles in this message.
    pub tiles: u16,
    /// From 1, growing by 1 with each frame that is sent.
    pub sequence: u64,
    /// When the frame was taken, milliseconds since 1970 by the host's clock.
    pub taken_at: u64,
}

impl Header {
    /// As bytes. Sides above 65535 do not occur: [`crate::MAX_SIDE`].
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let (head, rest) = bytes.split_at_mut(8);
        head.copy_from_slice(&[
            KIND_TILES,
            self.flags,
            (self.width & 0xff) as u8,
            (self.width >> 8 & 0xff) as u8,
            (self.height & 0xff) as u8,
            (self.height >> 8 & 0xff) as u8,
            (self.tiles & 0xff) as u8,
            (self.tiles >> 8) as u8,
        ]);
        let (sequence, taken_at) = rest.split_at_mut(8);
        sequence.copy_from_slice(&self.sequence.to_le_bytes());
        taken_at.copy_from_slice(&self.taken_at.to_le_bytes());
        bytes
    }

    /// From the start of a message; none when it is not a tile message.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = bytes.split_at_checked(HEADER)?;
        let mut reader = Reader(head);
        if reader.u8()? != KIND_TILES {
            return None;
        }
        let header = Self {
            flags: reader.u8()?,
            width: u32::from(reader.u16()?),
            height: u32::from(reader.u16()?),
            tiles: reader.u16()?,
            sequence: reader.u64()?,
            taken_at: reader.u64()?,
        };
        Some((header, rest))
    }
}

/// Reads little-endian numbers off the front of foreign bytes.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }
}
