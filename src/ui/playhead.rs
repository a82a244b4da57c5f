//! Which moment the window shows: now, a moment that was stopped at, or the record played again.

/// The three honest states of what is seen. Traffic goes on in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Playhead {
    /// Follows what happens.
    #[default]
    Live,
    /// Stands still at a moment.
    Paused { at_ns: u64 },
    /// Plays the record from a moment on.
    Playback {
        from_ns: u64,
        /// On the clock of the engine.
        began_ns: u64,
        /// Times as fast as it was.
        speed: f64,
    },
}

impl Playhead {
    /// The moment that is shown when the clock says `now_ns`. Playback never overtakes what happens.
    pub fn moment_ns(self, now_ns: u64) -> u64 {
        match self {
            Self::Live => now_ns,
            Self::Paused { at_ns } => at_ns.min(now_ns),
            Self::Playback { from_ns, began_ns, speed } => {
                let passed_ns = now_ns.saturating_sub(began_ns) as f64 * speed;
                from_ns.saturating_add(passed_ns as u64).min(now_ns)
            }
        }
    }

    pub fn is_live(self) -> bool {
        self == Self::Live
    }

    /// Stops where it is, or follows again.
    pub fn toggle_pause(&mut self, now_ns: u64) {
        *self = match *self {
            Self::Live | Self::Playback { .. } => Self::Paused { at_ns: self.moment_ns(now_ns) },
            Self::Paused { .. } => Self::Live,
        };
    }

    /// Plays from the moment that is shown.
    pub fn play(&mut self, now_ns: u64, speed: f64) {
        let from_ns = self.moment_ns(now_ns);
        *self = Self::Playback { from_ns, began_ns: now_ns, speed };
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Paused { .. } => "Paused",
            Self::Playback { .. } => "Playback",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playback_goes_at_its_speed_and_never_overtakes_what_happens() {
        let mut playhead = Playhead::Paused { at_ns: 1_000 };
        playhead.play(10_000, 2.0);
        assert_eq!(
            [10_000, 10_500, 30_000].map(|now| playhead.moment_ns(now)),
            [1_000, 2_000, 30_000]
        );
        playhead.toggle_pause(10_500);
        assert_eq!(playhead, Playhead::Paused { at_ns: 2_000 });
        playhead.toggle_pause(10_500);
        assert!(playhead.is_live());
    }
}
