//! Comparing and copying rows of pixels. Pixels are 4 bytes: blue, green, red, unused.
//!
//! Comparisons are written as XOR and OR over whole rows: the compiler turns them into SIMD both natively and for
//! WebAssembly, where `==` on slices is a slow byte loop.

/// A picture, or a part of one, in memory.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// 4 bytes for each pixel; rows `stride` pixels apart.
    pub bytes: &'a [u8],
    /// Pixels from one row to the next.
    pub stride: usize,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
}

impl<'a> View<'a> {
    /// The part of `width` x `height` pixels at `x`, `y`; none when it does not fit.
    #[must_use]
    pub fn part(&self, x: usize, y: usize, width: usize, height: usize) -> Option<View<'a>> {
        if x.checked_add(width)? > self.width || y.checked_add(height)? > self.height {
            return None;
        }
        let start = y.checked_mul(self.stride)?.checked_add(x)?.checked_mul(4)?;
        Some(View { bytes: self.bytes.get(start..)?, stride: self.stride, width, height })
    }

    /// Its rows, `width * 4` bytes each. Missing bytes end the rows early.
    pub fn rows(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let row = self.width * 4;
        self.bytes.chunks(self.stride.max(1) * 4).take(self.height).filter_map(move |chunk| chunk.get(..row))
    }
}

/// How many pixels differ in colour.
#[must_use]
pub fn differing(a: View<'_>, b: View<'_>) -> u32 {
    a.rows().zip(b.rows()).map(|(a, b)| differing_in_row(a, b)).sum()
}

fn differing_in_row(a: &[u8], b: &[u8]) -> u32 {
    let (a, _) = a.as_chunks::<4>();
    let (b, _) = b.as_chunks::<4>();
    a.iter().zip(b).map(|(a, b)| u32::from((u32::from_le_bytes(*a) ^ u32::from_le_bytes(*b)) & 0x00ff_ffff != 0)).sum()
}
