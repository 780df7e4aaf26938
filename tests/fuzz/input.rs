//! Where fuzzed bytes come from: a seeded generator, seeds that are good input, and what is done to them.

/// Runs of each target, unless told otherwise: a second or so of all.
const RUNS: u64 = 5_000;

/// Numbers that sit on the edges of lengths and counts.
const EDGES: [u8; 12] = [0, 1, 2, 0x0a, 0x0d, 0x20, 0x2d, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/// How often each target is to run.
pub(crate) fn runs() -> u64 {
    number("CERTVIGIL_FUZZ_RUNS").unwrap_or(RUNS)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Pseudo-random numbers (SplitMix64): fast, and the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(target: &str) -> Self {
        let seed = number("CERTVIGIL_FUZZ_SEED").unwrap_or(0);
        let own = target.bytes().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ own)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A byte: any, or one from the edges.
    pub(crate) fn byte(&mut self) -> u8 {
        if self.below(2) == 0 { *self.pick(&EDGES) } else { self.next().to_le_bytes()[0] }
    }

    /// Good input gone bad: some bytes changed, taken out, put in, doubled or cut off. Sometimes left alone, and
    /// sometimes replaced by nothing but noise.
    pub(crate) fn spoil(&mut self, bytes: &mut Vec<u8>) {
        match self.below(16) {
            0 => {}
            1 => *bytes = (0..self.below(64)).map(|_| self.byte()).collect(),
            _ => {
                for _ in 0..=self.below(4) {
                    self.spoil_once(bytes);
                }
            }
        }
    }

    fn spoil_once(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let (from, to) = (at, (at + self.below(8)).min(bytes.len()));
        match self.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(from..to)),
            2 => bytes.insert(at, self.byte()),
            3 => {
                let again = bytes[from..to].to_vec();
                let times = 1 + self.below(40);
                bytes.splice(at..at, again.repeat(times));
            }
            4 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            _ if at < bytes.len() => bytes[at] = self.byte(),
            _ => bytes.push(self.byte()),
        }
    }

    /// Cuts at a few places: what one read gives.
    pub(crate) fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut rest = bytes;
        let mut pieces = Vec::new();
        while !rest.is_empty() && pieces.len() < 4 {
            let (front, back) = rest.split_at(1 + self.below(rest.len()));
            pieces.push(front);
            rest = back;
        }
        pieces.push(rest);
        pieces
    }
}
