//! The contract that every algorithm keeps, whatever its idea. Who is left out of a promise is named there, with
//! the reason.

#[path = "contract/cast.rs"]
mod cast;
#[path = "contract/pools.rs"]
mod pools;
#[path = "contract/scene.rs"]
mod scene;
#[path = "contract/usable.rs"]
mod usable;
