//! Published messages of Redis that get lost, come twice or out of order.

use rand::{Rng, rngs::StdRng};

/// How Redis begins to tell a subscriber of a message.
const MESSAGE: &[u8] = b"*3\r\n$7\r\nmessage\r\n";

/// What a server said to a subscriber, taken apart.
#[derive(Debug, Default)]
pub struct Garbler {
    rest: Vec<u8>,
    /// A message that is passed by the next one.
    late: Vec<u8>,
}

impl Garbler {
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty() && self.late.is_empty()
    }

    /// Takes what came and gives what goes on: without dice all of it, whole and in order.
    pub fn take(&mut self, bytes: &[u8], mut dice: Option<&mut StdRng>) -> Vec<u8> {
        self.rest.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(length) = complete(&self.rest) {
            let part: Vec<u8> = self.rest.drain(..length).collect();
            let fate = match &mut dice {
                Some(dice) if part.starts_with(MESSAGE) => dice.random_range(0..4),
                _ => 0,
            };
            match fate {
                0 => out.extend(part),
                1 => {}
                2 => out.extend([part.clone(), part].concat()),
                _ => {
                    out.append(&mut self.late);
                    self.late = part;
                    continue;
                }
            }
            out.append(&mut self.late);
        }
        out
    }
}

/// How long the first part is; none while there is too little of it to tell.
fn complete(bytes: &[u8]) -> Option<usize> {
    if bytes.is_empty() {
        return None;
    }
    let common = bytes.len().min(MESSAGE.len());
    if bytes[..common] != MESSAGE[..common] {
        // Whatever else Redis says goes on up to the next message.
        let next = bytes.windows(MESSAGE.len()).position(|window| window == MESSAGE);
        return Some(next.unwrap_or(bytes.len()));
    }
    let mut at = MESSAGE.len();
    for _ in ["channel", "text"] {
        let line = bytes.get(at..)?;
        let end = line.windows(2).position(|window| window == b"\r\n")?;
        let length: usize = std::str::from_utf8(line.get(1..end)?).ok()?.parse().ok()?;
        at += end + 2 + length + 2;
    }
    (bytes.len() >= at).then_some(at)
}

mod tests {
    use rand::SeedableRng;

    use super::*;

    fn message(n: usize) -> Vec<u8> {
        let text = format!("network {n:03} change");
        format!("*3\r\n$7\r\nmessage\r\n$13\r\nconvene:heads\r\n${}\r\n{text}\r\n", text.len()).into_bytes()
    }

    fn numbers(bytes: &[u8]) -> Vec<usize> {
        let text = String::from_utf8_lossy(bytes);
        text.split("network ").skip(1).map(|rest| rest[..3].parse().expect("a number")).collect()
    }

    #[test]
    fn messages_are_lost_doubled_and_brought_out_of_order_but_stay_whole() {
        let said: Vec<u8> = (0..200).flat_map(message).collect();
        let (mut garbler, mut dice, mut out) = (Garbler::default(), StdRng::seed_from_u64(1), Vec::new());
        for bytes in said.chunks(37) {
            out.extend(garbler.take(bytes, Some(&mut dice)));
        }
        let got = numbers(&out);
        assert!((0..200).any(|n| !got.contains(&n)), "some are lost");
        assert!((0..200).any(|n| got.iter().filter(|got| **got == n).count() == 2), "some come twice");
        assert!(!got.is_sorted(), "some are out of order");
        let whole: Vec<u8> = got.iter().flat_map(|n| message(*n)).collect();
        assert!(out == whole);
    }

    #[test]
    fn without_dice_everything_goes_on_as_it_came() {
        let said = [b"+OK\r\n".to_vec(), message(1), b":3\r\n".to_vec(), message(2)].concat();
        let mut garbler = Garbler::default();
        let out: Vec<u8> = said.chunks(5).flat_map(|bytes| garbler.take(bytes, None)).collect();
        assert!(out == said && garbler.is_empty());
    }
}
