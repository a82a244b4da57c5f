//! Evenkeel: a window, or a command.
fn main() {}
