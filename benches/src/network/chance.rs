//! Chance with a seed. Every record has dice of its own, so that one more question about it changes no other record.

/// A seeded source of choices (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of one record of a kind.
    pub(super) fn of(kind: u64, number: u64) -> Self {
        Self(mix(kind.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ mix(number)))
    }

    /// A number below this one.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % end.max(1)
    }

    /// True in so many of a hundred throws.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the choices.
    pub(super) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// One of the choices, by weights of a hundred in all.
    pub(super) fn weighted<'a>(&mut self, choices: &[(u64, &'a str)]) -> &'a str {
        let mut left = self.below(100);
        for (weight, choice) in choices {
            if left < *weight {
                return choice;
            }
            left -= weight;
        }
        ""
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
