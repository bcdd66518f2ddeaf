//! A node's own clock: an offset from true time and a rate.

/// Slowest clock, in thousandths of true speed.
pub const RATE_MIN_PERMILLE: u32 = 100;
/// Fastest clock, in thousandths of true speed.
pub const RATE_MAX_PERMILLE: u32 = 10_000;
/// Furthest that a clock may jump at once, in ms (about a day).
pub const JUMP_MAX_MS: i64 = 100_000_000;
/// Where virtual time ends, in ms (about 300 years): a run that reaches it can let no more time pass.
pub const END_OF_TIME_MS: u64 = 10_000_000_000_000;

/// A clock that shows `shown_ms + (t - since_ms) * rate` at true time `t`.
///
/// In its usual state (true speed) `since_ms` is 0, so that equal clocks are equal values whenever they were set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Clock {
    shown_ms: i64,
    since_ms: u64,
    rate_permille: u32,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { shown_ms: 0, since_ms: 0, rate_permille: 1000 }
    }
}

impl Clock {
    /// What it shows at a true time (not before its last change).
    pub fn read(&self, true_ms: u64) -> i64 {
        let passed = Self::signed(true_ms.saturating_sub(self.since_ms));
        // Most clocks run true, the search reads them all the time, and dividing is slow.
        let rate = i64::from(self.rate_permille);
        let passed = if rate == 1000 { passed } else { passed.saturating_mul(rate) / 1000 };
        self.shown_ms.saturating_add(passed)
    }

    /// The first true time at which it shows at least `reading_ms`; never before `true_now_ms`.
    pub fn reaches(&self, reading_ms: i64, true_now_ms: u64) -> u64 {
        let missing = reading_ms.saturating_sub(self.shown_ms);
        if missing <= 0 {
            return true_now_ms;
        }
        let rate = i64::from(self.rate_permille);
        let passes = if rate == 1000 { missing } else { missing.saturating_mul(1000).saturating_add(rate - 1) / rate };
        // More than nothing is missing, so that there is no sign to lose.
        self.since_ms.saturating_add(passes.unsigned_abs()).max(true_now_ms)
    }

    /// A stretch of time as a clock reckons with it. Up to [`END_OF_TIME_MS`], even the fastest clock stays far from the limits of its numbers.
    fn signed(ms: u64) -> i64 {
        i64::try_from(ms).unwrap_or(i64::MAX)
    }

    /// Its speed in thousandths of true speed.
    pub fn rate_permille(&self) -> u32 {
        self.rate_permille
    }

    /// Moves it by so many ms.
    pub fn jump(&mut self, by_ms: i64) {
        self.shown_ms = self.shown_ms.saturating_add(by_ms);
    }

    /// Lets it run at another speed from now on. `permille` lies within [`RATE_MIN_PERMILLE`] and [`RATE_MAX_PERMILLE`].
    pub fn set_rate(&mut self, permille: u32, true_ms: u64) {
        let shows = self.read(true_ms);
        if permille == 1000 {
            *self = Clock { shown_ms: shows.saturating_sub(Self::signed(true_ms)), since_ms: 0, rate_permille: 1000 };
        } else {
            *self = Clock { shown_ms: shows, since_ms: true_ms, rate_permille: permille };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_reaches_a_reading_early_and_a_slow_one_late() {
        let mut clock = Clock::default();
        clock.set_rate(2000, 100);
        assert_eq!(clock.read(100), 100);
        assert_eq!(clock.read(150), 200);
        assert_eq!(clock.reaches(200, 100), 150);
        clock.set_rate(500, 150);
        assert_eq!(clock.reaches(300, 150), 350);
    }

    #[test]
    fn at_true_speed_again_equal_clocks_are_equal_values() {
        let mut clock = Clock::default();
        clock.set_rate(2000, 100);
        clock.set_rate(1000, 200);
        let mut jumped = Clock::default();
        jumped.jump(100);
        assert_eq!(clock, jumped);
    }

    #[test]
    fn a_jump_forward_makes_a_reading_due_now() {
        let mut clock = Clock::default();
        clock.jump(500);
        assert_eq!(clock.reaches(300, 42), 42);
    }
}
