//! The Mersenne Twister, because Envoy shuffles with it and its order has to be met.
//!
//! Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 1998: MT19937, the generator of C++'s `std::mt19937`.

pub(super) struct Mersenne {
    state: [u32; LENGTH],
    next: usize,
}

impl Mersenne {
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [seed; LENGTH];
        for place in 1..LENGTH {
            let before = state[place - 1];
            let mixed = (before ^ (before >> 30)).wrapping_mul(1_812_433_253);
            state[place] = mixed.wrapping_add(place as u32);
        }
        Self { state, next: LENGTH }
    }

    /// A number below `limit`, in the way Envoy takes one: equal shares of the range, the rest redrawn.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        assert!(limit > 0, "there is no number below 0 to draw");
        let share = (1_u64 << 32) / u64::from(limit);
        loop {
            let number = u64::from(self.draw()) / share;
            if number < u64::from(limit) {
                return number as u32;
            }
        }
    }

    fn draw(&mut self) -> u32 {
        if self.next == LENGTH {
            self.twist();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for place in 0..LENGTH {
            let upper = self.state[place] & 0x8000_0000;
            let lower = self.state[(place + 1) % LENGTH] & 0x7fff_ffff;
            let word = upper | lower;
            let odd = if word & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[place] = self.state[(place + MIDDLE) % LENGTH] ^ (word >> 1) ^ odd;
        }
        self.next = 0;
    }
}

const LENGTH: usize = 624;
const MIDDLE: usize = 397;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_thousandth_number_is_the_one_the_cpp_standard_names() {
        // ISO C++, [rand.predef]: the 10000th draw of a default std::mt19937, whose seed is 5489.
        let mut twister = Mersenne::new(5_489);
        let last = (0..10_000).map(|_| twister.draw()).last();
        assert_eq!(last, Some(4_123_659_995));
    }
}
