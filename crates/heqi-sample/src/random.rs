//! Seeded random numbers without a float: the same seed makes the same bytes on every machine.

/// SplitMix64 (Steele, Lea and Flood 2014): one word of state, every seed is a good seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

/// Spreads the bits of a word; a bijection.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x6865_7169_2d73_616d))
    }

    /// Numbers of their own for each index of each stream, so that any line can be made
    /// without making those before it.
    pub(crate) const fn at(seed: u64, stream: u64, index: u64) -> Self {
        let stream = mix(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self(mix(stream ^ index.wrapping_mul(0xa076_1d64_78bd_642f)))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number from 0 to `bound` − 1; the bias is below `bound` ÷ 2^64. 0 for a bound of 0.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// True in `per_mille` of 1000 cases.
    pub(crate) const fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of the choices, all alike.
    pub(crate) const fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

/// Draws an index with the chance of its weight.
#[derive(Debug)]
pub(crate) struct Weighted {
    /// Running sums of the weights.
    sums: Vec<u64>,
}

impl Weighted {
    pub(crate) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let running = |sum: &mut u64, weight| {
            *sum += weight;
            Some(*sum)
        };
        Self { sums: weights.into_iter().scan(0, running).collect() }
    }

    /// Weights 1, 1/2, 1/3 … (Zipf with exponent 1): few large customers, many small ones.
    pub(crate) fn zipf(count: u64) -> Self {
        Self::new((1..=count).map(|rank| (1_u64 << 40) / rank))
    }

    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let at = random.below(self.total());
        self.sums.partition_point(|sum| *sum <= at)
    }

    pub(crate) fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    pub(crate) fn weight(&self, index: usize) -> u64 {
        let before = index.checked_sub(1).map_or(0, |before| self.sums[before]);
        self.sums[index] - before
    }
}

/// The numbers 0 to `count` − 1 in a random order, without keeping them.
#[derive(Debug)]
pub(crate) struct Shuffle {
    count: u64,
    bits: u32,
    keys: [u64; 3],
}

impl Shuffle {
    pub(crate) fn new(count: u64, random: &mut Random) -> Self {
        let bits = (u64::BITS - count.leading_zeros()).max(2);
        Self { count, bits, keys: [random.next(), random.next(), random.next()] }
    }

    /// The number at a place; every number stands at exactly one.
    pub(crate) fn at(&self, place: u64) -> u64 {
        // A bijection of the next power of two; numbers outside walk on until they are inside.
        let mut number = self.scatter(place);
        while number >= self.count {
            number = self.scatter(number);
        }
        number
    }

    fn scatter(&self, mut number: u64) -> u64 {
        let mask = (1 << self.bits) - 1;
        for key in self.keys {
            // The multipliers are those of `mix`; a drawn one might be as good as 1.
            number = (number ^ key) & mask;
            number = number.wrapping_mul(0xbf58_476d_1ce4_e5b9) & mask;
            number ^= number >> (self.bits / 2);
            number = number.wrapping_mul(0x94d0_49bb_1331_11eb) & mask;
            number ^= number >> (self.bits / 3).max(1);
        }
        number
    }
}

/// 2^(1/2), 2^(1/4) … 2^(1/256), times 2^60.
const ROOTS: [u64; 8] = [
    1_630_477_228_166_597_777,
    1_371_062_456_318_104_878,
    1_257_269_815_929_830_109,
    1_203_965_700_457_697_123,
    1_178_167_198_179_750_971,
    1_165_475_996_665_667_822,
    1_159_181_754_367_685_998,
    1_156_047_391_917_129_430,
];

/// Cents of a log-normal amount: median about 1,000 yuan (e^11.5 cents), sigma 1.5.
///
/// The normal number is the sum of sixteen 16-bit numbers, the power of two a product of
/// roots, all in whole numbers.
pub(crate) fn log_normal_cents(random: &mut Random) -> i64 {
    let mut sum = 0;
    for _ in 0..4 {
        let word = random.next();
        sum += (0..4).map(|part| (word >> (part * 16) & 0xffff) as i64).sum::<i64>();
    }
    // In 1/65,536 of a doubling: 11.5 ÷ ln 2, and 1.5 ÷ ln 2 per standard deviation (75,674.5).
    let doublings = 1_087_307 + (sum - 8 * 0xffff) * 187_411 / 100_000;
    let whole = doublings >> 16;
    let mut value: u64 = 1 << 60;
    for (bit, root) in ROOTS.iter().enumerate() {
        if doublings >> (15 - bit) & 1 == 1 {
            value = ((u128::from(value) * u128::from(*root)) >> 60) as u64;
        }
    }
    // The last eight bits are a straight line: less than 4 parts in a million off.
    let rest = (doublings & 0xff) as u64;
    value += (u128::from(value) * u128::from(rest * 693_147) / (65_536 * 1_000_000)) as u64;
    let shift = 60 - whole;
    if (1..64).contains(&shift) { ((value >> shift) as i64).max(1) } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_numbers_are_pinned() {
        let mut random = Random::new(1);
        let numbers = [random.next(), random.next()];
        assert_eq!(numbers, [2_938_457_319_757_484_349, 15_780_546_566_604_106_208]);
    }

    #[test]
    fn every_number_stands_at_exactly_one_place() {
        for count in [1, 2, 3, 7, 64, 1000, 4097] {
            let shuffle = Shuffle::new(count, &mut Random::new(count));
            let mut seen: Vec<u64> = (0..count).map(|place| shuffle.at(place)).collect();
            let in_order = seen.is_sorted();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..count));
            assert!(count < 64 || !in_order);
        }
    }

    #[test]
    fn neighbors_in_a_shuffle_are_strangers() {
        for (count, seed) in [(1_000_u64, 1), (1_000, 2), (99_999, 3), (1_000_000, 4)] {
            let shuffle = Shuffle::new(count, &mut Random::new(seed));
            let near =
                |place: &u64| shuffle.at(*place).abs_diff(shuffle.at(*place + 1)) * 20 < count;
            // By chance 9.75 % of neighbors are less than a twentieth apart.
            let places = count.min(20_000) - 1;
            let share = (0..places).filter(near).count() as u64 * 10_000 / places;
            assert!((700..1300).contains(&share), "{share} of 10,000 at {count}");
        }
    }

    #[test]
    fn weights_are_kept() {
        let weighted = Weighted::zipf(4);
        let mut random = Random::new(7);
        let mut counts = [0_u32; 4];
        for _ in 0..25_000 {
            counts[weighted.draw(&mut random)] += 1;
        }
        // 12/25, 6/25, 4/25, 3/25
        for (count, expected) in counts.iter().zip([12_000_u32, 6_000, 4_000, 3_000]) {
            assert!(count.abs_diff(expected) < 300, "{counts:?}");
        }
        assert_eq!(weighted.weight(1), 1 << 39);
    }

    #[test]
    fn amounts_have_the_median_and_spread_of_the_benchmark() {
        let mut random = Random::new(3);
        let mut amounts: Vec<i64> = (0..20_001).map(|_| log_normal_cents(&mut random)).collect();
        amounts.sort_unstable();
        // e^11.5 = 98,716; one sigma up and down is a factor of e^1.5 = 4.4817.
        let near = |actual: i64, expected: i64| (actual - expected).abs() * 20 < expected;
        assert!(near(amounts[10_000], 98_716), "{}", amounts[10_000]);
        assert!(near(amounts[16_827], 442_413), "{}", amounts[16_827]);
        assert!(near(amounts[3_173], 22_026), "{}", amounts[3_173]);
    }
}
