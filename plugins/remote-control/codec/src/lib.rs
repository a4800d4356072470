//! hospes-tiles.
