//! Randomness from a seed, for tests: the same seed gives the same numbers, on every machine.

use std::sync::{Arc, Mutex};

use crate::clock::Random;

/// A generator (`SplitMix64`). Clones go on from the same place by themselves.
#[derive(Debug, Clone)]
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to one less than `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True so many times of a thousand.
    pub(crate) fn chance(&mut self, of_thousand: u64) -> bool {
        self.below(1000) < of_thousand
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// A generator that the server asks for what nobody can guess.
#[derive(Clone)]
pub(crate) struct Guessable(pub(crate) Arc<Mutex<Seeded>>);

impl Random for Guessable {
    fn fill(&self, bytes: &mut [u8]) {
        let mut seeded = self.0.lock().unwrap();
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&seeded.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
