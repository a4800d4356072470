//! The lossless picture codec of remote control, the same code in the sandboxed plugin, in the viewer's page and in
//! tests. The bytes are specified in `plugins/remote-control/PROTOCOL.md`.
//!
//! Why not PNG, QOI or a video codec: the picture is mostly text and flat areas that change a little, the encoder runs
//! as WebAssembly, and support work needs exact pixels. Tiles of 64x64 pixels, each coded by whichever of five simple
//! methods is small, cost 0.5 to 5 ms for a full HD frame.
//!
//! Room: knows pixels and bytes; knows no channel, no host and no browser.

pub mod decoder;
pub mod encoder;
pub mod message;
mod palette;
pub mod pixels;
pub mod tile;

pub use decoder::{DecodeError, Decoder, Update};
pub use encoder::{Area, Encoder};

/// Width and height of a tile in pixels; tiles at the right and bottom edge are smaller.
pub const TILE: u32 = 64;

/// Largest width or height of a picture, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Largest number of pixels of a picture (8192 x 8192): bounds what a hostile message can make a viewer allocate.
pub const MAX_PIXELS: u32 = 1 << 26;
