//! Whether an id column deserves the name: every value different.

use heqi_domain::{Names, Strings};

/// Whether no two ids are equal and none is empty. Ascending ids (shorter ones first, as numbers
/// ascend), the common case, cost one comparison each; others are compared by hash first and by
/// text where hashes meet.
pub(crate) fn all_unique(ids: &Names) -> bool {
    match ids {
        Names::Numbers(numbers) => {
            numbers.is_sorted_by(|one, next| one < next) || {
                let mut sorted = numbers.clone();
                sorted.sort_unstable();
                sorted.is_sorted_by(|one, next| one < next)
            }
        }
        Names::Texts(texts) => unique_texts(texts),
    }
}

fn unique_texts(ids: &Strings) -> bool {
    let mut previous = "";
    let mut ascending = true;
    for id in ids.iter() {
        if id.is_empty() {
            return false;
        }
        ascending &= (previous.len(), previous) < (id.len(), id);
        previous = id;
    }
    ascending || unique_by_hash(ids)
}

fn unique_by_hash(ids: &Strings) -> bool {
    let hash = |id: &str| twox_hash::XxHash3_64::oneshot(id.as_bytes());
    let mut keys: Vec<(u64, u32)> =
        ids.iter().enumerate().map(|(index, id)| (hash(id), index as u32)).collect();
    keys.sort_unstable();
    keys.chunk_by(|one, other| one.0 == other.0).all(|same| {
        let mut texts: Vec<&str> = same.iter().map(|(_, index)| ids.get(*index)).collect();
        texts.sort_unstable();
        texts.windows(2).all(|pair| pair[0] != pair[1])
    })
}
