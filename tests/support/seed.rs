//! The chance in a test that tries many things: every number comes from one seed, which is printed,
//! and `FAULT_SEED` gives it again. `FAULTS=long` makes the long version of such a test.

use std::time::Duration;

/// Numbers that look random and follow from the seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct Seed(u64);

impl Seed {
    /// The seed of this test run, or the one that is asked for.
    pub(crate) fn of_test(name: &str) -> Self {
        let asked = std::env::var("FAULT_SEED").ok().map(|seed| seed.parse().unwrap());
        let seed = asked.unwrap_or_else(|| {
            std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), name)
        });
        println!("{name}: FAULT_SEED={seed}");
        Self(seed)
    }

    /// A seed of its own for a part of the test, so that its numbers depend on no other part.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `most`, without it.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    /// A time up to `most`.
    pub(crate) fn within(&mut self, most: Duration) -> Duration {
        Duration::from_millis(self.below(u64::try_from(most.as_millis()).unwrap() + 1))
    }
}

/// `short` in the tests of every change, `long` in a run that is asked for.
pub(crate) fn size<T>(short: T, long: T) -> T {
    if is_long() { long } else { short }
}

/// How soon is "at once", in less than a second: what is promised, which only a machine that does
/// nothing else is held to.
pub(crate) fn at_once() -> Duration {
    size(Duration::from_secs(5), Duration::from_secs(1))
}

pub(crate) fn is_long() -> bool {
    std::env::var("FAULTS").is_ok_and(|size| size == "long")
}
