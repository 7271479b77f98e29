//! Inputs that nobody would send: what users send, changed at random. What is answered in a new way is changed further.

use std::{
    collections::HashSet,
    fs,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::program::project;

/// How long each kind of input is tried, unless CONVENE_FUZZ_SECONDS says otherwise.
const SECONDS: u64 = 4;
/// The longest input: what is longer than the limits allow is refused unread.
const LONGEST: usize = 24 << 10;

/// What numbers, dates and texts go wrong with.
const WORDS: [&str; 44] = [
    "",
    "0",
    "-1",
    "1",
    "101",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "18446744073709551616",
    "1e309",
    "-0.0",
    "NaN",
    "0x10",
    "null",
    "true",
    "[]",
    "{}",
    "[[",
    "}}",
    "\"",
    "\\",
    "\\u0000",
    "\0",
    "\r\n",
    ",",
    ";",
    "=1+1",
    "%00",
    "..",
    "\u{feff}",
    "\u{202e}",
    "é",
    "☕",
    "𝕏",
    "9999-12-31",
    "-0001-01-01",
    "+262143-12-31",
    "2026-02-30",
    "2026-05-01T25:00:00Z",
    "2026-05-01T00:00:00+23:59",
    "FREQ=SECONDLY;COUNT=1000000000",
    "FREQ=YEARLY;BYDAY=400MO",
    "@",
];

/// A bounded run of one target.
pub struct Fuzz {
    target: &'static str,
    pool: Vec<Vec<u8>>,
    tokens: Vec<Vec<u8>>,
    seen: HashSet<String>,
    pub dice: StdRng,
    until: Instant,
    given: usize,
    tried: usize,
    current: Vec<u8>,
}

impl Fuzz {
    /// Begins with the corpus of the target, and these.
    pub fn start(target: &'static str, more: Vec<Vec<u8>>) -> Self {
        let mut files: Vec<_> = fs::read_dir(project("fuzz/corpus").join(target)).expect("a corpus").flatten().collect();
        files.sort_by_key(fs::DirEntry::file_name);
        let mut pool: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file.path()).expect("reads")).collect();
        pool.extend(more);
        let mut tokens: Vec<Vec<u8>> = WORDS.iter().map(|word| word.as_bytes().to_vec()).collect();
        for input in &pool {
            tokens.extend(self::tokens(input).into_iter().map(|(from, to)| input[from..to].to_vec()));
        }
        tokens.sort();
        tokens.dedup();
        let seconds = std::env::var("CONVENE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
        let seed = rand::random();
        eprintln!("{target}: seed {seed}, {} inputs, {seconds} s", pool.len());
        let (seen, current, given) = (HashSet::new(), Vec::new(), pool.len());
        let until = Instant::now() + Duration::from_secs(seconds);
        Self { target, pool, tokens, seen, dice: StdRng::seed_from_u64(seed), until, given, tried: 0, current }
    }

    /// The next input: the corpus as it is, then others until the time is over.
    pub fn input(&mut self) -> Option<Vec<u8>> {
        self.current = if self.tried < self.given {
            self.pool[self.tried].clone()
        } else if Instant::now() < self.until {
            self.mutated()
        } else {
            eprintln!("{}: {} inputs were answered in {} ways", self.target, self.tried, self.seen.len());
            return None;
        };
        self.tried += 1;
        Some(self.current.clone())
    }

    /// Says how the input was answered. Numbers in it make no difference.
    pub fn answered(&mut self, how: &str) {
        let how: String = how.chars().filter(|it| !it.is_ascii_digit()).take(400).collect();
        if self.seen.insert(how) && self.tried > self.given {
            self.pool.push(self.current.clone());
        }
    }

    /// Fails with the input, unless what has to be so is so.
    pub fn check(&self, is_sound: bool, what: &str) {
        if !is_sound {
            let file = std::env::temp_dir().join(format!("convene-fuzz-{}", self.target));
            fs::write(&file, &self.current).expect("writes");
            panic!("{}: {what}\nput {} into fuzz/corpus/{} once it is mended", self.target, file.display(), self.target);
        }
    }

    fn mutated(&mut self) -> Vec<u8> {
        let mut input = self.pool.choose(&mut self.dice).expect("a corpus").clone();
        for _ in 0..[1, 1, 2, 4][self.dice.random_range(0..4)] {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let dice = &mut self.dice;
        let at = dice.random_range(0..=input.len());
        let end = (at + dice.random_range(1..=24)).min(input.len());
        match dice.random_range(0..12) {
            0 if at < input.len() => input[at] ^= 1 << dice.random_range(0..8),
            1 if at < input.len() => input[at] = dice.random(),
            2 => drop(input.drain(at..end)),
            3 => drop(input.splice(at..at, input[at..end].to_vec())),
            4 => drop(input.splice(at..at, self.tokens.choose(dice).expect("words").clone())),
            5 => {
                let other = self.pool.choose(dice).expect("a corpus");
                input.truncate(at);
                input.extend_from_slice(&other[dice.random_range(0..=other.len())..]);
            }
            6 => {
                let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
                let (one, other) = (dice.random_range(0..lines.len()), dice.random_range(0..lines.len()));
                lines.swap(one, other);
                *input = lines.join(&b'\n');
            }
            _ => {
                let places = tokens(input);
                let Some((from, to)) = places.choose(dice).copied() else { return };
                let word = match dice.random_range(0..8) {
                    0 => input[from..to].repeat(1 << dice.random_range(1..10)),
                    _ => self.tokens.choose(dice).expect("words").clone(),
                };
                input.splice(from..to, word);
            }
        }
    }
}

/// Where the words and numbers of an input stand.
fn tokens(input: &[u8]) -> Vec<(usize, usize)> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+.:/".contains(&byte) || byte >= 0x80;
    let mut found = Vec::new();
    let mut from = None;
    for (at, byte) in input.iter().copied().chain([0]).enumerate() {
        match (from, is_word(byte)) {
            (None, true) => from = Some(at),
            (Some(start), false) => {
                found.push((start, at));
                from = None;
            }
            _ => {}
        }
    }
    found
}
