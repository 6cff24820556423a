//! The name a person may have meant.

/// The candidate most like `wanted`, if one is like enough; ties go to the first in order.
pub fn nearest<'name>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'name str>,
) -> Option<&'name str> {
    let wanted = wanted.to_lowercase();
    let length = wanted.chars().count();
    candidates
        .into_iter()
        .filter_map(|name| {
            let folded = name.to_lowercase();
            let distance = strsim::damerau_levenshtein(&wanted, &folded);
            let contained = length >= 2 && (folded.contains(&wanted) || wanted.contains(&folded));
            let longest = length.max(folded.chars().count());
            (!folded.is_empty() && (contained || distance * 3 <= longest))
                .then_some((distance, name))
        })
        .min_by(|a, b| a.cmp(b))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let check = |wanted, candidates: &[&'static str], expected| {
            assert_eq!(nearest(wanted, candidates.iter().copied()), expected, "{wanted}");
        };
        check("amonut", &["date", "amount", "debit"], Some("amount"));
        check("金额", &["日期", "含税金额", "摘要"], Some("含税金额"));
        check("customer.csv", &["customer.xlsx", "Customer.CSV"], Some("Customer.CSV"));
        check("qty", &["date", "amount"], None);
        check("x", &["xy", ""], None);
    }
}
