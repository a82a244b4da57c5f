//! What a pick, a rebuild, a comparison of keys, a simulated request and a frame of the window cost.
//!
//! ```text
//! cargo bench                  everything, about two minutes
//! cargo bench -- pick          what has `pick` in its name
//! ```
//!
//! Read the fastest and the median column: on a machine that does other things, the mean tells about those.
//! The row `floor` is what the measuring costs by itself; it is in every other row of `pick`.

mod frame;
mod pick;
mod pools;
mod rebuild;
mod remap;
mod rivals;
mod routes;
mod simulator;

fn main() {
    divan::main();
}
