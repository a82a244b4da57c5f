//! The real window on a screen, driven by what it shows, with real requests from outside.
//!
//! On Linux the screen is a virtual one (`Xvfb`), elsewhere the one there is. The window is driven over eframe's inspection
//! port: it tells its accessible tree, takes events, and draws itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage has failed")]

mod screen;
mod story;
mod window;
