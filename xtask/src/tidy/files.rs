//! What a repository is not for: large files.

use super::{Finding, Tree};

/// Larger files make every clone slower, for ever.
const BYTES_MAX: u64 = 1 << 20;

/// Files over the limit.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let large = tree.files.iter().filter(|file| file.bytes > BYTES_MAX);
    large
        .map(|file| {
            let what = format!("{} bytes", file.bytes);
            let fix = "generate it in the test, or keep it outside the repository";
            Finding::new(&file.path, 1, what, fix)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{seen, tree};
    use super::*;

    #[test]
    fn a_large_file_is_found() {
        let mut tree = tree(&[("small.bin", ""), ("large.bin", "")]);
        tree.files[0].bytes = BYTES_MAX;
        tree.files[1].bytes = BYTES_MAX + 1;
        assert_eq!(seen(&check(&tree)), ["large.bin:1: 1048577 bytes"]);
    }
}
