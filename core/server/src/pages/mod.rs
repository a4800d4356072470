//! Pages for customers, rendered here: they work without scripts, on a phone, and with a screen reader.

pub(crate) mod invitation;
pub(crate) mod texts;
