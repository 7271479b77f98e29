//! Chance with a name, so that the same question always gets the same answer.

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A seeded source of choices. `StdRng` may differ in another major version of `rand`: then the
/// committed sample changes once, and is committed again.
pub(super) struct Dice(StdRng);

impl Dice {
    /// Dice for one purpose, such as `report g-2024-0001`.
    pub(super) fn named(purpose: &str) -> Self {
        // FNV-1a: std's hasher does not promise the same value in another release.
        let seed =
            purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(StdRng::seed_from_u64(seed))
    }

    /// True in `percent` of a hundred throws.
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// One of the choices.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Result<&'a T> {
        let last = i64::try_from(choices.len()).context("too many choices")? - 1;
        let index = usize::try_from(self.between(0, last)).context("no choices")?;
        choices.get(index).context("no choices")
    }

    /// One of the choices, by weights that need not add up to a hundred.
    pub(super) fn weighted<T: Copy>(&mut self, choices: &[(i64, T)]) -> Result<T> {
        let total: i64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(1, total);
        for (weight, choice) in choices {
            left -= weight;
            if left <= 0 {
                return Ok(*choice);
            }
        }
        anyhow::bail!("no choices")
    }
}
