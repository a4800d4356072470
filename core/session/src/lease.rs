//! The lease as the host enforces it (R5): by wall clock and by a monotonic clock, surviving reboots, sleep and a clock
//! that is set back. Pure; the host keeps the value on disk.
