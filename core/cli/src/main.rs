//! hospes
fn main() {}
