//! How likely chance alone explains what was found 巧合.
//!
//! Of many lines that look for a partner some find one by accident, and the more lines a block
//! holds, the more do. So a find is not judged by itself: all searches of the block are counted,
//! those that found nothing too, and finds are believed only as far as they clearly outnumber
//! the accidents to be expected among all these searches.
//!
//! Source: Benjamini and Hochberg, "Controlling the false discovery rate", 1995, with expected
//! accidents in the place of p-values.

/// Parts per billion that stand for certainty.
const ONE: u64 = 1_000_000_000;

/// Accidents to be expected, in parts per billion, where `tried` things could have made `target`
/// minor units in a book whose amounts are multiples of `unit`. Never 0.
pub(crate) fn accidents(tried: u64, target: i64, unit: i64) -> u64 {
    let targets = u128::from(target.unsigned_abs()) / u128::from(unit.unsigned_abs().max(1));
    let expected = u128::from(tried) * u128::from(ONE) / targets.max(1);
    u64::try_from(expected).unwrap_or(ONE).clamp(1, ONE)
}

/// The searches of a block of one kind, and those among them that found something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trials {
    /// Expected accidents of each search, whatever it found.
    pub searches: Vec<u64>,
    /// Expected accidents of each find.
    pub finds: Vec<u64>,
}

impl Trials {
    /// The most expected accidents with which a find may be believed, 0 where none may: at this
    /// level all searches together expect at most `ppm` accidents per million finds.
    pub fn level(&self, ppm: i64) -> u64 {
        let mut searches = self.searches.clone();
        let mut finds = self.finds.clone();
        searches.sort_unstable();
        finds.sort_unstable();
        let most = ppm.unsigned_abs().saturating_mul(ONE / 1_000_000);
        let (mut level, mut below, mut sum) = (0, 0, 0_u128);
        for (count, find) in (1_u128..).zip(&finds) {
            while below < searches.len() && searches[below] <= *find {
                sum += u128::from(searches[below]);
                below += 1;
            }
            // A search that would try more than this find did counts as far as this find.
            let beyond = (searches.len() - below) as u128 * u128::from(*find);
            if *find <= most && sum + beyond <= u128::from(most) * count {
                level = *find;
            }
        }
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(searches: &[u64], finds: &[u64], level: u64) {
        let trials = Trials { searches: searches.to_vec(), finds: finds.to_vec() };
        assert_eq!(trials.level(10_000), level);
    }

    #[test]
    fn one_find_among_few_searches_is_believed_among_many_it_is_not() {
        let find = accidents(40, 100_000, 1);
        assert_eq!(find, 400_000);
        check(&[find; 5], &[find], find);
        check(&[find; 200], &[find], 0);
    }

    #[test]
    fn many_finds_outweigh_many_searches() {
        check(&[400_000; 200], &[400_000; 150], 400_000);
    }

    #[test]
    fn a_likely_accident_is_not_believed_in_good_company() {
        let finds: Vec<u64> = std::iter::repeat_n(10, 500).chain([50_000_000]).collect();
        check(&finds, &finds, 10);
    }

    #[test]
    fn round_books_have_fewer_amounts_to_hit() {
        assert_eq!(accidents(1, 1_000_000, 1), 1_000);
        assert_eq!(accidents(1, 1_000_000, 1_000), 1_000_000);
        assert_eq!(accidents(5, 0, 1), ONE);
    }
}
