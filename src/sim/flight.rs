//! Requests on their way, each with a handle that goes stale when the request ends.

use std::rc::Rc;

use crate::balance::Tried;
use crate::balance::pool::Pool;

/// One request from its arrival to its answer, over all its tries.
#[derive(Clone, Default)]
pub(super) struct Flight {
    /// Its number among the requests of the run. The work it makes is drawn from this, so that every algorithm
    /// is given the same work.
    pub(super) number: u64,
    pub(super) crowd: u32,
    pub(super) identity: u32,
    /// Of a closed loop.
    pub(super) user: Option<u32>,
    pub(super) kind: u32,
    pub(super) key: u64,
    /// When it should have been sent. Latency counts from here, so that a stalled server cannot hide.
    pub(super) intended_ns: u64,
    pub(super) way: u32,
    pub(super) front: u32,
    pub(super) worker: u32,
    pub(super) tried: Tried,
    pub(super) attempts: u32,
    pub(super) is_retry: bool,
    /// Until when it waits in line, however often the line is asked anew.
    pub(super) line_until_ns: Option<u64>,
    pub(super) stage: Stage,
}

/// Where a request is.
#[derive(Clone, Default)]
pub(super) enum Stage {
    /// Not with any server: being decided on, in line, or waiting to be tried again.
    #[default]
    Outside,
    At(Attempt),
}

#[cfg(test)]
impl Stage {
    pub(super) fn at(&self) -> Option<&Attempt> {
        match self {
            Self::Outside => None,
            Self::At(attempt) => Some(attempt),
        }
    }
}

/// One try at one server. It ends on the pool it began with, whatever the lab has become.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) pool: Rc<Pool>,
    pub(super) member: u32,
    pub(super) server: u32,
    pub(super) started_ns: u64,
    /// How many others its server had in flight from this pool then.
    pub(super) beside: u32,
    pub(super) in_service: bool,
    pub(super) fate: Fate,
}

/// How a try will end, if nothing comes in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Answer(u16),
    /// A good answer whose body takes its time.
    SlowAnswer,
    Refused,
    Reset,
    /// The answer breaks off in the middle.
    CutOff,
    Hang,
}

/// A handle on a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlightId {
    slot: u32,
    generation: u32,
}

#[derive(Default)]
pub(super) struct Flights {
    slots: Vec<(u32, Option<Flight>)>,
    free: Vec<u32>,
}

impl Flights {
    pub(super) fn add(&mut self, flight: Flight) -> FlightId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(flight);
        FlightId { slot, generation: *generation }
    }

    pub(super) fn get(&mut self, id: FlightId) -> Option<&mut Flight> {
        let (generation, flight) = &mut self.slots[id.slot as usize];
        flight.as_mut().filter(|_| *generation == id.generation)
    }

    pub(super) fn is_under_way(&self, id: FlightId) -> bool {
        self.slots[id.slot as usize].0 == id.generation
    }

    pub(super) fn remove(&mut self, id: FlightId) -> Option<Flight> {
        let (generation, flight) = &mut self.slots[id.slot as usize];
        if *generation != id.generation {
            return None;
        }
        *generation = generation.wrapping_add(1);
        self.free.push(id.slot);
        flight.take()
    }

    /// Everybody who is with this server, in a fixed order.
    pub(super) fn at_server(&self, server: u32) -> Vec<FlightId> {
        let here = |flight: &Flight| matches!(&flight.stage, Stage::At(attempt) if attempt.server == server);
        let slots = self.slots.iter().enumerate();
        slots
            .filter(|(_, (_, flight))| flight.as_ref().is_some_and(here))
            .map(|(slot, (generation, _))| FlightId { slot: slot as u32, generation: *generation })
            .collect()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.slots.iter().filter_map(|(_, flight)| flight.as_ref())
    }

    pub(super) fn under_way(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
