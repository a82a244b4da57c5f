//! HAProxy's weighted round robin: servers wait at positions on a line, and a hand moves along it.
//!
//! The rules are those of `src/lb_fwrr.c` in HAProxy 2.6. Every server in service has a position where it is
//! next due; serving it moves it on by the sum of the weights divided by its own. Servers whose turn
//! comes in this lap wait in *current*, sorted by position; the others wait for the next lap in *next*, which
//! becomes *init* when the lap ends: sorted by weight, the heaviest first, placed wherever current has a gap.
//!
//! What makes it worth having exactly: a weight that changes while the wheel turns moves its server and nobody
//! else, and servers that are full lose no turn they will not get back.

#![expect(
    clippy::disallowed_types,
    reason = "a turn moves several servers at once; no word holds that"
)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::haproxy::{SCALE, WEIGHT_MAX, scaled};

/// The wheel of a pool, carried from plan to plan: a new weight is a change to it, not a new wheel.
#[derive(Debug, Default)]
pub struct Wheel {
    state: Mutex<State>,
}

impl Wheel {
    /// The wheel for one turn or one look. A thread that panicked cannot have left it between two states that
    /// matter: at worst one server waits in no queue until its weight or health changes.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default, Clone)]
pub(super) struct State {
    /// In the order of the members.
    seats: Vec<Seat>,
    /// Where the hand is.
    hand: u32,
    /// The sum of weights when this lap began, and as it is now.
    lap_weight: u32,
    weight: u32,
    /// Which of the two queues by weight is init; the other is next.
    init: Queue,
    /// How often somebody was queued: equals are served first come, first served.
    queued: u64,
}

#[derive(Debug, Default, Clone)]
struct Seat {
    id: u32,
    /// 0 while out of service.
    weight: u32,
    due: u32,
    served: u32,
    /// What dividing the weights left over, until it makes up a whole position.
    remainder: u32,
    queue: Option<Queue>,
    key: u32,
    stamp: u64,
    /// The seat that was set aside before this one in the same turn.
    aside: Option<u32>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Queue {
    Current,
    #[default]
    Even,
    Odd,
}

impl State {
    /// Takes over who is there and with which weight, 0 for those out of service.
    pub(super) fn follow(&mut self, wanted: &(impl Iterator<Item = (u32, u32)> + Clone)) {
        let weights = wanted.clone().map(|(id, weight)| (id, scaled(weight)));
        if self.seats.iter().map(|seat| (seat.id, seat.weight)).eq(weights.clone()) {
            return;
        }
        if self.seats.is_empty() {
            return self.begin(weights);
        }
        self.reseat(weights.clone());
        for (place, (_, weight)) in weights.enumerate() {
            match (self.seats[place].weight, weight) {
                (before, after) if before == after => {}
                (0, _) => self.enter(place, weight),
                (_, 0) => self.leave(place),
                _ => self.reweigh(place, weight),
            }
        }
    }

    /// Whose turn it is among those `has_room` says yes to. The others are passed over and keep their claim.
    pub(super) fn turn(&mut self, has_room: impl Fn(usize) -> bool) -> Option<usize> {
        if self.weight == 0 {
            return None;
        }
        let mut lap_ended = false;
        let mut aside = None;
        let served = loop {
            if self.lap_weight == 0 {
                (self.hand, self.lap_weight) = (self.weight, self.weight);
            }
            let Some(place) = self.due() else {
                if lap_ended {
                    break None;
                }
                lap_ended = true;
                self.end_lap();
                continue;
            };
            self.advance(place);
            if has_room(place) {
                break Some(place);
            }
            self.seats[place].aside = aside.replace(place as u32);
        };
        if let Some(place) = served {
            self.queue_by_position(place);
        }
        while let Some(place) = aside {
            let place = place as usize;
            aside = self.seats[place].aside.take();
            if lap_ended {
                self.queue_by_weight(self.init, place);
            } else {
                self.queue_by_position(place);
            }
        }
        served
    }

    /// Where each seat is due, for explanations.
    pub(super) fn due_at(&self, place: usize) -> u32 {
        let seat = &self.seats[place];
        match seat.queue {
            Some(Queue::Current) => seat.due,
            Some(queue) if queue == self.init => self.hand,
            _ => seat.due.wrapping_add(self.lap_weight),
        }
    }

    /// How many turns bring everybody round once, as far as weights in lowest terms say.
    pub(super) fn period(&self) -> u32 {
        let divisor =
            self.seats.iter().fold(0, |divisor, seat| common_divisor(divisor, seat.weight));
        self.weight.checked_div(divisor).unwrap_or(0)
    }

    fn begin(&mut self, weights: impl Iterator<Item = (u32, u32)>) {
        self.seats = weights.map(|(id, weight)| Seat { id, weight, ..Seat::default() }).collect();
        self.weight = self.seats.iter().map(|seat| seat.weight).sum();
        (self.hand, self.lap_weight) = (self.weight, self.weight);
        for place in 0..self.seats.len() {
            if self.seats[place].weight > 0 {
                self.queue_by_weight(self.init, place);
            }
        }
    }

    /// Puts the seats in the members' order; who is gone leaves, who is new is out of service so far.
    fn reseat(&mut self, weights: impl Iterator<Item = (u32, u32)> + Clone) {
        if self.seats.iter().map(|seat| seat.id).eq(weights.clone().map(|(id, _)| id)) {
            return;
        }
        for place in 0..self.seats.len() {
            let id = self.seats[place].id;
            if self.seats[place].weight > 0 && weights.clone().all(|(wanted, _)| wanted != id) {
                self.leave(place);
            }
        }
        let before = std::mem::take(&mut self.seats);
        let known = |id| before.iter().find(|seat| seat.id == id).cloned();
        self.seats = weights
            .map(|(id, _)| known(id).unwrap_or_else(|| Seat { id, ..Seat::default() }))
            .collect();
    }

    fn enter(&mut self, place: usize, weight: u32) {
        self.weight += weight;
        // A wheel that lost much weight may have its hand beyond the lap; HAProxy's difference wraps then.
        let rest = (self.weight + self.lap_weight).wrapping_sub(self.hand);
        let seat = &mut self.seats[place];
        seat.weight = weight;
        seat.due = self.hand.wrapping_add(rest / weight);
        self.queue_by_position(place);
    }

    fn leave(&mut self, place: usize) {
        let seat = &mut self.seats[place];
        self.weight -= seat.weight;
        seat.weight = 0;
        seat.queue = None;
    }

    fn reweigh(&mut self, place: usize, weight: u32) {
        let seat = &mut self.seats[place];
        self.weight = self.weight - seat.weight + weight;
        seat.weight = weight;
        if seat.queue == Some(self.init) {
            return self.queue_by_weight(self.init, place);
        }
        if seat.queue != Some(Queue::Current) {
            seat.due = seat.due.wrapping_add(self.lap_weight);
        }
        let step = self.weight / weight;
        seat.due = seat.served.wrapping_add(step).min(seat.due);
        if seat.due < self.hand + 2 {
            seat.due = self.hand + step;
        }
        seat.remainder = 0;
        self.queue_by_position(place);
    }

    /// The first in current if it is due, else the heaviest in init fills the gap, else who is due soonest.
    fn due(&mut self) -> Option<usize> {
        let current = self.first(Queue::Current);
        if current.is_some_and(|place| self.seats[place].due <= self.hand) {
            return current;
        }
        let Some(place) = self.first(self.init) else { return current };
        let seat = &mut self.seats[place];
        (seat.due, seat.remainder) = (0, 0);
        Some(place)
    }

    fn first(&self, queue: Queue) -> Option<usize> {
        let waiting = self.seats.iter().enumerate().filter(|(_, seat)| seat.queue == Some(queue));
        waiting.min_by_key(|(_, seat)| (seat.key, seat.stamp)).map(|(place, _)| place)
    }

    /// Works out when a seat is due again and takes it out of its queue.
    fn advance(&mut self, place: usize) {
        let seat = &mut self.seats[place];
        if seat.due == 0 {
            seat.due = self.hand;
        }
        seat.served = seat.due;
        seat.due = seat.due.wrapping_add(self.weight / seat.weight);
        seat.remainder += self.weight % seat.weight;
        if seat.remainder >= seat.weight {
            seat.remainder -= seat.weight;
            seat.due = seat.due.wrapping_add(1);
        }
        seat.queue = None;
        self.hand += 1;
    }

    fn end_lap(&mut self) {
        self.init = self.next();
        self.lap_weight = self.weight;
        self.hand = self.lap_weight;
    }

    fn next(&self) -> Queue {
        if self.init == Queue::Even { Queue::Odd } else { Queue::Even }
    }

    fn queue_by_position(&mut self, place: usize) {
        let seat = &mut self.seats[place];
        if seat.due >= 2 * self.lap_weight || seat.due >= self.lap_weight + self.weight {
            seat.due = seat.due.wrapping_sub(self.lap_weight);
            return self.queue_by_weight(self.next(), place);
        }
        // Of two that are due at one place the heavier goes first.
        let lightness = (WEIGHT_MAX * SCALE + seat.remainder - seat.weight) / SCALE;
        let key = seat.due.wrapping_mul(WEIGHT_MAX).wrapping_add(lightness);
        self.queue(Queue::Current, place, key);
    }

    fn queue_by_weight(&mut self, queue: Queue, place: usize) {
        let key = WEIGHT_MAX * SCALE - self.seats[place].weight;
        self.queue(queue, place, key);
    }

    fn queue(&mut self, queue: Queue, place: usize, key: u32) {
        self.queued += 1;
        let seat = &mut self.seats[place];
        (seat.queue, seat.key, seat.stamp) = (Some(queue), key, self.queued);
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn turns(state: &mut State, weights: &[u32], count: usize) -> String {
        state
            .follow(&weights.iter().enumerate().map(|(place, &weight)| (place as u32 + 1, weight)));
        let letter = |place| char::from(b'a' + place as u8);
        (0..count).map(|_| state.turn(|_| true).map_or('-', letter)).collect()
    }

    fn check(weights: &[u32], expected: &str) {
        assert_eq!(turns(&mut State::default(), weights, expected.len()), expected);
    }

    #[test]
    fn orders_are_those_of_the_real_program() {
        check(&[5, 1, 1], "aaabaacaaabaac");
        check(&[50, 10, 10], "aaabaacaaabaac");
        check(&[2, 1], "aabaab");
        check(&[4, 4, 2], "ababcababcababc");
        check(&[3, 2, 1], "abacababacab");
        check(&[0, 0], "---");
    }

    #[test]
    fn a_server_that_leaves_and_returns_finds_a_place() {
        let mut state = State::default();
        turns(&mut state, &[2, 1, 1], 7);
        assert!(!turns(&mut state, &[2, 0, 1], 30).contains('b'));
        assert_eq!(turns(&mut state, &[2, 1, 1], 400).matches('b').count(), 100);
    }

    #[test]
    fn shares_hold_after_any_change() {
        let mut state = State::default();
        for weights in [[3, 9, 1], [200, 1, 40], [1, 1, 1], [1, 256, 256]] {
            turns(&mut state, &weights, 600);
            let total: u32 = weights.iter().sum();
            let seen = turns(&mut state, &weights, total as usize * 10);
            for (letter, weight) in ["a", "b", "c"].into_iter().zip(weights) {
                let count = seen.matches(letter).count() as u32;
                assert!(count.abs_diff(weight * 10) <= 1, "{letter} {count} of {weights:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn somebody_in_service_with_room_gets_every_turn(
            steps in proptest::collection::vec((proptest::collection::vec(0_u32..300, 5), 0_u8..32, 1_usize..40), 1..40),
        ) {
            let mut state = State::default();
            for (weights, full, count) in steps {
                turns(&mut state, &weights, 0);
                let can = |place: usize| weights[place] > 0 && full >> place & 1 == 0;
                for _ in 0..count {
                    match state.turn(|place| full >> place & 1 == 0) {
                        Some(place) => prop_assert!(can(place)),
                        None => prop_assert!(!(0..5).any(can)),
                    }
                }
            }
        }
    }

    #[test]
    fn whoever_has_no_room_is_passed_over() {
        let mut state = State::default();
        turns(&mut state, &[5, 1, 1], 0);
        assert_eq!(state.turn(|place| place == 2), Some(2));
        assert_eq!(state.turn(|_| false), None);
        assert!(state.turn(|_| true).is_some());
    }

    #[test]
    fn seats_follow_their_ids_when_members_change_places() {
        let mut state = State::default();
        state.follow(&[(1, 5), (2, 1)].into_iter());
        state.turn(|_| true);
        state.follow(&[(2, 1), (3, 1), (1, 5)].into_iter());
        let counts =
            (0..70).filter_map(|_| state.turn(|_| true)).fold([0; 3], |mut counts, place| {
                counts[place] += 1;
                counts
            });
        assert_eq!(counts.iter().sum::<i32>(), 70);
        assert!(counts[2] >= 49 && counts[0].abs_diff(counts[1]) <= 1, "{counts:?}");
    }
}
