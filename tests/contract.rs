//! The contract that every algorithm keeps, whatever its idea. Who is left out of a promise is named there, with
//! the reason. That a pick allocates nothing is in `no_allocation.rs`, because it counts for a whole program.

#[path = "contract/cast.rs"]
mod cast;
#[path = "contract/chance.rs"]
mod chance;
#[path = "contract/mapping.rs"]
mod mapping;
#[path = "contract/pools.rs"]
mod pools;
#[path = "contract/scene.rs"]
mod scene;
#[path = "contract/sequences.rs"]
mod sequences;
#[path = "contract/spread.rs"]
mod spread;
#[path = "contract/threads.rs"]
mod threads;
#[path = "contract/usable.rs"]
mod usable;
